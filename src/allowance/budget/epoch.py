"""A budget that began anew: the same counts, judged over a window that does not reach back before its epoch."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from allowance.budget.budget import Budget, Windowed
from allowance.budget.evaluate import Evaluation
from allowance.budget.health import health
from allowance.core.time import Instant
from allowance.core.window import Span, Window


def since_epoch(found: Evaluation, counted: Windowed, begin: Instant | None) -> Evaluation:
    """An evaluation whose budget counts from an epoch on (`None`: there is none); its burn rates stay as they are.

    `counted` are the events that the budget counts (`budget.evaluate.by_method`). An epoch inside a bucket begins with
    the next one. Before its epoch an evaluation is as it was; an epoch older than the window changes nothing.
    """
    if begin is None:
        return found
    edge = clipped(found.span, begin, counted.step).begin
    if edge == found.span.begin:
        return found
    budget = Budget(target=found.slo.target, counts=counted.between(edge, found.at))
    loud = any(one.firing and one.rule.severity != "log" for one in found.readings)
    return replace(
        found, span=Span(begin=edge, end=found.span.end), budget=budget, health=health(budget, loud=loud)
    )


def budget_since(
    counted: Windowed, target: Fraction, window: Window, begin: Instant | None, *, now: Instant
) -> Budget:
    """The budget of the window that ends at `now`, a bucket edge, no part of it before the epoch that began at `begin`."""
    span = window.at(now) if begin is None else clipped(window.at(now), begin, counted.step)
    return Budget(target=target, counts=counted.between(span.begin, span.end))


def clipped(span: Span, begin: Instant, step: int) -> Span:
    """A span without what lies before an epoch; before its epoch, and long after it, it is as it was."""
    edge = -(-begin // step) * step
    return Span(begin=edge, end=span.end) if span.begin < edge <= span.end else span
