"""How much of a budget is left: what went of it (C2), and what is to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.forecast import BandPoint, Forecast
from allowance.core.counts import NoData
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.reports import tabular
from allowance.reports.chart_frame import ONCE, PERCENT_LABEL, Spec, framed, text_mark, time_axis
from allowance.reports.palette import light

Points = tuple[tuple[Instant, Fraction], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnDown:
    """Budget left at instants of a window, from 1 at its begin to what is left at its end.

    `axis` reaches to the end of the forecast `band`, whose end in words is `ends`; `before` is the same of the window
    before, moved to the begin of this one.
    """

    span: Span
    axis: Span
    points: Points
    band: tuple[BandPoint, ...] = ()
    ends: str = ""
    before: Points = ()


def burn_down_chart(down: BurnDown, *, width: int) -> Spec:
    """C2: the budget left, the even pace from all to nothing, what is to be expected, and a heavy line at zero."""
    low = min([float(left) for _, left in (*down.points, *down.before)] + [one.low for one in down.band])
    bottom = max(-1.0, low * 1.05) if low < 0 else 0.0
    now = down.points[-1:]
    layers: list[Spec] = [
        # The first layer sets the scales that all of them share.
        {
            "mark": {**_STEPS, "stroke": light("ok-fill"), "strokeWidth": 2.2},
            "encoding": {
                "x": time_axis(down.axis, labels=True),
                "y": {**_left_axis(bottom), "field": "left"},
                "tooltip": [_AT, {"field": "text", "title": "budget left"}],
            },
        },
        *_band(down, bottom),
        _zero(2.4),
        {
            "data": {"values": [_guide(down.span.begin, 1), _guide(down.span.end, 0)]},
            "mark": {"type": "line", "stroke": light("muted"), "strokeDash": [4, 3], "strokeWidth": 1.2},
            "encoding": {"x": _TIME, "y": _LEFT},
        },
        *_before(down.before, bottom),
        *_ends(down),
        {
            "data": {"values": _left_rows(now, bottom)},
            "mark": text_mark(align="left", dx=5, dy=-9 if down.band else 0, weight=600),
            "encoding": {"x": _TIME, "y": _LEFT, "text": {"field": "text"}},
        },
    ]
    rows = _left_rows(down.points, bottom)
    return framed({"width": width, "height": 210, "data": {"values": rows}, "layer": layers})


def _left_rows(points: Points, bottom: float) -> list[Spec]:
    return [
        {"t": t * 1000, "left": max(float(left), bottom), "text": tabular.percent(left)} for t, left in points
    ]


def _guide(at: Instant, left: int) -> Spec:
    return {"t": at * 1000, "left": left}


def _band(down: BurnDown, bottom: float) -> list[Spec]:
    """What is likely as a band from now on: 80 of 100 cases, no line in it."""
    if not down.band:
        return []
    at, now = down.points[-1]
    rows = [_ahead_row(at, *(float(now),) * 3, bottom=bottom)]
    rows += [_ahead_row(one.at, one.low, one.likely, one.high, bottom=bottom) for one in down.band]
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "area", "color": light("ok-fill"), "opacity": 0.22},
            "encoding": {
                "x": _TIME,
                "y": {**_LEFT, "field": "low"},
                "y2": {"field": "high"},
                "tooltip": [_AT, _RANGE],
            },
        }
    ]


def _before(points: Points, bottom: float) -> list[Spec]:
    if not points:
        return []
    return [
        {
            "data": {"values": _left_rows(points, bottom)},
            "mark": {**_STEPS, "stroke": light("muted"), "strokeWidth": 1.1, "opacity": 0.8},
            "encoding": {"x": _TIME, "y": _LEFT},
        }
    ]


def _ends(down: BurnDown) -> list[Spec]:
    """The end of the band in words, at the right of the chart above zero."""
    if not down.ends:
        return []
    place = {"x": {"value": "width"}, "y": {"datum": 0, "type": "quantitative"}}
    look = {**text_mark(align="right", dx=-4, dy=-10, weight=600), "text": down.ends}
    return [{"data": ONCE, "mark": look, "encoding": place}]


def forecast_chart(ahead: Forecast, *, width: int) -> Spec:
    """The budget left from now to the end of sight: a likely line, a band around it, a heavy line at zero."""
    left = ahead.budget.remaining
    now = 0.0 if isinstance(left, NoData) else float(left)
    points = [(ahead.now, now, now, now), *((p.at, p.low, p.likely, p.high) for p in ahead.band)]
    lowest = min(low for _, low, _, _ in points)
    bottom = max(-1.0, lowest) if lowest < 0 else 0.0
    rows = [_ahead_row(*point, bottom=bottom) for point in points]
    x = time_axis(Span(begin=ahead.now, end=points[-1][0]), labels=True)
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "color": light("ok-fill"), "opacity": 0.22},
            "encoding": {"x": x, "y": {**_left_axis(bottom), "field": "low"}, "y2": {"field": "high"}},
        },
        _zero(1.5),
        {
            "mark": {"type": "line", "stroke": light("ok-fill"), "strokeWidth": 2.2},
            "encoding": {"x": _TIME, "y": _LEFT},
        },
        {
            "mark": {"type": "rule", "opacity": 0, "strokeWidth": max(1, width // len(rows))},
            "encoding": {
                "x": _TIME,
                "tooltip": [_AT, {"field": "text", "title": "budget left, likely"}, _RANGE],
            },
        },
    ]
    return framed({"width": width, "height": 150, "data": {"values": rows}, "layer": layers})


def _ahead_row(at: Instant, low: float, likely: float, high: float, *, bottom: float) -> Spec:
    shown = {name: min(1.0, max(bottom, v)) for name, v in (("low", low), ("left", likely), ("high", high))}
    texts = [tabular.percent(Fraction(v)) for v in (low, likely, high)]
    return {"t": at * 1000, **shown, "text": texts[1], "range": f"{texts[0]} to {texts[2]}"}


_TIME: Spec = {"field": "t", "type": "temporal"}
_LEFT: Spec = {"field": "left", "type": "quantitative"}
_AT: Spec = {**_TIME, "scale": {"type": "utc"}, "format": "%-d %b %H:%M", "title": "at"}
_RANGE: Spec = {"field": "range", "title": "80 of 100 cases"}
_STEPS: Spec = {"type": "line", "interpolate": "step-after"}


def _left_axis(bottom: float) -> Spec:
    return {
        "type": "quantitative",
        "scale": {"domain": [bottom, 1], "nice": False},
        "axis": {"labelExpr": PERCENT_LABEL, "tickCount": 5},
    }


def _zero(stroke: float) -> Spec:
    return {
        "data": ONCE,
        "mark": {"type": "rule", "stroke": light("ink"), "strokeWidth": stroke},
        "encoding": {"y": {"datum": 0, "type": "quantitative"}},
    }
