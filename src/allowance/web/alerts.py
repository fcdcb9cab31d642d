"""What is wrong now, what was said, and what people say about it: `/v1/alerts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.alerting.alert import RANK, Alert, labels_of
from allowance.alerting.delivery import Trouble
from allowance.alerting.hold import AnyAlert
from allowance.alerting.plan import context_of
from allowance.alerting.telemetry import TelemetryAlert, readings
from allowance.app.tick import Tick
from allowance.budget.burn import burn_rate
from allowance.contract.rules import SEVERITIES
from allowance.core.counts import NoData
from allowance.core.duration import DAY
from allowance.core.time import iso
from allowance.edges.store.acks import Ack
from allowance.reports.analysis_json import instant
from allowance.reports.numbers import exact, machine
from allowance.web.alert_shapes import Ack as AckShape
from allowance.web.alert_shapes import AckIn, AlertEvents, Alerts
from allowance.web.asked import Asked, OnlyJson
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Signature, answers
from allowance.web.state import LiveState
from allowance.web.times import Moment, floored
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

USUAL_DAYS = 7


@router.get("", dependencies=[may("read")], responses=answers(Alerts), summary="What is not quiet")
def alerts(asked: Asked) -> Response:
    """Every alert with its life, the rule that speaks loudest, what keeps it quiet, and who has taken it.

    Beside them the channels that fail, since when, and why.
    """
    tick, failing = asked.state.now, [failing_json(one) for one in asked.state.troubles()]
    if tick is None:
        return Json({"at": None, "alerts": [], "failing": failing})
    found = sorted(every_alert(tick), key=lambda a: (RANK[a.severity], a.signature))
    taken = asked.state.latest_acks([a.signature for a in found])
    begins = [opened for a in found if (opened := opened_at(a)) is not None]
    held = held_now(asked.state.events(since=min(begins))) if begins else {}
    rows = [alert_json(a, held.get(a.signature), taken.get(a.signature)) for a in found]
    return Json({"at": iso(tick.at), "alerts": rows, "failing": failing})


@router.get(
    "/events",
    dependencies=[may("read")],
    responses=answers(AlertEvents, 422),
    summary="What alerts said",
)
def events(
    asked: Asked,
    since: Annotated[Moment | None, Query(description="7 days ago where it is left out")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$", description="`next` of the page before")
    ] = None,
) -> Response:
    """Also what was held back, with the reason. `next` goes on behind this page, for ever: keep the last one."""
    begin, skip = (asked.clock() - USUAL_DAYS * DAY if since is None else floored(since)), 0
    if cursor is not None:
        begin, skip = (int(part) for part in cursor.split("."))
    found = list(asked.state.events(since=begin))[skip:]
    page = found[:limit]
    following = None
    if len(found) > limit:
        last = page[-1]["at"]
        same = sum(one["at"] == last for one in page) + (skip if last == begin else 0)
        following = f"{last}.{same}"
    return Json({"events": [event_json(one) for one in page], "next": following})


@router.post(
    "/{signature:path}/ack",
    dependencies=[OnlyJson],
    responses=answers(AckShape, 400, 404, 409, 415, 422),
    summary="Take an alert, or say what it was",
)
def acknowledge(
    asked: Asked,
    who: Annotated[Caller, may("acknowledge")],
    signature: Signature,
    said: AckIn,
) -> Response:
    """Nothing is overwritten: the newest word counts, the others stay. A disposition may come after the end."""
    covers(who, signature.partition("/")[0])
    if labels_named(asked.state, signature) is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "alert",
            f"there is no alert {signature[:200]}",
            hint="a signature is service/slo/severity, as GET /v1/alerts shows it",
        )
    tick = asked.state.now
    open_ones = {a.signature: a for a in every_alert(tick)}
    alert = open_ones.get(signature)
    if alert is None and said.disposition is None:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "alert",
            f"{signature[:200]} is quiet: there is nothing to take",
            hint="say a disposition if you want to record what it was",
        )
    ack = Ack(
        signature=signature,
        at=asked.clock(),
        by=said.by.strip() or who.name,
        token=who.name,
        opened=None if alert is None else opened_at(alert),
        note=said.note.strip(),
        disposition=said.disposition,
    )
    asked.state.save_ack(ack)
    return Json(ack_json(ack))


def opened_at(alert: AnyAlert) -> int | None:
    """When it began to fire the first time; nothing while it is pending."""
    return alert.life.entries[0].begin if alert.life.entries else None


def alert_json(alert: AnyAlert, held: Mapping[str, Any] | None, ack: Ack | None) -> dict[str, Any]:
    """One alert as the API shows it; an acknowledgement of an earlier alert is none of this one."""
    life, labels, opened = alert.life, alert.labels, opened_at(alert)
    slo = alert.evaluation.slo if isinstance(alert, Alert) else alert.slo
    mine = ack is not None and opened is not None and ack.opened == opened
    return {
        "signature": alert.signature,
        "about": "burn rate" if isinstance(alert, Alert) else alert.kind,
        "service": alert.service,
        "slo": labels["slo"],
        "group": labels["group"],
        "severity": alert.severity,
        "state": life.state,
        "since": iso(life.since),
        "opened": instant(opened),
        "entries": [{"begin": iso(e.begin), "end": instant(e.end)} for e in life.entries],
        **(_burning(alert) if isinstance(alert, Alert) else _blind(alert)),
        "owner": None if slo is None else slo.owner,
        "runbook": None if slo is None else slo.runbook,
        "told": life.told,
        "muted": held,
        "acknowledged": ack_json(ack) if mine and ack is not None else None,
    }


def _burning(alert: Alert) -> dict[str, Any]:
    reading, target = alert.reading, alert.evaluation.slo.target
    return {
        "rule": reading.rule.name,
        "factor": exact(reading.factor),
        "long": machine(burn_rate(reading.long, target)),
        "short": machine(burn_rate(reading.short, target)),
        "bad": reading.short.bad,
        "total": reading.short.total,
        "remaining": machine(alert.evaluation.budget.remaining),
        "source": None,
        "known_to": None,
    }


def _blind(alert: TelemetryAlert) -> dict[str, Any]:
    return {
        "rule": None,
        "factor": None,
        "long": None,
        "short": None,
        "bad": 0,
        "total": 0,
        "remaining": None,
        "source": alert.feed.name,
        "known_to": None if isinstance(alert.since, NoData) else iso(alert.since),
    }


def ack_json(ack: Ack) -> dict[str, Any]:
    """An acknowledgement as the API shows it."""
    return {
        "signature": ack.signature,
        "at": iso(ack.at),
        "opened": instant(ack.opened),
        "by": ack.by,
        "note": ack.note,
        "disposition": ack.disposition,
    }


def failing_json(one: Trouble) -> dict[str, Any]:
    """A channel that fails as the API shows it."""
    return {
        "channel": one.channel,
        "since": iso(one.since),
        "last": iso(one.last),
        "reason": one.reason,
        "waiting": one.waiting,
        "lost": one.lost,
        "next_try": instant(one.next_try),
    }


def event_json(event: Mapping[str, Any]) -> dict[str, Any]:
    """Something that an alert said, as the API shows it."""
    return {
        "at": iso(event["at"]),
        "signature": event["signature"],
        "says": event["says"],
        "title": event.get("title", ""),
        "began": event.get("began"),
        "muted": _held(event),
    }


def held_now(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
    """By signature, why the newest word of an alert was held back; nothing where it was told."""
    return {event["signature"]: _held(event) for event in events}


def every_alert(tick: Tick | None) -> tuple[AnyAlert, ...]:
    """The alerts of a tick, those about telemetry too."""
    return () if tick is None else (*tick.plan.alerts, *tick.plan.telemetry)


def labels_named(state: LiveState, text: str) -> dict[str, str] | None:
    """The labels of the alert with this signature; nothing where the contract has none like it."""
    if (silent := _silence_named(state, text)) is not None:
        return silent
    service, _, rest = text.partition("/")
    name, _, rest = rest.partition("/")
    word, slash, group = rest.partition("/")
    slo = state.contract.slo(f"{service}/{name}")
    severity = next((one for one in SEVERITIES if one == word), None)
    if slo is None or severity is None or bool(slash) != bool(group):
        return None
    return labels_of(slo, severity, group, context_of(state.contract).services.get(service, {}))


def _silence_named(state: LiveState, text: str) -> dict[str, str] | None:
    """The labels of an alert about telemetry, from the readings of the newest tick."""
    tick = state.now
    about = context_of(state.contract).services
    for one in readings(tick.feeds if tick is not None else (), state.late, {}, about, now=0):
        if one.alert.signature == text:
            return one.alert.labels
    return None


def _held(event: Mapping[str, Any]) -> dict[str, Any] | None:
    if "muted_by" not in event:
        return None
    return {"kind": event["muted_by"], "why": event["why"], "until": instant(event["until"])}
