"""Risk against reward: what shipping now would probably cost, from the service's own record, beside what it promises.

Few deploys of its own are shrunk to the organisation's, those of one class of changes to all of its own, and those at
today's burn to these: each level is the prior of the next. Every answer is an interval with its inputs; too little data
is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from allowance.budget.beta import Beta, prior
from allowance.contract.amounts import parse_money
from allowance.contract.budget_policy import ChangeClass
from allowance.contract.model import Money
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import refuse
from allowance.core.time import Instant

LEVEL = 0.9
"""Intervals hold the middle nine tenths of the belief."""

FIRMNESS = 10.0
"""How many deploys of its own weigh as much as everything that the level above knows."""

LEAST_DEPLOYS = 10
"""With fewer deploys on record, of anybody, no chance is stated."""

RECOVERY = 6 * HOUR
"""A bad spell that begins within so long after a failed deploy belongs to it."""

HOT = Fraction(1)
"""From this burn rate on the budget is going too fast: deploys into that are a record of their own."""


LIFT_DAYS = {"hour": Fraction(1, 24), "day": Fraction(1), "week": Fraction(7), "month": Fraction(30)}


class Deployed(Protocol):
    """What has to be known of a deploy."""

    @property
    def service(self) -> str: ...
    @property
    def at(self) -> Instant: ...
    @property
    def state(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A deploy, whether it failed or was taken back, and the burn rate of its service in the hour before.

    `change` is its class, where the gate was asked about it.
    """

    service: str
    at: Instant
    failed: bool
    burn: Fraction | NoData
    change: ChangeClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of some deploys failed."""

    deploys: int
    failed: int

    def but(self, some: Tally) -> Tally:
        """Without those of another tally, which are among them."""
        return Tally(deploys=self.deploys - some.deploys, failed=self.failed - some.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The chance of an incident: the middle of the belief, and where nine tenths of it lie."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Outage minutes of an incident (as if everything had failed): the median, the least and the most of `n`.

    `n` 0: somebody said so.
    """

    usual: Fraction
    least: Fraction
    most: Fraction
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """An amount of money with the ends of its interval."""

    usual: float
    low: float
    high: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: about which service, at which burn now, at which price of a minute, for which lift a day.

    `change` is the class of the change; without one all deploys count alike.
    """

    service: str
    burn: Fraction | NoData = NO_DATA
    per_minute: Money | None = None
    lift: Money | None = None
    minutes: Fraction | None = None
    change: ChangeClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The answer with its inputs. What is not known is `NO_DATA`, and `missing` says why, in words.

    `days` is how long the lift has to run before it has paid for the expected loss. `everybody` are the deploys of all
    other services, `own` all of its own, `alike` those of the class that is asked about (`NO_DATA`: none is asked about,
    or none of it is on record, so that all count), `at_burn` those of them into a burn like today's.
    """

    question: Question
    everybody: Tally
    own: Tally
    alike: Tally | NoData
    at_burn: Tally
    hot: bool | NoData
    chance: Chance | NoData
    minutes: Minutes | NoData
    loss: Amounts | NoData
    days: Amounts | NoData
    missing: tuple[str, ...]


def parse_lift(text: str) -> Money:
    """`1200 EUR/day` (or an hour, a week, a month of 30 days) as money a day. Errors: `Problem` `lift`, `money`."""
    money, slash, unit = text.partition("/")
    days = LIFT_DAYS.get(unit.strip())
    if not slash or days is None:
        raise refuse(
            "lift", f"{text[:60]!r} is no lift", hint="write it as 1200 EUR/day (or /hour, /week, /month)"
        )
    found = parse_money(money)
    return Money(amount=found.amount / days, currency=found.currency)


def shipped(
    deploys: Sequence[Deployed],
    burn: Sequence[Fraction | NoData],
    changes: Sequence[ChangeClass | None] | None = None,
) -> tuple[Shipped, ...]:
    """Deploys as a record: one failed when it says so, or when the next of its service takes it back.

    `burn` is, for each deploy, the burn rate of its service in the hour before, `changes` its class where that is known.
    What takes back is no deploy of its own.
    """
    found: list[Shipped] = []
    newest: dict[str, int] = {}
    known = changes if changes is not None else [None] * len(deploys)
    for one, rate, change in sorted(zip(deploys, burn, known, strict=True), key=lambda some: some[0].at):
        if one.state == "rolled-back":
            if (before := newest.pop(one.service, None)) is not None:
                found[before] = replace(found[before], failed=True)
            continue
        newest[one.service] = len(found)
        failed = one.state == "failed"
        found.append(Shipped(service=one.service, at=one.at, failed=failed, burn=rate, change=change))
    return tuple(found)


