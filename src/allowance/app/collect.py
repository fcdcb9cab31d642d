"""Collecting: every source is asked for its newest buckets only, and each SLO for its whole window once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from allowance.app.status import STEP, batches, lookback
from allowance.app.tick import Key
from allowance.contract.model import Contract, Slo
from allowance.contract.source import Pushed, Source
from allowance.core.buckets import Buckets
from allowance.core.problem import Problem, ProblemError
from allowance.core.time import Instant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """What one source gave: gains by (SLO id, group), and what its reader wants to remember."""

    gains: Mapping[Key, Buckets]
    memory: Any
    notes: tuple[Problem, ...] = ()


class Reader(Protocol):
    """Reads `[begin, end)` of a source for some SLOs; `memory` is what it said the last time (none at first)."""

    def __call__(
        self,
        source: Source,
        slos: Sequence[Slo],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the reading of one source stands: everything before `at` is counted for `slos`.

    `slos` maps fingerprints to the instant at which their counting began; both together name a stored series, so
    that an SLO that is measured anew never adds to its former counts.
    """

    at: Instant
    slos: Mapping[str, Instant]
    memory: Any

    def name_of(self, slo: Slo) -> str | None:
        """The name under which the counts of an SLO are stored; none where it is not read here."""
        print_ = fingerprint(slo)
        return f"{print_}@{self.slos[print_]}" if print_ in self.slos else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Collected:
    """One source after a collection; `problem` where it could not be read, and then nothing has changed."""

    name: str
    gains: Mapping[Key, Buckets] = field(default_factory=dict)
    standing: Standing | None = None
    problem: Problem | None = None
    notes: tuple[Problem, ...] = ()


def fingerprint(slo: Slo) -> str:
    """An SLO as it is measured: another indicator or grouping is another measurement."""
    text = f"{slo.id}|{slo.indicator!r}|{slo.group_by!r}"
    return f"{slo.id}#{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def standing_key(source: Source, by: str | None) -> str:
    """The name under which the reading of a source for one grouping is remembered."""
    return hashlib.sha256(f"{source!r}|{by}".encode()).hexdigest()[:16]


def collect(
    contract: Contract, reader: Reader, standings: Mapping[str, Standing], *, until: Instant
) -> list[Collected]:
    """Read every source up to `until`, a bucket edge. A source that fails spoils only its own SLOs."""
    found = []
    for source, by, slos in batches(contract, None):
        if source is None or isinstance(source, Pushed):
            continue
        name = standing_key(source, by)
        try:
            found.append(_read(reader, name, source, by, slos, standings.get(name), until))
        except ProblemError as error:
            found.append(Collected(name=name, standing=standings.get(name), problem=error.problems[0]))
    return found


def _read(
    reader: Reader,
    name: str,
    source: Source,
    by: str | None,
    slos: Sequence[Slo],
    standing: Standing | None,
    until: Instant,
) -> Collected:
    prints = {fingerprint(slo): slo for slo in slos}
    if standing is not None and set(standing.slos) == set(prints):
        read = reader(source, slos, by, standing.memory, begin=standing.at, end=until)
        gains, counted = dict(read.gains), standing.slos
    else:
        # The contract has changed here: what is new is counted over its whole window, the rest goes on.
        begin = until - lookback(slos)
        read = reader(source, slos, by, None, begin=begin - begin % STEP, end=until)
        known = standing.slos if standing else {}
        fresh = {slo.id for print_, slo in prints.items() if print_ not in known}
        gains = _new(read.gains, fresh, standing.at if standing else until)
        counted = {print_: known.get(print_, until) for print_ in prints}
    return Collected(
        name=name,
        gains=gains,
        standing=Standing(at=until, slos=counted, memory=read.memory),
        notes=read.notes,
    )


def _new(gains: Mapping[Key, Buckets], fresh: set[str], counted_to: Instant) -> dict[Key, Buckets]:
    """All buckets of what is new; of what was counted already, only the buckets after it."""
    found = {}
    for key, buckets in gains.items():
        if key[0] in fresh:
            found[key] = buckets
        else:
            low = max(0, -(-(counted_to - buckets.start) // buckets.step))
            found[key] = Buckets(
                start=buckets.start + low * buckets.step,
                step=buckets.step,
                good=buckets.good[low:],
                total=buckets.total[low:],
            )
    return found
