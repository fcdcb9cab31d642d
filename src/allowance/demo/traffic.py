"""A month of requests, drawn with whole numbers only, so that every machine draws the same ones."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant
from allowance.demo.story import DAYS, END, START

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SEED = 20261101
MINUTES = DAYS * DAY // MINUTE

# Traffic of each hour of the day and of each day of the week (from Monday), as per mille of the mean.
SHOPPERS_BY_HOUR = (
    420, 300, 240, 220, 240, 330, 520, 760, 960, 1100, 1200, 1280,
    1360, 1300, 1220, 1180, 1220, 1340, 1520, 1720, 1800, 1620, 1200, 750,
)  # fmt: skip
SHOPPERS_BY_DAY = (960, 930, 950, 980, 1060, 1120, 1000)
OFFICE_BY_HOUR = (0,) * 6 + (200, 900, 2600, 3000, 3000, 2800, 1800, 2700, 2900, 2500, 1300, 300) + (0,) * 6
OFFICE_BY_DAY = (1400, 1400, 1400, 1400, 1400, 0, 0)


def generator(name: str) -> np.random.Generator:
    """A stream of its own for each file, so that a change of one leaves the others as they are."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def per_minute(
    rng: np.random.Generator, mean_milli: int, by_hour: Sequence[int], by_day: Sequence[int]
) -> Ints:
    """Events in each minute of the month; `mean_milli` is the mean number per minute in thousandths."""
    second = minutes()
    hour, within = second // HOUR % 24, second % HOUR // MINUTE
    hours = np.array(by_hour, dtype=np.int64)
    of_hour = (hours[hour] * (60 - within) + hours[(hour + 1) % 24] * within) // 60
    of_day = np.array(by_day, dtype=np.int64)[(second // DAY + 3) % 7]  # 1970 began on a Thursday
    jitter = rng.integers(800, 1201, MINUTES)
    milli = mean_milli * of_hour // 1000 * of_day // 1000 * jitter // 1000
    return (milli + rng.integers(0, 1000, MINUTES)) // 1000


def instants_ms(rng: np.random.Generator, counts: Ints) -> Ints:
    """One instant (milliseconds since 1970) per event, ascending."""
    minute = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    return np.sort((START + minute * MINUTE) * 1000 + rng.integers(0, MINUTE * 1000, len(minute)))


def during(at_ms: Ints, begin: Instant, end: Instant) -> Flags:
    """Which instants lie in `[begin, end)`."""
    return (at_ms >= begin * 1000) & (at_ms < end * 1000)


def some_of(rng: np.random.Generator, candidates: Flags, count: int) -> Ints:
    """The places of exactly `count` of the candidates (all, where there are fewer), ascending."""
    places = np.flatnonzero(candidates)
    return np.sort(rng.permutation(places)[:count])


def evenly(candidates: Flags, count: int) -> Ints:
    """The places of exactly `count` of the candidates (all, where there are fewer), spread evenly."""
    places = np.flatnonzero(candidates)
    count = min(count, len(places))
    return places[(2 * np.arange(count, dtype=np.int64) + 1) * len(places) // (2 * max(count, 1))]


def tenths(candidates: Flags, share: int) -> Ints:
    """The places of `share` tenths of the candidates, rounded down, spread evenly."""
    return evenly(candidates, int(np.count_nonzero(candidates)) * share // 10)


def pick(rng: np.random.Generator, weights: Sequence[int], count: int) -> Ints:
    """`count` places in a list of weighted choices."""
    table = np.repeat(np.arange(len(weights), dtype=np.int64), np.array(weights))
    return table[rng.integers(0, len(table), count)]


def durations_ms(rng: np.random.Generator, quantiles: Sequence[tuple[int, int]], count: int) -> Ints:
    """Durations that follow (per mille, milliseconds) quantiles, joined by straight lines."""
    table: list[int] = []
    for (low, fast), (high, slow) in pairwise(quantiles):
        table += [fast + (slow - fast) * (place - low) // (high - low) for place in range(low, high)]
    return np.array(table, dtype=np.int64)[rng.integers(0, len(table), count)]


def minutes() -> Ints:
    """The first second of each minute of the month."""
    return np.arange(START, END, MINUTE, dtype=np.int64)
