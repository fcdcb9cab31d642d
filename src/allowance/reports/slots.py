"""When a budget was spent, in parts that fit on a chart: days, or hours and minutes where the history is short."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from allowance.budget.analysis import Analysis, WindowAnswer
from allowance.budget.spend import DaySpend
from allowance.core.counts import NOTHING, Counts
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant, iso
from allowance.core.window import CalendarWindow, RollingWindow, Span
from allowance.reports import tabular

MOST_DAYS = 400
"""More days than this are drawn several to a bar."""

_FINE = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
_FEW_DAYS, _MOST_FINE = 2, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One bar: `share` is the part of the whole window's budget that it spent; name and anchor are unique."""

    name: str
    anchor: str
    span: Span
    counts: Counts
    share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The bars of one window. `each` says what one stands for: `day`, `hour`, `5 min`, `7 days`.

    `even` is the share of a bar when the budget is spent evenly over what was measured.
    """

    answer: WindowAnswer
    each: str
    even: Fraction
    bars: tuple[Slot, ...]

    @property
    def spent(self) -> Fraction:
        """The sum of all bars, exact: spent / allowed."""
        return sum((bar.share for bar in self.bars), start=Fraction(0))

    def drawn(self, zone: ZoneInfo) -> Span:
        """What an axis of its bars spans: whole days, where a bar is a day."""
        begin, end = self.bars[0].span.begin, self.bars[-1].span.end
        if self.each != "day":
            return Span(begin=begin, end=end)
        day = CalendarWindow(unit="day", zone=zone)
        return Span(begin=day.whole(begin + 1).begin, end=day.whole(end).end)

    @property
    def leaving(self) -> tuple[Slot, Instant] | None:
        """The oldest bar with failures and the instant at which the last of it has left a rolling window."""
        window = self.answer.window
        if not isinstance(window, RollingWindow):
            return None
        bar = next((bar for bar in self.bars if bar.counts.bad), None)
        return None if bar is None else (bar, bar.span.end + window.seconds)


def slots_of(one: Analysis) -> Slots | None:
    """The spend of the first window at the last instant; none where there is nothing to draw."""
    answer = one.headline
    if answer is None or not one.spend or not answer.budget.counts.total:
        return None
    days = one.spend
    size = _fine_size(one, days)
    if size:
        bars, each, seconds = _fine(one, answer, days, size), _FINE_NAMES[size], size
    else:
        together = -(-len(days) // MOST_DAYS)
        bars = tuple(_merged(days[i : i + together]) for i in range(0, len(days), together))
        each, seconds = ("day", DAY) if together == 1 else (f"{together} days", together * DAY)
    measured = bars[-1].span.end - bars[0].span.begin
    return Slots(answer=answer, each=each, even=Fraction(min(seconds, measured), measured), bars=bars)


_FINE_NAMES = {MINUTE: "minute", 5 * MINUTE: "5 min", 15 * MINUTE: "15 min", HOUR: "hour"}


def _fine_size(one: Analysis, days: tuple[DaySpend, ...]) -> int:
    """The smallest size of a bar that gives few enough of them; 0 where days are fine enough."""
    seconds = days[-1].span.end - days[0].span.begin
    fitting = [s for s in _FINE if s % one.buckets.step == 0 and seconds <= s * _MOST_FINE]
    return fitting[0] if fitting and len(days) <= _FEW_DAYS + 1 and seconds <= _FEW_DAYS * DAY else 0


def _fine(one: Analysis, answer: WindowAnswer, days: tuple[DaySpend, ...], size: int) -> tuple[Slot, ...]:
    begin, end = days[0].span.begin, days[-1].span.end
    allowed = answer.budget.allowed
    bars = []
    for low in range(begin - begin % size, end, size):
        span = Span(begin=max(low, begin), end=min(low + size, end))
        counts = one.buckets.between(span.begin, span.end)
        bars.append(
            Slot(
                name=tabular.when(span.begin),
                anchor=f"from-{iso(span.begin)}",
                span=span,
                counts=counts,
                share=counts.bad / allowed,
            )
        )
    return tuple(bars)


def _merged(days: tuple[DaySpend, ...]) -> Slot:
    return Slot(
        name=tabular.day(days[0].day),
        anchor=f"day-{days[0].day}",
        span=Span(begin=days[0].span.begin, end=days[-1].span.end),
        counts=sum((day.counts for day in days), start=NOTHING),
        share=sum((day.share for day in days), start=Fraction(0)),
    )
