"""The live loop: collect, count, evaluate, plan, record; one durable transaction per tick."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from allowance.alerting.alert import Mute, Notice
from allowance.alerting.away import as_notice, away, missed, summary
from allowance.alerting.lifecycle import Life
from allowance.alerting.mute import maintenance_of
from allowance.alerting.plan import Context, DeploysOf, Settings, context_of, no_deploys
from allowance.app.backfill import PREFIX, Backfill
from allowance.app.collect import PATIENCE, Collector, Reader, Standing
from allowance.app.detected import with_detection
from allowance.app.feeds import feeds
from allowance.app.recording import Door, Recording, standing_of
from allowance.app.status import STEP, kept
from allowance.app.steady import stands_behind
from allowance.app.storing import Keeps, TornTotals
from allowance.app.tick import Corrections, Key, Tick
from allowance.app.watch import Totals, Watch
from allowance.budget.budget import Windowed
from allowance.budget.marks import Mark, Signs
from allowance.contract.model import Contract
from allowance.core.buckets import Buckets
from allowance.core.duration import MINUTE
from allowance.core.problem import Problem
from allowance.core.time import Instant

TOGETHER = 64
"""Gains are read so many at a time."""

REST = 10 * MINUTE
"""Every so often there is a rest."""

MOST_TICKS = 1440
"""After a longer sleep than a day of minutes only the newest instants are caught up with."""

CLOCK = "clock"
"""The name under which `problems` says that the clock stands wrong."""

LAST_TICK = "tick"
"""The name under which the store remembers the newest tick."""


Targets = Callable[[Notice, Instant], Sequence[str]]
"""Which channels are told of a notice."""


@dataclass(slots=True, kw_only=True)
class Loop:
    """The running state: rebuilt from the store at any time by `start`.

    One process calls `advance`. Others on the same store call `follow`, and know what it knows. `after` is told of
    every tick once it is recorded; what it does must bear being done again. `epochs` says by SLO from when its budget
    counts, `corrections` what of it does not count as it was counted. `deploys` are those of a service in `[begin, end)`.
    """

    contract: Contract
    store: Keeps
    reader: Reader
    targets: Targets
    settings: Settings
    doors: Sequence[Door] = ()
    after: Sequence[Callable[[Tick], None]] = ()
    epochs: Callable[[], Mapping[str, Instant]] = dict
    corrections: Callable[[], Corrections] = dict
    deploys: DeploysOf = no_deploys
    standings: dict[str, Standing] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    last: Instant | None = None
    now: Tick | None = None
    problems: dict[str, Problem] = field(default_factory=dict)
    patience: float = PATIENCE
    _collector: Collector = field(init=False)
    _backfill: Backfill = field(init=False)
    _recording: Recording = field(init=False)
    _totals: Totals = field(init=False)
    _rows: int = field(init=False, default=0)
    _rested: Instant = field(init=False, default=0)
    _busy: threading.RLock = field(init=False, default_factory=threading.RLock)
    _known: tuple[Contract, Context, tuple[Mute, ...]] | None = field(init=False, default=None)
    _watched: tuple[tuple[object, ...], Watch] | None = field(init=False, default=None)

    @property
    def histories(self) -> Mapping[Key, Buckets]:
        """What is counted of every SLO and group, read when it is asked for."""
        return self._watch().histories

    def counted(self, slo_id: str, group: str = "") -> Windowed | None:
        """What the budget of an SLO counts, over all its groups or of one; nothing where there is no such SLO."""
        return self._watch().counted(slo_id, self.corrections(), group=group)

    def signs(self, marks: Sequence[Mark], now: Instant) -> Signs:
        """On which side of each mark the counts are at an edge; the same object of marks is answered sooner."""
        return self._watch().signs(marks, now=now, corrections=self.corrections())

    def judged(self, at: Instant) -> Tick:
        """Everything as it stood at an instant that is counted; nothing is recorded."""
        with self._busy:
            return self._judged(at, {})

    def judge_again(self) -> None:
        """Look at the newest tick once more, because something around its counts was changed; nobody is told anew."""
        with self._busy:
            if self.last is not None:
                self.now = self._judged(self.last, self.lives)

    def start(self, *, now: Instant) -> None:
        """Take up where the store says the last tick was."""
        self._collector = Collector(self.reader, patience=self.patience)
        self._backfill = Backfill(store=self.store, reader=self.reader, first=self._first)
        self._recording = Recording(store=self.store, doors=self.doors)
        self._rows = kept(self.contract) // STEP
        self._totals = self.store.totals(rows=self._rows, step=STEP)
        self.take_up()

    def follow(self) -> bool:
        """Take up the newest tick where somebody else has recorded one since; whether there was one."""
        newest = self.store.reading(LAST_TICK)
        if newest is None or newest[0] == self.last:
            return False
        self.take_up()
        return True

    def adopt(self, contract: Contract) -> None:
        """Go on with another contract: what is measured as before keeps its counts, the rest is counted anew."""
        with self._busy:
            rows = kept(contract) // STEP
            if rows > self._rows:
                self._totals, self._rows = self.store.totals(rows=rows, step=STEP), rows
            self.contract = contract
            self._count(until=self.last or 0)
            self.judge_again()

    def take_up(self) -> None:
        """Know what the store knows now, whoever wrote it."""
        with self._busy:
            try:
                self._take_up()
            except TornTotals:
                self._take_up()  # with others

    def _take_up(self) -> None:
        readings = self.store.readings()
        self.last = readings.pop(LAST_TICK, (None,))[0]
        self.standings = {
            name: standing_of(*stored) for name, stored in readings.items() if not name.startswith(PREFIX)
        }
        self.lives = self.store.lives()
        self._count(until=self.last or 0)
        if self.last is not None:
            self.now = self._judged(self.last, self.lives)

    def advance(self, *, now: Instant) -> list[Tick]:
        """Collect up to the newest edge at or before `now`, and take every tick that is due."""
        with self._busy:
            return self._advance(now=now)

    def _advance(self, *, now: Instant) -> list[Tick]:
        until = now - now % STEP
        if self.last is not None and until <= self.last:
            if until < self.last - STEP:
                self.problems = {**self.problems, CLOCK: stands_behind(self.last, now)}
            return []
        collected = self._collector.collect(self.contract, self.standings, until=until)
        self.problems = {one.name: one.problem for one in collected if one.problem is not None}
        stands = {one.name: one.standing for one in collected if one.standing is not None}
        standings = {**self.standings, **stands}
        names = self._recording.names(self.contract, standings)
        self.problems |= self._backfill.fill(self.contract, names.pushed, until=until)
        self._recording.record(collected, names, at=until)
        self.standings = standings  # only now: what could not be written is read again
        self._count(until=until)
        ticks = self._due(until)
        self._tell(ticks)
        self.lives, self.last, self.now = ticks[-1].plan.lives, until, ticks[-1]
        for one in ticks:
            for step in self.after:
                step(one)
        return ticks

    def rest(self, *, now: bool = False) -> None:
        """What can wait until a tick is over, and need not follow each (`now`: it is time): a restart after a restart of
        the machine finds its totals, and the store its place. Errors: `OSError`, and those of the store."""
        last = self.last or 0
        if last and (now or not 0 <= last - self._rested < REST):
            self._rested = last
            self._totals.sync()  # that may take long, and nobody waits
            with self._busy:
                self._totals.keep()
            self.store.tidy()

    def _due(self, until: Instant) -> list[Tick]:
        """Every tick that was not taken yet, judged one after the other."""
        last = until - STEP if self.last is None else self.last
        held = away(last, until)
        ticks: list[Tick] = []
        lives: Mapping[str, Life] = self.lives
        for at in range(max(last + STEP, until - MOST_TICKS * STEP), until + 1, STEP):
            ticks.append(self._judged(at, lives, held))
            lives = ticks[-1].plan.lives
        return ticks

    def _tell(self, ticks: Sequence[Tick]) -> None:
        """What they say and the lives after the last of them, in one transaction: all are taken or none."""
        until = ticks[-1].at
        gone = missed((one.at, one.plan) for one in ticks)
        with self.store.writing() as transaction:
            for one in ticks:
                notices = with_detection(one.plan, self.histories) if one.plan.notices else ()
                transaction.tell(notices, {n.key: self.targets(n, one.at) for n in notices}, now=one.at)
                transaction.log(notices, one.plan.muted, now=one.at)
            if gone:
                told = summary(gone, self.last or until, until, link=self.settings.link)
                to = {name for one in gone for name in self.targets(as_notice(one, told), until)}
                transaction.tell([told], {told.key: sorted(to)}, now=until)
                transaction.log([told], (), now=until)
            if ticks[-1].plan.lives != self.lives:  # what the store holds
                transaction.save_lives(ticks[-1].plan.lives)
            transaction.save_reading(LAST_TICK, until, None)

    def _count(self, *, until: Instant) -> None:
        """Take in what the store has gained, from here or from anybody else who writes to it."""
        stored = self.store.series()
        if self._totals.is_torn:
            self._totals = self.store.totals(rows=self._rows, step=STEP)
        some = True
        while some:
            gains = self.store.gains(after=self._totals.seq, most=TOGETHER)
            some = len(gains) == TOGETHER
            self._totals.apply(gains, until=0 if some else until)
        names, columns = self._recording.names(self.contract, self.standings), self._totals.columns
        basis = (self.contract, stored, names, self._totals, columns)
        if self._watched is None or not _same(self._watched[0], basis):
            series = {
                (names.slo_of[name], group): number
                for (name, group), number in stored.items()
                if name in names.slo_of and number < columns
            }
            since = until - kept(self.contract)
            self._watched = basis, Watch(self.contract.slos, series, self._totals, since)

    def _watch(self) -> Watch:
        if self._watched is None:
            self._count(until=self.last or 0)
        assert self._watched is not None
        return self._watched[1]

    def _judged(self, at: Instant, lives: Mapping[str, Life], held: Sequence[Mute] = ()) -> Tick:
        watch = self._watch()
        context, maintenance = self._around()
        return watch.judged(
            lives,
            [*self.store.mutes(now=at), *maintenance, *held],
            self.settings,
            now=at,
            feeds=feeds(self.contract, self.standings, self.problems, watch.newest.at(at), now=at),
            context=replace(context, deploys=self.deploys),
            epochs=self.epochs(),
            corrections=self.corrections(),
        )

    def _around(self) -> tuple[Context, tuple[Mute, ...]]:
        """What the contract says around its SLOs; worked out once."""
        if self._known is None or self._known[0] is not self.contract:
            self._known = self.contract, context_of(self.contract), tuple(maintenance_of(self.contract))
        return self._known[1:]

    def _first(self, name: str) -> Instant | None:
        """The oldest bucket that is counted of a stored name, over all its groups; what has just come included."""
        self._count(until=self.last or 0)
        series = [number for (one, _), number in self.store.series().items() if one == name]
        found = [self._totals.history(number, 0) for number in series if number < self._totals.columns]
        return min((buckets.start for buckets in found if len(buckets)), default=None)


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    """The same objects (numbers: equal ones)."""
    return all(a is b or (isinstance(a, int) and a == b) for a, b in zip(one, other, strict=True))
