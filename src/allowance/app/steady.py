"""A clock that jumps is believed when it has stood by it for a while: a wrong minute of it must not cost months."""

from __future__ import annotations

from allowance.core.duration import HOUR, MINUTE
from allowance.core.problem import Problem
from allowance.core.time import Instant, iso

JUMP = HOUR
"""What a clock may be moved by, in seconds, without being doubted."""
HOLD = 10 * MINUTE
"""For so many seconds a clock is doubted that was moved by more."""


class Steady:
    """Compares the clock with one that nobody can set."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._doubted: tuple[float, float] | None = None

    def believes(self, now: Instant, *, since_boot: float) -> bool:
        """Whether to act on `now`; `since_boot` are the seconds of the other clock at the same moment."""
        offset = now - since_boot
        if self._offset is None or abs(offset - self._offset) <= JUMP or self._has_stood(offset, since_boot):
            self._offset, self._doubted = offset, None
            return True
        return False

    def _has_stood(self, offset: float, since_boot: float) -> bool:
        if self._doubted is None or abs(offset - self._doubted[0]) > JUMP:
            self._doubted = offset, since_boot
        return since_boot - self._doubted[1] >= HOLD


def stands_behind(last: Instant, now: Instant) -> Problem:
    """The clock says `now`, and there is a tick of later."""
    return Problem(
        code="clock",
        message=f"the clock says {iso(now)}, but the newest tick is of {iso(last)}: nothing is judged until then",
        hint="set the clock right; if the tick was the wrong one, restore a backup from before it",
    )
