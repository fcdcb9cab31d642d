"""How fast a budget went down within its window, and where it is likely to go from there."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.analysis import WindowAnswer
from allowance.budget.forecast import BandPoint, Forecast
from allowance.core.buckets import Buckets
from allowance.core.counts import NoData
from allowance.core.window import CalendarWindow, Span
from allowance.reports import tabular
from allowance.reports.ahead_words import ends_words, spending_words
from allowance.reports.analysis_view import NARROW, WIDE, View
from allowance.reports.burn_lines import even_edges
from allowance.reports.chart_frame import Chart
from allowance.reports.health import hangs_on_one_event
from allowance.reports.left_charts import BurnDown, Points, burn_down_chart
from allowance.reports.page import Cell, Column, Figure, Key, Table
from allowance.reports.slots import Slots
from allowance.reports.tabular import percent

_POINTS = 240
_AHEAD = 4
"""Behind a rolling window its forecast is drawn for a quarter of its length."""


def burn_down_figure(view: View, slots: Slots) -> Figure:
    """C2, of a window that holds events."""
    down = burn_down(view)
    name = tabular.window(slots.answer.window)
    left = percent(down.points[-1][1])
    ahead = spending_words(_ahead(view)) if down.band else ""
    wide, narrow = (burn_down_chart(down, width=width) for width in (WIDE, NARROW))
    return Figure(
        name="burn-down",
        question=f"How fast did the budget of this {name} go, and where does that lead?",
        says=f"The line begins at 100 % and ends at {left} on {tabular.when(down.span.end)} UTC. {ahead}".strip(),
        keys=_keys(down),
        chart=Chart(wide=wide, narrow=narrow, live=wide),
        numbers=_left_table(slots, down.band),
        span=down.axis,
    )


def burn_down(view: View) -> BurnDown:
    """The budget left along the headline window; it ends at the number on the tile, exactly."""
    answer = view.whole.headline
    assert answer is not None
    span, window, ahead = answer.span, answer.window, view.whole.forecast
    end = window.whole(answer.at).end if isinstance(window, CalendarWindow) else span.end
    band: tuple[BandPoint, ...] = ()
    if not isinstance(ahead, NoData) and not hangs_on_one_event(ahead.budget):
        limit = end if isinstance(window, CalendarWindow) else span.end + window.seconds // _AHEAD
        band = tuple(one for one in ahead.band if one.at <= limit)
        end = max([end, *(one.at for one in band)])
    axis = Span(begin=span.begin, end=end)
    before: Points = ()
    if view.before is not None:
        shift = span.begin - view.before.answer.span.begin
        points = _points(view.whole.buckets, view.before.answer)
        before = tuple((at + shift, left) for at, left in points if at + shift <= end)
    return BurnDown(
        span=span,
        axis=axis,
        points=_points(view.whole.buckets, answer),
        band=band,
        ends=ends_words(_ahead(view)) if band else "",
        before=before,
    )


def _ahead(view: View) -> Forecast:
    assert not isinstance(view.whole.forecast, NoData)
    return view.whole.forecast


def _points(buckets: Buckets, answer: WindowAnswer) -> Points:
    edges = even_edges(answer.span, buckets.step, _POINTS)
    allowed = answer.budget.allowed
    return tuple((at, 1 - buckets.between(edges[0], at).bad / allowed) for at in edges)


def _keys(down: BurnDown) -> tuple[Key, ...]:
    keys = [Key(means="budget left", swatch="thick"), Key(means="spending evenly", swatch="dashed")]
    if down.band:
        keys.append(Key(means="80 of 100 cases", swatch="band"))
    if down.before:
        keys.append(Key(means="the window before", swatch="thin"))
    return (*keys, Key(means="The budget is what the traffic so far allows; the heavy line is zero."))


def _left_table(slots: Slots, band: tuple[BandPoint, ...]) -> Table:
    left, rows = Fraction(1), []
    for bar in slots.bars:
        left -= bar.share
        rows.append((Cell(text=bar.name), Cell(text=percent(bar.share)), Cell(text=percent(left))))
    for one in band:
        low, high = (percent(Fraction(value)) for value in (one.low, one.high))
        rows.append((Cell(text=f"{tabular.when(one.at)}, forecast"), Cell(), Cell(text=f"{low} to {high}")))
    return Table(
        caption="Budget left at the end of each bar",
        columns=(
            Column(title=slots.each),
            Column(title="spent", number=True),
            Column(title="left", number=True),
        ),
        rows=tuple(rows),
    )
