"""The year of a service: one cell per day, darker where more of a budget was spent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant, in_zone
from allowance.reports import tabular
from allowance.reports.glyphs import Svg
from allowance.reports.pages.drawings import named
from allowance.reports.pages.facts import UTC, Promise
from allowance.reports.pages.view import Num

WEEKS, CELL, GAP, TOP = 53, 12, 3, 16
LEVELS = (Fraction(1, 1000), Fraction(2, 100), Fraction(10, 100), Fraction(50, 100))
"""A day is one shade darker for each of these shares of a budget that it reaches."""

MOST_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CostlyDay:
    """One of the costliest days: its share of a window's budget, and whose."""

    day: str
    share: Num
    promise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The drawing, what it shows in a sentence, and its costliest days."""

    drawing: Svg
    says: str
    days: tuple[CostlyDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    begin: Instant
    share: Fraction | NoData
    promise: str


def calendar(promises: Sequence[Promise], at: Instant) -> Calendar | NoData:
    """The year of weeks up to `at`; days before the first that is known are drawn empty, and nothing where none is."""
    today = at - at % DAY
    monday = today - in_zone(today, UTC).weekday() * DAY
    first = monday - (WEEKS - 1) * 7 * DAY
    days = [_day(promises, begin, at) for begin in range(first, today + 1, DAY)]
    known = [one for one in days if not isinstance(one.share, NoData)]
    if not known:
        return NO_DATA
    worst = sorted(known, key=_share, reverse=True)[:MOST_DAYS]
    costly = tuple(
        CostlyDay(
            day=tabular.day(_date(one.begin)),
            share=Num(text=tabular.percent(_share(one)), value=_share(one)),
            promise=one.promise,
        )
        for one in worst
        if _share(one)
    )
    says = f"{tabular.plural(len(known), 'day')} measured"
    says += (
        f"; the costliest was {costly[0].day}: {costly[0].share} of a budget"
        if costly
        else "; nothing was spent"
    )
    return Calendar(drawing=_drawing(days, known[0].begin, says), says=says, days=costly)


def _day(promises: Sequence[Promise], begin: Instant, at: Instant) -> _Day:
    """The promise that spent the largest share of its budget that day."""
    best = _Day(begin=begin, share=NO_DATA, promise="")
    for one in promises:
        if one.counts is None or one.evaluation is None or DAY % one.counts.step:
            continue
        allowed = one.evaluation.budget.allowed
        counts = one.counts.between(begin, min(begin + DAY, at - at % one.counts.step))
        if not counts.total or not allowed:
            continue
        share = counts.bad / allowed
        if isinstance(best.share, NoData) or share > best.share:
            best = _Day(begin=begin, share=share, promise=one.title)
    return best


def _share(one: _Day) -> Fraction:
    return Fraction(0) if isinstance(one.share, NoData) else one.share


def _drawing(days: Sequence[_Day], known: Instant, says: str) -> Svg:
    start = days[0].begin
    cells: dict[str, list[str]] = {}
    for one in days:
        week, weekday = divmod((one.begin - start) // DAY, 7)
        x, y = week * (CELL + GAP), TOP + weekday * (CELL + GAP)
        cells.setdefault("before" if one.begin < known else _level(one), []).append(
            f"M{x} {y}h{CELL}v{CELL}h-{CELL}z"
        )
    paths = "".join(f'<path class="{name}" d="{"".join(cells[name])}"/>' for name in sorted(cells))
    width = WEEKS * (CELL + GAP) - GAP
    return named("calendar", width, TOP + 7 * (CELL + GAP) - GAP, paths + "".join(_months(days, start)), says)


def _level(one: _Day) -> str:
    if isinstance(one.share, NoData):
        return "no-data"
    return f"level-{sum(one.share >= level for level in LEVELS)}"


def _months(days: Sequence[_Day], start: Instant) -> Iterator[str]:
    before = ""
    last = -99
    for one in days:
        month = _date(one.begin)[5:7]
        week = (one.begin - start) // (7 * DAY)
        if month != before and week - last >= 3:
            before, last = month, week
            yield f'<text x="{week * (CELL + GAP)}" y="11">{tabular.MONTHS[int(month) - 1]}</text>'


def _date(begin: Instant) -> str:
    return in_zone(begin, UTC).date().isoformat()
