"""When a budget is back: what is in the window already leaves at known instants, and new traffic earns more of it."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.budget import Windowed
from allowance.budget.epoch import anew, clipped
from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.core.window import CalendarWindow, Window


def earliest_above(
    counted: Windowed,
    target: Fraction,
    window: Window,
    above: Fraction,
    *,
    epoch: Instant | None = None,
    now: Instant,
) -> Instant | None:
    """The first whole hour after `now` at which more than `above` of the budget is left, if nothing more fails.

    The traffic is taken to stay as it is in the window that ends at `now`, a bucket edge. A window that still grows, by
    the calendar or since the `epoch` of its budget, so holds more events by then. Nothing where no time helps: the
    budget holds no events, or `above` is all of it or more. A calendar window is new when it ends.
    """
    at = now - now % counted.step
    span = window.at(at) if epoch is None else clipped(window.at(at), epoch, counted.step)
    own = anew(counted, epoch, now=at)
    bearable = (1 - above) * (1 - target) * own.between(span.begin, at).total
    if bearable <= 0:
        return None
    whole = window.whole(at)

    def is_back(after: Instant) -> bool:
        begin = span.begin if isinstance(window, CalendarWindow) else after - whole.seconds
        grown = Fraction(min(after - span.begin, whole.seconds), at - span.begin)
        return own.between(begin - begin % counted.step, at).bad < bearable * grown

    last = whole.end if isinstance(window, CalendarWindow) else at + whole.seconds  # by then it is back
    low, high = at // HOUR, -(-last // HOUR)  # hours: not yet at or before low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_back(middle * HOUR) else (middle, high)
    return min(high * HOUR, last) if isinstance(window, CalendarWindow) else high * HOUR
