"""Where a reading of counters stands: a value that goes in and comes out, so that counts can go on from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from allowance.core.duration import DAY
from allowance.core.problem import ProblemError, refuse
from allowance.core.time import Instant

Identity: TypeAlias = tuple[tuple[str, str], ...]
"""What makes a series itself: its labels, sorted, without those that do not count."""

FORGET_INSTANCE = DAY
"""A series is forgotten when its whole instance has been silent for so long; a new start looks back as far."""
FORGET_SERIES = 30 * DAY
"""A series that names no instance is forgotten after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last known value of a counter, and when it was seen."""

    value: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Events that are known and not in any bucket yet: whole ones, and parts of one.

    `part` belongs to the good or bad events. They wait where good (or bad) ran ahead of total, because the two
    were scraped at different moments, and go into the next bucket that has room. `rounded` says that the counters
    do not count in whole numbers.
    """

    total: int = 0
    part: int = 0
    total_fraction: float = 0.0
    part_fraction: float = 0.0
    rounded: bool = False


NOTHING_OWED = Owed()


@dataclass(frozen=True, slots=True, kw_only=True)
class PromState:
    """Everything up to the edge `at` is counted.

    `last` holds by query the series with their last values, `owed` by (SLI name, group) the events that wait.
    """

    at: Instant
    step: int = 60
    by: str | None = None
    last: Mapping[str, Mapping[Identity, Last]] = field(default_factory=dict)
    owed: Mapping[tuple[str, str], Owed] = field(default_factory=dict)


OWED = np.dtype(
    [
        ("total", "<i8"),
        ("part", "<i8"),
        ("total_fraction", "<f8"),
        ("part_fraction", "<f8"),
        ("rounded", "?"),
    ]
)
"""`Owed` as a row of an array."""


def row_of(owed: Owed) -> tuple[int, int, float, float, bool]:
    """A debt as such a row."""
    return owed.total, owed.part, owed.total_fraction, owed.part_fraction, owed.rounded


def owed_of(row: tuple[int, int, float, float, bool]) -> Owed:
    """A debt of such a row."""
    total, part, total_fraction, part_fraction, rounded = row
    return Owed(
        total=total,
        part=part,
        total_fraction=total_fraction,
        part_fraction=part_fraction,
        rounded=rounded,
    )


def from_json(raw: Any) -> PromState:
    """A state as the first version stored it. Errors: `Problem` `prom-state`; then a fresh start is the way."""
    try:
        if raw["version"] != 1 or raw["step"] <= 0 or raw["at"] % raw["step"]:
            raise ValueError("not a state of this version")
        return PromState(
            at=int(raw["at"]),
            step=int(raw["step"]),
            by=None if raw["by"] is None else str(raw["by"]),
            last={
                str(query): {
                    tuple(sorted((str(name), str(text)) for name, text in labels.items())): Last(
                        value=float(value), at=float(at)
                    )
                    for labels, value, at in series
                }
                for query, series in raw["last"].items()
            },
            owed={
                (str(name), str(group)): Owed(
                    total=int(total),
                    part=int(part),
                    total_fraction=float(one),
                    part_fraction=float(two),
                    rounded=bool(rounded),
                )
                for name, group, total, part, one, two, rounded in raw["owed"]
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError):
        raise unusable() from None


def unusable() -> ProblemError:
    """What to say of a stored state that is none."""
    return refuse(
        "prom-state", "the stored state of a reading cannot be used", hint="start it anew from an instant"
    )


def instance_of(identity: Identity) -> Identity:
    """The labels `job` and `instance`, where a series has both, else nothing."""
    found = tuple((name, text) for name, text in identity if name in ("instance", "job") and text)
    return found if len(found) == 2 else ()


def remembered(series: Mapping[Identity, Last], *, now: Instant) -> dict[Identity, Last]:
    """Those series that are worth knowing at `now`."""
    if all(now - last.at <= FORGET_INSTANCE for last in series.values()):
        return dict(series)
    heard: dict[Identity, float] = {}
    for identity, last in series.items():
        instance = instance_of(identity)
        heard[instance] = max(heard.get(instance, last.at), last.at)
    kept: dict[Identity, Last] = {}
    for identity, last in series.items():
        instance = instance_of(identity)
        silent = now - (heard[instance] if instance else last.at)
        if silent <= (FORGET_INSTANCE if instance else FORGET_SERIES):
            kept[identity] = last
    return kept
