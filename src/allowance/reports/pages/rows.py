"""One promise as a row: the same on the list, the executive page and the page of its service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.budget import Budget
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, MINUTE
from allowance.core.ratio import decimal_text
from allowance.core.time import Instant
from allowance.reports import numbers, tabular
from allowance.reports.glyphs import Svg, strip_words
from allowance.reports.page import State
from allowance.reports.pages.drawings import strip
from allowance.reports.pages.facts import Facts, Promise, service_name
from allowance.reports.pages.view import Link, Num

NONE = "\u2013"
"""What stands in a column that has nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise. `says` stands in place of the numbers where there are none; `strip` shows its days, which `days`
    says in words. `tags` are what is no health: frozen, silenced."""

    id: str
    anchor: str
    link: Link
    service: Link
    state: State
    target: Num
    measured: Num
    left: Num
    burn: Num
    window: str
    owner: str
    tags: tuple[str, ...]
    says: str
    days: str
    strip: Svg


def row(facts: Facts, one: Promise) -> Row:
    """A promise as pages show it."""
    return facts.once(("row", one.slo.id), lambda: _row(facts, one))


def _row(facts: Facts, one: Promise) -> Row:
    slo, budget = one.slo, None if one.evaluation is None else one.evaluation.budget
    return Row(
        id=slo.id,
        anchor=slo.name,
        link=Link(text=one.title, href=facts.href(slo)),
        service=Link(text=service_name(one.service), href=f"/services/{slo.service}"),
        state=State(health=one.health),
        target=Num(text=tabular.target_percent(slo.target), value=slo.target),
        measured=_measured(one, budget),
        left=left(one.remaining),
        burn=burn(one.hour),
        window=tabular.window(slo.window),
        owner=one.owner,
        tags=tags(one),
        says=says(one, at=facts.at),
        days=strip_words([day for day in one.days if day.counts.total], slo.target),
        strip=strip(one.days, slo.target),
    )


def left(value: Fraction | NoData) -> Num:
    """The share of a budget that is left."""
    return Num(text=NONE if isinstance(value, NoData) else tabular.percent(value), value=value)


def burn(value: Fraction | NoData) -> Num:
    """A burn rate; one that is exactly nothing has no decimals."""
    if isinstance(value, NoData):
        return Num(text=NONE, value=value)
    return Num(text=tabular.factor(value) if value else "0\u00d7", value=value)


def tags(one: Promise) -> tuple[str, ...]:
    """What is said beside the state."""
    found = [("frozen", bool(one.freezes)), ("silenced", one.muted)]
    begun = _measured_since(one)
    partial = (f"measured since {begun}",) if begun else ()
    silent = () if isinstance(one.silent, NoData) else (f"no data since {tabular.when(one.silent)} UTC",)
    return (*(word for word, holds in found if holds), *partial, *(silent if one.health != "no data" else ()))


def _measured_since(one: Promise) -> str:
    """The first day of which anything is known, where the window began a day or more before; else `""`."""
    first = next((place for place, day in enumerate(one.days) if day.counts.total), 0)
    return tabular.day(one.days[first].day, year=False) if first > 1 else ""


def says(one: Promise, *, at: Instant | NoData) -> str:
    """Why there are no numbers; `""` where there are."""
    if one.health == "no data":
        return _no_data(one, at)
    if one.health == "too little" and one.evaluation is not None:
        return too_little(one.evaluation.budget)
    return ""


def too_little(budget: Budget) -> str:
    """How much was measured, and how much would be needed to say something."""
    needed = -(-1 // (1 - budget.target))
    cost = decimal_text(1 / budget.allowed, 1)
    return (
        f"too little: {numbers.whole(budget.counts.total)} of about {numbers.whole(int(needed))} requests; "
        f"one failure would cost {cost} budgets"
    )


def _no_data(one: Promise, at: Instant | NoData) -> str:
    newest = one.known.newest
    reason = one.problem.message if one.problem is not None else one.known.reason
    why = f": {reason}" if reason else ""
    if isinstance(newest, NoData) or isinstance(at, NoData):
        return f"no data yet{why}"
    return f"no data since {tabular.when(newest)} UTC ({about(at - newest)}){why}"


def about(seconds: int) -> str:
    """`21 min`, `3 h`, `5 d`: how long, in one unit."""
    for size, unit in ((DAY, "d"), (60 * MINUTE, "h"), (MINUTE, "min")):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{seconds // size}{tabular.NBSP}{unit}"
    return f"{max(0, seconds)}{tabular.NBSP}s"


def _measured(one: Promise, budget: Budget | None) -> Num:
    sli = NO_DATA if budget is None else budget.counts.sli
    return Num(text=tabular.sli_percent(sli, one.slo.target), value=sli)


def costliest_day(promises: Sequence[Promise]) -> str:
    """`most of it on 12 Nov`: where a single day spent at least half; else `""`."""
    days = [day for one in promises for day in one.days if day.counts.bad]
    spent = sum((day.share for day in days), start=Fraction(0))
    most = max(days, key=lambda day: day.share, default=None)
    if most is None or most.share * 2 < spent:
        return ""
    return f"{tabular.percent(most.share)} on {tabular.day(most.day, year=False)}"
