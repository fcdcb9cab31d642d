"""Silver bullets: what is left, what one would cost, asked for by one and approved by another: `/v1/bullets`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.reports.exceptions_json import price_json, quota_json
from allowance.web.asked import Asked, OnlyJson
from allowance.web.exception_asks import BulletIn
from allowance.web.exception_shapes import Bullet, Bullets, Pending, Price
from allowance.web.exceptions import Id, answered, approved, deciding, listed, person, waiting_json, wished
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, may

router = APIRouter(prefix="/v1/bullets", tags=["exceptions"])


@router.get(
    "", dependencies=[may("read")], responses=answers(Bullets), summary="Silver bullets, spent and left"
)
def bullets(asked: Asked) -> Response:
    """Newest first; what each unit has left follows from the ledger alone."""
    now, standing = asked.clock(), asked.state.law.standing()
    quotas = deciding(lambda: list(app.quotas(asked.state.contract, standing, now=now)))
    return Json(
        {
            "bullets": listed(standing, "bullet", now=now),
            "pending": waiting_json(standing, "bullet", now=now),
            "quotas": [quota_json(one) for one in quotas],
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
    now, wish = asked.clock(), wished(asked, who, said)
    if said.dry_run:
        price, memo = deciding(lambda: app.price_of_bullet(asked.state, wish, person(who), now=now))
        return Json(price_json(price, memo))
    entries = deciding(lambda: app.ask_bullet(asked.state, wish, person(who), now=now))
    return answered(asked, "bullet", entries, now)


@router.post(
    "/{id}/approve",
    status_code=HTTPStatus.CREATED,
    responses=answers(Bullet, 404, 409, 422, status=201),
    summary="Approve a silver bullet",
)
def approve(asked: Asked, who: Annotated[Caller, may("spend")], id: Id) -> Response:  # noqa: A002
    """Spent from this instant; a postmortem is owed. Who asked for it cannot approve it where two people are needed."""
    return approved(asked, who, "bullet", id)
