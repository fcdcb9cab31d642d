"""A budget that began anew: the same counts, judged over a window that does not reach back before its epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from allowance.budget.budget import Budget, Windowed, budget_at
from allowance.budget.burn import RuleReading, read_rule
from allowance.budget.evaluate import Evaluation
from allowance.budget.health import health
from allowance.core.counts import Counts
from allowance.core.time import Instant
from allowance.core.window import Span, Window


def since_epoch(found: Evaluation, counted: Windowed, begin: Instant | None) -> Evaluation:
    """An evaluation whose budget counts from an epoch on (`None`: there is none); its burn rates stay as they are.

    A rule that asks what is left of the budget asks for that of the epoch.

    `counted` are the events that the budget counts (`budget.evaluate.by_method`). An epoch inside a bucket begins with
    the next one. Before its epoch an evaluation is as it was; an epoch older than the window changes nothing.
    """
    if begin is None:
        return found
    edge = clipped(found.span, begin, counted.step).begin
    if edge == found.span.begin:
        return found
    budget = Budget(target=found.slo.target, counts=counted.between(edge, found.at))
    readings = tuple(_read_anew(one, found, counted, begin) for one in found.readings)
    loud = any(one.firing and one.rule.severity != "log" for one in readings)
    return replace(
        found,
        span=Span(begin=edge, end=found.span.end),
        budget=budget,
        readings=readings,
        health=health(budget, loud=loud),
    )


def _read_anew(one: RuleReading, found: Evaluation, counted: Windowed, begin: Instant) -> RuleReading:
    if one.left is None:
        return one
    slo, at = found.slo, found.at
    anew_counted = anew(counted, begin, now=at)
    return read_rule(
        counted, one.rule, slo.target, period=slo.period, window=slo.window, spent=anew_counted, now=at
    )


def budget_since(
    counted: Windowed, target: Fraction, window: Window, begin: Instant | None, *, now: Instant
) -> Budget:
    """The budget of the window that ends at `now`, a bucket edge, no part of it before the epoch that began at `begin`."""
    return budget_at(anew(counted, begin, now=now), target, window, now=now)


def anew(counted: Windowed, begin: Instant | None, *, now: Instant) -> Windowed:
    """The counts that a budget has at `now`, a bucket edge: nothing before the epoch that began at `begin` is in them."""
    if begin is None:
        return counted
    edge = -(-begin // counted.step) * counted.step
    return _Anew(counted=counted, edge=edge) if edge <= now else counted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anew:
    counted: Windowed
    edge: Instant

    @property
    def step(self) -> int:
        return self.counted.step

    def between(self, begin: Instant, end: Instant) -> Counts:
        return self.counted.between(max(begin, self.edge), max(end, self.edge))


def clipped(span: Span, begin: Instant, step: int) -> Span:
    """A span without what lies before an epoch; before its epoch, and long after it, it is as it was."""
    edge = -(-begin // step) * step
    return Span(begin=edge, end=span.end) if span.begin < edge <= span.end else span
