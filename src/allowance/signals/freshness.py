"""How old the newest data are: gaps and lag made visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allowance.core.time import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Over every whole step between the first and the last sample: how many instants were stale."""

    instants: int
    stale: int
    oldest: int
    """The greatest age seen, in seconds."""


def freshness(samples: Sequence[Instant], *, max_age: int, step: int = 60) -> Freshness:
    """An instant is stale when its newest sample is more than `max_age` seconds old."""
    times = np.unique(np.asarray(samples, dtype=np.int64))
    if not times.size:
        return Freshness(instants=0, stale=0, oldest=0)
    grid = np.arange(-(-int(times[0]) // step) * step, int(times[-1]) + 1, step, dtype=np.int64)
    ages = grid - times[np.searchsorted(times, grid, side="right") - 1]
    return Freshness(
        instants=len(grid), stale=int(np.count_nonzero(ages > max_age)), oldest=int(ages.max(initial=0))
    )
