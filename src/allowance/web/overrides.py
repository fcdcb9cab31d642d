"""Overrides of a governance freeze: an executive lets one change through, with the trail of a bullet: `/v1/overrides`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.core.time import Instant
from allowance.governance.ledger import Entry
from allowance.reports.exceptions_json import override_json, pending_json
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.exception_asks import OverrideIn
from allowance.web.exception_shapes import Override, Overrides, Pending
from allowance.web.exceptions import (
    Id,
    deciding,
    longest_bullet,
    person,
    seconds_of,
    waiting_for,
    waiting_json,
)
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/overrides", tags=["exceptions"])


@router.get(
    "", dependencies=[may("read")], responses=answers(Overrides), summary="Freezes that were overridden"
)
def overrides(asked: Asked) -> Response:
    """Newest first, and what waits for an executive's yes."""
    now, standing = asked.clock(), asked.state.law.standing()
    found = sorted(standing.overrides.values(), key=lambda one: -one.seq)
    return Json(
        {
            "overrides": [override_json(one, now=now) for one in found],
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
    longest = longest_bullet(asked, said.service)
    covers(who, said.service)
    now = asked.clock()
    wish = app.Wish(
        service=said.service,
        change=said.change,
        environment=said.environment,
        seconds=longest if said.hours is None else seconds_of(said.hours),
        reason=said.reason,
        freeze=said.freeze,
    )
    able = "override" in who.rights
    entries = deciding(lambda: app.ask_override(asked.state, wish, person(who), may_override=able, now=now))
    return _answer(asked, entries[0], now)


@router.post(
    "/{id}/approve",
    status_code=HTTPStatus.CREATED,
    responses=answers(Override, 404, 409, 422, status=201),
    summary="Override a governance freeze",
)
def approve(asked: Asked, who: Annotated[Caller, may("override")], id: Id) -> Response:  # noqa: A002
    """From this instant, for one change and until its end; a postmortem is owed."""
    now = asked.clock()
    waits = waiting_for(asked, "override", id, now=now)
    covers(who, waits.service)
    entries = deciding(lambda: app.approve(asked.state, waits, person(who), now=now))
    return _answer(asked, entries[0], now)


def _answer(asked: House, entry: Entry, now: Instant) -> Response:
    standing, id_ = asked.state.law.standing(), entry.payload["id"]
    if entry.kind == "freeze.overridden":
        return Json(override_json(standing.overrides[id_], now=now), HTTPStatus.CREATED)
    return Json(pending_json(standing.pending[id_]), HTTPStatus.ACCEPTED)
