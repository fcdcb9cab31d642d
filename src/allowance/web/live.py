"""The running loop and its store, as the API wants to see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from allowance.alerting.alert import Mute
from allowance.alerting.delivery import Trouble
from allowance.alerting.route import Directory
from allowance.app.collect import Standing
from allowance.app.law import Law
from allowance.app.protection import Pending
from allowance.app.serve import Loop
from allowance.app.tick import Key, Tick
from allowance.app.verdicts import Verdicts
from allowance.budget.budget import Windowed
from allowance.changes.deploys import Deploy
from allowance.contract.model import Contract, NoDataAlert
from allowance.core.buckets import Buckets
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.edges import clock
from allowance.edges.cel import Cel
from allowance.edges.store import Store, github_pending
from allowance.edges.store import acks as desk
from allowance.edges.store import deploys as stored_deploys
from allowance.edges.store import notes as stored_notes
from allowance.edges.store import troubles as stored_troubles
from allowance.edges.store.acks import Ack, Arrival
from allowance.edges.store.lease import Lease, me
from allowance.edges.store.ledger import StoredLedger
from allowance.edges.store.notes import Note
from allowance.governance.amendments import corrections
from allowance.governance.bankruptcies import epochs
from allowance.governance.expressions import Say
from allowance.web.contract_files import ContractFiles
from allowance.web.event_door import EventDoor
from allowance.web.otlp_door import OtlpDoor
from allowance.web.state import Evaluator
from allowance.web.tally import Tally


@dataclass(slots=True, kw_only=True)
class LoopState:
    """A `LiveState`; whoever drives the loop sets `tick_seconds` after each tick. `engine` is that of `store`."""

    loop: Loop
    store: Store
    engine: Engine
    tick_seconds: float | None = None
    lease: Lease | None = None
    contract_files: ContractFiles | None = None
    tally: Tally = field(default_factory=Tally)
    directory: Directory | None = None
    say: Say = field(default_factory=Cel)
    law: Law = field(init=False)
    verdicts: Verdicts = field(init=False)
    told: EventDoor = field(init=False)
    received: OtlpDoor = field(init=False)

    def __post_init__(self) -> None:
        self.law = Law(StoredLedger(self.engine))
        self.verdicts = Verdicts(self.law.ledger)
        self.loop.epochs = lambda: epochs(self.law.standing())
        # Not `standing()`: counts are also asked for while the ledger is held.
        self.loop.corrections = lambda: corrections(self.law.known)
        doors = [door for door in self.loop.doors if isinstance(door, EventDoor)]
        self.told = doors[0] if doors else EventDoor((), self.store, clock.now)
        received = [door for door in self.loop.doors if isinstance(door, OtlpDoor)]
        self.received = received[0] if received else OtlpDoor((), self.store, clock.now)

    @property
    def evaluator(self) -> Evaluator:
        """Without a lease there is only this process."""
        lease = self.lease
        return (
            Evaluator(here=True, name=me())
            if lease is None
            else Evaluator(here=lease.held, name=lease.holder)
        )

    @property
    def contract(self) -> Contract:
        """What is promised at this moment."""
        return self.loop.contract

    @property
    def now(self) -> Tick | None:
        """The newest tick."""
        return self.loop.now

    @property
    def problems(self) -> Mapping[str, Problem]:
        """A copy: the loop may be at work."""
        return dict(self.loop.problems)

    @property
    def standings(self) -> Mapping[str, Standing]:
        """A copy: the loop may be at work."""
        return dict(self.loop.standings)

    @property
    def late(self) -> NoDataAlert | None:
        """When a source that is read late is an alert; nothing: never."""
        return self.loop.settings.late

    @property
    def histories(self) -> Mapping[Key, Buckets]:
        """What is counted of every SLO and group, read when it is asked for."""
        return self.loop.histories

    def counted(self, slo_id: str, group: str = "") -> Windowed | None:
        """What the budget of an SLO counts, over all its groups or of one."""
        return self.loop.counted(slo_id, group)

    def mutes(self, *, now: Instant) -> Sequence[Mute]:
        """Those that have not ended."""
        return self.store.mutes(now=now)

    def save_mute(self, mute: Mute) -> None:
        """Durable when it returns; the next tick heeds it."""
        with self.store.writing() as writing:
            writing.save_mute(mute)

    def events(self, *, since: Instant, service: str = "") -> Sequence[Mapping[str, Any]]:
        """What alerts said and what was held back."""
        return self.store.events(since=since, service=service)

    def acks(self, *, since: Instant) -> Sequence[Ack]:
        """What people said about alerts."""
        return desk.acks(self.engine, since=since)

    def outbox_counts(self) -> Mapping[tuple[str, str], int]:
        """How many notices are in each (channel, state)."""
        return self.store.outbox_counts()

    def outbox_oldest(self) -> Mapping[str, Instant]:
        """For each channel with notices that wait, the instant of the oldest."""
        return self.store.outbox_oldest()

    def troubles(self) -> Sequence[Trouble]:
        """Channels whose last try failed, those first that fail the longest."""
        return stored_troubles.troubles(self.engine)

    def latest_acks(self, signatures: Sequence[str]) -> Mapping[str, Ack]:
        """The newest word of a person about each alert."""
        return desk.latest_acks(self.engine, signatures)

    def save_ack(self, ack: Ack) -> None:
        """Durable when it returns."""
        desk.save_ack(self.engine, ack)

    def unseen(self, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        """Those that have not been here before."""
        return desk.unseen(self.engine, arrivals)

    def remember(self, arrivals: Sequence[Arrival], *, now: Instant) -> Sequence[str]:
        """Durable when it returns, together with the counts."""
        return self.told.take_events(arrivals, now=now)

    def save_deploys(self, deploys: Sequence[Deploy]) -> None:
        """Durable when it returns; each is kept once."""
        stored_deploys.save_deploys(self.engine, deploys)

    def deploys(self, *, begin: Instant, end: Instant, service: str | None = None) -> Sequence[Deploy]:
        """Those in `[begin, end)`, oldest first."""
        return stored_deploys.deploys(self.engine, begin=begin, end=end, service=service)

    def save_note(self, note: Note) -> Note:
        """Durable when it returns; it comes back with its number."""
        return stored_notes.save_note(self.engine, note)

    def notes(self, *, begin: Instant, end: Instant, service: str | None = None) -> Sequence[Note]:
        """Those that touch `[begin, end)`, oldest first."""
        return stored_notes.notes(self.engine, begin=begin, end=end, service=service)

    def judge_again(self) -> None:
        """After a correction the newest tick is looked at once more."""
        self.law.standing()
        self.loop.judge_again()

    def save_pending(self, pending: Pending) -> None:
        """Durable when it returns; it is kept once, by its id."""
        github_pending.save(self.engine, pending)

    def try_write(self, *, now: Instant) -> None:
        """A small durable write."""
        desk.try_write(self.engine, now=now)
