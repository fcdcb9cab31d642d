"""The blocks of the page of a promise: what it was spent on, when, how fast, by whom, and how that is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import Span
from allowance.reports import tabular
from allowance.reports.analysis_alerts import burn_section
from allowance.reports.analysis_budget import spend_section
from allowance.reports.explained import Step, explain_rule, explain_window
from allowance.reports.glyphs import Svg
from allowance.reports.pages.chosen import Chosen, chosen
from allowance.reports.pages.facts import Facts
from allowance.reports.pages.lane import PLURALS, LaneEvent, lane
from allowance.reports.pages.shown import Block, block_of
from allowance.reports.pages.slo_asked import SloAsked
from allowance.reports.pages.slo_causes import Causes
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.slo_moment import Moment, RuleNow, moment, rules_now
from allowance.reports.pages.slo_query import Query, query_of
from allowance.reports.pages.slo_traces import Traces
from allowance.reports.pages.slo_traffic import Compared, Traffic, compared, traffic
from allowance.reports.pages.spenders import Spenders, spenders
from allowance.reports.pages.view import Link, When

DESK, PHONE = 900, 250
"""How many pixels a lane has at least, on a desk and on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something on the event lane, as a line with an anchor."""

    sign: str
    kind: str
    anchor: str
    link: Link
    at: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """One kind of event: how many there are, and the page with or without them."""

    name: str
    count: int
    shown: bool
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The events under one chart, for a desk and for a phone."""

    desk: Svg
    phone: Svg


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A calculation, step by step, under a heading."""

    about: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The answers below the three numbers; what is nothing has its own sentence on the page.

    `lanes` are by the name of the chart that they stand under; `step` is the grid of what is counted, in seconds.
    """

    spend: Block | NoData = NO_DATA
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    events: tuple[Happened, ...] = ()
    kinds: tuple[Kinds, ...] = ()
    step: int = 60
    chosen: Chosen | NoData = NO_DATA
    burn: Block | NoData = NO_DATA
    rules: tuple[RuleNow, ...] = ()
    moment: Moment | NoData = NO_DATA
    compared: tuple[Compared, ...] = ()
    spenders: Spenders | NoData = NO_DATA
    causes: Causes | NoData = NO_DATA
    traffic: Traffic | NoData = NO_DATA
    traces: Traces | NoData = NO_DATA
    query: Query | NoData = NO_DATA
    sums: tuple[Sum, ...] = ()


def blocks(
    facts: Facts,
    known: Detail,
    events: Sequence[LaneEvent],
    traced: Traces | NoData,
    blamed: Causes | NoData,
    base: str,
) -> Blocks:
    """The blocks, each only where something was measured; `events` are those of the window."""
    spend, burnt = block_of(spend_section(known.view)), block_of(burn_section(known.view))
    slo, span, asked = known.slo, known.evaluation.span, known.asked
    by = asked.by or ", ".join(slo.group_by)
    shown = [one for one in events if not asked.show or PLURALS[one.kind] in asked.show]
    found = traffic(known)
    axes = {
        chart.chart: chart.span for block in (spend, burnt) if block is not None for chart in block.charts
    }
    if not isinstance(found, NoData):
        axes["traffic"] = found.span
    return Blocks(
        spend=spend or NO_DATA,
        lanes={
            name: _lanes(shown, axis, asked.chosen, PHONE if name == "traffic" else DESK)
            for name, axis in axes.items()
            if not isinstance(axis, NoData)
        },
        events=_happened(shown, facts),
        kinds=_kinds(events, asked, base),
        step=known.history.step,
        chosen=chosen(known, base),
        burn=burnt or NO_DATA,
        rules=rules_now(known.evaluation.readings, slo),
        moment=moment(known),
        compared=compared(known) if asked.compare else (),
        spenders=spenders(known.groups, by, span) if slo.group_by else NO_DATA,
        traffic=found,
        traces=traced,
        causes=blamed,
        query=query_of(slo),
        sums=_sums(known),
    )


def _lanes(events: Sequence[LaneEvent], axis: Span, period: Span | None, width: int) -> Lane:
    inside = [one for one in events if one.at < axis.end and one.end >= axis.begin]
    desk, phone = (lane(inside, axis, width=width, anchored=True, chosen=period) for width in (width, PHONE))
    return Lane(desk=desk, phone=phone)


def _happened(events: Sequence[LaneEvent], facts: Facts) -> tuple[Happened, ...]:
    """The newest first; of several at one instant only the first has the anchor that the lane leads to."""
    seen: set[str] = set()
    numbers, lines = count(2), []
    for one in events:
        anchor = one.anchor if one.anchor not in seen else f"{one.anchor}-{next(numbers)}"
        seen.add(anchor)
        href = one.href if not one.href.startswith("/ledger/") or "/ledger/{n}" in facts.pages else ""
        link = Link(text=one.name, href=href)
        lines.append(Happened(sign=one.sign, kind=one.kind, anchor=anchor, link=link, at=When(at=one.at)))
    return tuple(reversed(lines))


def _kinds(events: Sequence[LaneEvent], asked: SloAsked, base: str) -> tuple[Kinds, ...]:
    there = {name: sum(one.kind == kind for one in events) for kind, name in PLURALS.items()}
    present = [name for name, many in there.items() if many]
    if len(present) < 2:
        return ()
    now = [name for name in present if not asked.show or name in asked.show]
    found = []
    for name in present:
        then = [one for one in present if (one in now) != (one == name)]
        show = () if then == present or not then else tuple(then)
        href = base + asked.showing(show).query + "#happened"
        found.append(Kinds(name=name, count=there[name], shown=name in now, href=href))
    return tuple(found)


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
