"""How a budget was spent: bars per day (C1) and, by the calendar, what was left (C2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.forecast import Forecast
from allowance.core.counts import NoData
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.reports import tabular
from allowance.reports.chart_frame import ONCE, PERCENT_LABEL, Spec, framed, text_mark, time_axis
from allowance.reports.health import health_of_day
from allowance.reports.palette import light
from allowance.reports.slots import Slots


def spend_chart(slots: Slots, target: Fraction, rung: Mapping[str, tuple[int, int]], *, width: int) -> Spec:
    """C1: one bar per slot, as a share of the whole window's budget. `rung` has pages and tickets by slot name."""
    rows = _spend_rows(slots, target, rung)
    tooltip = [{"field": key, "title": title} for key, title in _SPEND_TOOLTIP]
    layers = [
        {
            # The first layer sets the scales that all of them share.
            "transform": [{"filter": "datum.state == 'no data'"}],
            "mark": {"type": "rect", "color": light("no-data-fill"), "opacity": 0.5},
            "encoding": {"x": _slot_axis(slots)},
        },
        {"mark": "bar", "encoding": {"x": _SLOT, "y": _share_axis(slots), "color": _STATE_COLOUR}},
        {
            "transform": [{"filter": "datum.leaves"}],
            "mark": {"type": "bar", "filled": False, "stroke": light("ink"), "strokeWidth": 2},
            "encoding": {"x": _SLOT, "y": _SHARE},
        },
        {
            "transform": [{"filter": "datum.label != ''"}],
            "mark": text_mark(dy=-7, weight=600),
            "encoding": {"x": _SLOT, "y": _SHARE, "text": {"field": "label"}},
        },
        *_even_pace(slots),
        *_lane(rows),
        {"mark": {"type": "rect", "opacity": 0}, "encoding": {"x": _SLOT, "tooltip": tooltip}},
    ]
    return framed({"width": width, "height": 190, "data": {"values": rows}, "layer": layers})


_SLOT: Spec = {"field": "name", "type": "ordinal"}
_SHARE: Spec = {"field": "share", "type": "quantitative"}


def _slot_axis(slots: Slots) -> Spec:
    part = (
        0 if slots.each.endswith(("day", "days")) else 2
    )  # of "14 Oct 2026 13:00", whose first blank is unbroken
    return {
        **_SLOT,
        "sort": None,
        "scale": {"domain": [bar.name for bar in slots.bars], "paddingInner": 0.2, "paddingOuter": 0.1},
        "axis": {
            "labelExpr": f"split(datum.value, ' ')[{part}]",
            "labelOverlap": "parity",
            "labelSeparation": 8,
            "ticks": False,
        },
    }


def _share_axis(slots: Slots) -> Spec:
    top = max(float(max(bar.share for bar in slots.bars)), 1.6 * float(slots.even))
    return {
        **_SHARE,
        "scale": {"domain": [0, top], "nice": True},
        "axis": {"labelExpr": PERCENT_LABEL, "tickCount": 4},
    }


_SPEND_TOOLTIP = (
    ("name", "from"),
    ("spent", "of the budget"),
    ("failed", "failed"),
    ("of", "of requests"),
    ("rang", "sent"),
)
_STATE_COLOUR: Spec = {
    "field": "state",
    "type": "nominal",
    "legend": None,
    "scale": {
        "domain": ["ok", "watch", "broken"],
        "range": [light("ok-fill"), light("watch-fill"), light("broken-fill")],
    },
}


def _spend_rows(slots: Slots, target: Fraction, rung: Mapping[str, tuple[int, int]]) -> list[Spec]:
    leaving = slots.leaving
    high = sorted((bar.share for bar in slots.bars), reverse=True)[:3]
    rows: list[Spec] = []
    for bar in slots.bars:
        pages, tickets = rung.get(bar.name, (0, 0))
        labelled = bar.share > 0 and bar.share >= max(high[-1], high[0] / 3) and bar.share > slots.even
        rows.append(
            {
                "name": bar.name,
                "share": float(bar.share),
                "state": health_of_day(bar.counts, bar.share, target),
                "label": tabular.percent(bar.share) if labelled else "",
                "leaves": leaving is not None and leaving[0] is bar,
                "spent": tabular.percent(bar.share) if bar.counts.total else "no data",
                "failed": tabular.amount(Fraction(bar.counts.bad)),
                "of": tabular.amount(Fraction(bar.counts.total)),
                "rang": rang(pages, tickets),
                "pages": pages,
                "tickets": tickets,
            }
        )
    return rows


def rang(pages: int, tickets: int) -> str:
    """`2 pages, 1 ticket`, or `nothing`."""
    parts = [tabular.plural(count, noun) for count, noun in ((pages, "page"), (tickets, "ticket")) if count]
    return ", ".join(parts) or "nothing"


def _even_pace(slots: Slots) -> list[Spec]:
    if len(slots.bars) < 2:
        return []
    even = {"datum": float(slots.even), "type": "quantitative"}
    text = f"even: {tabular.percent(slots.even)}"
    return [
        {
            "data": ONCE,
            "mark": {"type": "rule", "stroke": light("ink"), "strokeDash": [4, 3]},
            "encoding": {"y": even},
        },
        {
            "data": ONCE,
            "mark": {**text_mark(align="left", dx=4), "text": [text, f"per {slots.each}"]},
            "encoding": {"y": even, "x": {"value": "width"}},
        },
    ]


