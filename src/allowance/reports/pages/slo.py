"""The page of a promise: where is the budget going, and since when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.budget import Budget
from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import CalendarWindow
from allowance.reports import numbers, tabular
from allowance.reports.pages.facts import Facts, Promise
from allowance.reports.pages.lane import LaneEvent
from allowance.reports.pages.remarked import Corrected, Proposed, corrections_of
from allowance.reports.pages.rows import left, says, tags
from allowance.reports.pages.slo_asked import SloAsked
from allowance.reports.pages.slo_blocks import Blocks, blocks
from allowance.reports.pages.slo_causes import Causes
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.slo_ranges import Ranges, ranges
from allowance.reports.pages.slo_spec import Spec
from allowance.reports.pages.slo_traces import Traces
from allowance.reports.pages.view import Head, Link, Num, head
from allowance.reports.pages.what_if import WhatIf
from allowance.reports.words import budget_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """The budget in exact counts, and what they come to."""

    good: Num
    total: Num
    allowed: Num
    spent: Num
    spent_share: Num
    left: Num
    left_words: str
    remaining: Num
    measured: Num
    target: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class SloPage:
    """The page. `base` is its address without a query, `query` what it was asked."""

    head: Head
    id: str
    service: Link
    base: str
    query: str
    tags: tuple[str, ...]
    remarks: tuple[str, ...]
    promise: str
    good_means: str
    says: str
    window: str
    budget: Money | NoData
    ranges: Ranges
    blocks: Blocks
    what_if: WhatIf | NoData
    corrections: tuple[Corrected, ...]
    proposed: Proposed | NoData
    spec: Spec


def slo_page(
    facts: Facts,
    promise: Promise,
    asked: SloAsked,
    found: Detail | NoData,
    spec: Spec,
    *,
    events: Sequence[LaneEvent] = (),
    tried: WhatIf | NoData = NO_DATA,
    proposed: Proposed | NoData = NO_DATA,
    traced: Traces | NoData = NO_DATA,
    blamed: Causes | NoData = NO_DATA,
) -> SloPage:
    """The page; `found` is nothing before the first tick. `events` are those of the window."""
    slo = promise.slo
    base = f"/slo/{slo.service}/{slo.name}"
    known = None if isinstance(found, NoData) else found
    window = asked.window or slo.window
    health = promise.health if known is None else known.evaluation.health
    budget = None if known is None or not _counts(known) else known.evaluation.budget
    return SloPage(
        head=head(promise.name, _answer(promise, known), health, facts.at, window=tabular.window(window)),
        id=slo.id,
        service=Link(text=slo.service, href=f"/services/{slo.service}"),
        base=base,
        query=asked.query,
        tags=tags(promise),
        remarks=(*asked.remarks, *(() if known is None else _too_good(known))),
        promise=_promised(slo),
        good_means="" if known is None else known.view.wording.good,
        says=says(promise, at=facts.at) if known is None or asked == SloAsked() else _nothing(known),
        window=tabular.window(window),
        budget=NO_DATA if budget is None else _money(budget),
        ranges=ranges(asked, known, slo, base),
        blocks=Blocks() if known is None else blocks(facts, known, events, traced, blamed, base),
        what_if=tried,
        corrections=corrections_of(facts.standing.amendments.values(), slo, facts.pages),
        proposed=proposed,
        spec=spec,
    )


def _answer(promise: Promise, known: Detail | None) -> str:
    name = promise.name
    if known is None:
        return f"{name} has not been measured yet"
    words = {"ok": "is kept", "watch": "is on watch", "broken": "is broken"}
    health = known.evaluation.health
    if health == "no data":
        return f"{name}: no data"
    if health == "too little":
        return f"{name}: too little traffic to say"
    return f"{name} {words[health]}: {budget_left(known.evaluation.budget)}"


def _too_good(known: Detail) -> tuple[str, ...]:
    """What `allowance analyze` finds of a promise that nothing is ever spent of."""
    found = (one for one in known.whole.findings if one.code == "gold-plated")
    return tuple(f"{one.message[:1].upper()}{one.message[1:]}. What to do: {one.hint}." for one in found)


def _promised(slo: Slo) -> str:
    target, window = tabular.target_percent(slo.target), tabular.window(slo.window)
    over = f"in each {window}" if isinstance(slo.window, CalendarWindow) else f"over {window}"
    return f"{target} good {over}"


def _counts(known: Detail) -> int:
    return known.evaluation.budget.counts.total


def _nothing(known: Detail) -> str:
    return "" if _counts(known) else "No data in this window."


def _money(budget: Budget) -> Money:
    counts, remaining = budget.counts, budget.remaining
    share: Fraction | NoData = NO_DATA if isinstance(remaining, NoData) else 1 - remaining
    return Money(
        good=Num(text=numbers.whole(counts.good), value=counts.good),
        total=Num(text=numbers.whole(counts.total), value=counts.total),
        allowed=Num(text=tabular.amount(budget.allowed), value=budget.allowed),
        spent=Num(text=numbers.whole(budget.spent), value=budget.spent),
        spent_share=left(share),
        left=Num(text=tabular.amount(budget.left), value=budget.left),
        left_words=_left_words(budget),
        remaining=left(remaining),
        measured=Num(text=tabular.sli_percent(counts.sli, budget.target), value=counts.sli),
        target=Num(text=tabular.target_percent(budget.target), value=budget.target),
    )


def _left_words(budget: Budget) -> str:
    many = tabular.amount(abs(budget.left))
    return f"{many} failures too many" if budget.left < 0 else f"{many} more failures"
