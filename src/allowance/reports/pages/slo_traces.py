"""What failed and how long it took, as telemetry itself tells: signatures with traces, percentiles by route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import log10
from typing import Any

from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import parse_instant
from allowance.reports import numbers, tabular
from allowance.reports.glyphs import Svg, spark
from allowance.reports.pages.slo_traffic import HEIGHT, Line
from allowance.reports.pages.slo_traffic import WIDTH as LINE_WIDTH
from allowance.reports.pages.view import Link, Num, When

WIDTH, PART = 240, 300
_NAMES = ("p50", "p90", "p95", "p99")
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
    drawing: Svg


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Both, over the same last hours; `folded`: rare signatures were added up. `line` is the busiest route's latency."""

    errors: tuple[Failing, ...]
    routes: tuple[Took, ...]
    folded: bool
    more: Link
    line: Line | NoData


def traces(service: str, errors: Mapping[str, Any], latency: Mapping[str, Any]) -> Traces | NoData:
    """From what `/v1/errors` and `/v1/latency` answer; nothing where neither has seen anything."""
    if not errors["signatures"] and not latency["routes"]:
        return NO_DATA
    routes = sorted(latency["routes"], key=lambda one: -one["events"])[:MOST]
    marks = [one[name] for one in routes for name in _NAMES if one[name]]
    scale = (min(marks, default=1.0), max(marks, default=1.0))
    return Traces(
        errors=tuple(_failing(one) for one in errors["signatures"][:MOST]),
        routes=tuple(_took(one, scale) for one in routes),
        folded=bool(errors["folded"]),
        more=Link(text="all of them as JSON", href=f"/v1/errors/{service}"),
        line=_line(routes[0], latency) if routes else NO_DATA,
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


def _took(one: Mapping[str, Any], scale: tuple[float, float]) -> Took:
    return Took(
        route=one["route"] or "all",
        requests=Num(text=numbers.whole(one["events"]), value=one["events"]),
        **{name: _milliseconds(one[name]) for name in _NAMES},
        drawing=_spread([one[name] for name in _NAMES], *scale),
    )


def _spread(marks: Sequence[float | None], low: float, high: float) -> Svg:
    """The percentiles on a logarithmic line that all routes share: a dot at the half, thinner towards the tail."""
    wide = max(log10(high) - log10(low), 0.1)
    places = [4 + (log10(one) - log10(low)) / wide * (WIDTH - 8) for one in marks if one]
    strokes = (
        f'<path class="from-{i}" d="M{x:.1f} 6H{y:.1f}"/>' for i, (x, y) in enumerate(pairwise(places))
    )
    dots = "".join(f'<circle cx="{x:.1f}" cy="6" r="{3.4 if not i else 2}"/>' for i, x in enumerate(places))
    return Svg(
        f'<svg class="spread" viewBox="0 0 {WIDTH} 12" width="{WIDTH}" height="12" aria-hidden="true">'
        f"{''.join(strokes)}{dots}</svg>"
    )


def _line(one: Mapping[str, Any], latency: Mapping[str, Any]) -> Line | NoData:
    """p95 of every five minutes, gaps left open."""
    known = {parse_instant(part["at"]): part["p95"] for part in one["buckets"] if part["p95"] is not None}
    if not known:
        return NO_DATA
    first, end = min(known), parse_instant(latency["to"])
    says = f"p95 of {one['route'] or 'all'} in 5 min, last day, at most {_milliseconds(max(known.values()))}"
    values = [known.get(at) for at in range(first - first % PART, end, PART)]
    return Line(name="Latency", says=says, drawing=spark(values, says, width=LINE_WIDTH, height=HEIGHT))


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{tabular.fixed(Fraction(value), digits)} ms"
