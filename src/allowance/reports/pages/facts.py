"""What pages look at: every promise at the newest tick, and what governs it; worked out once for all pages of a tick."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from allowance.alerting.hold import AnyAlert
from allowance.budget.budget import Budget, Windowed, budget_at
from allowance.budget.burn import burn_rate
from allowance.budget.evaluate import Evaluation, evaluate_counted
from allowance.budget.forecast import Forecast, forecast
from allowance.budget.health import WATCH_LINE, WORST_FIRST, Health
from allowance.budget.spend import DaySpend, days_within
from allowance.contract.model import Contract, Service, Slo
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.core.window import CalendarWindow, Span
from allowance.governance.facts import Freeze, Standing
from allowance.reports.numbers import machine

UTC = ZoneInfo("UTC")
T = TypeVar("T")


class Counted(Protocol):
    """What the budget of an SLO counts, over all its groups (`""`) or of one."""

    def __call__(self, slo_id: str, group: str = "", /) -> Windowed | None:
        """Nothing where there is no such SLO."""


History = Callable[[Slo], Buckets]
"""Every bucket of an SLO that is kept, as its budget counts it: more than a page should ask of many SLOs."""

NOT_MEASURED: tuple[Health, ...] = ("no data", "too little")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How far the telemetry of an SLO is known: in a word, why, and the end of its newest bucket with events."""

    source: str
    word: str
    reason: str
    newest: Instant | NoData


