"""The newest bucket of counters, in plain numbers: what `prom_counts` says of it, without an array for each series."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allowance.core.problem import refuse
from allowance.signals.prom_answer import Listed
from allowance.signals.prom_counts import EXACT_FLOAT, NEAR, Part, Witnesses
from allowance.signals.prom_state import Identity, Last, Owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What one series adds in one bucket; `birth` is its first value where it was not known before."""

    identity: Identity
    amounts: tuple[float, ...]
    first: float
    last: Last
    birth: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rises:
    """What all series of one selector add in one bucket, as `prom_counts.Gains`."""

    series: tuple[Rise, ...]
    samples: int = 0
    falls: int = 0
    dropped: int = 0


def rises(series: Iterable[Listed], known: Mapping[Identity, Last], ignoring: frozenset[str]) -> Rises:
    """The increments of counters whose samples all lie in one bucket: `prom_counts.gains` of one step."""
    found: list[Rise] = []
    dropped = samples = falls = 0
    for identity, one in _merged(series, ignoring):
        at, values = one.at, one.values
        usable = [n for n, value in enumerate(values) if 0 <= value <= EXACT_FLOAT]
        if len(usable) != len(values):
            dropped += sum(not math.isnan(value) for value in values) - len(usable)
            at, values = [at[n] for n in usable], [values[n] for n in usable]
        if not values:
            continue
        samples += len(values)
        last = known.get(identity)
        before, amounts = values[0] if last is None else last.value, []
        for n, value in enumerate(values):
            rise = value - before
            falls += rise < 0 and n > 0
            amount = value if rise < 0 else rise
            if amount > 0:
                amounts.append(amount)
            before = value
        found.append(
            Rise(
                identity=identity,
                amounts=tuple(amounts),
                first=at[0],
                last=Last(value=values[-1], at=at[-1]),
                birth=values[0] if last is None else None,
            )
        )
    return Rises(series=tuple(found), samples=samples, falls=falls, dropped=dropped)


def _merged(series: Iterable[Listed], ignoring: frozenset[str]) -> list[tuple[Identity, Listed]]:
    parts: dict[Identity, Listed] = {}
    for one in series:
        pairs = [pair for pair in one.labels.items() if pair[1] and pair[0] not in ignoring]
        identity = tuple(sorted(pairs))
        same = parts.get(identity)
        if same is not None:
            first = dict(
                zip(reversed([*same.at, *one.at]), reversed([*same.values, *one.values]), strict=True)
            )
            at = sorted(first)
            one = Listed(labels=same.labels, at=at, values=[first[instant] for instant in at])
        parts[identity] = one
    return sorted(parts.items(), key=lambda part: part[0])


def added(terms: Sequence[tuple[int, Rises]], seen: Witnesses | None, by: str | None) -> dict[str, float]:
    """Events of the bucket by group, added up in the order of `prom_counts.sums`; `seen` where one is born."""
    groups: dict[str, float] = {}
    for sign, found in terms:
        for one in found.series:
            group = next((text for name, text in one.identity if name == by), "") if by else ""
            events = groups.get(group, 0.0)
            for amount in one.amounts:
                events += amount * sign
            if one.birth and seen is not None and seen.earliest(one.identity) < one.first:
                events += one.birth * sign
            groups[group] = events
    return groups


def witnesses(
    total: Iterable[tuple[Rises, Mapping[Identity, Last]]], constrained: frozenset[str]
) -> Witnesses:
    """As `prom_counts.witnesses`."""
    found = Witnesses(constrained=constrained)
    for risen, known in total:
        for one in risen.series:
            found.see(one.identity, one.first)
        for identity in known:
            found.see(identity, -math.inf)
    return found


def settled(total: float, part: float, part_is: Part, owed: Owed) -> tuple[int, int, Owed]:
    """(good, total, owed) of one bucket: `prom_counts.settle` in plain numbers."""
    whole_total, total_fraction, total_rounded = _whole(total, owed.total_fraction)
    whole_part, part_fraction, part_rounded = _whole(part, owed.part_fraction)
    events, owed_total = _within(whole_total, None, owed.total)
    parts, owed_part = _within(whole_part, events, owed.part)
    left = Owed(
        total=owed_total,
        part=owed_part,
        total_fraction=total_fraction,
        part_fraction=part_fraction,
        rounded=owed.rounded or total_rounded or part_rounded,
    )
    return parts if part_is == "good" else events - parts, events, left


def _whole(value: float, fraction: float) -> tuple[int, float, bool]:
    if abs(value) > 2.0**62:
        raise refuse("prom-counts", "the counts are too large to be counts of events", hint="check the query")
    near = round(value)
    if abs(fraction) <= NEAR and abs(value - near) <= NEAR:
        return near, 0.0, False
    running = value + fraction
    rounded = round(running)
    return rounded, running - rounded, True


def _within(value: int, most: int | None, waiting: int) -> tuple[int, int]:
    waiting += value
    taken = max(waiting, 0) if most is None else min(max(waiting, 0), most)
    return taken, waiting - taken
