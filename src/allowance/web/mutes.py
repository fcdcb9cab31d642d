"""Silences and maintenance, and what they would hit before they are saved: `/v1/mutes`."""

from __future__ import annotations

import secrets
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.alerting.alert import Alert, Mute
from allowance.budget.burn import burn_rate
from allowance.core.counts import NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.time import iso
from allowance.web.alerts import event_json, labels_of
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Mute as MuteShape
from allowance.web.shapes import MuteId, MuteIn, Mutes, Preview, answers
from allowance.web.times import floored
from allowance.web.tokens import Caller, may

router = APIRouter(prefix="/v1/mutes", tags=["mutes"])

PREVIEW_DAYS = 7
MOST_EVENTS = 100
LONGEST = 366 * DAY
EARLIEST = HOUR
"""A mute may begin so long ago: what was said before that has been said."""


@router.get("", dependencies=[may("read")], responses=answers(Mutes), summary="What keeps alerts quiet")
def mutes(asked: Asked) -> Response:
    """Silences, maintenance and deploys that are in force or planned."""
    return Json({"mutes": [mute_json(mute) for mute in asked.state.mutes(now=asked.clock())]})


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
    mute = _mute(said, who, now=asked.clock())
    if preview:
        return Json(_preview(asked, mute))
    asked.state.save_mute(mute)
    return Json(mute_json(mute), HTTPStatus.CREATED)


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
            over = replace(mute, end=now)
            asked.state.save_mute(over)
            return Json(mute_json(over))
    raise Refusal(
        HTTPStatus.NOT_FOUND, "mute", "there is no such mute", hint="GET /v1/mutes lists those that hold"
    )


def mute_json(mute: Mute) -> dict[str, Any]:
    """A mute as the API shows it."""
    return {
        "id": mute.id,
        "kind": mute.kind,
        "begin": iso(mute.begin),
        "end": iso(mute.end),
        "labels": dict(mute.labels),
        "by": mute.by,
        "reason": mute.why,
        "unless_burn_above": mute.unless_burn_above,
    }


def would_hit(mute: Mute, alert: Alert) -> bool:
    """Whether an alert would be kept quiet while the mute is in force, as it burns now."""
    burn = burn_rate(alert.reading.short, alert.evaluation.slo.target)
    limit = mute.unless_burn_above
    loud = limit is not None and not isinstance(burn, NoData) and burn > limit
    return not loud and mute.hits(alert.labels, now=mute.begin)


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
    )


def _preview(asked: House, mute: Mute) -> dict[str, Any]:
    tick = asked.state.now
    firing = [
        a.signature
        for a in (tick.plan.alerts if tick is not None else ())
        if a.life.is_open and would_hit(mute, a)
    ]
    slos = {slo.id: slo for slo in asked.state.contract.slos}
    past = [
        event
        for event in asked.state.events(since=asked.clock() - PREVIEW_DAYS * DAY)
        if (labels := labels_of(slos, event["signature"])) is not None and mute.hits(labels, now=mute.begin)
    ]
    return {
        "mute": mute_json(mute),
        "firing": sorted(firing),
        "events": [event_json(event) for event in past[-MOST_EVENTS:]],
        "events_in_all": len(past),
    }
