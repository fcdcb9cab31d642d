"""How many events a point of a metric stands for, and how many of them were within a latency."""

from __future__ import annotations

import math
from fractions import Fraction

from allowance.core.problem import ProblemError, refuse
from allowance.core.ratio import decimal_text
from allowance.signals.otlp_points import Explicit, Metric, Number, Point
from allowance.signals.sketch import EMPTY, Sketch, of_buckets, of_exponential

UNITS: dict[str, Fraction] = {
    "s": Fraction(1000),
    "ms": Fraction(1),
    "us": Fraction(1, 1000),
    "ns": Fraction(1, 1_000_000),
    "min": Fraction(60_000),
}
"""Milliseconds of a metric's unit (UCUM, as the semantic conventions write them)."""

_WHOLE = 1e-6
_NANOSECONDS = 1_000_000
"""Of a millisecond."""
_SHOWN = 15
_MOST_KNOWN = 4096


class Latency:
    """A latency that points are judged by. What was found for a metric's bounds is kept."""

    def __init__(self, milliseconds: Fraction) -> None:
        self.milliseconds = milliseconds
        self._places: dict[tuple[object, ...], int] = {}

    def place(self, metric: Metric, bounds: tuple[float, ...]) -> int:
        """The number of the bound that is the latency. Errors: `Problem` `otlp-bound`."""
        known = (metric.name, metric.unit, bounds)
        if known not in self._places:
            if len(self._places) > _MOST_KNOWN:
                self._places.clear()
            self._places[known] = _place(bounds, metric, self.milliseconds)
        return self._places[known]

    def below(self, metric: Metric, scale: int) -> int:
        """The index after the last exponential bucket whose upper bound is not above the latency."""
        known = (metric.unit, scale)
        if known not in self._places:
            places = math.log2(self.milliseconds / UNITS[metric.unit]) * 2.0**scale
            self._places[known] = math.floor(places + 1e-9 * max(1.0, abs(places)))
        return self._places[known]


def added_up(points: list[Point]) -> list[Point]:
    """Fewer points that stand for the same: those with whole numbers or the same bounds become one."""
    first = points[0]
    if len(points) == 1:
        return points
    if isinstance(first, Number):
        values = [point.value for point in points if isinstance(point, Number)]
        if set(map(type, values)) == {int}:
            return [first._replace(value=sum(values))]
        return points
    if isinstance(first, Explicit):
        bounds = first.bounds
        same = [point for point in points if isinstance(point, Explicit) and point.bounds == bounds]
        if len(same) == len(points):
            counts = tuple(map(sum, zip(*(point.counts for point in same), strict=True)))
            return [first._replace(events=sum(point.events for point in same), counts=counts)]
    return points


def events(point: Point) -> int | None:
    """How many events a point adds; None for a counter that counts parts of events."""
    if not isinstance(point, Number):
        return point.events
    if point.value.__class__ is int:
        return point.value
    near = round(point.value)
    return near if abs(point.value - near) <= _WHOLE * max(1, abs(near)) else None


def within(point: Point, metric: Metric, latency: Latency) -> int:
    """How many of a point's observations were at most a latency.

    A histogram with explicit bounds must have the very bound. An exponential one has none of its own choosing:
    its largest bound that is not above the latency decides, so that nothing slow counts as fast.
    Errors: `Problem` `otlp-bound` with the bounds that there are, `otlp-unit`.
    """
    if isinstance(point, Number):
        raise refuse(
            "otlp-bound",
            f"the metric {metric.name} is no histogram, so no latency can be told from it",
            hint="name a histogram, such as http.server.request.duration",
        )
    if metric.unit not in UNITS:
        raise refuse(
            "otlp-unit",
            f"the histogram {metric.name} has the unit {metric.unit!r}, which is no unit of time",
            hint=f"record durations in {', '.join(UNITS)}",
        )
    if isinstance(point, Explicit):
        return sum(point.counts[: latency.place(metric, point.bounds) + 1])
    below = latency.below(metric, point.scale) - point.offset
    return point.low + sum(point.counts[: max(below, 0)])


def sketched(point: Point, metric: Metric) -> Sketch:
    """The latencies of a histogram's point; none where it holds no buckets, or its unit is none of time."""
    unit = int(UNITS.get(metric.unit, 0) * _NANOSECONDS)
    if not unit or isinstance(point, Number):
        return EMPTY
    if isinstance(point, Explicit):
        return of_buckets(point.bounds, point.counts, unit=unit)
    return of_exponential(point.low, point.scale, point.offset, point.counts, unit=unit)


def _place(bounds: tuple[float, ...], metric: Metric, latency_ms: Fraction) -> int:
    unit = UNITS[metric.unit]
    exact = [Fraction(repr(bound)) * unit if math.isfinite(bound) else None for bound in bounds]
    if latency_ms in exact:
        return exact.index(latency_ms)
    listed = [f"{decimal_text(bound)} ms" for bound in exact if bound is not None]
    shown = ", ".join(listed[:_SHOWN]) + (", ..." if len(listed) > _SHOWN else "")
    raise _unbounded(metric.name, latency_ms, shown)


def _unbounded(metric: str, latency_ms: Fraction, shown: str) -> ProblemError:
    return refuse(
        "otlp-bound",
        f"the histogram {metric} has no bound {decimal_text(latency_ms)} ms",
        hint=f"choose one of its bounds as latency: {shown}" if shown else "its points hold no buckets",
    )
