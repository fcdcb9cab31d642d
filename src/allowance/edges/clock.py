"""The one place that reads the clock."""

from __future__ import annotations

import time

from allowance.core.time import Instant


def now() -> Instant:
    """This instant, in whole seconds."""
    return int(time.time())
