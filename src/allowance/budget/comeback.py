"""When a budget is back: what is in the window already leaves at known instants."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.budget import Windowed
from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Window


def earliest_above(
    counted: Windowed, target: Fraction, window: Window, above: Fraction, *, now: Instant
) -> Instant | None:
    """The first whole hour after `now` at which more than `above` of the budget is left, if nothing more fails.

    The traffic is taken to stay as it is in the window that ends at `now`, a bucket edge. Nothing where no time
    helps: the budget holds no events, or `above` is all of it or more. A calendar window is new when it ends.
    """
    at = now - now % counted.step
    span = window.at(at)
    allowed = (1 - target) * counted.between(span.begin, span.end).total
    bearable = (1 - above) * allowed
    if bearable <= 0:
        return None
    if not isinstance(window, RollingWindow):
        return window.whole(at).end

    def is_back(after: Instant) -> bool:
        begin = after - window.seconds
        return counted.between(begin - begin % counted.step, at).bad < bearable

    low, high = at // HOUR, -(-(at + window.seconds) // HOUR)  # hours: not yet at or before low, back at high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_back(middle * HOUR) else (middle, high)
    return high * HOUR
