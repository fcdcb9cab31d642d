"""What goes round in the running program: ticks, and the post. Only the holder of the lease does either."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Due, Settled
from allowance.alerting.word import changed
from allowance.app.deliver import Outbox, Post, hearing
from allowance.app.escalate import Taking, escalate, tell_changes, tell_taken
from allowance.app.law import Asked as Entries
from allowance.app.law import Ledger
from allowance.app.serve import Loop
from allowance.app.status import STEP, kept
from allowance.app.steady import HOLD, Steady
from allowance.app.tick import Tick
from allowance.core.duration import DAY, MINUTE
from allowance.core.problem import ProblemError
from allowance.core.time import Instant, iso
from allowance.edges import clock
from allowance.edges.notify_file import Notify
from allowance.edges.store import troubles
from allowance.edges.store.acks import first_ack
from allowance.edges.store.acks import forget as forget_arrivals
from allowance.edges.store.deploys import deploys
from allowance.edges.store.lease import Lease, LeaseLost
from allowance.edges.store.store import Store
from allowance.governance.announced import KINDS, announced
from allowance.web.contract_files import ContractFiles
from allowance.web.live import LoopState

REMEMBERED = 45 * DAY
"""An event that comes again after so long is a new one."""
PATIENCE = 5.0
"""Seconds that a round of the post waits for slow channels before it looks again."""
LOOK = 0.5
"""Seconds between two looks at the clock and at the lease: a sleep until the next minute would not see either move."""
CHANGES_WITHIN = 10 * MINUTE
"""A change that we hear of later than this is no news to a channel."""
FILES_LOOK = 5.0
"""Seconds between two looks at the contract's files."""
RETRY = 5
"""Seconds after which a tick that failed is tried again."""

log = structlog.get_logger()


class Ticking:
    """The clock's hand: drives the loop while the lease is held, and follows the holder while it is not."""

    def __init__(self, loop: Loop, state: LoopState, lease: Lease, *, delay: int) -> None:
        self._loop, self._state, self._lease, self._delay = loop, state, lease, delay
        self._leads = False
        self._due: Instant = 0
        self._steady, self._doubts = Steady(), False

    def look(self) -> None:
        """Do what is due at this instant. What fails is logged, and tried again soon."""
        try:
            if self._lease.held:
                self._lead_by(clock.now())
            else:
                self._leads = False
                self._loop.follow()
        except LeaseLost as lost:
            self._leads = False
            log.warning("another replica evaluates now", reason=str(lost))
        except ProblemError as error:
            log.error("tick failed", problem=str(error))
        except SQLAlchemyError as error:
            log.error("tick failed", problem=str(error).splitlines()[0])
        except Exception:
            log.exception("tick failed")

    def _lead_by(self, now: Instant) -> None:
        if self._steady.believes(now, since_boot=clock.since_boot()):
            self._doubts = False
            self._lead(now)
        elif not self._doubts:
            self._doubts = True
            log.error(
                "the clock has jumped: nothing is judged until it has stood there", clock=iso(now), hold=HOLD
            )

    def _lead(self, now: Instant) -> None:
        if not self._leads:
            self._loop.take_up()
            self._leads, self._due = True, 0
        if self._due - STEP - self._delay <= now < self._due:
            return
        self._due = now + RETRY
        began = time.monotonic()
        ticks = self._loop.advance(now=now - self._delay)
        self._state.tick_seconds = time.monotonic() - began
        self._due = (now - self._delay) // STEP * STEP + STEP + self._delay
        self._say(ticks)
        if any(one.at % DAY == 0 for one in ticks):
            _forget(self._loop, self._state, now)
        self._loop.rest()

    def _say(self, ticks: Sequence[Tick]) -> None:
        for one in ticks:
            plan = one.plan
            counts = {"alerts": len(plan.alerts), "told": len(plan.notices), "muted": len(plan.muted)}
            log.info("tick", at=iso(one.at), **counts)


