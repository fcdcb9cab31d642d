"""Drawings of pages that stand by the hundred: one path per state instead of one element per day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape
from math import sqrt

from allowance.budget.health import WORST_FIRST, Health
from allowance.budget.spend import DaySpend
from allowance.core.counts import NOTHING
from allowance.reports.glyphs import Svg, css_class
from allowance.reports.health import health_of_day

HEIGHT, CELL, GAP, MOST_CELLS = 12, 3, 1, 31


def strip(days: Sequence[DaySpend], target: Fraction) -> Svg:
    """One cell per day, or per few days: height grows with the root of its share (full at a quarter of the budget).

    A cell without data is hatched. It is hidden from assistive technology: the row says the same in words.
    """
    together = max(1, -(-len(days) // MOST_CELLS))
    cells: dict[Health, list[str]] = {}
    count = -(-len(days) // together)
    for place in range(count):
        some = days[place * together : (place + 1) * together]
        counts = sum((day.counts for day in some), start=NOTHING)
        share = sum((day.share for day in some), start=Fraction(0))
        state = health_of_day(counts, share, target)
        height = HEIGHT if state == "no data" else max(2, round(sqrt(min(1.0, 4 * float(share))) * HEIGHT))
        cells.setdefault(state, []).append(f"M{place * (CELL + GAP)} {HEIGHT}v-{height}h{CELL}v{height}z")
    width = max(1, count * (CELL + GAP) - GAP)
    return _drawn("strip", width, HEIGHT, _paths(cells))


def _paths(cells: Mapping[Health, Sequence[str]]) -> str:
    return "".join(
        f'<path class="{css_class(state)}" d="{"".join(cells[state])}"/>'
        for state in WORST_FIRST
        if state in cells
    )


def _drawn(name: str, width: int, height: int, inside: str) -> Svg:
    return Svg(
        f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true">{inside}</svg>'
    )


def named(name: str, width: int, height: int, inside: str, title: str) -> Svg:
    """A drawing that says something of its own; `inside` is markup that was made here."""
    label = escape(title, quote=True)
    return Svg(
        f'<svg class="{name}" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">{inside}</svg>'
    )
