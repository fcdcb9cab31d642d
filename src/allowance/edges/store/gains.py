"""Gains as they are kept: what a tick adds, packed into one blob."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Buckets, Ints
from allowance.core.minute import Minute

Key = tuple[str, str]
"""(SLO id, group)."""
Rows: TypeAlias = Mapping[Key, Mapping[int, tuple[int, int]]]
"""Good and total by series and start of the bucket."""

Ids = NDArray[np.int32]
"""Numbers of series."""

PIECE = 200_000
"""Rows of a piece, or somewhat more: a series is not split."""

ROW = np.dtype([("series", "<i4"), ("at", "<i8"), ("good", "<i8"), ("total", "<i8")])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gains:
    """What a tick adds: per (SLO, group) the buckets that gained events."""

    tick: int
    buckets: Mapping[Key, Buckets]


def packed(gains: Gains, ids: Mapping[Key, int]) -> Iterator[tuple[int, bytes]]:
    """(newest instant, rows with events at 28 bytes each), in pieces that any database takes."""
    parts: list[NDArray[np.void]] = []
    lone: list[tuple[int, int, int, int]] = []
    size = 0
    for key, buckets in gains.buckets.items():
        if len(buckets) == 1:
            if buckets.total.item():
                lone.append((ids[key], buckets.start, buckets.good.item(), buckets.total.item()))
            continue
        places = buckets.total.nonzero()[0]
        rows = np.zeros(len(places), dtype=ROW)
        rows["series"] = ids[key]
        rows["at"] = buckets.start + places * buckets.step
        rows["good"] = buckets.good[places]
        rows["total"] = buckets.total[places]
        parts.append(rows)
        size += len(rows)
        if size >= PIECE:
            yield _joined(parts)
            parts, size = [], 0
    for low in range(0, len(lone), PIECE):
        parts.append(np.array(lone[low : low + PIECE], dtype=ROW))
        if len(lone) > PIECE:
            yield _joined(parts)
            parts = []
    if parts:
        yield _joined(parts)


def packed_minute(minute: Minute[Key], ids: Ids, some: Ints) -> Iterator[bytes]:
    """The same of one bucket: the series at the places `some`, whose numbers are `ids` (by place)."""
    rows = np.zeros(len(some), dtype=ROW)
    rows["series"], rows["at"] = ids[some], minute.start
    rows["good"], rows["total"] = minute.good[some], minute.total[some]
    for low in range(0, len(rows), PIECE):
        yield rows[low : low + PIECE].tobytes()


def packed_rows(rows: Rows, ids: Mapping[Key, int]) -> tuple[int, bytes]:
    """The same of a few rows, in one piece."""
    table = np.array(
        [(ids[key], at, *counts) for key, some in rows.items() for at, counts in some.items()], dtype=ROW
    )
    return int(table["at"].max()), table.tobytes()


def _joined(parts: Sequence[NDArray[np.void]]) -> tuple[int, bytes]:
    return max(int(part["at"].max()) for part in parts), b"".join(part.tobytes() for part in parts)
