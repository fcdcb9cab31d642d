"""What telemetry shows beside the counts: `/v1/errors` and `/v1/latency`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from allowance.core.counts import NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.time import Instant, iso
from allowance.edges.samples_file import SampleSettings
from allowance.edges.store.errors import Counted
from allowance.signals.error_samples import OTHER
from allowance.signals.sketch import ERROR, Sketch, merged
from allowance.web.asked import Asked, House
from allowance.web.problems import Json
from allowance.web.sample_shapes import ServiceErrors, ServiceLatency
from allowance.web.shapes import answers
from allowance.web.times import Moment, floored
from allowance.web.tokens import may

router = APIRouter(prefix="/v1", tags=["samples"], dependencies=[may("read")])

LONGEST = 14 * DAY
SHARES = {"p50": Fraction(1, 2), "p90": Fraction(9, 10), "p95": Fraction(19, 20), "p99": Fraction(99, 100)}
_MILLISECOND = 1_000_000

Named = Annotated[str, Path(max_length=200, description="as telemetry names it")]
From = Annotated[Moment | None, Query(alias="from", description="an hour before `to` where it is left out")]
To = Annotated[Moment | None, Query(description="now where it is left out")]


@router.get(
    "/errors/{service}", responses=answers(ServiceErrors, 422), summary="Errors by what they have in common"
)
def errors(asked: Asked, service: Named, begin: From = None, to: To = None) -> Response:
    """Spans whose status is an error: counts by signature, and the newest samples of each, redacted."""
    first, end = period(asked, begin, to)
    return Json(errors_json(asked, service, begin=first, end=end))


@router.get("/latency/{service}", responses=answers(ServiceLatency, 422), summary="How long requests took")
def latency(
    asked: Asked,
    service: Named,
    route: Annotated[str | None, Query(max_length=300, description="all where it is left out")] = None,
    begin: From = None,
    to: To = None,
) -> Response:
    """Percentiles of the durations of requests by route, each within one percent. They are shown and decide nothing."""
    first, end = period(asked, begin, to)
    return Json(latency_json(asked, service, begin=first, end=end, route=route))


def period(asked: House, begin: Moment | None, to: Moment | None) -> tuple[Instant, Instant]:
    """`[from, to)` as it was asked for, without what lies longer before `to` than samples are kept."""
    end = asked.clock() + 1 if to is None else floored(to)
    first = end - HOUR if begin is None else floored(begin)
    return min(max(first, end - LONGEST), end), end


def errors_json(asked: House, service: str, *, begin: Instant, end: Instant) -> dict[str, Any]:
    """The errors of a service in `[begin, end)` as the API shows them; pages show the same."""
    door = asked.state.received
    found = door.errors(service, begin=begin, end=end)
    total = sum(one.events for one in found)
    return {
        "service": service,
        "from": iso(begin),
        "to": iso(end),
        "errors": total,
        "folded": any(one.signature.place == OTHER for one in found),
        "signatures": [_signature(one, total, door.samples) for one in found],
    }


def _signature(one: Counted, total: int, settings: SampleSettings) -> dict[str, Any]:
    signature = one.signature
    samples = [
        {
            "trace": sample.trace,
            "span": sample.span,
            "at": iso(sample.at),
            "milliseconds": sample.duration / _MILLISECOND,
            "version": sample.version,
            "tenant": sample.tenant,
            "region": sample.region,
            "message": sample.message,
            "link": settings.link(sample, signature.service),
        }
        for sample in one.samples
    ]
    return {
        "id": signature.id,
        "place": signature.place,
        "kind": signature.kind,
        "error": signature.error,
        "exception": signature.exception,
        "errors": one.events,
        "share": str(Fraction(one.events, total)),
        "first": iso(one.first),
        "last": iso(one.last),
        "minutes": [{"at": iso(at), "errors": count} for at, count in one.minutes.items()],
        "samples": samples,
    }


def latency_json(
    asked: House, service: str, *, begin: Instant, end: Instant, route: str | None = None
) -> dict[str, Any]:
    """How long requests took in `[begin, end)`, as the API shows it; pages show the same."""
    found = asked.state.received.latencies(service, begin=begin, end=end, route=route)
    rows: dict[tuple[str, str], dict[Instant, Sketch]] = {}
    for (_, where, source, at), sketch in found.items():
        rows.setdefault((where, source), {})[at] = sketch
    return {
        "service": service,
        "from": iso(begin),
        "to": iso(end),
        "routes": [_route(where, source, buckets) for (where, source), buckets in sorted(rows.items())],
    }


def _route(route: str, source: str, buckets: Mapping[Instant, Sketch]) -> dict[str, Any]:
    return {
        "route": route,
        "source": source,
        "relative_error": str(ERROR) if source == "spans" else None,
        **_percentiles(merged(buckets.values())),
        "buckets": [{"at": iso(at), **_percentiles(one)} for at, one in sorted(buckets.items())],
    }


def _percentiles(sketch: Sketch) -> dict[str, Any]:
    found = {name: sketch.quantile(share) for name, share in SHARES.items()}
    said = {name: None if isinstance(one, NoData) else one / _MILLISECOND for name, one in found.items()}
    return {"events": sketch.events, **said}
