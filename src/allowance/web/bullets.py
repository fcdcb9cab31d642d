"""Silver bullets: what is left, what one would cost, asked for by one and approved by another: `/v1/bullets`."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.app.gate import policy_of
from allowance.core.time import Instant
from allowance.governance.bullets import quota
from allowance.governance.facts import Standing
from allowance.governance.ledger import Entry
from allowance.governance.obligations import unit_of
from allowance.reports.exceptions_json import bullet_json, pending_json, price_json, quota_json
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.exception_asks import BulletIn
from allowance.web.exception_shapes import Bullet, Bullets, Pending, Price
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

router = APIRouter(prefix="/v1/bullets", tags=["exceptions"])


@router.get(
    "", dependencies=[may("read")], responses=answers(Bullets), summary="Silver bullets, spent and left"
)
def bullets(asked: Asked) -> Response:
    """Newest first; what each unit has left follows from the ledger alone."""
    now, standing = asked.clock(), asked.state.law.standing()
    spent = sorted(standing.bullets.values(), key=lambda one: -one.seq)
    return Json(
        {
            "bullets": [bullet_json(one, now=now) for one in spent],
            "pending": waiting_json(standing, "bullet", now=now),
            "quotas": list(_quotas(asked, standing, now)),
        }
    )


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(Bullet, 400, 404, 409, 415, 422, status=201)
    | {200: {"model": Price, "description": "With dry_run: what it would cost."}}
    | {202: {"model": Pending, "description": "It waits for another person's yes."}},
    summary="Ask for a silver bullet",
)
def ask(asked: Asked, who: Annotated[Caller, may("sign")], said: BulletIn) -> Response:
    """202 where a second person has to approve it, 201 where the policy is content with one, 200 with `dry_run`."""
    longest = longest_bullet(asked, said.service)
    covers(who, said.service)
    now = asked.clock()
    wish = app.Wish(
        service=said.service,
        change=said.change,
        environment=said.environment,
        seconds=longest if said.hours is None else seconds_of(said.hours),
        reason=said.reason,
    )
    if said.dry_run:
        price, memo = deciding(lambda: app.price_of_bullet(asked.state, wish, person(who), now=now))
        return Json(price_json(price, memo))
    entries = deciding(lambda: app.ask_bullet(asked.state, wish, person(who), now=now))
    return _answer(asked, entries[0], now)


@router.post(
    "/{id}/approve",
    status_code=HTTPStatus.CREATED,
    responses=answers(Bullet, 404, 409, 422, status=201),
    summary="Approve a silver bullet",
)
def approve(asked: Asked, who: Annotated[Caller, may("spend")], id: Id) -> Response:  # noqa: A002
    """Spent from this instant; a postmortem is owed. Who asked for it cannot approve it where two people are needed."""
    now = asked.clock()
    waits = waiting_for(asked, "bullet", id, now=now)
    covers(who, waits.service)
    entries = deciding(lambda: app.approve(asked.state, waits, person(who), now=now))
    return _answer(asked, entries[0], now)


def _answer(asked: House, entry: Entry, now: Instant) -> Response:
    standing = asked.state.law.standing()
    id_ = entry.payload["id"]
    if entry.kind == "bullet.spent":
        return Json(bullet_json(standing.bullets[id_], now=now), HTTPStatus.CREATED)
    return Json(pending_json(standing.pending[id_]), HTTPStatus.ACCEPTED)


def _quotas(asked: House, standing: Standing, now: Instant) -> Iterator[dict[str, Any]]:
    """Once per unit and policy that counts alike."""
    seen = set()
    contract = asked.state.contract
    for service in contract.services:
        policy = deciding(lambda service=service: policy_of(contract, service))  # type: ignore[misc]
        found = quota(policy, standing, unit_of(service), now=now)
        key = (found.unit, found.period, found.granted)
        if key not in seen:
            seen.add(key)
            yield quota_json(found)
