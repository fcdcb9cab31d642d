"""Histories to measure on: traffic of a day and a week, a quiet error rate, and incidents of all sizes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Buckets

Ints = NDArray[np.int64]

YEAR = 365 * 1440
MONTH = 30 * 1440


def history(minutes: int, seed: int = 7) -> tuple[Ints, Ints]:
    """(good, total) per minute. Three incidents a month: minutes to days long, 0.2 % to 100 % of requests."""
    rng = np.random.default_rng(seed)
    minute = np.arange(minutes)
    wave = 1 + 0.7 * np.sin(2 * np.pi * (minute % 1440) / 1440) - 0.2 * (minute // 1440 % 7 >= 5)
    total = rng.poisson(600 * wave)
    ratio = np.full(minutes, 0.0002)
    for _ in range(max(1, 3 * minutes // MONTH)):
        begin = int(rng.integers(0, minutes))
        ratio[begin : begin + int(10 ** rng.uniform(0.5, 3.5))] = 10 ** rng.uniform(-2.7, 0)
    bad = rng.binomial(total, np.minimum(ratio, 1.0))
    return (total - bad).astype(np.int64), total.astype(np.int64)


def buckets(minutes: int, seed: int = 7) -> Buckets:
    """The same as `Buckets` from 1970 on."""
    good, total = history(minutes, seed)
    return Buckets(start=0, step=60, good=good, total=total)
