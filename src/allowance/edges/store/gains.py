"""Gains as they are kept: what a tick adds, packed into one blob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from allowance.core.buckets import Buckets

Key = tuple[str, str]
"""(SLO id, group)."""

ROW = np.dtype([("series", "<i4"), ("at", "<i8"), ("good", "<i8"), ("total", "<i8")])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gains:
    """What a tick adds: per (SLO, group) the buckets that gained events."""

    tick: int
    buckets: Mapping[Key, Buckets]

    @property
    def newest(self) -> int:
        """The start of the newest bucket that gained, or the tick itself."""
        ends = [b.end - b.step for b in self.buckets.values() if b.with_data()]
        return max(ends, default=self.tick)


def pack(gains: Gains, ids: Mapping[Key, int]) -> bytes:
    """The rows with events, 28 bytes each."""
    parts = []
    for key, buckets in gains.buckets.items():
        places = buckets.total.nonzero()[0]
        rows = np.zeros(len(places), dtype=ROW)
        rows["series"] = ids[key]
        rows["at"] = buckets.start + places * buckets.step
        rows["good"] = buckets.good[places]
        rows["total"] = buckets.total[places]
        parts.append(rows)
    return b"".join(part.tobytes() for part in parts)
