"""When the budget was spent, and what every window that was asked for says."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from fractions import Fraction

from allowance.budget.analysis import WindowAnswer
from allowance.budget.health import Health
from allowance.core.window import CalendarWindow, Span
from allowance.reports import numbers, tabular
from allowance.reports.analysis_left import burn_down_figure
from allowance.reports.analysis_view import NARROW, WIDE, View
from allowance.reports.chart_frame import Chart
from allowance.reports.charts import EXCLUDED, excluded_of, rang, spend_chart
from allowance.reports.glyphs import Swatch
from allowance.reports.health import health_of_day
from allowance.reports.page import Cell, Column, Figure, Key, Section, State, Table
from allowance.reports.slots import Slots
from allowance.reports.tabular import percent

MOST_ROWS = 60


def spend_section(view: View) -> Section | None:
    """C1, and C2 where the window is one of the calendar."""
    slots = view.slots
    if slots is None:
        return None
    rung = _rang(view, slots)
    target = view.whole.question.target
    wide, narrow = (
        spend_chart(slots, target, rung, width=width, before=view.before, excluded=view.excluded)
        for width in (WIDE, NARROW)
    )
    window = tabular.window(slots.answer.window)
    figure = Figure(
        name="spend-chart",
        question=f"Share of the {window} budget that each {slots.each} spent; the bars add up to {percent(slots.spent)}",
        says=_spend_words(slots),
        keys=_spend_keys(view, slots, target, rung),
        chart=Chart(wide=wide, narrow=narrow, live=wide),
        numbers=_spend_table(slots, target, rung, view.excluded),
        span=slots.drawn(view.whole.question.zone),
    )
    left = view.left or isinstance(slots.answer.window, CalendarWindow)
    blocks = (figure, burn_down_figure(view, slots)) if left else (figure,)
    return Section(
        name="spend", short="Spend", title="When was the budget spent?", lead=_leaving(slots), blocks=blocks
    )


def windows_section(view: View) -> Section | None:
    """Each window at each instant."""
    answers = view.whole.windows
    if not answers:
        return None
    left_out = len(answers) - MOST_ROWS
    table = Table(
        caption="The budget of each window at each instant",
        columns=_WINDOW_COLUMNS,
        rows=tuple(_window_row(answer) for answer in answers[:MOST_ROWS]),
        rest=f"{tabular.plural(left_out, 'row')} more: --json has them all" if left_out > 0 else "",
    )
    return Section(name="windows", short="Windows", title="What does each window say?", blocks=(table,))


_WINDOW_COLUMNS = (
    Column(title="window"),
    Column(title="at", instant=True),
    Column(title="promise"),
    *(
        Column(title=title, number=True)
        for title in ("measured", "good", "total", "allowed", "spent", "left", "budget left")
    ),
)


def _window_row(answer: WindowAnswer) -> tuple[Cell, ...]:
    budget = answer.budget
    counts = budget.counts
    texts = [
        tabular.sli_percent(counts.sli, budget.target),
        numbers.whole(counts.good),
        numbers.whole(counts.total),
    ]
    texts += [tabular.amount(budget.allowed), numbers.whole(budget.spent), tabular.amount(budget.left)]
    return (
        Cell(text=tabular.window(answer.window)),
        Cell(instant=answer.at),
        Cell(text={True: "kept", False: "broken"}[budget.met] if isinstance(budget.met, bool) else "no data"),
        *(Cell(text=text) for text in texts),
        Cell(text=percent(budget.remaining)),
    )


def _rang(view: View, slots: Slots) -> dict[str, tuple[int, int]]:
    """Pages and tickets by the name of the bar in which they would have been sent."""
    begins = [bar.span.begin for bar in slots.bars]
    end = slots.bars[-1].span.end
    sent = {
        severity: Counter(
            bisect_left(begins, one.detected) - 1
            for one in view.whole.detections.get(severity, ())
            if begins[0] < one.detected <= end
        )
        for severity in ("page", "ticket")
    }
    return {bar.name: (sent["page"][i], sent["ticket"][i]) for i, bar in enumerate(slots.bars)}


def _spend_words(slots: Slots) -> str:
    highest = max(slots.bars, key=lambda bar: bar.share)
    bars = f"{tabular.plural(len(slots.bars), 'bar')}, one per {slots.each}, add up to {percent(slots.spent)}"
    if not highest.share:
        return f"{bars}: nothing failed."
    return f"{bars}. The highest is {highest.name} with {percent(highest.share)}."


def _spend_keys(
    view: View, slots: Slots, target: Fraction, rung: dict[str, tuple[int, int]]
) -> tuple[Key, ...]:
    """Only the marks that the chart has."""
    states = {health_of_day(bar.counts, bar.share, target) for bar in slots.bars}
    keys = [Key(means=means, swatch=swatch) for state, swatch, means in _STATE_KEYS if state in states]
    if slots.leaving is not None:
        keys.append(Key(means="leaves the window next", swatch="outlined"))
    if any(pages for pages, _ in rung.values()):
        keys.append(Key(means="page", swatch="page"))
    if any(tickets for _, tickets in rung.values()):
        keys.append(Key(means="ticket", swatch="ticket"))
    if view.before is not None:
        keys.append(Key(means="the window before", swatch="thin"))
    if any(excluded_of(bar, view.excluded) for bar in slots.bars):
        keys.append(Key(means=f"{EXCLUDED} time in it was taken out of the counts", swatch="excluded"))
    return tuple(keys)


_STATE_KEYS: tuple[tuple[Health, Swatch, str], ...] = (
    ("ok", "ok", "met the target"),
    ("watch", "watch", "missed it"),
    ("broken", "broken", "spent a whole budget alone"),
    ("no data", "no-data", "no data"),
)


def _leaving(slots: Slots) -> tuple[str, ...]:
    found = slots.leaving
    if found is None:
        return ()
    bar, gone = found
    said = f"{bar.name} leaves the window by {tabular.when(gone)} UTC: +{percent(bar.share)} back."
    most = max(slots.bars, key=lambda one: one.share)
    if most is not bar:
        window = slots.answer.window.whole(slots.answer.at).seconds
        said += (
            f" Most comes back when {most.name} leaves, by {tabular.when(most.span.end + window)} UTC: "
            f"+{percent(most.share)}."
        )
    return (said,)


def _spend_table(
    slots: Slots, target: Fraction, rung: dict[str, tuple[int, int]], excluded: tuple[Span, ...]
) -> Table:
    counts = slots.answer.budget.counts
    out = any(excluded_of(bar, excluded) for bar in slots.bars)
    rows = tuple(
        (
            Cell(text=bar.name, anchor=bar.anchor),
            Cell(text=numbers.whole(bar.counts.total)),
            Cell(text=numbers.whole(bar.counts.bad)),
            Cell(text=percent(bar.share) if bar.counts.total else "no data"),
            Cell(state=State(health=health_of_day(bar.counts, bar.share, target))),
            Cell(text=rang(*rung[bar.name])),
            *((Cell(text=excluded_of(bar, excluded) or "nothing"),) if out else ()),
        )
        for bar in slots.bars
    )
    totals = (numbers.whole(counts.total), numbers.whole(counts.bad), percent(slots.spent))
    columns = (
        Column(title=slots.each),
        Column(title="requests", number=True),
        Column(title="failed", number=True),
        Column(title="of the budget", number=True),
        Column(title="state"),
        Column(title="sent"),
        *((Column(title="taken out"),) if out else ()),
    )
    foot = (Cell(text="together"), *(Cell(text=text) for text in totals), *(Cell(),) * (3 if out else 2))
    return Table(caption=f"Spend per {slots.each}", columns=columns, rows=rows, foot=foot)
