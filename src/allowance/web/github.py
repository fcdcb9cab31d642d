"""GitHub's webhooks: deployments that wait for the gate, and deployments that have happened: `/v1/github`."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allowance.app.protection import Pending
from allowance.changes.deploys import inside
from allowance.changes.github import deploy_of, request_of
from allowance.core.time import Instant
from allowance.edges.github_file import GithubSettings
from allowance.edges.store.acks import Arrival
from allowance.governance.verdict import Ask
from allowance.web.asked import Asked, House
from allowance.web.gate_shapes import WebhookTaken
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.times import floored, read_moment

router = APIRouter(prefix="/v1/github", tags=["gate"])

SOURCE = "github"
"""The source of a delivery among the events that are remembered."""

log = structlog.get_logger()

_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "object"}}},
}


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    responses=answers(None, 400, 404) | answers(WebhookTaken, status=202),
    openapi_extra={"requestBody": _BODY},
    summary="A webhook of GitHub",
)
async def webhook(request: Request, asked: Asked) -> Response:
    """`X-Hub-Signature-256` must be right; no token is needed. A delivery is known by `X-GitHub-Delivery` and taken
    once. `deployment_protection_rule` is answered at its callback, as soon as the gate says go;
    `deployment_status` records the deploy; everything else is taken and left alone."""
    settings = asked.settings.github
    if settings is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "github",
            "no GitHub is set up here",
            hint="start with: allowance serve --github github.yaml",
        )
    body = await request.body()
    _check(settings, body, request.headers.get("x-hub-signature-256", ""))
    delivery = request.headers.get("x-github-delivery", "")
    if not 1 <= len(delivery) <= 200:
        raise _malformed("there is no X-GitHub-Delivery")
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _malformed("the body is not JSON") from None
    if not isinstance(payload, dict):
        raise _malformed("the body is not a JSON object")
    kind = request.headers.get("x-github-event", "")[:100]
    note = await run_in_threadpool(_take, asked, settings, delivery, kind, payload)
    return Json({"note": note}, HTTPStatus.ACCEPTED)


def _check(settings: GithubSettings, body: bytes, shown: str) -> None:
    expected = f"sha256={settings.secret.sign(body)}"
    if not hmac.compare_digest(expected.encode(), shown.encode("utf-8", "replace")):
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "signature",
            "the signature of this webhook is wrong or missing",
            hint="the webhook's secret must be the one that the server was given",
        )


def _take(
    asked: House, settings: GithubSettings, delivery: str, kind: str, payload: Mapping[str, Any]
) -> str:
    """What it leads to is written first and its memory last: a kill between them makes a redelivery repeat it."""
    now = asked.clock()
    arrival = Arrival(
        source=SOURCE, id=delivery, type=f"github.{kind}", at=now, body=orjson.dumps(payload).decode()
    )
    if not asked.state.unseen([arrival]):
        return "taken already"
    take = KINDS.get(kind)
    note = "left alone" if take is None else take(asked, settings, delivery, payload, now)
    asked.state.remember([arrival], now=now)
    return note


def _protection(
    asked: House, settings: GithubSettings, delivery: str, payload: Mapping[str, Any], now: Instant
) -> str:
    found = request_of(payload, settings.services, settings.change)
    if found is None or asked.state.contract.service(found.service) is None:
        repository = inside(payload, "repository", "full_name")[:200]
        log.warning("a deployment waits that belongs to no service", repository=repository)
        return "this repository belongs to no service of the contract: the deployment waits for somebody else"
    if not found.callback.startswith(f"{settings.api}/"):
        raise _malformed("the callback is not an address of the GitHub that is set up here")
    ask = Ask(
        service=found.service,
        change=found.change,
        version=found.version,
        commit=found.commit,
        environment=found.environment,
        change_id=found.change_id,
        actor=found.actor,
    )
    asked.state.save_pending(
        Pending(
            id=delivery,
            ask=ask,
            callback=found.callback,
            installation=found.installation,
            begin=now,
            due=now,
        )
    )
    return "the gate will answer"


def _status(
    asked: House, settings: GithubSettings, delivery: str, payload: Mapping[str, Any], now: Instant
) -> str:
    text = inside(payload, "deployment_status", "created_at")
    try:
        at = min(floored(read_moment(text)), now) if text else now
    except ValueError:
        raise _malformed("deployment_status.created_at is not a timestamp") from None
    found = deploy_of(payload, settings.services, at=at)
    if found is None:
        return "no deploy"
    asked.state.save_deploys([found])
    return "deploy recorded"


KINDS = {"deployment_protection_rule": _protection, "deployment_status": _status}
"""Which events are looked at, and what they lead to."""


def _malformed(message: str) -> Refusal:
    return Refusal(
        HTTPStatus.BAD_REQUEST, "webhook", message, hint="only GitHub itself sends here; see docs/gate.md"
    )
