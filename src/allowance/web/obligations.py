"""What is owed because of exceptions: `/v1/obligations`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.governance.obligations import done as met
from allowance.governance.obligations import owed
from allowance.reports.exceptions_json import obligation_json, owed_json
from allowance.web.asked import Asked, OnlyJson
from allowance.web.exception_asks import DoneIn
from allowance.web.exception_shapes import Obligation, Obligations
from allowance.web.exceptions import Id, deciding, person
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/obligations", tags=["exceptions"])


@router.get(
    "", dependencies=[may("read")], responses=answers(Obligations, 422), summary="What is owed, by whom"
)
def obligations(
    asked: Asked,
    open: Annotated[bool, Query(description="only what is open")] = False,  # noqa: A002
    service: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Postmortems of bullets and overrides, and the items of reliability sprints; what is overdue comes first."""
    found = [
        one
        for one in owed(asked.state.law.standing(), now=asked.clock())
        if (one.open or not open) and service in (None, one.obligation.service)
    ]
    return Json({"obligations": [owed_json(one) for one in found]})


@router.post(
    "/{id}/done",
    dependencies=[OnlyJson],
    responses=answers(Obligation, 400, 404, 409, 415, 422),
    summary="Show that something owed was done",
)
def done(
    asked: Asked,
    who: Annotated[Caller, may("sign")],
    id: Id,  # noqa: A002
    said: DoneIn,
) -> Response:
    """With evidence, such as the address of the postmortem; a late one is recorded as late."""
    now, law = asked.clock(), asked.state.law
    known = law.standing().obligations.get(id)
    if known is not None:
        covers(who, known.service)
    deciding(lambda: law.act(lambda standing: met(id, said.evidence, standing, person(who), now=now)))
    return Json(obligation_json(law.standing().obligations[id]))
