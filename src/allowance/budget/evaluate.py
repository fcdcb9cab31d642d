"""One SLO at one instant: its budget, its burn, and the word for its health."""

from __future__ import annotations

from dataclasses import dataclass

from allowance.budget.budget import Budget, Windowed, budget_at
from allowance.budget.burn import RuleReading, read_rule
from allowance.budget.health import Health, health
from allowance.budget.slices import to_ratio_slices, to_slices
from allowance.contract.model import Occurrences, RatioTimeslices, Slo, Timeslices
from allowance.contract.rules import MONTH
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is known about an SLO at `at`: the budget of its window and what each of its rules reads."""

    slo: Slo
    at: Instant
    span: Span
    budget: Budget
    readings: tuple[RuleReading, ...]
    health: Health

    @property
    def firing(self) -> tuple[RuleReading, ...]:
        """The rules that fire."""
        return tuple(reading for reading in self.readings if reading.firing)


def evaluate(slo: Slo, buckets: Buckets, *, now: Instant) -> Evaluation:
    """Judge an SLO at `now`, an edge of its buckets (or of its slices, where it counts slices)."""
    return evaluate_counted(slo, by_method(slo, buckets), now=now)


def evaluate_counted(slo: Slo, counted: Windowed, *, now: Instant) -> Evaluation:
    """Like `evaluate`, from what the budget counts already: events, or slices by the SLO's method."""
    at = now - now % counted.step
    budget = budget_at(counted, slo.target, slo.window, now=at)
    readings = tuple(
        read_rule(counted, rule, slo.target, period=period_of(slo), window=slo.window, now=at)
        for rule in slo.rules
    )
    return Evaluation(
        slo=slo,
        at=at,
        span=slo.window.at(at),
        budget=budget,
        readings=readings,
        health=health(budget, loud=any(r.firing and r.rule.severity != "log" for r in readings)),
    )


def by_method(slo: Slo, buckets: Buckets) -> Buckets:
    """The events that the budget counts: requests, slices of time, or slices with their own ratio."""
    match slo.method:
        case Occurrences():
            return buckets
        case Timeslices(slice=seconds, slice_target=target, no_data=rule):
            return to_slices(buckets, seconds, target, rule)
        case RatioTimeslices(slice=seconds):
            return to_ratio_slices(buckets, seconds)


def period_of(slo: Slo) -> int:
    """The span whose budget the rules' shares speak of: the rolling window itself, or 30 days by the calendar."""
    return slo.window.seconds if isinstance(slo.window, RollingWindow) else MONTH
