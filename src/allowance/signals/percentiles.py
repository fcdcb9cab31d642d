"""Percentiles of measured durations by nearest rank: always a value that really occurred."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from allowance.core.counts import NO_DATA, NoData
from allowance.signals.measured import Durations

USUAL = (Fraction(50), Fraction(90), Fraction(95), Fraction(99), Fraction("99.9"))


def nearest_rank(durations: Durations, percent: Fraction) -> float | NoData:
    """The smallest value (ms) such that at least `percent` of all are at or below it; `NO_DATA` without any."""
    total = sum(durations.counts)
    if not total:
        return NO_DATA
    rank = max(1, -(-percent.numerator * total // (percent.denominator * 100)))
    seen = np.cumsum(np.asarray(durations.counts, dtype=np.int64))
    return durations.values_ms[int(np.searchsorted(seen, rank))]


def merged(parts: Iterable[Durations]) -> Durations:
    """Several groups as one."""
    counts: dict[float, int] = {}
    for part in parts:
        for value, count in zip(part.values_ms, part.counts, strict=True):
            counts[value] = counts.get(value, 0) + count
    values = tuple(sorted(counts))
    return Durations(values_ms=values, counts=tuple(counts[v] for v in values))
