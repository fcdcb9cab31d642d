"""What failed and how long it took, as telemetry itself tells: signatures with traces, percentiles by route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import parse_instant
from allowance.reports import numbers, tabular
from allowance.reports.pages.view import Link, Num, When

MOST = 8
"""So many signatures and routes stand on the page; the API has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Failures that say the same: how many, what share of all, when last, and the traces of the newest."""

    what: str
    place: str
    errors: Num
    share: Num
    last: When
    traces: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How long the requests of a route took; each percentile is within one percent."""

    route: str
    requests: Num
    p50: str
    p90: str
    p95: str
    p99: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Both, over the same last hours; `folded`: rare signatures were added up."""

    errors: tuple[Failing, ...]
    routes: tuple[Took, ...]
    folded: bool
    more: Link


def traces(service: str, errors: Mapping[str, Any], latency: Mapping[str, Any]) -> Traces | NoData:
    """From what `/v1/errors` and `/v1/latency` answer; nothing where neither has seen anything."""
    if not errors["signatures"] and not latency["routes"]:
        return NO_DATA
    routes = sorted(latency["routes"], key=lambda one: -one["events"])
    return Traces(
        errors=tuple(_failing(one) for one in errors["signatures"][:MOST]),
        routes=tuple(_took(one) for one in routes[:MOST]),
        folded=bool(errors["folded"]),
        more=Link(text="all of them as JSON", href=f"/v1/errors/{service}"),
    )


def _failing(one: Mapping[str, Any]) -> Failing:
    share = Fraction(one["share"])
    words = [word for word in (one["exception"], one["error"], one["kind"]) if word]
    shown = {sample["trace"]: sample["link"] or "" for sample in one["samples"][:3]}
    return Failing(
        what=words[0] if words else "failed",
        place=one["place"],
        errors=Num(text=numbers.whole(one["errors"]), value=one["errors"]),
        share=Num(text=tabular.percent(share), value=share),
        last=When(at=parse_instant(one["last"])),
        traces=tuple(Link(text=trace[:8], href=href) for trace, href in shown.items() if trace),
    )


def _took(one: Mapping[str, Any]) -> Took:
    return Took(
        route=one["route"] or "all",
        requests=Num(text=numbers.whole(one["events"]), value=one["events"]),
        **{name: _milliseconds(one[name]) for name in ("p50", "p90", "p95", "p99")},
    )


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{tabular.fixed(Fraction(value), digits)} ms"
