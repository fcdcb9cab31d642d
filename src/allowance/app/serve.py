"""The live loop: collect, count, evaluate, plan, record; one durable transaction per tick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from allowance.alerting.alert import Mute, Muted, Notice
from allowance.alerting.lifecycle import Life
from allowance.alerting.plan import Settings
from allowance.app.collect import Collected, Reader, Standing, collect
from allowance.app.status import STEP, lookback
from allowance.app.tick import Key, Tick, gained, tick
from allowance.contract.model import Contract
from allowance.core.buckets import Buckets
from allowance.core.problem import Problem
from allowance.core.time import Instant

MOST_TICKS = 1440
"""After a longer sleep than a day of minutes only the newest instants are caught up with."""

LAST_TICK = "tick"
"""The name under which the store remembers the newest tick."""


class Transaction(Protocol):
    """What a tick writes, all or nothing."""

    def add(self, at: Instant, buckets: Mapping[Key, Buckets]) -> None: ...
    def save_reading(self, source: str, read_to: Instant, body: Any) -> None: ...
    def save_lives(self, lives: Mapping[str, Life]) -> None: ...
    def tell(
        self, notices: Sequence[Notice], channels: Mapping[str, Sequence[str]], *, now: Instant
    ) -> None: ...
    def log(self, notices: Sequence[Notice], muted: Sequence[Muted], *, now: Instant) -> None: ...


class Keeps(Protocol):
    """What the loop needs of a store."""

    def writing(self) -> AbstractContextManager[Transaction]: ...
    def history(self, step: int, since: Instant) -> dict[Key, Buckets]: ...
    def lives(self) -> dict[str, Life]: ...
    def readings(self) -> dict[str, tuple[Instant, Any]]: ...
    def mutes(self, *, now: Instant) -> tuple[Mute, ...]: ...


class Door(Protocol):
    """A way in for telemetry that is sent to us; what it hands over is durable already."""

    def series(self, slo_id: str) -> str | None: ...
    def take(self) -> Mapping[Key, Buckets]: ...


Targets = Callable[[Notice, Instant], Sequence[str]]
"""Which channels are told of a notice."""


@dataclass(slots=True, kw_only=True)
class Loop:
    """The running state: rebuilt from the store at any time by `start`.

    `after` is told of every tick once it is recorded; what it does must bear being done again.
    """

    contract: Contract
    store: Keeps
    reader: Reader
    targets: Targets
    settings: Settings
    doors: Sequence[Door] = ()
    after: Sequence[Callable[[Tick], None]] = ()
    histories: dict[Key, Buckets] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    last: Instant | None = None
    now: Tick | None = None
    problems: dict[str, Problem] = field(default_factory=dict)

    def start(self, *, now: Instant) -> None:
        """Take up where the store says the last tick was."""
        readings = self.store.readings()
        self.last = readings.pop(LAST_TICK, (None, None))[0]
        self.standings = {
            name: Standing(at=at, slos=body["slos"], memory=body["memory"])
            for name, (at, body) in readings.items()
        }
        self.lives = self.store.lives()
        series = self._series()
        since = now - 2 * lookback(self.contract.slos)
        for (name, group), buckets in self.store.history(STEP, since).items():
            if name in series:
                self.histories[series[name], group] = buckets
        if self.last is not None:
            self.now = self._judged(self.last)

    def advance(self, *, now: Instant) -> list[Tick]:
        """Collect up to the newest edge at or before `now`, and take every tick that is due."""
        until = now - now % STEP
        if self.last is not None and until <= self.last:
            return []
        collected = collect(self.contract, self.reader, self.standings, until=until)
        self.problems = {one.name: one.problem for one in collected if one.problem is not None}
        for one in collected:
            if one.standing is not None:
                self.standings[one.name] = one.standing
            self.histories = gained(self.histories, one.gains)
        for door in self.doors:
            self.histories = gained(self.histories, door.take())
        first = until if self.last is None else max(self.last + STEP, until - MOST_TICKS * STEP)
        ticks = [self._tick(at, collected if at == first else []) for at in range(first, until + 1, STEP)]
        self.now = ticks[-1]
        return ticks

    def _tick(self, at: Instant, collected: Sequence[Collected]) -> Tick:
        found = self._judged(at)
        names = {slo: name for name, slo in self._series().items()}
        with self.store.writing() as transaction:
            for one in collected:
                gains = {(names[slo], group): b for (slo, group), b in one.gains.items() if slo in names}
                transaction.add(at, gains)
                if one.standing is not None and one.problem is None:
                    body = {"slos": dict(one.standing.slos), "memory": one.standing.memory}
                    transaction.save_reading(one.name, one.standing.at, body)
            channels = {n.key: self.targets(n, at) for n in found.plan.notices}
            transaction.tell(found.plan.notices, channels, now=at)
            transaction.log(found.plan.notices, found.plan.muted, now=at)
            transaction.save_lives(found.plan.lives)
            transaction.save_reading(LAST_TICK, at, None)
        self.lives = found.plan.lives
        self.last = at
        for step in self.after:
            step(found)
        return found

    def _judged(self, at: Instant) -> Tick:
        mutes = self.store.mutes(now=at)
        return tick(self.contract.slos, self.histories, self.lives, mutes, self.settings, now=at)

    def _series(self) -> dict[str, str]:
        """Stored name -> SLO id, for what is counted now."""
        found = {}
        for slo in self.contract.slos:
            for standing in self.standings.values():
                name = standing.name_of(slo)
                if name is not None:
                    found[name] = slo.id
            for door in self.doors:
                if (received := door.series(slo.id)) is not None:
                    found[received] = slo.id
        return found
