"""Made-up telemetry for a trial: so many events, of which exactly a given share is bad, in each form that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Literal, get_args

import orjson

from allowance.core.time import Instant, iso

Form = Literal["otlp", "log", "events", "rum"]
FORMS: tuple[Form, ...] = get_args(Form)

_SECOND = 1_000_000_000
_SERVER = 2
_ERROR, _INFO = 17, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is told: `errors` of all events are bad, they take `latency_ms` on average; `run` tells trials apart."""

    service: str
    run: str
    errors: Fraction = Fraction(0)
    latency_ms: Fraction = Fraction(120)
    version: str = "test"
    region: str = "test"
    type: str = "test.request"
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One made-up request. `number` counts from 0."""

    number: int
    at: Instant
    bad: bool
    latency_us: int


def event(scene: Scene, number: int, *, now: Instant) -> Event:
    """The event of that number: after n of them, floor(n x errors) were bad. Latencies spread from half to one and a half."""
    bad = (number + 1) * scene.errors // 1 > number * scene.errors // 1
    spread = Fraction(50 + number * 37 % 101, 100)
    return Event(number=number, at=now, bad=bad, latency_us=int(scene.latency_ms * spread * 1000))


def body_of(form: Form, scene: Scene, events: Sequence[Event]) -> bytes:
    """One request. A beacon is one event: `events` holds one then."""
    if form == "rum":
        return orjson.dumps(_beacon(scene, events[0]))
    if form == "events":
        return orjson.dumps([_cloud_event(scene, one) for one in events])
    resource = {"attributes": _attributes({"service.name": scene.service, "service.version": scene.version})}
    if form == "otlp":
        spans = [_span(scene, one) for one in events]
        return orjson.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
    records = [_record(scene, one) for one in events]
    return orjson.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]})


def _status(one: Event) -> int:
    return 500 if one.bad else 200


def _id(scene: Scene, one: Event, size: int) -> str:
    return blake2b(f"{scene.run}/{one.number}".encode(), digest_size=size).hexdigest()


def _span(scene: Scene, one: Event) -> dict[str, Any]:
    begin = one.at * _SECOND
    return {
        "traceId": _id(scene, one, 16),
        "spanId": _id(scene, one, 8),
        "name": "GET /test",
        "kind": _SERVER,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + one.latency_us * 1000),
        "attributes": _attributes(
            {
                "http.request.method": "GET",
                "http.route": "/test",
                "http.response.status_code": _status(one),
                "cloud.region": scene.region,
            }
        ),
        "status": {"code": 2} if one.bad else {},
    }


def _record(scene: Scene, one: Event) -> dict[str, Any]:
    return {
        "timeUnixNano": str(one.at * _SECOND),
        "severityNumber": _ERROR if one.bad else _INFO,
        "severityText": "ERROR" if one.bad else "INFO",
        "body": {"stringValue": f"request {one.number} of trial {scene.run}"},
        "attributes": _attributes({"http.response.status_code": _status(one), "cloud.region": scene.region}),
    }


def _attributes(values: dict[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in values.items()
    ]


def _cloud_event(scene: Scene, one: Event) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{scene.run}-{one.number}",
        "source": f"/allowance/send/{scene.service}",
        "type": scene.type,
        "subject": scene.service,
        "time": iso(one.at),
        "data": {
            "status": _status(one),
            "duration_ms": one.latency_us / 1000,
            "version": scene.version,
            "region": scene.region,
        },
    }


def _beacon(scene: Scene, one: Event) -> dict[str, Any]:
    return {
        "site": scene.service,
        **({"key": scene.key} if scene.key else {}),
        "id": f"{scene.run}-{one.number}",
        "page": "/test",
        "lcp": one.latency_us / 1000,
        "status": _status(one),
        "ok": not one.bad,
        "version": scene.version,
        "region": scene.region,
    }
