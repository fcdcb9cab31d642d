"""Collecting: every source is asked for its newest buckets only, and each SLO for its whole window once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

import structlog

from allowance.app.status import STEP, batches, lookback
from allowance.app.threads import in_daemon
from allowance.app.tick import Key
from allowance.contract.model import Contract, Slo
from allowance.contract.source import Pushed, Source
from allowance.core.buckets import Buckets
from allowance.core.problem import Problem, ProblemError
from allowance.core.time import Instant

PATIENCE = 20.0
"""Seconds that a tick waits for its sources: a tick a minute has to be on time, also where one of them hangs."""

log = structlog.get_logger()

One = TypeVar("One")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """What one source gave: gains by (SLO id, group), and what its reader wants to remember.

    A memory is plain values, or has them in two parts as `Stored` does.
    """

    gains: Mapping[Key, Buckets]
    memory: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A memory as a store gives it back. `shape` are plain values: the same object for as long as they are the same.

    `numbers` are what else there is, and may change every minute.
    """

    shape: Any
    numbers: bytes


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


def fingerprint(slo: Slo) -> str:
    """An SLO as it is measured: another indicator or grouping is another measurement."""
    return _printed(_Same(slo))


@dataclass(frozen=True, slots=True, eq=False)
class _Same(Generic[One]):
    """An SLO or a contract as an object, not as a value: equal ones may be written differently."""

    one: One

    def __hash__(self) -> int:
        return id(self.one)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.one is other.one


@lru_cache(maxsize=65_536)
def _printed(same: _Same[Slo]) -> str:
    slo = same.one
    text = f"{slo.id}|{slo.indicator!r}|{slo.group_by!r}"
    return f"{slo.id}#{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def standing_key(source: Source, by: str | None) -> str:
    """The name under which the reading of a source for one grouping is remembered."""
    return hashlib.sha256(f"{source!r}|{by}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What is asked of one source at once: its SLOs with one grouping, also by their fingerprints.

    `name` is the one under which the reading is remembered, `back` how many seconds what is new is counted back.
    """

    name: str
    source: Source
    by: str | None
    slos: Sequence[Slo]
    prints: Mapping[str, Slo]
    back: int


def asked(contract: Contract) -> tuple[Asked, ...]:
    """Everything that a contract asks of its sources; worked out once."""
    return _asked(_Same(contract))


@lru_cache(maxsize=16)
def _asked(same: _Same[Contract]) -> tuple[Asked, ...]:
    return tuple(
        Asked(
            name=standing_key(source, by),
            source=source,
            by=by,
            slos=tuple(slos),
            prints={fingerprint(slo): slo for slo in slos},
            back=lookback(slos, same.one),
        )
        for source, by, slos in batches(same.one, None)
        if source is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A reading that goes on: from where it began, up to where it reads."""

    base: Standing | None
    until: Instant
    answer: Future[Collected]


class Collector:
    """Reads all sources at once. One that is slow keeps its own SLOs waiting and nobody else's.

    What is not back after `patience` seconds goes on in its thread, is not asked a second time meanwhile, and is
    taken at the collection that finds it done.
    """

    def __init__(self, reader: Reader, *, patience: float = PATIENCE) -> None:
        self._reader, self._patience = reader, patience
        self._running: dict[str, _Reading] = {}

    def collect(
        self, contract: Contract, standings: Mapping[str, Standing], *, until: Instant
    ) -> list[Collected]:
        """Read every source up to `until`, a bucket edge. A source that fails spoils only its own SLOs."""
        wanted = {one.name: one for one in asked(contract) if not isinstance(one.source, Pushed)}
        self._running = {
            name: one
            for name, one in self._running.items()
            if name in wanted and one.base == standings.get(name)
        }
        for name, one in wanted.items():
            if name not in self._running:
                self._running[name] = self._begun(one, standings.get(name), until)
        wait([one.answer for one in self._running.values()], timeout=self._patience)
        return [self._taken(name, standings.get(name), until) for name in wanted]

    def _begun(self, asked: Asked, standing: Standing | None, until: Instant) -> _Reading:
        name = asked.name

        def work() -> Collected:
            try:
                return _read(self._reader, asked, standing, until)
            except ProblemError as error:
                return Collected(name=name, standing=standing, problem=error.problems[0])
            except Exception as error:
                log.exception("a source cannot be read", source=name)
                return Collected(name=name, standing=standing, problem=_fault(error))

        return _Reading(base=standing, until=until, answer=in_daemon(f"read-{name}", work))

    def _taken(self, name: str, standing: Standing | None, until: Instant) -> Collected:
        one = self._running[name]
        if not one.answer.done():
            return Collected(name=name, standing=standing, problem=_slow(until - one.until, self._patience))
        return self._running.pop(name).answer.result()


def _slow(since: int, patience: float) -> Problem:
    return Problem(
        code="source-slow",
        message=f"the source has not answered yet, {since + patience:.0f} s after it was asked",
        hint="its answer is taken when it comes; ask it for less, or give it more room",
    )


def _fault(error: Exception) -> Problem:
    return Problem(
        code="source-fault",
        message=f"what the source said could not be read: {type(error).__name__}",
        hint="the log has the details; this is a fault of the program, please report it",
    )


def _read(reader: Reader, asked: Asked, standing: Standing | None, until: Instant) -> Collected:
    source, by, slos = asked.source, asked.by, asked.slos
    prints = asked.prints
    gains: Mapping[Key, Buckets]
    if standing is not None and standing.slos.keys() == prints.keys():
        read = reader(source, slos, by, standing.memory, begin=standing.at, end=until)
        gains, counted = read.gains, standing.slos
    else:
        # The contract has changed here: what is new is counted over all that is asked about, the rest goes on.
        begin = until - asked.back
        read = reader(source, slos, by, None, begin=begin - begin % STEP, end=until)
        known = standing.slos if standing else {}
        fresh = {slo.id for print_, slo in prints.items() if print_ not in known}
        gains = _new(read.gains, fresh, standing.at if standing else until)
        counted = {print_: known.get(print_, until) for print_ in prints}
    return Collected(
        name=asked.name,
        gains=gains,
        standing=Standing(at=until, slos=counted, memory=read.memory),
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
