"""Small drawings as SVG text: state glyphs, day strips, spark lines, budget bars.

They take their colours from classes of the page, never from attributes, and stand beside the word or number that
says the same; those that say something of their own have a title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from math import sqrt
from typing import Literal

from allowance.budget.health import Health
from allowance.budget.spend import DaySpend
from allowance.core.counts import NOTHING
from allowance.reports import tabular
from allowance.reports.health import health_of_day
from allowance.reports.palette import light


@dataclass(frozen=True, slots=True)
class Svg:
    """SVG markup that this file made: everything from outside in it is escaped."""

    markup: str


_SHAPES: dict[Health, str] = {
    "ok": '<circle cx="8" cy="8" r="6"/>',
    "watch": '<path d="M8 1.5 15 14.5H1z"/>',
    "broken": '<path d="M2 2h12v12H2z"/>',
    "no data": '<circle cx="8" cy="8" r="5.2" class="open"/>',
    "too little": '<circle cx="8" cy="8" r="5.2" class="open dotted"/>',
}

Swatch = Literal[
    "ok",
    "watch",
    "broken",
    "no-data",
    "outlined",
    "excluded",
    "page",
    "ticket",
    "thick",
    "thin",
    "dashed",
    "limit",
    "fired",
    "band",
]
_SWATCHES: dict[Swatch, str] = {
    **{
        kind: f'<rect class="{kind}" x="3" width="12" height="12"/>'
        for kind in ("ok", "watch", "broken", "no-data")
    },
    "outlined": '<rect class="outlined" x="4" y="1" width="10" height="10"/>',
    "excluded": '<rect class="outlined out" x="4" y="1" width="10" height="10"/>',
    "page": '<path class="mark" d="M4 2h10L9 11z"/>',
    "ticket": '<path class="mark open" d="M4.5 2h9L9 10z"/>',
    "thick": '<path class="thick" d="M0 6H18"/>',
    "thin": '<path class="thin" d="M0 6H18"/>',
    "dashed": '<path class="dashed" d="M0 6H18"/>',
    "limit": '<path class="dashed limit" d="M0 6H18"/>',
    "fired": '<rect class="broken faint" x="5" width="8" height="12"/>',
    "band": '<rect class="ok faint" width="18" height="12"/>',
}

STRIP_HEIGHT = 16
_CELL, _GAP, MOST_CELLS = 4, 1, 31


def css_class(state: Health) -> str:
    """`no-data` for `no data`."""
    return state.replace(" ", "-")


def state_glyph(state: Health) -> Svg:
    """The shape of a state; the word stands beside it."""
    shape = _SHAPES[state]
    return Svg(f'<svg class="glyph {css_class(state)}" viewBox="0 0 16 16" aria-hidden="true">{shape}</svg>')


def state_icon(state: Health) -> Svg:
    """The shape of a state with its colour inside, for places that no style sheet reaches."""
    colour = light(css_class("no data" if state == "too little" else state))
    shape = _SHAPES[state].replace(
        'class="open', f'fill="none" stroke="{colour}" stroke-width="2.6" class="open'
    )
    return Svg(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="{colour}">{shape}</svg>')


def swatch(kind: Swatch) -> Svg:
    """A mark of a chart, small, for its key."""
    return Svg(f'<svg class="swatch" viewBox="0 0 18 12" aria-hidden="true">{_SWATCHES[kind]}</svg>')


def day_strip(days: Sequence[DaySpend | None], target: Fraction, title: str) -> Svg:
    """One cell per day, or per few days: its height grows with the root of its share (full at a quarter).

    Its class is its state; a day without data may be left out as `None`.
    """
    together = max(1, -(-len(days) // MOST_CELLS))
    cells = []
    for place, low in enumerate(range(0, len(days), together)):
        some = [day for day in days[low : low + together] if day is not None]
        counts = sum((day.counts for day in some), start=NOTHING)
        share = sum((day.share for day in some), start=Fraction(0))
        state = health_of_day(counts, share, target)
        height = (
            STRIP_HEIGHT
            if state == "no data"
            else max(2, round(sqrt(min(1.0, 4 * float(share))) * STRIP_HEIGHT))
        )
        cells.append(
            f'<rect class="{css_class(state)}" x="{place * (_CELL + _GAP)}" y="{STRIP_HEIGHT - height}" '
            f'width="{_CELL}" height="{height}"/>'
        )
    width = max(1, len(cells) * (_CELL + _GAP) - _GAP)
    return _picture("strip", width, STRIP_HEIGHT, title, "".join(cells))


def strip_words(days: Sequence[DaySpend], target: Fraction) -> str:
    """What a strip shows, in a sentence."""
    states = [health_of_day(day.counts, day.share, target) for day in days]
    missed = sum(state in ("watch", "broken") for state in states)
    if not days:
        return "no days"
    worst = max(days, key=lambda day: day.share)
    said = f"{tabular.plural(len(days), 'day')}, {missed or 'none'} of them below the target"
    return (
        f"{said}; most was spent on {tabular.day(worst.day)}: {tabular.percent(worst.share)}"
        if missed
        else said
    )


def spark(values: Sequence[float | None], title: str, *, width: int = 84, height: int = 18) -> Svg:
    """A line from zero to the highest value, gaps left open, the last point dotted."""
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    step = (width - 6) / max(1, len(values) - 1)
    parts: list[str] = []
    pen_down = False
    for place, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        x, y = 3 + place * step, height - 3 - value / top * (height - 6)
        parts.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}" + ("" if pen_down else "h.1"))
        pen_down = True
    line = f'<path d="{"".join(parts)}"/>'
    dot = ""
    if pen_down and values[-1] is not None:
        y = height - 3 - values[-1] / top * (height - 6)
        dot = f'<circle cx="{3 + (len(values) - 1) * step:.1f}" cy="{y:.1f}" r="2.2"/>'
    return _picture("spark", width, height, title, line + dot)


def budget_bar(remaining: Fraction, state: Health, title: str) -> Svg:
    """The budget left from the heavy line at zero: to the right up to 100 %, overspent to the left down to -100 %.

    Less than that is clipped, with a tear mark; the number stands beside it.
    """
    width, height = 200, 12
    shown = float(min(Fraction(1), abs(remaining))) * width
    zero = 1 if remaining >= 0 else width - 1
    x = 0 if remaining >= 0 else width - shown
    bar = f'<rect class="{css_class(state)}" x="{x:.1f}" y="1" width="{shown:.1f}" height="{height - 2}"/>'
    frame = (
        f'<path class="frame" d="M0 1H{width}V{height - 1}H0z"/><path class="zero" d="M{zero} 0V{height}"/>'
    )
    tear = '<path class="tear" d="M9 -1 5 4 9 8 5 13"/>' if remaining < -1 else ""
    return _picture("budget-bar", width, height, title, bar + frame + tear)


def cost_bar(share: Fraction) -> Svg:
    """A share of the budget as a bar beside its number; more than all of it fills the bar."""
    width = float(max(Fraction(1), min(Fraction(1), share) * 48)) if share else 0.0
    state: Health = "broken" if share >= 1 else "watch"
    return Svg(
        f'<svg class="cost" viewBox="0 0 48 8" width="48" height="8" aria-hidden="true">'
        f'<rect class="frame" width="48" height="8"/><rect class="{state}" width="{width:.1f}" height="8"/></svg>'
    )


def duration_bar(value: float, longest: float, limit: Fraction | None) -> Svg:
    """A duration beside its number, with a line at the limit of a good one."""
    most = max(longest, float(limit or 0)) or 1.0
    state: Health = "ok" if limit is None or value <= limit else "watch"
    line = (
        f'<path class="zero" d="M{min(119.0, float(limit) / most * 120):.1f} 0V12"/>'
        if limit is not None
        else ""
    )
    return Svg(
        f'<svg class="cost" viewBox="0 0 120 12" width="120" height="12" aria-hidden="true">'
        f'<rect class="{state}" y="2" width="{max(1.0, value / most * 120):.1f}" height="8"/>{line}</svg>'
    )


def _picture(name: str, width: int, height: int, title: str, inside: str) -> Svg:
    label = escape(title, quote=True)
    return Svg(
        f'<svg class="{name}" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><title>{label}</title>{inside}</svg>'
    )
