"""Silences and maintenance, and what they would hit before they are saved: `/v1/mutes`."""

from __future__ import annotations

import secrets
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.alerting.alert import Mute, labels_of
from allowance.alerting.mute import maintenance_of, matches, names, next_span
from allowance.alerting.plan import context_of
from allowance.alerting.telemetry import OWN_SERVICE
from allowance.contract.maintenance import Recurrence, parse_rrule
from allowance.contract.maintenance_document import parse_length
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import ProblemError
from allowance.core.time import Instant, iso, parse_zone
from allowance.web.alerts import event_json, every_alert, labels_named
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.mute_shapes import Mute as MuteShape
from allowance.web.mute_shapes import MuteIn, Mutes, Preview
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import MuteId, answers
from allowance.web.times import floored
from allowance.web.tokens import Caller, covers, covers_all, may

router = APIRouter(prefix="/v1/mutes", tags=["mutes"])

OF_ALERTS = ("severity", "group", "source", "alert")
"""Labels that an alert has and a promise has not."""
PREVIEW_DAYS = 7
MOST_EVENTS = 100
LONGEST = 366 * DAY
EARLIEST = HOUR
"""A mute may begin so long ago: what was said before that has been said."""


@router.get("", dependencies=[may("read")], responses=answers(Mutes), summary="What keeps alerts quiet")
def mutes(asked: Asked) -> Response:
    """Silences, maintenance and deploys that are in force or planned; those of the contract come last."""
    now = asked.clock()
    found = [*asked.state.mutes(now=now), *maintenance_of(asked.state.contract)]
    return Json({"mutes": [mute_json(mute, now=now) for mute in found]})


@router.post(
    "",
    dependencies=[OnlyJson],
    responses=answers(MuteShape, 400, 409, 415, 422, status=201)
    | {200: {"model": Preview, "description": (Preview.__doc__ or "").strip()}},
    status_code=201,
    summary="Keep alerts quiet for a while",
)
def save(
    asked: Asked,
    who: Annotated[Caller, may("mute")],
    said: MuteIn,
    preview: Annotated[bool, Query(description="say what it would hit, and save nothing")] = False,
) -> Response:
    """All its labels must match: any of service, slo, severity, group, owner, and the labels of the SLO."""
    now = asked.clock()
    mute = _mute(said, who, now=now)
    _covered(mute, who)
    if preview:
        return Json(_preview(asked, mute))
    asked.state.save_mute(mute)
    return Json(mute_json(mute, now=now), HTTPStatus.CREATED)


@router.delete("/{id}", responses=answers(MuteShape, 404, 422), summary="End a mute at once")
def end(
    asked: Asked,
    who: Annotated[Caller, may("mute")],
    id: MuteId,  # noqa: A002 - the word of the field
) -> Response:
    """It stays in the store with its reason, but holds nothing any more."""
    now = asked.clock()
    for mute in asked.state.mutes(now=now):
        if mute.id == id:
            _covered(mute, who)
            over = replace(mute, end=now)
            asked.state.save_mute(over)
            return Json(mute_json(over, now=now))
    raise Refusal(
        HTTPStatus.NOT_FOUND, "mute", "there is no such mute", hint="GET /v1/mutes lists those that hold"
    )


def _covered(mute: Mute, who: Caller) -> None:
    """403 for a mute of what the caller's token is not for."""
    service = dict(mute.labels).get("service")
    if service is None:
        covers_all(who)
    else:
        covers(who, service)


def mute_json(mute: Mute, *, now: Instant) -> dict[str, Any]:
    """A mute as the API shows it at `now`."""
    return {
        "id": mute.id,
        "kind": mute.kind,
        "begin": iso(mute.begin),
        "end": iso(mute.end),
        "labels": dict(mute.labels),
        "by": mute.by,
        "reason": mute.why,
        "unless_burn_above": mute.unless_burn_above,
        "repeats": None if mute.repeats is None else _repeats_json(mute, mute.repeats, now=now),
    }


def _repeats_json(mute: Mute, repeats: Recurrence, *, now: Instant) -> dict[str, Any]:
    span = next_span(mute, now=now)
    return {
        "rrule": repeats.rrule,
        "duration": repeats.duration,
        "zone": repeats.zone.key,
        "next_begin": None if span is None else iso(span.begin),
        "next_end": None if span is None else iso(span.end),
    }


def _mute(said: MuteIn, who: Caller, *, now: int) -> Mute:
    begin = now if said.begin is None else floored(said.begin)
    finish = floored(said.end)
    wrong = None
    if finish <= max(begin, now):
        wrong = "the end is not after the beginning, or has passed"
    elif finish - begin > LONGEST:
        wrong = "nothing is muted for more than a year"
    elif begin < now - EARLIEST:
        wrong = "the beginning is more than an hour ago"
    if wrong is not None:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "mute",
            wrong,
            hint=f"it is {iso(now)} now; leave begin out to begin at once",
            path="body.end",
        )
    return Mute(
        id=f"{said.kind}-{secrets.token_hex(6)}",
        kind=said.kind,
        begin=begin,
        end=finish,
        labels=dict(said.labels),
        by=said.by.strip() or who.name,
        why=said.reason.strip(),
        unless_burn_above=said.unless_burn_above,
        repeats=_repeats(said),
    )


def _repeats(said: MuteIn) -> Recurrence | None:
    if said.repeats is None:
        return None
    try:
        return Recurrence(
            rrule=parse_rrule(said.repeats.rrule),
            duration=parse_length(said.repeats.duration),
            zone=parse_zone(said.repeats.zone),
        )
    except ProblemError as error:
        found = error.problems[0]
        raise Refusal(
            HTTPStatus.CONFLICT, found.code, found.message, hint=found.hint, path="body.repeats"
        ) from None


def _promises(asked: House, mute: Mute) -> int:
    """How many promises its labels fit, whatever the severity, group or source; telemetry itself counts as one."""
    labels = {name: value for name, value in mute.labels.items() if name not in OF_ALERTS}
    context = context_of(asked.state.contract)
    about = [
        labels_of(slo, "page", "", context.services.get(slo.service, {})) for slo in asked.state.contract.slos
    ]
    own = {"service": OWN_SERVICE, "slo": "telemetry"}
    return sum(labels.items() <= one.items() for one in (*about, own))


def _preview(asked: House, mute: Mute) -> dict[str, Any]:
    now, state = asked.clock(), asked.state
    firing = [
        alert.signature
        for alert in every_alert(state.now)
        if alert.life.is_open and matches(mute, alert.labels, alert.burn)
    ]
    known: dict[str, bool] = {}
    past = []
    for event in state.events(since=now - PREVIEW_DAYS * DAY):
        name = event["signature"]
        if name not in known:
            labels = labels_named(state, name)
            known[name] = labels is not None and names(mute, labels)
        if known[name]:
            past.append(event)
    return {
        "mute": mute_json(mute, now=now),
        "promises": _promises(asked, mute),
        "firing": sorted(firing),
        "events": [event_json(event) for event in past[-MOST_EVENTS:]],
        "events_in_all": len(past),
    }
