"""Overrides of a governance freeze: an executive lets one change through, with the trail of a bullet: `/v1/overrides`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.web.asked import Asked, OnlyJson
from allowance.web.exception_asks import OverrideIn
from allowance.web.exception_shapes import Override, Overrides, Pending
from allowance.web.exceptions import Id, answered, approved, deciding, listed, person, waiting_json, wished
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, may

router = APIRouter(prefix="/v1/overrides", tags=["exceptions"])


@router.get(
    "", dependencies=[may("read")], responses=answers(Overrides), summary="Freezes that were overridden"
)
def overrides(asked: Asked) -> Response:
    """Newest first, and what waits for an executive's yes."""
    now, standing = asked.clock(), asked.state.law.standing()
    return Json(
        {
            "overrides": listed(standing, "override", now=now),
            "pending": waiting_json(standing, "override", now=now),
        }
    )


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(Override, 400, 404, 409, 415, 422, status=201)
    | {202: {"model": Pending, "description": "It waits for an executive's yes."}},
    summary="Ask for an override of a governance freeze",
)
def ask(asked: Asked, who: Annotated[Caller, may("sign")], said: OverrideIn) -> Response:
    """202 where somebody else has to approve it; 201 where the policy is content with one executive, who asked."""
    now, wish = asked.clock(), wished(asked, who, said, said.freeze)
    able = "override" in who.rights
    entries = deciding(lambda: app.ask_override(asked.state, wish, person(who), may_override=able, now=now))
    return answered(asked, "override", entries, now)


@router.post(
    "/{id}/approve",
    status_code=HTTPStatus.CREATED,
    responses=answers(Override, 404, 409, 422, status=201),
    summary="Override a governance freeze",
)
def approve(asked: Asked, who: Annotated[Caller, may("override")], id: Id) -> Response:  # noqa: A002
    """From this instant, for one change and until its end; a postmortem is owed."""
    return approved(asked, who, "override", id)
