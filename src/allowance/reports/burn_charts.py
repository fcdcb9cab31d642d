"""Burn rates as small multiples: C3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from allowance.core.window import Span
from allowance.reports import tabular
from allowance.reports.burn_lines import BurnLine
from allowance.reports.chart_frame import ONCE, Spec, framed, text_mark, time_axis
from allowance.reports.palette import light


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnPanel:
    """One rule of the small multiples: its lines, its threshold, where it fired, and what it says at the end."""

    title: str
    line: BurnLine
    threshold: Fraction
    fired: tuple[Span, ...]
    reading: str


def burn_chart(
    panels: Sequence[BurnPanel], span: Span, most: Fraction, *, width: int, live: bool = False
) -> Spec:
    """C3: one panel per rule on a shared log axis with room for zero, up to `most` = 1 / (1 - target)."""
    drawn = [
        _panel(panel, place, span, most, width=width, last=place == len(panels) - 1, live=live)
        for place, panel in enumerate(panels)
    ]
    return framed({"vconcat": drawn, "spacing": 12})


def _panel(
    panel: BurnPanel, place: int, span: Span, most: Fraction, *, width: int, last: bool, live: bool
) -> Spec:
    top = float(max(most, panel.threshold)) * 1.1
    threshold = {"datum": float(panel.threshold), "type": "quantitative"}
    red = light("broken-fill")
    layers: list[Spec] = [
        # The first layer sets the scales that all of them share.
        _burn_line("short", light("muted"), 1.0, time_axis(span, labels=last), _burn_axis(top)),
        {
            "data": {"values": [{"t": e.begin * 1000, "u": e.end * 1000} for e in panel.fired]},
            "mark": {"type": "rect", "color": red, "opacity": 0.3, "stroke": red, "strokeWidth": 1.2},
            "encoding": {"x": _TIME, "x2": {"field": "u"}},
        },
        _burn_line("long", light("ok-fill"), 2.2, _TIME, {"type": "quantitative"}),
        {
            "data": ONCE,
            "mark": {"type": "rule", "stroke": red, "strokeDash": [4, 3]},
            "encoding": {"y": threshold},
        },
        _label(
            f"over {tabular.factor(panel.threshold)}", x="width", y=threshold, look={"color": red, "dx": 4}
        ),
        _label(panel.title, x=0, y={"value": -12}, look={"fontWeight": 600}),
        _label(panel.reading, x="width", y={"value": -12}, look={"fontWeight": 600, "align": "right"}),
        *([_cursor(f"at{place}")] if live else []),
    ]
    return {
        "width": width,
        "height": 92,
        "data": {"values": _burn_rows(panel.line)},
        "transform": [_written("long"), _written("short")] if live else [],
        "layer": layers,
    }


_TIME: Spec = {"field": "t", "type": "temporal"}


LOWEST, ZERO = 0.1, 0.05
"""The logarithmic axis begins at a tenth; below it is a gutter in which everything less lies on one line, zero."""


def _burn_axis(top: float) -> Spec:
    ticks = [ZERO, *(10.0**power for power in range(-1, 12) if 10.0**power <= top)]
    return {
        "type": "quantitative",
        "scale": {"type": "log", "domain": [ZERO, top], "nice": False},
        "axis": {
            "values": ticks,
            "labelExpr": f"datum.value < {LOWEST} ? '0' : format(datum.value, '~s') + '×'",
            "tickCount": len(ticks),
            "labelOverlap": True,
        },
    }


def _burn_line(field: str, colour: str, stroke: float, x: Spec, y: Spec) -> Spec:
    mark = {"type": "line", "interpolate": "step-after", "stroke": colour, "strokeWidth": stroke}
    drawn = f"{field}Drawn"
    low = f"isValid(datum.{field}) && datum.{field} < {LOWEST} ? {ZERO} : datum.{field}"
    encoding = {"x": x, "y": {**y, "field": drawn}}
    return {"mark": mark, "transform": [{"calculate": low, "as": drawn}], "encoding": encoding}


def _label(text: str, *, x: int | str, y: Spec, look: Spec) -> Spec:
    mark = {**text_mark(align="left"), **look, "text": text}
    return {"data": ONCE, "mark": mark, "encoding": {"x": {"value": x}, "y": y}}


def _written(field: str) -> Spec:
    shown = f"isValid(datum.{field}) ? format(datum.{field}, '.3~g') + '×' : 'no data'"
    return {"calculate": shown, "as": f"{field}Text"}


def _cursor(name: str) -> Spec:
    """A line under the pointer, with both burn rates; the lines stand so close that one is always there."""
    under = {"type": "point", "on": "pointerover", "clear": "pointerout", "encodings": ["x"]}
    tooltip: list[Spec] = [
        {**_TIME, "scale": {"type": "utc"}, "format": "%-d %b %H:%M", "title": "from (UTC)"},
        {"field": "longText", "title": "long"},
        {"field": "shortText", "title": "short"},
    ]
    return {
        "params": [{"name": name, "select": under}],
        "mark": {"type": "rule", "stroke": light("ink"), "strokeWidth": 3},
        "encoding": {
            "x": _TIME,
            "tooltip": tooltip,
            "opacity": {"condition": {"param": name, "empty": False, "value": 0.4}, "value": 0},
        },
    }


def _burn_rows(line: BurnLine) -> list[Spec]:
    """Steps; the last one before a gap is closed, so that a single value is still drawn."""
    rows: list[Spec] = [
        {"t": begin * 1000, "long": _three(long), "short": _three(short)}
        for begin, long, short in zip(line.edges[:-1], line.long, line.short, strict=True)
    ]
    steps: list[Spec] = rows[:1]
    for before, row in pairwise(rows):
        ends = {f: before[f] for f in ("long", "short") if row[f] is None and before[f] is not None}
        steps += [{**row, **ends}, row] if ends else [row]
    return [*steps, {**rows[-1], "t": line.edges[-1] * 1000}]


def _three(value: float | None) -> float | None:
    """Three figures are more than a pixel shows."""
    return None if value is None else float(f"{value:.3g}")
