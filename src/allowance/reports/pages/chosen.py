"""A period that somebody chose on a chart: what happened in it, beside the same time before and a week before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from allowance.budget.budget import Budget
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, MINUTE
from allowance.core.window import RollingWindow, Span
from allowance.reports import numbers, tabular
from allowance.reports.pages.rows import burn
from allowance.reports.pages.slo_asked import SloAsked
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.spenders import Spenders, spenders
from allowance.reports.pages.view import Link, Num, When

WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of each period."""

    what: str
    values: tuple[Num, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The period, in a sentence and in numbers; `columns` names what it is compared with.

    `closer` leads to charts of it alone, `groups` says who failed in it.
    """

    begin: When
    end: When
    says: str
    columns: tuple[str, ...]
    rows: tuple[Measure, ...]
    groups: Spenders | NoData
    closer: Link


def chosen(found: Detail, base: str) -> Chosen | NoData:
    """What the address asks to look at; nothing where it names no period."""
    asked = found.asked.chosen
    if asked is None:
        return NO_DATA
    step = found.history.step
    here = Span(begin=asked.begin - asked.begin % step, end=asked.end + -asked.end % step)
    periods = [("in it", 0), ("the same time before", here.seconds)]
    if here.seconds < WEEK:
        periods.append(("a week before", WEEK))
    budgets = [found.budget_over(Span(begin=here.begin - back, end=here.end - back)) for _, back in periods]
    allowed = found.evaluation.budget.allowed
    slo = found.slo
    return Chosen(
        begin=When(at=here.begin),
        end=When(at=here.end),
        says=_says(budgets[0], here, allowed, tabular.window(found.window)),
        columns=tuple(name for name, _ in periods),
        rows=tuple(
            Measure(what=what, values=tuple(number(one, allowed) for one in budgets))
            for what, number in _ROWS
        ),
        groups=spenders(found.groups, found.asked.by or ", ".join(slo.group_by), here)
        if slo.group_by
        else NO_DATA,
        closer=_closer(found.asked, here, base),
    )


def _says(budget: Budget, here: Span, allowed: Fraction, window: str) -> str:
    counts = budget.counts
    if not counts.total:
        return f"Nothing was counted within {tabular.span(here.seconds)}."
    failed = f"{numbers.whole(counts.bad)} of {tabular.requests(counts.total)} failed within"
    of = f", {tabular.percent(counts.bad / allowed)} of the {window} budget" if allowed else ""
    return f"{failed} {tabular.span(here.seconds)}{of}."


def _closer(asked: SloAsked, here: Span, base: str) -> Link:
    minutes = -(-here.seconds // MINUTE)
    window = RollingWindow(seconds=minutes * MINUTE)
    query = replace(asked, window=window, end=here.end, chosen=None, at=NO_DATA).query
    return Link(text="look closer", href=base + query)


def _measured(budget: Budget, allowed: Fraction) -> Num:
    counts = budget.counts
    return Num(text=tabular.sli_percent(counts.sli, budget.target), value=counts.sli)


def _failing(budget: Budget, allowed: Fraction) -> Num:
    counts = budget.counts
    share = Fraction(counts.bad, counts.total) if counts.total else NO_DATA
    return Num(text=tabular.percent(share, 2), value=share)


def _pace(budget: Budget, allowed: Fraction) -> Num:
    counts = budget.counts
    return burn(Fraction(counts.bad, counts.total) / (1 - budget.target) if counts.total else NO_DATA)


def _of_budget(budget: Budget, allowed: Fraction) -> Num:
    share = budget.counts.bad / allowed if allowed and budget.counts.total else NO_DATA
    return Num(text=tabular.percent(share), value=share)


_ROWS: tuple[tuple[str, Callable[[Budget, Fraction], Num]], ...] = (
    ("requests", lambda one, _: Num(text=numbers.whole(one.counts.total), value=one.counts.total)),
    ("failed", lambda one, _: Num(text=numbers.whole(one.counts.bad), value=one.counts.bad)),
    ("share that failed", _failing),
    ("measured", _measured),
    ("burn rate", _pace),
    ("of this window's budget", _of_budget),
)
