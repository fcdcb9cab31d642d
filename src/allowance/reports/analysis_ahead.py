"""What comes next: when the budget is spent, what comes back by itself, when there is budget to launch again."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.forecast import Forecast, Leaving, Rolling
from allowance.core.counts import NoData
from allowance.reports import numbers, tabular
from allowance.reports.ahead_words import comes_back_words, launch_words, spending_words
from allowance.reports.analysis_view import NARROW, WIDE, View
from allowance.reports.chart_frame import Chart
from allowance.reports.health import hangs_on_one_event
from allowance.reports.left_charts import forecast_chart
from allowance.reports.page import Block, Cell, Column, Figure, Key, Section, Table
from allowance.reports.tabular import percent

MOST_DAYS = 8


def ahead_section(view: View) -> Section | None:
    """The forecast of the headline window."""
    ahead = view.whole.forecast
    if isinstance(ahead, NoData) or not ahead.band or hangs_on_one_event(ahead.budget):
        return None
    lead = (spending_words(ahead), launch_words(ahead), comes_back_words(ahead))
    blocks: tuple[Block, ...] = (_figure(ahead),)
    if isinstance(ahead.recovery, Rolling) and ahead.recovery.days:
        blocks = (*blocks, _recovery(ahead.recovery))
    return Section(
        name="ahead",
        short="Forecast",
        title="When does it run out, and when can we launch?",
        lead=tuple(text for text in lead if text),
        blocks=blocks,
    )


def _figure(ahead: Forecast) -> Figure:
    last = ahead.band[-1]
    likely = percent(Fraction(last.likely))
    return Figure(
        name="ahead-chart",
        question="How much of the budget will be left?",
        says=f"From {percent(ahead.budget.remaining)} now to {likely} on {tabular.when(last.at)} UTC, likely; "
        f"in 80 of 100 cases between {percent(Fraction(last.low))} and {percent(Fraction(last.high))}.",
        keys=_keys(ahead),
        chart=Chart(
            wide=forecast_chart(ahead, width=WIDE),
            narrow=forecast_chart(ahead, width=NARROW),
            live=forecast_chart(ahead, width=WIDE),
        ),
        numbers=_band_table(ahead),
    )


def _keys(ahead: Forecast) -> tuple[Key, ...]:
    keys = (
        Key(means="likely", swatch="thick"),
        Key(means="80 of 100 cases", swatch="band"),
        Key(means=f"Below {tabular.MINUS}100 % the drawing is cut off."),
    )
    short = Key(means="The history is too short to test a range: the band is what is possible at all.")
    return keys if ahead.tested else (keys[0], Key(means="possible", swatch="band"), keys[2], short)


def _band_table(ahead: Forecast) -> Table:
    rows = tuple(
        (
            Cell(instant=point.at),
            *(Cell(text=percent(Fraction(v))) for v in (point.low, point.likely, point.high)),
        )
        for point in ahead.band
    )
    columns = (
        Column(title="at", instant=True),
        Column(title="low", number=True),
        Column(title="likely", number=True),
        Column(title="high", number=True),
    )
    return Table(caption="Budget left: likely, and the range of 80 of 100 cases", columns=columns, rows=rows)


def _recovery(comes_back: Rolling) -> Table:
    shown = sorted(comes_back.days, key=lambda day: -day.share)[:MOST_DAYS]
    rest = [day for day in comes_back.days if day not in shown]
    together = percent(sum((day.share for day in rest), start=Fraction(0)))
    return Table(
        caption="What leaves the window, and what it brings back",
        columns=(
            Column(title="spent on"),
            Column(title="failures", number=True),
            Column(title="brings back", number=True),
            Column(title="begins to leave", instant=True),
            Column(title="is gone", instant=True),
        ),
        rows=tuple(_leaving(day) for day in comes_back.days if day in shown),
        rest=f"{tabular.plural(len(rest), 'more day')} bring back {together} together" if rest else "",
    )


def _leaving(day: Leaving) -> tuple[Cell, ...]:
    return (
        Cell(text=tabular.day(day.day)),
        Cell(text=numbers.whole(day.bad)),
        Cell(text=percent(day.share)),
        Cell(instant=day.leaves.begin),
        Cell(instant=day.leaves.end),
    )
