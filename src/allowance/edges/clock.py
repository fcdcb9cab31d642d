"""The one place that reads the clock."""

from __future__ import annotations

import time

from allowance.core.time import Instant


def now() -> Instant:
    """This instant, in whole seconds."""
    return int(time.time())


def since_boot() -> float:
    """Seconds since the machine started, sleep included: nobody can set it, so it shows that a clock was."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