@dataclass(frozen=True, kw_only=True, eq=False)
class Promise:
    """One SLO at the newest tick; what takes longer to work out is worked out when a page asks, and once.

    `opened`: when its alert began that is open. `silent`: since when nothing is counted, where that is an alert.
    """

    slo: Slo
    service: Service
    evaluation: Evaluation | None
    known: Known
    counted: Counted
    history: History
    groups: Mapping[str, Evaluation] = field(default_factory=dict)
    problem: Problem | None = None
    opened: Instant | NoData = NO_DATA
    freezes: tuple[Freeze, ...] = ()
    muted: bool = False
    silent: Instant | NoData = NO_DATA

    @property
    def health(self) -> Health:
        """Its word; what was never evaluated has no data."""
        return "no data" if self.evaluation is None else self.evaluation.health

    @property
    def remaining(self) -> Fraction | NoData:
        """The share of the budget that is left."""
        return NO_DATA if self.evaluation is None else self.evaluation.budget.remaining

    @property
    def name(self) -> str:
        """`Checkout availability`, as a sentence would begin with it."""
        return f"{service_name(self.service)} {self.title}"

    @property
    def title(self) -> str:
        """The name of the promise without that of its service."""
        return self.slo.display_name or self.slo.name.replace("-", " ")

    @property
    def owner(self) -> str:
        """Who answers for it; `""` where nobody is named."""
        return self.slo.owner or self.service.owner or ""

    @property
    def rank(self) -> tuple[float, float, str]:
        """Worst first: by state, then by budget left; what is fine but not seen any more before what is fine."""
        left = machine(self.remaining)
        unseen = self.health == "ok" and not isinstance(self.silent, NoData)
        return WORST_FIRST.index(self.health) - unseen / 2, left or 0.0, self.slo.id

    @cached_property
    def counts(self) -> Windowed | None:
        """What its budget counts."""
        return self.counted(self.slo.id)

    def counts_of(self, group: str) -> Windowed | None:
        """What the budget of one group counts; of all where it has no name."""
        return self.counted(self.slo.id, group) if group else self.counts

    @cached_property
    def days(self) -> tuple[DaySpend, ...]:
        """The days of its window, those without data too; their shares add up to what is spent."""
        if self.evaluation is None or self.counts is None:
            return ()
        return days_within(self.counts, self.slo.target, self.evaluation.span, self.zone)

    @property
    def zone(self) -> ZoneInfo:
        """In which its days are days."""
        return self.slo.window.zone if isinstance(self.slo.window, CalendarWindow) else UTC

    @cached_property
    def hour(self) -> Fraction | NoData:
        """The burn rate of the last hour; nothing where its slices do not fit into one."""
        if self.evaluation is None or self.counts is None or HOUR % self.counts.step:
            return NO_DATA
        at = self.evaluation.at
        return burn_rate(self.counts.between(at - HOUR, at), self.slo.target)

    @cached_property
    def ahead(self) -> Forecast | NoData:
        """When its budget is spent, and when it comes back: read from its whole history, so asked for few only."""
        if self.evaluation is None or self.health in NOT_MEASURED:
            return NO_DATA
        now = self.evaluation.at
        return forecast(self.history(self.slo), self.slo.target, self.slo.window, now=now, zone=self.zone)

    @cached_property
    def since(self) -> Instant | NoData:
        """Since when it is as it is: when its alert opened, or the day of which the next midnight saw it so."""
        if self.health == "no data":
            return self.known.newest
        if self.evaluation is None or self.counts is None or self.health in ("ok", "too little"):
            return NO_DATA
        edge = self.evaluation.at - self.evaluation.at % DAY
        while edge > self.evaluation.span.begin and self._bad(self.budget_at(edge)):
            edge -= DAY
        found = max(edge, self.evaluation.span.begin)
        if isinstance(self.opened, NoData):
            return found
        loud_only = self.health == "watch" and self.opened < found
        return self.opened if loud_only or found <= self.opened < found + DAY else found

    def _bad(self, budget: Budget) -> bool:
        left = budget.remaining
        if isinstance(left, NoData):
            return False
        return budget.met is False if self.health == "broken" else left < WATCH_LINE

    def budget_at(self, at: Instant) -> Budget:
        """The budget as it was at an earlier edge."""
        assert self.counts is not None
        step = self.counts.step
        return budget_at(self.counts, self.slo.target, self.slo.window, now=at - at % step)

    def health_at(self, at: Instant) -> Health:
        """Its word at an earlier instant, from what is counted by now."""
        if self.evaluation is None or self.counts is None:
            return "no data"
        return evaluate_counted(self.slo, self.counts, now=at).health


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """Everything at the newest tick. `pages` are the paths that this server has, so that no link leads nowhere."""

    at: Instant | NoData
    step: int
    contract: Contract
    promises: tuple[Promise, ...]
    alerts: tuple[AnyAlert, ...] = ()
    standing: Standing = field(default_factory=Standing)
    pages: frozenset[str] = frozenset()
    _made: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, made once for all pages of this tick."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    @cached_property
    def worst_first(self) -> tuple[Promise, ...]:
        """By state, then by budget left."""
        return tuple(sorted(self.promises, key=lambda one: one.rank))

    @cached_property
    def by_service(self) -> Mapping[str, tuple[Promise, ...]]:
        """In the order of the contract."""
        found: dict[str, list[Promise]] = {service.name: [] for service in self.contract.services}
        for one in self.promises:
            found[one.slo.service].append(one)
        return {name: tuple(some) for name, some in found.items()}

    @cached_property
    def by_id(self) -> Mapping[str, Promise]:
        """By `service/name`."""
        return {one.slo.id: one for one in self.promises}

    @cached_property
    def earlier(self) -> Mapping[str, Health]:
        """The word of each promise a week before the tick, by its id; none where nothing was measured then."""
        if isinstance(self.at, NoData):
            return {}
        then = self.at - 7 * DAY
        found = {one.slo.id: one.health_at(then) for one in self.promises}
        return found if any(word != "no data" for word in found.values()) else {}

    def href(self, slo: Slo) -> str:
        """The page of a promise."""
        if "/slo/{service}/{name}" in self.pages:
            return f"/slo/{slo.service}/{slo.name}"
        return f"/services/{slo.service}#{slo.name}"

    def freezes(self, service: str) -> Iterator[Freeze]:
        """Those in force for a service."""
        for one in self.standing.freezes.values():
            if one.service == service and one.end is None:
                yield one


def service_name(service: Service) -> str:
    """What people call a service."""
    return service.display_name or service.name.replace("-", " ").capitalize()


def worst(promises: Sequence[Promise]) -> Health:
    """The word that decides for all: the worst of those that were measured, else no data."""
    words = {one.health for one in promises}
    return next((word for word in WORST_FIRST if word in words), "no data")


def tally(promises: Sequence[Promise]) -> dict[Health, int]:
    """How many are in each state, worst first."""
    return {word: sum(one.health == word for one in promises) for word in WORST_FIRST}


def window_span(one: Promise) -> Span | NoData:
    """The window of a promise at the tick."""
    return NO_DATA if one.evaluation is None else one.evaluation.span
