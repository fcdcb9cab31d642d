"""Conditional releases: asked for, granted, shown to be safe, withdrawn: `/v1/releases`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.governance.releases import USUAL, ReleaseAsk, in_time, show_evidence, withdraw_release
from allowance.reports.exceptions_json import release_json
from allowance.web.asked import Asked, OnlyJson
from allowance.web.exception_asks import EvidenceIn, ReasonIn, ReleaseIn
from allowance.web.exception_shapes import Pending, Release, Releases
from allowance.web.exceptions import (
    Id,
    answered,
    approved,
    deciding,
    listed,
    person,
    seconds_of,
    waiting_json,
)
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/releases", tags=["exceptions"])


@router.get("", dependencies=[may("read")], responses=answers(Releases), summary="Conditional releases")
def releases(asked: Asked) -> Response:
    """Newest first, each condition with the evidence that was shown for it."""
    now, standing = asked.clock(), asked.state.law.standing()
    return Json(
        {
            "releases": listed(standing, "release", now=now),
            "pending": waiting_json(standing, "release", now=now),
        }
    )


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(Release, 400, 404, 409, 415, 422, status=201)
    | {202: {"model": Pending, "description": "It waits for another person's yes."}},
    summary="Ask for a conditional release",
)
def ask(asked: Asked, who: Annotated[Caller, may("sign")], said: ReleaseIn) -> Response:
    """Its conditions are `burn below 2 over 1h` (looked up), `canary share <= 1 %` (a value is shown), or any words."""
    now = asked.clock()
    deciding(lambda: app.ruled(asked.state, said.service))
    covers(who, said.service)
    wish = ReleaseAsk(
        service=said.service,
        change=said.change,
        environment=said.environment,
        seconds=seconds_of(said.hours),
        plan=said.plan,
        conditions=USUAL if said.conditions is None else tuple(said.conditions),
    )
    able = "release" in who.rights
    entries = deciding(lambda: app.ask_release(asked.state, wish, person(who), may_release=able, now=now))
    return answered(asked, "release", entries, now)


@router.post(
    "/{id}/approve",
    status_code=HTTPStatus.CREATED,
    responses=answers(Release, 404, 409, 422, status=201),
    summary="Grant a conditional release",
)
def approve(asked: Asked, who: Annotated[Caller, may("release")], id: Id) -> Response:  # noqa: A002
    """It is there from now on, and of use once every condition is met."""
    return approved(asked, who, "release", id)


@router.post(
    "/{id}/evidence",
    dependencies=[OnlyJson],
    responses=answers(Release, 400, 404, 409, 415, 422),
    summary="Show that a condition is met",
)
def evidence(
    asked: Asked,
    who: Annotated[Caller, may("ask")],
    id: Id,  # noqa: A002
    said: EvidenceIn,
) -> Response:
    """A pipeline may show it as well as a person. Nothing is overwritten in the ledger; the newest showing counts."""
    now, law = asked.clock(), asked.state.law
    covers(who, deciding(lambda: in_time(id, law.standing(), now=now)).service)
    deciding(
        lambda: law.act(
            lambda standing: show_evidence(
                id, said.condition, said.evidence, standing, person(who), value=said.value, now=now
            )
        )
    )
    return Json(release_json(law.standing().releases[id], now=now))


@router.post(
    "/{id}/withdraw",
    dependencies=[OnlyJson],
    responses=answers(Release, 400, 404, 409, 415, 422),
    summary="End a conditional release before its time",
)
def withdraw(
    asked: Asked,
    who: Annotated[Caller, may("sign")],
    id: Id,  # noqa: A002
    said: ReasonIn,
) -> Response:
    """Whoever may sign may be careful: it takes no second person to stop something."""
    now, law = asked.clock(), asked.state.law
    covers(who, deciding(lambda: in_time(id, law.standing(), now=now)).service)
    deciding(
        lambda: law.act(lambda standing: withdraw_release(id, said.reason, standing, person(who), now=now))
    )
    return Json(release_json(law.standing().releases[id], now=now))
