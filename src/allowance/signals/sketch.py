"""Latencies in buckets that grow by a factor: any percentile within one percent, and merging is adding.

The idea is that of DDSketch; what Python has of it counts one value at a time, in floats. Here counts are integers and
a whole request is added at once. Percentiles are shown, and never decide anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import ceil, floor, log, log2, sqrt

import numpy as np
import orjson
from numpy.typing import NDArray

from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import refuse

ERROR = Fraction(1, 100)
"""How far a percentile may be from the latency that it stands for, as a share of that."""

_GAMMA = float((1 + ERROR) / (1 - ERROR))
_LOG = log(_GAMMA)
_NONE = -1
"""The place of latencies of nothing, and of less."""
MOST_PLACES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """How many latencies lie in each place; place i holds those in (g^(i-1), g^i] nanoseconds, g = 101/99."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """All latencies."""
        return sum(self.counts.values())

    def quantile(self, share: Fraction) -> int | NoData:
        """The latency, in nanoseconds, that has rank `floor(share x (events - 1))` when they stand in order."""
        if not self.counts:
            return NO_DATA
        rank = floor(share * (self.events - 1))
        places = sorted(self.counts)
        for place, sum_ in zip(places, accumulate(self.counts[one] for one in places), strict=True):
            if sum_ > rank:
                return value_of(place)
        raise AssertionError("a rank is below the number of events")

    def as_bytes(self) -> bytes:
        """For any store; `from_bytes` reads it back."""
        return orjson.dumps(sorted(self.counts.items()))


EMPTY = Sketch()


def from_bytes(raw: bytes) -> Sketch:
    """What was stored. Errors: `Problem` `sketch` for anything else."""
    try:
        return Sketch(counts={int(place): int(count) for place, count in orjson.loads(raw)})
    except (TypeError, ValueError):
        raise refuse("sketch", "a stored sketch of latencies cannot be read") from None


def merged(sketches: Iterable[Sketch]) -> Sketch:
    """All of them as one; their order makes no difference."""
    sums: dict[int, int] = {}
    for sketch in sketches:
        for place, count in sketch.counts.items():
            sums[place] = sums.get(place, 0) + count
    return Sketch(counts=sums)


def place_of(latency: int) -> int:
    """The place of one latency in nanoseconds."""
    return ceil(log(latency) / _LOG) if latency > 0 else _NONE


def places_of(latencies: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of many latencies in nanoseconds."""
    found = np.ceil(np.log(np.maximum(latencies, 1)) / _LOG).astype(np.int64)
    return np.where(latencies > 0, found, _NONE)


def value_of(place: int) -> int:
    """The latency, in nanoseconds, that stands for a place."""
    return 0 if place == _NONE else round(2 * _GAMMA**place / (_GAMMA + 1))


def of(latencies: Iterable[int]) -> Sketch:
    """A sketch of latencies in nanoseconds."""
    sums: dict[int, int] = {}
    for one in latencies:
        place = place_of(one)
        sums[place] = sums.get(place, 0) + 1
    return Sketch(counts=sums)


@lru_cache(maxsize=4096)
def _places_between(bounds: tuple[float, ...], unit: int) -> tuple[int, ...]:
    """Where what lies between bounds is put: at the geometric middle; below the first one at half of it."""
    edges = [one * unit for one in bounds]
    inner = [sqrt(low * high) if low > 0 else high / 2 for low, high in pairwise(edges)]
    return tuple(place_of(round(one)) for one in (edges[0] / 2, *inner, edges[-1]))


def of_buckets(bounds: Iterable[float], counts: Iterable[int], *, unit: int) -> Sketch:
    """A histogram as a sketch: what a bucket holds stands at its geometric middle, so it is as exact as the bounds.

    `bounds` are in units of `unit` nanoseconds; there is one more count than bounds.
    """
    edges = tuple(bounds)
    sums: dict[int, int] = {}
    for place, count in zip(_places_between(edges, unit), counts, strict=True) if edges else ():
        if count:
            sums[place] = sums.get(place, 0) + count
    return Sketch(counts=sums)


def of_exponential(low: int, scale: int, offset: int, counts: Sequence[int], *, unit: int) -> Sketch:
    """An exponential histogram as a sketch, each bucket at its geometric middle; `low` are those of nothing or less."""
    sums = {_NONE: low} if low else {}
    step, shift = 2.0**-scale, log2(unit)
    for number, count in enumerate(counts, offset):
        if count:
            # Beyond what nanoseconds of 64 bits can say, one place is as good as any.
            place = place_of(round(2.0 ** min((number + 0.5) * step + shift, 63.0)))
            sums[place] = sums.get(place, 0) + count
    return Sketch(counts=sums)