async def ticking(loop: Loop, state: LoopState, lease: Lease, *, delay: int) -> None:
    """Every minute's end plus the delay, and at once after a start or a takeover; until it is cancelled."""
    hand = Ticking(loop, state, lease, delay=delay)
    while True:
        await _logged(hand.look)
        await asyncio.sleep(LOOK)


async def _logged(work: Callable[[], None]) -> None:
    """Do it in a thread. Where the log itself cannot be written (its disk is full), there is nowhere to say so: the
    work goes on, and `/readyz` says that it does not get anywhere."""
    with contextlib.suppress(OSError):
        await asyncio.to_thread(work)


async def looking(files: ContractFiles) -> None:
    """Every few seconds: whether the contract's files have changed; until it is cancelled."""
    while True:
        await asyncio.sleep(FILES_LOOK)
        try:
            await asyncio.to_thread(files.look, now=clock.now())
        except Exception:
            log.exception("the contract's files could not be looked at")


class Noted:
    """An outbox that says in the log why a notice was not taken: in one sentence, without secrets."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.due, self.told, self.answered = outbox.due, outbox.told, outbox.answered

    def settle(self, due: Due, settled: Settled) -> None:
        """Durable when it returns."""
        self._outbox.settle(due, settled)
        if settled.error:
            said = log.warning if settled.state == "due" else log.error
            said(
                "not delivered",
                channel=due.channel,
                notice=due.notice.key,
                reason=settled.error,
                state=settled.state,
            )


async def posting(
    store: Store,
    engine: Engine,
    notify: Notify,
    lease: Lease,
    taken: Callable[[Notice], Instant | None],
    ledger: Ledger,
    *,
    link: str = "",
) -> None:
    """Every second: queue the next ones where nobody acknowledged, and give every channel what is due.

    `store` is the holder's; `taken` says when somebody took an alert.
    """
    troubles.only(engine, notify.channels)
    post = Post(Noted(store), notify.channels.values(), allowed=lambda: lease.held)

    def once() -> None:
        now = clock.now()
        escalate(store, notify.directory, acknowledged=taken, now=now)
        directory, channels = notify.directory, notify.channels.values()
        tell_taken(store, directory, hearing(channels, "taken"), lambda one: _taking(engine, one), now=now)
        if hear := hearing(channels, "changed"):
            tell_changes(store, directory, hear, changes(engine, ledger, link=link, now=now), now=now)
        delivered = post.round(now=now, patience=PATIENCE)
        for name in delivered.not_repeated:
            log.warning("firing alerts could not be repeated", channel=name)

    def once_logged() -> None:
        try:
            once()
        except (SQLAlchemyError, LeaseLost) as error:
            log.error("delivery failed", problem=str(error).splitlines()[0])
        except Exception:
            log.exception("delivery failed")

    while True:
        if lease.held:
            await _logged(once_logged)
        await asyncio.sleep(1)


def changes(engine: Engine, ledger: Ledger, *, link: str, now: Instant) -> list[Notice]:
    """What was deployed, and what the ledger says of freezes and of what went through them, a little while back."""
    begin = now - CHANGES_WITHIN
    entries = [entry for kind in KINDS for entry in ledger.find(Entries(kind=kind, since=begin))]
    said = [announced(entry, link=link) for entry in entries]
    fresh = deploys(engine, begin=begin, end=now + 1)
    return [changed(one, link=link) for one in fresh] + [word for word in said if word is not None]


def _taking(engine: Engine, notice: Notice) -> Taking | None:
    ack = first_ack(engine, notice.signature, notice.opened)
    return None if ack is None else Taking(by=ack.by, note=ack.note, at=ack.at)


def _forget(loop: Loop, state: LoopState, now: Instant) -> None:
    """Once a day: counts that no window reaches any more, and events that nobody will repeat."""
    state.store.prune(now - kept(loop.contract))
    forget_arrivals(state.engine, now - REMEMBERED)
