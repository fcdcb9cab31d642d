"""The one word for how a promise stands, the same on every surface."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from allowance.budget.budget import Budget
from allowance.core.counts import NoData

Health = Literal["ok", "watch", "broken", "no data", "too little"]

WORST_FIRST: tuple[Health, ...] = ("broken", "watch", "no data", "too little", "ok")

WATCH_LINE = Fraction(1, 4)
"""Below so much of its budget a kept promise is on watch, unless a policy says otherwise."""


def health(budget: Budget, *, loud: bool, watch_line: Fraction = WATCH_LINE) -> Health:
    """`loud`: a page or ticket rule fires now. A kept promise is on watch then, or with little budget left."""
    remaining = budget.remaining
    if isinstance(remaining, NoData):
        return "no data"
    if hangs_on_one_event(budget):
        return "too little"
    if budget.met is False:
        return "broken"
    return "watch" if loud or remaining < watch_line else "ok"


def hangs_on_one_event(budget: Budget) -> bool:
    """Whether so few events were measured that a single bad one breaks the promise, and at most one was bad."""
    return budget.allowed < 1 and budget.spent <= 1
