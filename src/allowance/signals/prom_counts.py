"""Values of counters to counts of events per bucket: increments, resets, births, whole numbers, good <= total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from allowance.core.buckets import Ints
from allowance.core.problem import refuse
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats, Series
from allowance.signals.prom_state import NOTHING_OWED, Identity, Last, Owed, instance_of

EXACT_FLOAT = 2.0**53
"""Above it, a floating-point counter no longer holds every whole number."""
NEAR = 1e-6
"""So close to a whole number, an increment is one."""

Part: TypeAlias = Literal["good", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gain:
    """What one series adds: `amounts` in the buckets `places` of a span.

    `birth` is the bucket and the value of a first sample, which counts only if its instance was known before
    `first`. `last` is where the series stands at the end.
    """

    identity: Identity
    places: Ints
    amounts: Floats
    first: float
    last: Last
    birth: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gains:
    """What all series of one selector add, in order of identity.

    Of `samples`, `dropped` more could not be a counter's (negative, infinite), and at `falls` a value was below
    the one before.
    """

    series: tuple[Gain, ...]
    samples: int = 0
    falls: int = 0
    dropped: int = 0


def identity_of(labels: Mapping[str, str], ignoring: frozenset[str] = frozenset()) -> Identity:
    """The labels of a series, sorted, without empty ones and without those to ignore."""
    return tuple(sorted((name, text) for name, text in labels.items() if text and name not in ignoring))


def gains(
    series: Iterable[Series],
    known: Mapping[Identity, Last],
    span: Span,
    step: int,
    ignoring: frozenset[str] = frozenset(),
) -> Gains:
    """The increments of counters whose samples lie in `(span.begin, span.end]`.

    A sample at T tells what happened up to T, so an increment belongs to the bucket that ends at T or next
    after it. A value below the one before is a reset: the counter began again at 0. Through a gap the last known
    value is carried, so that no increment is lost. `known` are the last values before the span.
    """
    found: list[Gain] = []
    dropped = samples = falls = 0
    for identity, at, values in _merged(series, ignoring):
        usable = (values >= 0) & (values <= EXACT_FLOAT)
        dropped += int(np.count_nonzero(~usable & ~np.isnan(values)))
        usable &= (at > span.begin) & (at <= span.end)
        if not usable.all():
            at, values = at[usable], values[usable]
        if at.size:
            samples += at.size
            falls += int(np.count_nonzero(values[1:] < values[:-1]))
            found.append(_gain(identity, at, values, known.get(identity), span, step))
    return Gains(series=tuple(found), samples=samples, falls=falls, dropped=dropped)


def _merged(series: Iterable[Series], ignoring: frozenset[str]) -> list[tuple[Identity, Floats, Floats]]:
    parts: dict[Identity, list[Series]] = {}
    for one in series:
        parts.setdefault(identity_of(one.labels, ignoring), []).append(one)
    merged = []
    for identity, same in sorted(parts.items()):
        at, values = same[0].at, same[0].values
        if len(same) > 1:
            at, values = (np.concatenate([getattr(one, name) for one in same]) for name in ("at", "values"))
            at, first = np.unique(at, return_index=True)
            values = values[first]
        merged.append((identity, at, values))
    return merged


def _gain(identity: Identity, at: Floats, values: Floats, known: Last | None, span: Span, step: int) -> Gain:
    rise = np.empty_like(values)
    rise[0] = 0.0 if known is None else values[0] - known.value
    np.subtract(values[1:], values[:-1], out=rise[1:])
    amounts = np.where(rise < 0, values, rise)
    places = np.ceil((at - span.begin) / step).astype(np.int64) - 1
    birth = (int(places[0]), float(values[0])) if known is None else None
    kept = amounts > 0
    return Gain(
        identity=identity,
        places=places[kept],
        amounts=amounts[kept],
        birth=birth,
        first=float(at[0]),
        last=Last(value=float(values[-1]), at=float(at[-1])),
    )


@dataclass(slots=True)
class Witnesses:
    """Who was seen when, among the series of a total query: they vouch for series that are born beside them."""

    constrained: frozenset[str]
    instances: dict[Identity, float] = field(default_factory=dict)
    others: dict[Identity, float] = field(default_factory=dict)
    _index: dict[frozenset[str], tuple[set[frozenset[str]], dict[Identity, float]]] = field(
        default_factory=dict
    )

    def see(self, identity: Identity, at: float) -> None:
        """A series of the total query that was seen at `at`."""
        instance = instance_of(identity)
        seen, key = (self.instances, instance) if instance else (self.others, identity)
        seen[key] = min(seen.get(key, at), at)

    def earliest(self, identity: Identity) -> float:
        """When the instance of a series was first seen: infinity if never.

        The instance is `job` and `instance`. Without them a series vouches for those that agree with it in all
        labels that both have, leaving out the labels on which a query puts a condition.
        """
        instance = instance_of(identity)
        if instance and instance in self.instances:
            return self.instances[instance]
        names = frozenset(name for name, _ in identity) - self.constrained - {"__name__"}
        if names not in self._index:
            self._index[names] = self._indexed(names)
        commons, seen = self._index[names]
        keys = (tuple(pair for pair in identity if pair[0] in common) for common in commons)
        return min((seen.get(key, np.inf) for key in keys), default=np.inf)

    def _indexed(self, names: frozenset[str]) -> tuple[set[frozenset[str]], dict[Identity, float]]:
        """Which of the names the others have, and by those labels when they were first seen."""
        seen: dict[Identity, float] = {}
        for other, at in self.others.items():
            key = tuple(pair for pair in other if pair[0] in names)
            seen[key] = min(seen.get(key, at), at)
        return {frozenset(name for name, _ in key) for key in seen}, seen


def witnesses(
    total: Iterable[tuple[Gains, Mapping[Identity, Last]]], constrained: frozenset[str]
) -> Witnesses:
    """The series of a total query: those known before the span were seen for ever."""
    found = Witnesses(constrained=constrained)
    for gained, known in total:
        for gain in gained.series:
            found.see(gain.identity, gain.first)
        for identity in known:
            found.see(identity, -np.inf)
    return found


def sums(
    terms: Sequence[tuple[int, Gains]],
    seen: Witnesses,
    buckets: int,
    by: str | None,
) -> dict[str, Floats]:
    """Events per bucket by group: the signed sum of what the series of all terms add.

    A series that is born counts with its first value if its instance was seen before: an error series
    appears with its first error. An instance never seen before may have counted for weeks: its first value
    adds nothing.
    """
    groups: dict[str, tuple[list[Ints], list[Floats]]] = {}
    for sign, found in terms:
        for gain in found.series:
            places, amounts = groups.setdefault(_group(gain.identity, by), ([], []))
            places.append(gain.places)
            amounts.append(gain.amounts * sign)
            if gain.birth and seen.earliest(gain.identity) < gain.first:
                places.append(np.array([gain.birth[0]]))
                amounts.append(np.array([gain.birth[1] * sign]))
    added: dict[str, Floats] = {}
    for group, (where, what) in groups.items():
        weights = np.concatenate(what)
        added[group] = np.bincount(np.concatenate(where), weights, minlength=buckets).astype(np.float64)
    return added


def _group(identity: Identity, by: str | None) -> str:
    return next((text for name, text in identity if name == by), "")


def whole(values: Floats, fraction: float) -> tuple[Ints, float, bool]:
    """Events per bucket as whole numbers, the part of an event that is left over, and whether any was rounded.

    Values within `NEAR` of whole numbers are those. Others are rounded so that every running sum is the nearest
    whole number (half to even): nothing is lost over time.
    """
    if values.size and float(np.abs(values).sum()) > 2.0**62:
        raise refuse("prom-counts", "the counts are too large to be counts of events", hint="check the query")
    near = np.rint(values)
    if abs(fraction) <= NEAR and bool(np.all(np.abs(values - near) <= NEAR)):
        return near.astype(np.int64), 0.0, False
    running = np.concatenate(([0.0], np.cumsum(values) + fraction))
    rounded = np.rint(running)
    return np.diff(rounded).astype(np.int64), float(running[-1] - rounded[-1]), True


def settle(total: Floats, part: Floats, part_is: Part, owed: Owed = NOTHING_OWED) -> tuple[Ints, Ints, Owed]:
    """(good, total, owed): whole numbers with 0 <= good <= total in every bucket.

    Where good (or bad) runs ahead of total, the surplus waits for the next bucket with room, so that sums
    over time stay what was counted; what still waits at the end is in `owed`.
    """
    totals, total_fraction, total_rounded = whole(total, owed.total_fraction)
    parts, part_fraction, part_rounded = whole(part, owed.part_fraction)
    totals, owed_total = _within(totals, None, owed.total)
    parts, owed_part = _within(parts, totals, owed.part)
    good = parts if part_is == "good" else totals - parts
    left = Owed(
        total=owed_total,
        part=owed_part,
        total_fraction=total_fraction,
        part_fraction=part_fraction,
        rounded=owed.rounded or total_rounded or part_rounded,
    )
    return good, totals, left


def _within(values: Ints, most: Ints | None, waiting: int) -> tuple[Ints, int]:
    """Values between 0 and `most`; what does not fit is carried to the next place."""
    if not waiting and not np.any(values < 0) and (most is None or not np.any(values > most)):
        return values, 0
    room = [None] * len(values) if most is None else most.tolist()
    fitted: list[int] = []
    for value, limit in zip(values.tolist(), room, strict=True):
        waiting += value
        taken = max(waiting, 0) if limit is None else min(max(waiting, 0), limit)
        fitted.append(taken)
        waiting -= taken
    return np.array(fitted, dtype=np.int64), waiting
