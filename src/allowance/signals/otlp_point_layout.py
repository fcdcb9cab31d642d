"""Where things stand in the bytes of metric points, for all points of a metric at once.

Senders write the fields of a point in the order of their numbers, so instants, values and buckets stand at places that
are the same for all points of a metric. What is left, mostly the attributes, is a text that comes again and again.
Points that are written otherwise are not laid out: they are read one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allowance.signals.otlp_columns import Instants
from allowance.signals.otlp_point_columns import Ints
from allowance.signals.otlp_points import rising

_START, _TIME = 0x11, 0x19
_INTEGER, _DOUBLE = 0x31, 0x21
_COUNT, _SUM, _COUNTS, _BOUNDS = 0x21, 0x29, 0x32, 0x3A
_LEAST, _MOST = 0x59, 0x61
_NUMBER = 27
"""Bytes of start, time and value, or of start, time and count."""
_EXTREMES = 18
"""Bytes of the least and the most that a histogram saw, which stand last."""
_PAD = bytes(32)
_MANY = 2**40
"""As many observations of a point are not added up here: sums of points must fit."""

Words = NDArray[np.uint64]
Octets = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaidNumbers:
    """Columns of numbers; a `key` is what stands behind the value."""

    starts: Instants
    times: Instants
    values: Ints | NDArray[np.float64]
    keys: list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaidHistograms:
    """Columns of histograms; a `key` is what stands behind the bounds, without the extremes."""

    starts: Instants
    times: Instants
    totals: Ints
    counts: Ints
    bounds: tuple[float, ...]
    keys: list[bytes]


class _Buffer:
    """All points in a row, to be looked at from any place."""

    def __init__(self, items: Sequence[bytes]) -> None:
        sizes = np.array(list(map(len, items)), dtype=np.int64)
        self.behind = np.cumsum(sizes)
        self.begin = self.behind - sizes
        self.least = int(sizes.min())
        self.text = b"".join((*items, _PAD))
        self.octets: Octets = np.frombuffer(self.text, np.uint8)
        self.words: Words = np.ndarray(len(self.text) - 7, "<u8", self.text, strides=(1,))

    def all_have(self, tags: Sequence[tuple[int, int]]) -> bool:
        """Whether every point has these bytes at these places."""
        places, wanted = np.array(tags, dtype=np.int64).T
        return bool((self.octets[self.begin[:, None] + places] == wanted).all())

    def rows(self, place: int, count: int) -> Words:
        """So many words of every point, from a place on."""
        found: Words = self.words[self.begin[:, None] + (place + 8 * np.arange(count))]
        return found

    def cut(self, first: int, last: NDArray[np.int64]) -> list[bytes]:
        """What stands between a place of every point and another of all."""
        text = self.text
        return [
            text[low:high] for low, high in zip((self.begin + first).tolist(), last.tolist(), strict=True)
        ]


def lay_out_numbers(items: Sequence[bytes]) -> LaidNumbers | None:
    """The columns of one or more numbers that are all whole ones, or all floats."""
    kind = items[0][18] if len(items[0]) >= _NUMBER else 0
    buffer = _Buffer(items)
    if (
        kind not in (_INTEGER, _DOUBLE)
        or buffer.least < _NUMBER
        or not buffer.all_have([(0, _START), (9, _TIME), (18, kind)])
    ):
        return None
    values = buffer.words[buffer.begin + 19]
    return LaidNumbers(
        starts=buffer.words[buffer.begin + 1],
        times=buffer.words[buffer.begin + 10],
        values=values.view(np.int64 if kind == _INTEGER else np.float64),
        keys=buffer.cut(_NUMBER, buffer.behind),
    )


def lay_out_histograms(items: Sequence[bytes]) -> LaidHistograms | None:
    """The columns of one or more histograms that have the same bounds."""
    shape = _shape(items[0])
    if shape is None:
        return None
    buffer = _Buffer(items)
    if buffer.least < shape.behind or not buffer.all_have(shape.tags):
        return None
    bounds = buffer.rows(shape.bounds_at, shape.size - 1)
    counts = buffer.rows(shape.counts_at, shape.size)
    totals = buffer.words[buffer.begin + 19]
    first = rising(tuple(bounds[0].view(np.float64).tolist()))
    if first is None or (bounds != bounds[0]).any() or totals.max() >= _MANY or counts.max() >= _MANY:
        return None
    if (counts.sum(axis=1) != totals).any():
        return None
    last, octets = buffer.behind, buffer.octets
    at = np.maximum(last - _EXTREMES, 0)
    extremes = (octets[at] == _LEAST) & (octets[at + 9] == _MOST) & (at >= buffer.begin + shape.behind)
    return LaidHistograms(
        starts=buffer.words[buffer.begin + 1],
        times=buffer.words[buffer.begin + 10],
        totals=totals.astype(np.int64),
        counts=counts.astype(np.int64),
        bounds=first,
        keys=buffer.cut(shape.behind, np.where(extremes, at, last)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Of a histogram: how many buckets, where counts and bounds begin and end, and the bytes between values."""

    size: int
    counts_at: int
    bounds_at: int
    behind: int
    tags: Sequence[tuple[int, int]]


def _shape(item: bytes) -> _Shape | None:
    if len(item) < _NUMBER + 2 or (item[0], item[9], item[18]) != (_START, _TIME, _COUNT):
        return None
    tags = [(0, _START), (9, _TIME), (18, _COUNT)]
    place = _NUMBER
    if item[place] == _SUM:
        tags.append((place, _SUM))
        place += 9
    found = []
    for tag in (_COUNTS, _BOUNDS):
        head = item[place : place + 3]
        long = len(head) == 3 and head[1] > 127
        if len(head) < 2 or head[0] != tag or (long and head[2] > 127):
            return None
        length = (head[1] & 127) + (head[2] << 7 if long else 0)
        width = 3 if long else 2
        tags += [(place + n, head[n]) for n in range(width)]
        found.append((place + width, length))
        place += width + length
    (counts_at, counts), (bounds_at, bounds) = found
    if counts != bounds + 8 or counts % 8 or place > len(item):
        return None
    return _Shape(size=counts // 8, counts_at=counts_at, bounds_at=bounds_at, behind=place, tags=tags)
