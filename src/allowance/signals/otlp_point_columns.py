"""Metric points in columns: what differs from point to point as arrays, what repeats as numbers of what was read once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from allowance.signals.otlp_columns import Instants
from allowance.signals.otlp_points import About, Explicit, Number, Point

Ints: TypeAlias = NDArray[np.int64]
Levels: TypeAlias = Ints | NDArray[np.float64]

_WHOLE = 1e-6
_EXACT = 2.0**52
"""Above it not every whole number is a float of its own."""
_KEYS = np.dtype([("digest", "V16"), ("start", ">u8"), ("time", ">u8")])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns(Sequence[Point]):
    """Points of one metric from one sender; as a sequence, they are points like any others.

    `slots` say which of `abouts` a point says of itself. `abouts` belongs to the reader, which adds to it; a number
    stands for the same `About` as long as the list lives.
    """

    starts: Instants
    times: Instants
    slots: Ints
    abouts: Sequence[About]

    def __len__(self) -> int:
        return len(self.slots)

    @overload
    def __getitem__(self, place: int) -> Point: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Point]: ...

    def __getitem__(self, place: int | slice) -> Point | Sequence[Point]:
        return self._point(place) if isinstance(place, int) else [*self][place]

    def __iter__(self) -> Iterator[Point]:
        return map(self._point, range(len(self)))

    @abstractmethod
    def _point(self, place: int) -> Point:
        """A point by itself."""

    @abstractmethod
    def events(self) -> Ints | None:
        """How many events each point stands for; None where some do not count whole ones, or too many."""

    @abstractmethod
    def levels(self) -> tuple[Levels, Ints, tuple[float, ...] | None]:
        """Values or observations, observations by bucket, and bounds; None for what has no buckets."""

    @abstractmethod
    def at_levels(self, totals: Levels, counts: Ints) -> Columns:
        """The same points with other numbers."""

    @abstractmethod
    def summed(self, place: int, events: int, counts: Ints) -> Point:
        """One point for many like that at a place: what they stand for, and the sums of their `buckets`."""

    @property
    @abstractmethod
    def buckets(self) -> Ints:
        """Observations by point and bucket; without columns where there are no buckets."""

    def digests(self) -> bytes:
        """What tells apart what the points say, 16 bytes each."""
        abouts = self.abouts
        return b"".join([abouts[slot].digest for slot in self.slots.tolist()])

    def keys(self) -> list[bytes]:
        """By which each delta is known when it comes again: digest, start and time."""
        found = np.empty(len(self), _KEYS)
        found["digest"] = np.frombuffer(self.digests(), "V16")
        found["start"], found["time"] = self.starts, self.times
        keys: list[bytes] = found.view("V32").tolist()
        return keys


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers(Columns):
    """Points of a sum or a gauge."""

    values: Levels

    def _point(self, place: int) -> Number:
        about = self.abouts[int(self.slots[place])]
        return Number(about, int(self.starts[place]), int(self.times[place]), self.values[place].item())

    def events(self) -> Ints | None:
        values = self.values
        if values.dtype == np.int64:
            fits = values.min() >= 0 and int(values.max()) < 2**62 // len(values)
            return values.astype(np.int64, copy=False) if fits else None
        if not np.isfinite(values).all() or values.min() < 0 or values.max() >= _EXACT / len(values):
            return None
        near = np.rint(values)
        whole = np.abs(values - near) <= _WHOLE * np.maximum(1, near)
        return near.astype(np.int64) if whole.all() else None

    def levels(self) -> tuple[Levels, Ints, None]:
        return self.values, self.buckets, None

    def at_levels(self, totals: Levels, counts: Ints) -> Numbers:
        return replace(self, values=totals)

    def summed(self, place: int, events: int, counts: Ints) -> Number:
        return Number(
            self.abouts[int(self.slots[place])], int(self.starts[place]), int(self.times[place]), events
        )

    @property
    def buckets(self) -> Ints:
        return np.zeros((len(self), 0), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explicits(Columns):
    """Points of histograms with the same bounds, whose `counts` (by point and bucket) add up to their `totals`."""

    totals: Ints
    counts: Ints
    bounds: tuple[float, ...]

    def _point(self, place: int) -> Explicit:
        counts = tuple(self.counts[place].tolist())
        return Explicit(*self._about(place), int(self.totals[place]), counts, self.bounds)

    def _about(self, place: int) -> tuple[About, int, int]:
        return self.abouts[int(self.slots[place])], int(self.starts[place]), int(self.times[place])

    def events(self) -> Ints | None:
        return self.totals

    def levels(self) -> tuple[Levels, Ints, tuple[float, ...]]:
        return self.totals, self.counts, self.bounds

    def at_levels(self, totals: Levels, counts: Ints) -> Explicits:
        return replace(self, totals=totals.astype(np.int64), counts=counts)

    def summed(self, place: int, events: int, counts: Ints) -> Explicit:
        return Explicit(*self._about(place), events, tuple(counts.tolist()), self.bounds)

    @property
    def buckets(self) -> Ints:
        return self.counts


def sums(points: Columns, alike: Ints, events: Ints) -> Iterator[tuple[int, int, Point]]:
    """Points with the same number in `alike` become one: the number, how many they are, and their sum.

    `events` are what each stands for.
    """
    order = np.argsort(alike, kind="stable")
    sorted_ = alike[order]
    begins = np.flatnonzero(np.concatenate(([True], sorted_[1:] != sorted_[:-1])))
    sizes = np.diff(np.append(begins, len(order)))
    totals = np.add.reduceat(events[order], begins)
    counts = points.buckets
    counts = np.add.reduceat(counts[order], begins, axis=0) if counts.shape[1] else counts[begins]
    rows = zip(sorted_[begins].tolist(), sizes.tolist(), order[begins].tolist(), totals.tolist(), strict=True)
    for (value, size, place, total), row in zip(rows, counts, strict=True):
        yield value, size, points.summed(place, total, row)
