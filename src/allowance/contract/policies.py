"""Error-budget policies from public practice, to begin with. None is in force before it is written down and signed."""

from __future__ import annotations

from fractions import Fraction

from allowance.contract.budget_policy import (
    ChangeClass,
    Clause,
    Condition,
    ErrorBudgetPolicy,
    FreezeEnd,
    Thresholds,
)
from allowance.core.duration import DAY, HOUR, WEEK
from allowance.core.window import RollingWindow

RISKY: tuple[ChangeClass, ...] = ("feature", "config", "experiment")
"""What brings new risk without repairing anything."""

GREEN_YELLOW_RED = ErrorBudgetPolicy(
    name="green-yellow-red",
    description="Ship while green (half of the budget or more), ask while yellow, repair while red (none left).",
    clauses=(
        Clause(
            when=Condition(state="yellow"),
            changes=("experiment",),
            consequence="hold",
            because="more than half of the budget is gone: experiments wait for somebody's yes",
        ),
        Clause(
            when=Condition(state="red"),
            changes=RISKY,
            consequence="deny",
            because="the budget is spent: work goes into reliability until it recovers",
        ),
    ),
)

WORKBOOK_FOUR_WEEKS = ErrorBudgetPolicy(
    name="workbook-four-weeks",
    description=(
        "After the example policy of the SRE workbook: when the budget of the last four weeks is exceeded, all "
        "changes stop until the service is back within its SLO, but for P0 and security fixes and what repairs."
    ),
    clauses=(
        Clause(
            when=Condition(remaining_below=Fraction(0), window=RollingWindow(seconds=4 * WEEK)),
            changes=RISKY,
            consequence="deny",
            because="the budget of the last four weeks is exceeded",
        ),
    ),
)

LAST_TENTH = ErrorBudgetPolicy(
    name="last-tenth",
    description="For launches: warn below half, ask below a tenth or in a fast burn, stop when nothing is left.",
    thresholds=Thresholds(yellow_below=Fraction(1, 2), red_at=Fraction(0), margin=Fraction(1, 20)),
    clauses=(
        Clause(
            when=Condition(remaining_below=Fraction(1, 10)),
            changes=RISKY,
            consequence="hold",
            because="less than a tenth of the budget is left: one bad release would break the promise",
        ),
        Clause(
            when=Condition(burn_above=Fraction(6), burn_over=HOUR),
            changes=RISKY,
            consequence="hold",
            because="the budget is going fast right now: first find out why",
        ),
        Clause(
            when=Condition(state="red"),
            changes=RISKY,
            consequence="deny",
            because="the budget is spent",
        ),
    ),
)

GRADUATED = ErrorBudgetPolicy(
    name="graduated",
    description=(
        "Consequences grow: a week's worth of budget gone holds experiments, the whole budget stops features, and "
        "twice the budget hands the pager back to the developers."
    ),
    clauses=(
        Clause(
            when=Condition(remaining_below=Fraction(3, 4)),
            changes=("experiment",),
            consequence="hold",
            because="a week's worth of a four-week budget is gone",
        ),
        Clause(
            when=Condition(state="red"),
            changes=RISKY,
            consequence="deny",
            because="the whole budget is gone",
        ),
        Clause(
            when=Condition(remaining_below=Fraction(-1)),
            changes=RISKY,
            consequence="deny",
            hand_back=True,
            because="twice the budget is gone: who changes the service carries its pager",
        ),
    ),
)

ESCALATION = ErrorBudgetPolicy(
    name="escalation",
    description=(
        "After the escalation policy of Google's CRE: with the budget of 30 days exhausted the releases stop; with "
        "the budget of 90 days exhausted only an executive lets a change pass."
    ),
    freeze="governance",
    escalation="executive",
    clauses=(
        Clause(
            when=Condition(burn_above=Fraction(9), burn_over=HOUR),
            changes=RISKY,
            consequence="hold",
            because="nine hours of budget went in one hour: whoever answers the page decides first",
        ),
        Clause(
            when=Condition(remaining_below=Fraction(0), window=RollingWindow(seconds=30 * DAY)),
            changes=RISKY,
            consequence="hold",
            because="the budget of 30 days is exhausted: releases wait until SRE and developers know the cause",
        ),
        Clause(
            when=Condition(remaining_below=Fraction(0), window=RollingWindow(seconds=90 * DAY)),
            changes=RISKY,
            consequence="deny",
            because="the budget of 90 days is exhausted: this is for an executive",
        ),
    ),
)

CHANGE_LOCK = ErrorBudgetPolicy(
    name="change-lock",
    description=(
        "Two locks, in the way of GitLab: a spent budget locks features; one that is overspent by half locks every "
        "change of production but repairs. A lock opens when a tenth is left again for a day."
    ),
    thresholds=Thresholds(margin=Fraction(1, 20)),
    freeze_until=FreezeEnd(remaining_above=Fraction(1, 10), during=DAY),
    clauses=(
        Clause(
            when=Condition(state="red"),
            changes=("feature", "experiment"),
            consequence="deny",
            because="feature change lock: the budget is spent",
        ),
        Clause(
            when=Condition(remaining_below=Fraction(-1, 2)),
            changes=RISKY,
            consequence="deny",
            because="production change lock: the budget is overspent by half",
        ),
    ),
)

POLICIES: dict[str, ErrorBudgetPolicy] = {
    policy.name: policy
    for policy in (
        GREEN_YELLOW_RED,
        WORKBOOK_FOUR_WEEKS,
        LAST_TENTH,
        GRADUATED,
        ESCALATION,
        CHANGE_LOCK,
    )
}
