"""The running program put together: the doors, the store, the loop over it, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from allowance.alerting.alert import Notice
from allowance.alerting.plan import Settings
from allowance.alerting.telemetry import LATE
from allowance.app.govern import Govern
from allowance.app.serve import Loop
from allowance.contract.model import Contract
from allowance.core.time import Instant
from allowance.edges import clock
from allowance.edges.notify_file import Notify
from allowance.edges.read import Reader
from allowance.edges.samples_file import SampleSettings
from allowance.edges.store.acks import acknowledged_at
from allowance.edges.store.database import connect
from allowance.edges.store.deploys import deploys
from allowance.edges.store.lease import DatabaseLease, Lease, lock_file
from allowance.edges.store.store import Store
from allowance.governance.facts import Standing
from allowance.governance.hand_backs import rotation_for
from allowance.web.event_door import EventDoor
from allowance.web.listening import Address
from allowance.web.live import LoopState
from allowance.web.otlp_door import OtlpDoor
from allowance.web.pages.page import NOTHING_MORE, More
from allowance.web.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What `serve` was asked for."""

    contract: Contract
    paths: tuple[str, ...] = ()
    store: str
    notify: Path | None
    address: Address
    delay: int
    link: str
    tokens: Path
    otlp: Address
    oidc: Path | None = None
    github: Path | None = None
    samples: Path | None = None
    more: More = NOTHING_MORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The parts of the running program, put together and not yet begun. `owned` is the store for the lease's holder."""

    engine: Engine
    lease: Lease
    store: Store
    owned: Store
    reader: Reader
    door: OtlpDoor
    told: EventDoor
    state: LoopState

    @property
    def loop(self) -> Loop:
        """What ticks."""
        return self.state.loop


def compose(
    asked: Serving,
    notify: Notify | None,
    samples: SampleSettings | None,
    *,
    now: Callable[[], Instant] | None = None,
) -> Composed:
    """Everything that a tick needs, over the store. `now` is the clock's where none is given.

    Errors: `Problem`s of the store.
    """
    now = now or clock.now
    lock = lock_file(asked.store)
    engine = connect(asked.store)
    lease = lock or DatabaseLease(asked.store)
    store, owned = Store(engine), Store(engine, lease)
    tally = Tally()
    door = OtlpDoor(asked.contract.slos, store, now, tally, samples)
    told = EventDoor(asked.contract.slos, store, now)
    reader = Reader()
    loop = Loop(
        contract=asked.contract,
        store=owned,
        reader=reader,
        targets=lambda notice, at: _targets(notify, engine, notice, state.law.known, at),
        settings=Settings(link=asked.link, late=LATE if notify is None else notify.late),
        doors=(door, told),
        deploys=lambda service, begin, end: deploys(engine, begin=begin, end=end, service=service),
    )
    door.judged_to = lambda: loop.last
    state = LoopState(
        loop=loop,
        store=store,
        engine=engine,
        lease=lease,
        tally=tally,
        directory=None if notify is None else notify.directory,
    )
    loop.after = (
        *loop.after,
        Govern(state.law, lambda: loop.contract, loop.counted, say=state.say, look=loop.signs),
    )
    return Composed(
        engine=engine,
        lease=lease,
        store=store,
        owned=owned,
        reader=reader,
        door=door,
        told=told,
        state=state,
    )


def _targets(
    notify: Notify | None, engine: Engine, notice: Notice, standing: Standing, at: Instant
) -> tuple[str, ...]:
    """Who is told; while a service is handed back, its developers instead of who is usually on call for it."""
    if notify is None:
        return ()
    told = notice.since if notice.says == "resolved" else at
    instead = rotation_for(standing, notice.service, now=told)
    return notify.targets(notice, acknowledged=acknowledged(engine, notice), instead=instead, now=at)


def acknowledged(engine: Engine, notice: Notice) -> Instant | None:
    """When somebody took the alert that a notice speaks of; an older alert of the same name does not count."""
    return acknowledged_at(engine, notice.signature, notice.opened)
