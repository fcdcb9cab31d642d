"""How a budget was spent: bars per day (C1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from allowance.core.window import CalendarWindow, Span
from allowance.reports import tabular
from allowance.reports.chart_frame import ONCE, PERCENT_LABEL, Spec, framed, text_mark
from allowance.reports.health import health_of_day
from allowance.reports.palette import light
from allowance.reports.slots import Slot, Slots

EXCLUDED = "\u2298"
"""Marks time that was taken out of the counts."""


def spend_chart(
    slots: Slots,
    target: Fraction,
    rung: Mapping[str, tuple[int, int]],
    *,
    width: int,
    before: Slots | None = None,
    excluded: Sequence[Span] = (),
) -> Spec:
    """C1: one bar per slot, as a share of the whole window's budget. `rung` has pages and tickets by slot name.

    `before` is the window before, drawn as a thin line; `excluded` are periods that were taken out of the counts.
    """
    rows = _spend_rows(slots, target, rung, _beneath(slots, before), excluded)
    tooltip = [{"field": key, "title": title} for key, title in _SPEND_TOOLTIP]
    layers = [
        {
            # The first layer sets the scales that all of them share.
            "transform": [{"filter": "datum.state == 'no data'"}],
            "mark": {"type": "rect", "color": light("no-data-fill"), "opacity": 0.5},
            "encoding": {"x": _slot_axis(slots)},
        },
        *_taken_out(rows),
        {"mark": "bar", "encoding": {"x": _SLOT, "y": _share_axis(slots, before), "color": _STATE_COLOUR}},
        {
            "transform": [{"filter": "datum.leaves"}],
            "mark": {"type": "bar", "filled": False, "stroke": light("ink"), "strokeWidth": 2},
            "encoding": {"x": _SLOT, "y": {**_SHARE, "field": "outline"}},
        },
        *_window_before(before),
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


def _top(slots: Slots, before: Slots | None) -> float:
    bars = (*slots.bars, *(before.bars if before is not None else ()))
    return max(float(max(bar.share for bar in bars)), 1.6 * float(slots.even))


def _share_axis(slots: Slots, before: Slots | None) -> Spec:
    top = _top(slots, before)
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


def _beneath(slots: Slots, before: Slots | None) -> Mapping[str, Fraction]:
    """By the name of a bar the share of the bar that lies under it in the window before: days of a month from its
    first, those of a rolling window from its last."""
    if before is None:
        return {}
    here, there = list(slots.bars), list(before.bars)
    if not isinstance(slots.answer.window, CalendarWindow):
        here, there = here[::-1], there[::-1]
    return {one.name: two.share for one, two in zip(here, there, strict=False)}


def _window_before(before: Slots | None) -> list[Spec]:
    if before is None:
        return []
    look = {"type": "line", "interpolate": "step", "stroke": light("muted"), "strokeWidth": 1.2}
    return [{"mark": look, "encoding": {"x": _SLOT, "y": {**_SHARE, "field": "before"}}}]


def _taken_out(rows: Sequence[Spec]) -> list[Spec]:
    if not any(row["excluded"] for row in rows):
        return []
    frame = {"stroke": light("muted"), "strokeDash": [3, 3], "strokeWidth": 1.2}
    sign = {**text_mark(dy=8, color=light("muted")), "text": EXCLUDED}
    filtered = [{"filter": "datum.excluded != ''"}]
    return [
        {
            "transform": filtered,
            "mark": {"type": "rect", "fill": light("grid"), "fillOpacity": 0.5, **frame},
            "encoding": {"x": _SLOT},
        },
        {"transform": filtered, "mark": sign, "encoding": {"x": _SLOT, "y": {"value": 0}}},
    ]


def excluded_of(bar: Slot, excluded: Sequence[Span]) -> str:
    """How much of a bar's time was taken out of the counts: `2 h`, or nothing."""
    spans = (
        (max(one.begin, bar.span.begin), min(one.end, bar.span.end))
        for one in sorted(excluded, key=lambda one: one.begin)
    )
    seconds, done = 0, bar.span.begin
    for begin, end in spans:
        seconds += max(0, end - max(begin, done))
        done = max(done, end)
    return tabular.span(seconds) if seconds else ""


def _spend_rows(
    slots: Slots,
    target: Fraction,
    rung: Mapping[str, tuple[int, int]],
    beneath: Mapping[str, Fraction],
    excluded: Sequence[Span],
) -> list[Spec]:
    leaving = slots.leaving
    least = _top(slots, None) / 14
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
                "outline": max(float(bar.share), least),
                "before": float(beneath[bar.name]) if bar.name in beneath else None,
                "excluded": excluded_of(bar, excluded),
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
