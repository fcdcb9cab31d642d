"""How numbers are written for people and for machines; rounding happens here and nowhere before."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from allowance.core.buckets import Ints
from allowance.core.counts import NoData
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.time import Instant, iso

NO_DATA_WORD = "no data"


def machine(value: Fraction | int | NoData | None) -> float | None:
    """The nearest double, or nothing where there is no data: never NaN, never infinity."""
    return None if value is None or isinstance(value, NoData) else float(value)


EXACT = 2**53
"""Up to here a double holds every integer."""


def machines(over: Ints, under: Ints) -> list[float | None]:
    """`machine` of many ratios of integers; nothing where the lower one is 0."""
    asked = np.flatnonzero(under)
    found: list[float | None] = [None] * len(under)
    top, bottom = over[asked], under[asked]
    if not len(asked):
        return found
    if max(int(abs(top).max()), int(abs(bottom).max())) <= EXACT:
        values = (top.astype(float) / bottom.astype(float)).tolist()
    else:  # Python's own division of integers gives the nearest double, whatever their size
        values = [one / other for one, other in zip(top.tolist(), bottom.tolist(), strict=True)]
    for place, value in zip(asked.tolist(), values, strict=True):
        found[place] = value
    return found


def exact(value: Fraction) -> str:
    """A decimal in text, exact to twelve places."""
    return decimal_text(value)


def percent(value: Fraction | NoData, places: int = 1) -> str:
    """`20.4 %`, or `no data`."""
    return NO_DATA_WORD if isinstance(value, NoData) else percent_text(value, places)


def decimals(target: Fraction) -> int:
    """How many decimals a target has, as percent: 99.9 % has one."""
    _, _, tail = decimal_text(target * 100).partition(".")
    return len(tail)


def whole(value: int) -> str:
    """`10 049`, with a narrow no-break space between groups of digits."""
    return f"{value:,}".replace(",", "\u202f")


def amount(value: Fraction) -> str:
    """A number of events that may be a fraction: `10.05`, `1 240`."""
    if value.denominator == 1 or abs(value) >= 100:
        return whole(round(value))
    return decimal_text(value, 2)


def duration(seconds: Fraction | int) -> str:
    """Seconds as people say them: `40 min 19 s`, `3 d 4 h`."""
    rest = round(seconds)
    if rest < 0:
        return f"-{duration(-rest)}"
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def moment(instant: Instant) -> str:
    """`2026-11-21 14:05` in UTC, with seconds only where there are any: for tables."""
    return iso(instant).replace("T", " ").removesuffix("Z").removesuffix(":00")