def weigh(question: Question, record: Sequence[Shipped], spells: Sequence[tuple[Instant, Fraction]]) -> Risk:
    """Weigh the risk against the reward. `spells`: (begin, outage minutes) of each bad spell of the service."""
    own = [one for one in record if one.service == question.service]
    everybody = _tally([one for one in record if one.service != question.service])
    hot = question.burn if isinstance(question.burn, NoData) else question.burn >= HOT
    of_class = [one for one in own if one.change is not None and one.change == question.change]
    near = of_class or own
    at_burn = _tally([one for one in near if not isinstance(one.burn, NoData) and (one.burn >= HOT) is hot])
    whole, alike = _tally(own), _tally(near)
    chance = _chance(everybody, whole.but(alike), alike.but(at_burn), at_burn)
    minutes = _minutes(question, own, spells)
    loss = _loss(chance, minutes, question.per_minute)
    days = _days(loss, question.lift)
    return Risk(
        question=question,
        everybody=everybody,
        own=whole,
        alike=alike if of_class else NO_DATA,
        at_burn=at_burn,
        hot=hot,
        chance=chance,
        minutes=minutes,
        loss=loss,
        days=days,
        missing=tuple(_missing(question, everybody.deploys + whole.deploys, minutes, chance, of_class)),
    )


def _tally(some: Sequence[Shipped]) -> Tally:
    return Tally(deploys=len(some), failed=sum(one.failed for one in some))


def _chance(everybody: Tally, *narrower: Tally) -> Chance | NoData:
    """From nothing known (Jeffreys) to the others, to the service, to what is ever more alike; nobody counts twice."""
    if everybody.deploys + sum(one.deploys for one in narrower) < LEAST_DEPLOYS:
        return NO_DATA
    belief = Beta(a=0.5, b=0.5).after(everybody.failed, everybody.deploys - everybody.failed)
    for number, one in enumerate(narrower):
        if one.deploys or not number:  # the service is never known as well as all others together
            start = prior(belief.mean, min(FIRMNESS, belief.a + belief.b))
            belief = start.after(one.failed, one.deploys - one.failed)
    return Chance(
        mean=belief.mean, low=belief.quantile((1 - LEVEL) / 2), high=belief.quantile((1 + LEVEL) / 2)
    )


def _minutes(
    question: Question, own: Sequence[Shipped], spells: Sequence[tuple[Instant, Fraction]]
) -> Minutes | NoData:
    """What was said; else the spells that followed failed deploys; else all spells of the service."""
    if question.minutes is not None:
        return Minutes(usual=question.minutes, least=question.minutes, most=question.minutes, n=0)
    failed = [one.at for one in own if one.failed]
    after = [cost for begin, cost in spells if any(at <= begin < at + RECOVERY for at in failed)]
    costs = sorted(after or [cost for _, cost in spells])
    if not costs:
        return NO_DATA
    middle = len(costs) // 2
    usual = costs[middle] if len(costs) % 2 else (costs[middle - 1] + costs[middle]) / 2
    return Minutes(usual=usual, least=costs[0], most=costs[-1], n=len(costs))


def _loss(chance: Chance | NoData, minutes: Minutes | NoData, per_minute: Money | None) -> Amounts | NoData:
    """Chance x minutes x price; the ends combine the ends of both, so the interval is on the wide side."""
    if isinstance(chance, NoData) or isinstance(minutes, NoData) or per_minute is None:
        return NO_DATA
    price = float(per_minute.amount)
    return Amounts(
        usual=chance.mean * float(minutes.usual) * price,
        low=chance.low * float(minutes.least) * price,
        high=chance.high * float(minutes.most) * price,
        currency=per_minute.currency,
    )


def _days(loss: Amounts | NoData, lift: Money | None) -> Amounts | NoData:
    if isinstance(loss, NoData) or lift is None or lift.amount <= 0 or lift.currency != loss.currency:
        return NO_DATA
    a_day = float(lift.amount)
    return Amounts(usual=loss.usual / a_day, low=loss.low / a_day, high=loss.high / a_day, currency="d")


def _missing(
    question: Question,
    deploys: int,
    minutes: Minutes | NoData,
    chance: Chance | NoData,
    of_class: Sequence[Shipped],
) -> Sequence[str]:
    found = []
    if isinstance(chance, NoData):
        found.append(f"too few deploys to state a chance: {deploys} on record, {LEAST_DEPLOYS} are needed")
    if isinstance(minutes, NoData):
        found.append("no outage on record to say how long one lasts; --minutes says what you expect")
    if question.per_minute is None:
        found.append("no journey of the service says what a minute is worth (revenuePerMinute)")
    if question.lift is None:
        found.append("no lift was declared, so there is nothing to weigh it against")
    elif question.lift.amount <= 0:
        found.append("a lift of nothing never pays for anything")
    elif question.per_minute is not None and question.lift.currency != question.per_minute.currency:
        found.append(
            f"the lift is in {question.lift.currency}, the minutes in {question.per_minute.currency}"
        )
    if question.change is not None and not of_class:
        found.append(
            f"the gate was asked about no {question.change} among its deploys, so those of all classes count"
        )
    if isinstance(question.burn, NoData):
        found.append("no burn rate now, so all its deploys count alike")
    return found


LOOKBACK = 365 * DAY
"""Deploys that are older say little about today."""
