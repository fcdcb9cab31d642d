"""The page of a promise: where is the budget going, and since when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from allowance.budget.budget import Budget
from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.window import CalendarWindow, RollingWindow, Window
from allowance.reports import numbers, tabular
from allowance.reports.analysis_alerts import burn_section
from allowance.reports.analysis_budget import spend_section
from allowance.reports.explained import Step, explain_rule, explain_window
from allowance.reports.glyphs import Svg
from allowance.reports.pages.facts import UTC, Facts, Promise
from allowance.reports.pages.lane import LaneEvent, lane
from allowance.reports.pages.remarked import Corrected, Proposed, corrections_of
from allowance.reports.pages.rows import left, says, tags
from allowance.reports.pages.shown import Block, block_of
from allowance.reports.pages.slo_asked import SloAsked, next_end, previous_end
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.slo_moment import Moment, RuleNow, moment, rules_now
from allowance.reports.pages.slo_spec import Spec
from allowance.reports.pages.slo_traces import Traces
from allowance.reports.pages.slo_traffic import Compared, Traffic, compared, traffic
from allowance.reports.pages.spenders import Spenders, spenders
from allowance.reports.pages.view import Head, Link, Num, When, head
from allowance.reports.pages.what_if import WhatIf
from allowance.reports.words import budget_left

LANE_WIDTH = 936


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something on the event lane, as a line."""

    sign: str
    kind: str
    link: Link
    at: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A calculation, step by step, under a heading."""

    about: str
    steps: tuple[Step, ...]


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
class Blocks:
    """The answers below the three numbers; what is nothing has its own sentence on the page."""

    spend: Block | NoData = NO_DATA
    lane: Svg | NoData = NO_DATA
    events: tuple[Happened, ...] = ()
    burn: Block | NoData = NO_DATA
    rules: tuple[RuleNow, ...] = ()
    moment: Moment | NoData = NO_DATA
    compared: tuple[Compared, ...] = ()
    spenders: Spenders | NoData = NO_DATA
    traffic: Traffic | NoData = NO_DATA
    traces: Traces | NoData = NO_DATA
    sums: tuple[Sum, ...] = ()


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
    presets: tuple[Link, ...]
    earlier: str
    later: str
    compare: Link
    frozen_link: str
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
        remarks=asked.remarks,
        promise=_promised(slo),
        good_means="" if known is None else known.view.wording.good,
        says=says(promise, at=facts.at) if known is None or asked == SloAsked() else _nothing(known),
        window=tabular.window(window),
        budget=NO_DATA if budget is None else _money(budget),
        presets=_presets(base, asked, slo),
        earlier="" if known is None else base + _moved(asked, previous_end(window, _at(known))).query,
        later="" if known is None else _later(base, asked, known),
        compare=Link(
            text="without comparison" if asked.compare else "compare",
            href=base + replace(asked, compare=not asked.compare).query,
        ),
        frozen_link="" if known is None else base + asked.ending(_at(known)).query,
        blocks=replace(_blocks(facts, known, events), traces=traced),
        what_if=tried,
        corrections=corrections_of(facts.standing.amendments.values(), slo, facts.pages),
        proposed=proposed,
        spec=spec,
    )


def _blocks(facts: Facts, known: Detail | None, events: Sequence[LaneEvent]) -> Blocks:
    """The blocks that only say something where something was measured."""
    if known is None:
        return Blocks()
    spend, burnt = block_of(spend_section(known.view)), block_of(burn_section(known.view))
    slo, span = known.slo, known.evaluation.span
    by = known.asked.by or ", ".join(slo.group_by)
    return Blocks(
        spend=spend or NO_DATA,
        lane=lane(events, known.drawn, width=LANE_WIDTH, paths=facts.pages) if spend else NO_DATA,
        events=tuple(_happened(one, facts) for one in reversed(events)),
        burn=burnt or NO_DATA,
        rules=rules_now(known.evaluation.readings, slo),
        moment=moment(known),
        compared=compared(known) if known.asked.compare else (),
        spenders=spenders(known.groups, by, span) if slo.group_by else NO_DATA,
        traffic=traffic(known),
        sums=_sums(known),
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


def _presets(base: str, asked: SloAsked, slo: Slo) -> tuple[Link, ...]:
    zone = slo.window.zone if isinstance(slo.window, CalendarWindow) else None
    week = f"7{tabular.NBSP}d"
    choices: list[tuple[str, Window | None]] = [
        (tabular.window(slo.window), None),
        (week, RollingWindow(seconds=7 * DAY)),
        ("month", CalendarWindow(unit="month", zone=zone or UTC)),
        ("quarter", CalendarWindow(unit="quarter", zone=zone or UTC)),
    ]
    return tuple(
        Link(
            text=text,
            href="" if window == asked.window else base + replace(asked, window=window, end=NO_DATA).query,
        )
        for text, window in choices
        if window != slo.window
    )


def _at(known: Detail) -> int:
    return known.evaluation.at


def _moved(asked: SloAsked, end: int) -> SloAsked:
    return replace(asked, end=end, at=NO_DATA)


def _later(base: str, asked: SloAsked, known: Detail) -> str:
    if isinstance(asked.end, NoData) or known.promise.evaluation is None:
        return ""
    end, newest = next_end(known.window, _at(known)), known.promise.evaluation.at
    return base + replace(asked, end=NO_DATA if end >= newest else end, at=NO_DATA).query


def _happened(one: LaneEvent, facts: Facts) -> Happened:
    href = one.href if not one.href.startswith("/ledger/") or "/ledger/{n}" in facts.pages else ""
    return Happened(sign=one.sign, kind=one.kind, link=Link(text=one.name, href=href), at=When(at=one.at))


def _sums(known: Detail) -> tuple[Sum, ...]:
    """The sums of `allowance explain`, with the numbers of this page."""
    answer = known.whole.headline
    assert answer is not None
    slo = known.slo
    return (
        Sum(about=f"Budget of {tabular.window(answer.window)}", steps=explain_window(answer)),
        *(
            Sum(
                about=f"Alert {one.rule.severity} {one.rule.name}",
                steps=explain_rule(one, slo.target, slo.period),
            )
            for one in known.evaluation.readings
        ),
    )
