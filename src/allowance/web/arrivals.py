"""Events from pipelines: each is taken once, and a deploy holds the tickets of its service: `/v1/events`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allowance.alerting.alert import Mute
from allowance.changes.deploys import Deploy, from_cdevent, inside
from allowance.contract.model import Contract
from allowance.core.duration import MINUTE
from allowance.core.time import Instant
from allowance.edges.store.acks import Arrival
from allowance.web.asked import Asked, House
from allowance.web.cloudevents import LONGEST, MOST_EVENTS, CloudEvent, read_events
from allowance.web.mute_shapes import Taken
from allowance.web.mutes import mute_json
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.state import Settings
from allowance.web.times import floored, read_moment
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/events", tags=["events"])

DEPLOYED = "dev.cdevents.service.deployed."
"""The version at the end is not looked at: new ones keep what is read here."""

_TEXT: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST,
    "pattern": r"^[^\x00-\x1f\x7f]+$",
}
_OPTIONAL: dict[str, Any] = {
    "anyOf": [{**_TEXT, "minLength": 0, "pattern": r"^[^\x00-\x1f\x7f]*$"}, {"type": "null"}]
}
_INTEGER: dict[str, Any] = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": _TEXT,
        "source": _TEXT,
        "type": _TEXT,
        "specversion": {"const": "1.0"},
        "subject": _OPTIONAL,
        "time": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "datacontenttype": _OPTIONAL,
        "data": {},
    },
    "propertyNames": {"pattern": "^[a-z0-9]{1,64}$"},
    "additionalProperties": {"anyOf": [_OPTIONAL, {"type": "boolean"}, _INTEGER]},
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/cloudevents+json": {"schema": _EVENT},
        "application/cloudevents-batch+json": {
            "schema": {"type": "array", "items": _EVENT, "maxItems": MOST_EVENTS}
        },
    },
}


@router.post(
    "",
    responses=answers(Taken, 400, 415),
    openapi_extra={"requestBody": _BODY},
    summary="Send CloudEvents",
)
async def take(request: Request, asked: Asked, who: Annotated[Caller, may("report")]) -> Response:
    """Structured, batch, or binary (the attributes in `ce-*` headers). An event is known by its source and id, and
    taken once. `dev.cdevents.service.deployed.*` holds the tickets of that service for a while (15 minutes), unless
    they burn too fast."""
    body = await request.body()
    events = read_events({name.lower(): value for name, value in request.headers.items()}, body)
    return Json(await run_in_threadpool(_take, asked, events, who))


@router.options("", include_in_schema=False)
def agree(
    asked: Asked, webhook_request_origin: Annotated[str | None, Header(max_length=300)] = None
) -> Response:
    """The handshake of CloudEvents' webhooks: any origin may send, with a token, as fast as any client."""
    if webhook_request_origin is None:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": "POST"})
    rate = str(int(asked.settings.rate * MINUTE))
    allowed = {"WebHook-Allowed-Origin": webhook_request_origin, "WebHook-Allowed-Rate": rate}
    return Response(headers={"Allow": "POST", **allowed})


def _take(asked: House, events: Sequence[CloudEvent], who: Caller) -> dict[str, Any]:
    """The mute first and the memory of the event last: a kill between them makes the sender repeat it, to the same
    mute."""
    now = asked.clock()
    for event in events:
        _covered(event, who, now)
    fresh = asked.state.unseen([_arrival(event, now) for event in events])
    by_key = {(event.source, event.id): event for event in reversed(events)}
    mutes, notes = [], []
    for arrival in fresh:
        event = by_key[arrival.source, arrival.id]
        if event.type.startswith(DEPLOYED):
            found = deploy_mute(event, asked.state.contract, asked.settings, by=who.name, now=now)
            if isinstance(found, Mute):
                asked.state.save_mute(found)
                mutes.append(mute_json(found, now=now))
            else:
                notes.append(found)
    deployed = [told for arrival in fresh if (told := _deploy(by_key[arrival.source, arrival.id], now))]
    asked.state.save_deploys(deployed)
    notes += asked.state.remember(fresh, now=now)
    return {
        "accepted": len(fresh),
        "duplicates": len(events) - len(fresh),
        "mutes": mutes,
        "notes": notes,
    }


def _covered(event: CloudEvent, who: Caller, now: Instant) -> None:
    """403 for a deploy of a service that the sender's token is not for."""
    deploy = _deploy(event, now)
    if deploy is not None:
        covers(who, deploy.service)
    if event.type.startswith(DEPLOYED):
        covers(who, _subject(event))


def _deploy(event: CloudEvent, now: Instant) -> Deploy | None:
    at = _happened(event, now)
    return from_cdevent(event.type, event.source, event.id, event.data, subject=event.subject or "", at=at)


def _happened(event: CloudEvent, now: Instant) -> Instant:
    """When it happened, by the event or by the CDEvent inside; a pipeline whose clock is ahead did nothing later
    than now."""
    at = event.time
    if at is None and (text := inside(event.data, "context", "timestamp")):
        try:
            at = floored(read_moment(text))
        except ValueError:
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                "cloudevent",
                "context.timestamp is not a timestamp such as 2026-11-21T02:00:00Z",
                hint="see CDEvents, context",
            ) from None
    return now if at is None else min(at, now)


def deploy_mute(
    event: CloudEvent, contract: Contract, settings: Settings, *, by: str, now: Instant
) -> Mute | str:
    """What a deploy holds: the tickets of its service; or why it holds nothing. The same event, the same id."""
    service = _subject(event)
    if contract.service(service) is None:
        return f"no service {service[:100]!r} in the contract: this deploy holds nothing"
    begin = _happened(event, now)
    name = hashlib.sha256(f"{event.source}\0{event.id}".encode()).hexdigest()[:16]
    return Mute(
        id=f"deploy-{name}",
        kind="deploy",
        begin=begin,
        end=begin + settings.deploys.hold,
        labels={"service": service, "severity": "ticket"},
        by=by,
        why=f"{service} was deployed{_artifact(event)}",
        unless_burn_above=settings.deploys.unless_burn_above,
    )


def _arrival(event: CloudEvent, now: Instant) -> Arrival:
    at = now if event.time is None else event.time
    return Arrival(source=event.source, id=event.id, type=event.type, at=at, body=event.text)


def _inside(data: Any, *names: str) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _subject(event: CloudEvent) -> str:
    found = _inside(event.data, "subject", "id")
    return found if isinstance(found, str) and found else event.subject or ""


def _artifact(event: CloudEvent) -> str:
    found = _inside(event.data, "subject", "content", "artifactId")
    return f": {found[:300]}" if isinstance(found, str) else ""