def _lane(rows: Sequence[Spec]) -> list[Spec]:
    """Pages and tickets above the bars on which they would have been sent."""
    marks: list[Spec] = []
    y = -4
    for field, filled in (("pages", True), ("tickets", False)):
        if any(row[field] for row in rows):
            y -= 16
            look = {"type": "point", "shape": "triangle-down", "size": 60, "color": light("ink")}
            marks.append(
                {
                    "transform": [{"filter": f"datum.{field} > 0"}],
                    "mark": {**look, "filled": filled, "strokeWidth": 1.4},
                    "encoding": {"x": _SLOT, "y": {"value": y}},
                }
            )
            label = {**text_mark(align="right", dx=-6), "text": field}
            marks.append({"data": ONCE, "mark": label, "encoding": {"x": {"value": 0}, "y": {"value": y}}})
    return marks


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnDown:
    """Budget left at instants of a calendar window, from 1 at its begin to what is left at its end."""

    span: Span
    points: tuple[tuple[Instant, Fraction], ...]


def burn_down_chart(down: BurnDown, *, width: int) -> Spec:
    """C2: the budget left, the even pace from all to nothing, and a heavy line at zero."""
    low = min(left for _, left in down.points)
    bottom = max(-1.0, float(low) * 1.05) if low < 0 else 0.0
    rows = [
        {"t": t * 1000, "left": max(float(left), bottom), "text": tabular.percent(left)}
        for t, left in down.points
    ]
    guide = [{"t": down.span.begin * 1000, "left": 1}, {"t": down.span.end * 1000, "left": 0}]
    tooltip: list[Spec] = [
        {**_TIME, "scale": {"type": "utc"}, "format": "%-d %b %H:%M", "title": "at"},
        {"field": "text", "title": "budget left"},
    ]
    left: Spec = {"field": "left", "type": "quantitative"}
    layers: list[Spec] = [
        {
            "mark": {
                "type": "line",
                "interpolate": "step-after",
                "stroke": light("ok-fill"),
                "strokeWidth": 2.2,
            },
            "encoding": {
                "x": time_axis(down.span, labels=True),
                "y": {**_left_axis(bottom), "field": "left"},
                "tooltip": tooltip,
            },
        },
        _zero(),
        {
            "data": {"values": guide},
            "mark": {"type": "line", "stroke": light("muted"), "strokeDash": [4, 3], "strokeWidth": 1.2},
            "encoding": {"x": _TIME, "y": left},
        },
        {
            "data": {"values": rows[-1:]},
            "mark": text_mark(align="left", dx=5, weight=600),
            "encoding": {"x": _TIME, "y": left, "text": {"field": "text"}},
        },
    ]
    return framed({"width": width, "height": 190, "data": {"values": rows}, "layer": layers})


def forecast_chart(ahead: Forecast, *, width: int) -> Spec:
    """The budget left from now to the end of sight: a likely line, a band around it, a heavy line at zero."""
    left = ahead.budget.remaining
    now = 0.0 if isinstance(left, NoData) else float(left)
    points = [(ahead.now, now, now, now), *((p.at, p.low, p.likely, p.high) for p in ahead.band)]
    lowest = min(low for _, low, _, _ in points)
    bottom = max(-1.0, lowest) if lowest < 0 else 0.0
    rows = [_forecast_row(*point, bottom=bottom) for point in points]
    x = time_axis(Span(begin=ahead.now, end=points[-1][0]), labels=True)
    y = _left_axis(bottom)
    tooltip = [
        {**_TIME, "scale": {"type": "utc"}, "format": "%-d %b %H:%M", "title": "at"},
        {"field": "text", "title": "budget left, likely"},
        {"field": "range", "title": "80 of 100 cases"},
    ]
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "color": light("ok-fill"), "opacity": 0.22},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        _zero(),
        {
            "mark": {"type": "line", "stroke": light("ok-fill"), "strokeWidth": 2.2},
            "encoding": {"x": _TIME, "y": {"field": "left", "type": "quantitative"}},
        },
        {
            "mark": {"type": "rule", "opacity": 0, "strokeWidth": max(1, width // len(rows))},
            "encoding": {"x": _TIME, "tooltip": tooltip},
        },
    ]
    return framed({"width": width, "height": 150, "data": {"values": rows}, "layer": layers})


def _forecast_row(at: Instant, low: float, likely: float, high: float, *, bottom: float) -> Spec:
    shown = {name: min(1.0, max(bottom, v)) for name, v in (("low", low), ("left", likely), ("high", high))}
    texts = [tabular.percent(Fraction(v)) for v in (low, likely, high)]
    return {"t": at * 1000, **shown, "text": texts[1], "range": f"{texts[0]} to {texts[2]}"}


_TIME: Spec = {"field": "t", "type": "temporal"}


def _left_axis(bottom: float) -> Spec:
    return {
        "type": "quantitative",
        "scale": {"domain": [bottom, 1], "nice": False},
        "axis": {"labelExpr": PERCENT_LABEL, "tickCount": 5},
    }


def _zero() -> Spec:
    return {
        "data": ONCE,
        "mark": {"type": "rule", "stroke": light("ink"), "strokeWidth": 1.5},
        "encoding": {"y": {"datum": 0, "type": "quantitative"}},
    }
