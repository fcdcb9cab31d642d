"""Bankruptcies: a new epoch for a budget, signed by three, paid in reliability work: `/v1/bankruptcies`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.app.attributed import service_of, slo_of
from allowance.governance.bankruptcies import BankruptcyAsk, SprintItem, declare_bankruptcy
from allowance.governance.facts import Standing
from allowance.reports.exceptions_json import epoch_json, pending_json
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.exception_asks import BankruptcyIn
from allowance.web.exception_shapes import Bankruptcies, Pending
from allowance.web.exceptions import Id, deciding, person, waiting_for, waiting_json
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.times import floored
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/bankruptcies", tags=["exceptions"])


@router.get(
    "", dependencies=[may("read")], responses=answers(Bankruptcies), summary="Budgets that began anew"
)
def bankruptcies(asked: Asked) -> Response:
    """Newest first, with what was spent before; and what waits for signatures."""
    return Json(_all(asked, asked.state.law.standing()))


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=[OnlyJson],
    responses=answers(Pending, 400, 404, 409, 415, 422, status=202),
    summary="Declare bankruptcy",
)
def declare(asked: Asked, who: Annotated[Caller, may("bankrupt")], said: BankruptcyIn) -> Response:
    """Who declares it signs for their party; the other parties sign it next. Refused while an earlier one is unpaid."""
    ask = asked_for(asked, said)
    covers(who, ask.service)
    now, law = asked.clock(), asked.state.law
    entries = deciding(
        lambda: law.act(lambda standing: declare_bankruptcy(ask, standing, person(who), now=now))
    )
    return Json(pending_json(law.standing().pending[entries[0].payload["id"]]), HTTPStatus.ACCEPTED)


@router.post(
    "/{id}/signatures",
    status_code=HTTPStatus.CREATED,
    responses=answers(Bankruptcies, 404, 409, 422, status=201),
    summary="Sign a bankruptcy for one's party",
)
def sign(asked: Asked, who: Annotated[Caller, may("sign")], id: Id) -> Response:  # noqa: A002
    """The last of the three signatures begins the epoch, and what was promised as a sprint is owed."""
    now = asked.clock()
    waits = waiting_for(asked, "bankruptcy", id, now=now)
    covers(who, waits.service)
    deciding(lambda: app.sign_bankruptcy(asked.state, id, person(who), now=now))
    return Json(_all(asked, asked.state.law.standing()), HTTPStatus.CREATED)


def asked_for(asked: House, said: BankruptcyIn) -> BankruptcyAsk:
    """What a declaration asks for, its names looked up. Errors: `Refusal` 404."""
    service = deciding(lambda: service_of(asked.state.contract, said.service))
    ids = [name if "/" in name else f"{service.name}/{name}" for name in said.slos]
    for one in ids:
        deciding(lambda one=one: slo_of(asked.state.contract, one))  # type: ignore[misc]
    return BankruptcyAsk(
        service=service.name,
        slos=tuple(ids) or tuple(slo.id for slo in service.slos),
        reason=said.reason,
        sprint=tuple(SprintItem(what=one.what, owner=one.owner, due=floored(one.due)) for one in said.sprint),
    )


def _all(asked: House, standing: Standing) -> dict[str, Any]:
    found = sorted(standing.epochs.values(), key=lambda one: (-one.seq, one.id))
    return {
        "epochs": [epoch_json(one) for one in found],
        "pending": waiting_json(standing, "bankruptcy", now=asked.clock()),
    }
