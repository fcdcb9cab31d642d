"""A budget that began anew: the same counts, judged over a window that does not reach back before its epoch."""

from __future__ import annotations

from dataclasses import replace

from allowance.budget.budget import Budget, Windowed
from allowance.budget.evaluate import Evaluation
from allowance.budget.health import health
from allowance.core.time import Instant
from allowance.core.window import Span


def since_epoch(found: Evaluation, counted: Windowed, begin: Instant | None) -> Evaluation:
    """An evaluation whose budget counts from an epoch on (`None`: there is none); its burn rates stay as they are.

    `counted` are the events that the budget counts (`budget.evaluate.by_method`). An epoch inside a bucket begins with
    the next one. Before its epoch an evaluation is as it was; an epoch older than the window changes nothing.
    """
    if begin is None:
        return found
    edge = -(-begin // counted.step) * counted.step
    if not found.span.begin < edge <= found.at:
        return found
    budget = Budget(target=found.slo.target, counts=counted.between(edge, found.at))
    loud = any(one.firing and one.rule.severity != "log" for one in found.readings)
    return replace(
        found, span=Span(begin=edge, end=found.span.end), budget=budget, health=health(budget, loud=loud)
    )
