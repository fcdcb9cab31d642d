"""What was decided in the month before: states and freezes as they follow, and what people did about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from allowance.app import exceptions
from allowance.app.exceptions import Wish
from allowance.app.gate import Numbers, record, verdict_of
from allowance.app.govern import Govern
from allowance.app.law import Law
from allowance.app.serve import Loop
from allowance.app.tick import Key, Tick
from allowance.changes.deploys import Deploy, DeployState
from allowance.contract.budget_policy import ChangeClass
from allowance.contract.model import Contract
from allowance.core.buckets import Buckets
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant
from allowance.demo.living.past import SPELLS
from allowance.edges.store.deploys import deploys, save_deploys
from allowance.edges.store.ledger import StoredLedger
from allowance.governance import obligations
from allowance.governance.pending import Person
from allowance.governance.verdict import Ask
from allowance.governance.verdict_facts import SourceFact
from allowance.governance.waivers import WaiverAsk

INES = Person(name="Ines Product", party="product")
EMRE = Person(name="Emre Engineer", party="engineering")
BO = Person(name="Bo Business", party="business")
PIPELINE = "pipeline"

SLOW, QUICK = 2 * HOUR, 5 * MINUTE
"""Seconds between two looks at the budgets where nothing happens, and during and after a short spell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version that wanted to go out `ago` seconds before the end; the gate decides, unless it goes back."""

    ago: int
    service: str
    version: str
    change: ChangeClass = "feature"
    change_id: str = ""
    state: DeployState = "ok"


RELEASES: tuple[Release, ...] = (
    Release(ago=28 * DAY, service="storefront", version="5.12.0"),
    Release(ago=26 * DAY, service="search", version="3.7.0"),
    Release(ago=24 * DAY, service="payments", version="1.31.0"),
    Release(ago=22 * DAY, service="checkout", version="2.13.0"),
    Release(ago=20 * DAY, service="search", version="3.7.1", change="reliability"),
    Release(ago=17 * DAY, service="checkout", version="2.14.0", state="failed"),
    Release(
        ago=17 * DAY - 25 * MINUTE,
        service="checkout",
        version="2.13.0",
        change="rollback",
        state="rolled-back",
    ),
    Release(ago=15 * DAY, service="checkout", version="2.14.1"),
    Release(ago=12 * DAY, service="storefront", version="5.13.0"),
    Release(ago=11 * DAY, service="storefront", version="5.13.1", state="failed"),
    Release(ago=11 * DAY - 2 * HOUR, service="storefront", version="5.13.2", change="reliability"),
    Release(ago=10 * DAY, service="inventory", version="1.4.0"),
    Release(ago=8 * DAY + 6 * HOUR, service="checkout", version="2.14.2", change="experiment"),
    Release(ago=7 * DAY, service="payments", version="1.32.0", change="reliability"),
    Release(ago=5 * DAY, service="checkout", version="2.15.0", state="failed"),
    Release(
        ago=5 * DAY - 20 * MINUTE,
        service="checkout",
        version="2.14.1",
        change="rollback",
        state="rolled-back",
    ),
    Release(ago=4 * DAY + 20 * HOUR, service="checkout", version="2.15.1", change_id="PR-1038"),
    Release(ago=4 * DAY + 16 * HOUR, service="checkout", version="2.15.1", change_id="PR-1041"),
    Release(ago=4 * DAY + 2 * HOUR, service="checkout", version="2.15.2", change_id="PR-1041"),
    Release(ago=2 * DAY, service="search", version="3.8.0"),
    Release(ago=1 * DAY, service="checkout", version="2.16.0", change_id="PR-1052"),
    Release(ago=3 * HOUR, service="checkout", version="2.15.3", change="hotfix"),
)

CHANGES: Mapping[str, str] = {one.change_id: one.version for one in RELEASES if one.change_id}


@dataclass(slots=True, kw_only=True)
class Month:
    """The program as it stood at instants of the past; `loop` has counted everything."""

    loop: Loop
    engine: Engine
    law: Law
    now: Tick | None = None
    _govern: Govern = field(init=False)

    def __post_init__(self) -> None:
        self._govern = Govern(self.law, lambda: self.contract, self.loop.counted, step=QUICK)

    @property
    def contract(self) -> Contract:
        """What is promised."""
        return self.loop.contract

    @property
    def histories(self) -> Mapping[Key, Buckets]:
        """What was counted."""
        return self.loop.histories

    def deploys(self, *, begin: Instant, end: Instant, service: str | None = None) -> Sequence[Deploy]:
        """Those in `[begin, end)`."""
        return deploys(self.engine, begin=begin, end=end, service=service)

    def turn(self, now: Instant) -> None:
        """Look at the budgets of an instant, and record what follows."""
        self.now = self.loop.judged(now)
        self._govern(self.now)

    def release(self, one: Release, *, now: Instant) -> None:
        """Ask the gate; what may go goes."""
        ask = Ask(
            service=one.service,
            change=one.change,
            version=one.version,
            change_id=one.change_id,
            actor=PIPELINE,
        )
        numbers = Numbers(tick=self.now, counted=self.loop.counted)
        sources = [SourceFact(slo=slo.id, word="fresh", reason="") for slo in self.contract.slos]
        entry, _ = record(
            self.law,
            ask,
            lambda standing: verdict_of(ask, self.contract, numbers, sources, standing, now=now),
        )
        if entry.payload["verdict"]["verdict"] == "go":
            deploy = Deploy(
                id=f"{one.service}-{one.version}-{one.ago}",
                service=one.service,
                version=one.version,
                commit="",
                environment=ask.environment,
                at=now,
                state=one.state,
                source="demo",
            )
            save_deploys(self.engine, [deploy])


Act = Callable[[Month, Instant], None]


def write_chronicle(loop: Loop, engine: Engine, *, end: Instant) -> Law:
    """Live through the month before `end`, an edge of the minutes: in order, and everything through the law.

    `loop` has taken its first tick, at `end`. The ledger must be empty.
    """
    law = Law(StoredLedger(engine))
    month = Month(loop=loop, engine=engine, law=law)
    for at, act in sorted(_days(end), key=lambda one: one[0]):
        now = at - at % MINUTE
        month.turn(now)
        if act is not None:
            act(month, now)
    return law


def _days(end: Instant) -> Iterator[tuple[Instant, Act | None]]:
    for at in range(end - 30 * DAY, end, SLOW):
        yield at, None
    for spell in SPELLS:
        if spell.lasts < DAY:
            begin = end - spell.ago
            for at in range(begin, begin + spell.lasts + 30 * MINUTE, QUICK):
                yield at, None
    for one in RELEASES:
        yield end - one.ago, _releasing(one)
    for ago, act in DEEDS:
        yield end - ago, act


def _releasing(one: Release) -> Act:
    return lambda month, now: month.release(one, now=now)


def _waive(month: Month, now: Instant) -> None:
    ask = WaiverAsk(
        slo="checkout/orders",
        dependency="payments",
        seconds=72 * HOUR,
        reason="The card provider was down for two hours; nobody here changed a line.",
        evidence=("https://git.shop.example/checkout/pull/1019 retries with a second provider",),
    )
    exceptions.grant_waiver(month, ask, BO, now=now)


WISH = Wish(
    service="checkout",
    change="PR-1041",
    environment="production",
    seconds=4 * HOUR,
    reason="The winter sale begins tomorrow morning, and without its prices there is no sale.",
)


def _ask(month: Month, now: Instant) -> None:
    exceptions.ask_bullet(month, WISH, INES, now=now)


def _approve(month: Month, now: Instant) -> None:
    waits = next(one for one in month.law.standing().pending.values() if one.kind == "bullet")
    exceptions.approve(month, waits, BO, now=now)


def _postmortem(month: Month, now: Instant) -> None:
    owed = next(one for one in month.law.standing().obligations.values() if one.kind == "postmortem")
    evidence = "https://wiki.shop.example/postmortems/checkout-2-15-0"
    month.law.act(lambda standing: obligations.done(owed.id, evidence, standing, EMRE, now=now))


DEEDS: tuple[tuple[int, Act], ...] = (
    (8 * DAY + 20 * HOUR, _waive),
    (4 * DAY + 6 * HOUR, _ask),
    (4 * DAY + 4 * HOUR, _approve),
    (2 * DAY + 12 * HOUR, _postmortem),
)
"""What people did: a waiver for the outage of the provider, a silver bullet with two names, and its postmortem."""
