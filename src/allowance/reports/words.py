"""The answer in words: a headline, and the few sentences that follow it on every surface."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.analysis import Analysis, WindowAnswer
from allowance.budget.budget import Budget
from allowance.budget.detection import Detection
from allowance.budget.health import Health
from allowance.budget.spend import DaySpend
from allowance.core.counts import NoData
from allowance.core.window import RollingWindow, Span
from allowance.reports import numbers, tabular
from allowance.reports.ahead_words import launch_words, spending_words
from allowance.reports.analysis_json import Wording
from allowance.reports.health import firing_at, hangs_on_one_event, health_of
from allowance.reports.tabular import NBSP, plural
from allowance.signals.measured import SourceFacts

SEVERITY_NOUNS = {"page": "page", "ticket": "ticket", "log": "log entry"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the sentences speak of."""

    one: Analysis
    facts: SourceFacts
    wording: Wording
    answer: WindowAnswer


def headline(analysis: Analysis, wording: Wording) -> str:
    """The answer in one sentence without a full stop: is the promise kept, and how much of the budget is left?"""
    answer = analysis.headline
    if answer is None or not answer.budget.counts.total:
        return _no_data(analysis, answer)
    budget = answer.budget
    good = tabular.share_words(budget.counts, budget.target)
    return _HEADLINES[health_of(analysis)](budget, good)


def sentences(analysis: Analysis, facts: SourceFacts, wording: Wording) -> tuple[str, ...]:
    """What a reader must know beside the headline: promise, budget, coverage, when it went, alerts, lost lines."""
    answer = analysis.headline
    if answer is None or not answer.budget.counts.total:
        return tuple(_why_no_data(analysis, facts, wording))
    told = _Told(one=analysis, facts=facts, wording=wording, answer=answer)
    return tuple(text for say in _SENTENCES if (text := say(told)))


def budget_left(budget: Budget) -> str:
    """`20 % of the budget is left`, also where it is all, none, or less than none."""
    left = budget.remaining
    if isinstance(left, NoData):
        return "there is no budget without requests"
    if left == 1:
        return "the whole budget is left"
    if left == 0:
        return "the budget is spent exactly"
    if left < 0:
        return _overspent(1 - left)
    if left < Fraction(1, 100):
        return f"less than 1{NBSP}% of the budget is left"
    if left > Fraction(99, 100):
        return f"more than 99{NBSP}% of the budget is left"
    return f"{tabular.percent(left, 0)} of the budget is left"


def measured_seconds(one: Analysis, span: Span) -> int:
    """How much of a span the data reach over, from first to last bucket."""
    return max(0, min(span.end, one.buckets.end) - max(span.begin, one.buckets.start))


def outage_left(one: Analysis, answer: WindowAnswer) -> Fraction:
    """Seconds of full outage, at the mean traffic of the window, that the budget left would allow (or is short)."""
    counts = answer.budget.counts
    return (
        answer.budget.left * measured_seconds(one, answer.span) / counts.total
        if counts.total
        else Fraction(0)
    )


def fewest_days(days: tuple[DaySpend, ...]) -> tuple[DaySpend, ...]:
    """The fewest days that hold at least half of what failed, the costliest first."""
    half = Fraction(sum(day.counts.bad for day in days), 2)
    chosen: list[DaySpend] = []
    for day in sorted(days, key=lambda day: -day.counts.bad):
        if sum(one.counts.bad for one in chosen) >= half:
            break
        chosen.append(day)
    return tuple(chosen)


def alerts_sent(one: Analysis) -> str:
    """`2 pages and 1 ticket`, `no page and no ticket`; empty where there is no rule."""
    parts = [messages(severity, len(found)) for severity, found in one.detections.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def messages(severity: str, count: int) -> str:
    """`2 pages`, `1 ticket`, `no log entry`."""
    noun = SEVERITY_NOUNS[severity]
    if count > 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{numbers.whole(count) if count else 'no'}{NBSP}{noun}"


def _kept(budget: Budget, good: str) -> str:
    return f"Promise kept: {good}, {budget_left(budget)}"


def _broken(budget: Budget, good: str) -> str:
    return f"Promise broken: {good}, {budget_left(budget)}"


def _too_little(budget: Budget, good: str) -> str:
    one = tabular.fixed(1 / budget.allowed, 1)
    if budget.spent:
        return f"Too little traffic to say: {good}, and a single failure is {one} budgets"
    return f"Too little traffic to say: {good}, but a single failure would cost {one} budgets"


_HEADLINES: dict[Health, Callable[[Budget, str], str]] = {
    "ok": _kept,
    "watch": _kept,
    "broken": _broken,
    "too little": _too_little,
}


def _no_data(one: Analysis, answer: WindowAnswer | None) -> str:
    if answer is None or not one.counts.total:
        return "No data: not one request was measured"
    total = tabular.requests(one.counts.total)
    return f"No data in this window: all {total} were measured outside it"


def _overspent(spent: Fraction) -> str:
    if spent >= 10:
        return f"the budget is spent {tabular.fixed(spent, 0)} times over"
    shown = tabular.percent(spent, 0)
    if spent * 100 < Fraction(201, 2):
        return "the budget is just overspent"
    return f"{shown} of the budget is spent"


def _why_no_data(one: Analysis, facts: SourceFacts, wording: Wording) -> list[str]:
    said = [f"The promise: {tabular.target_percent(one.question.target)} of requests are good."]
    if one.headline is not None and one.counts.total:
        span = one.headline.span
        said.append(
            f"The window is {tabular.when(span.begin)} to {tabular.when(span.end)} UTC, the data reach from "
            f"{tabular.when(one.buckets.start)} to {tabular.when(one.buckets.end)} UTC: ask at another instant."
        )
        return said
    if facts.lines:
        said.append(f"{plural(facts.lines, 'line')} were read as {facts.format}, and none of them counts.")
        said.append(
            "Usual causes: a predicate for valid that matches nothing, another format, or another time column."
        )
    else:
        said.append(
            "The source is empty. Usual causes: a wrong path, a log that was rotated, a stopped exporter."
        )
    return said


def _promise(told: _Told) -> str:
    target = tabular.target_percent(told.one.question.target)
    over = tabular.window(told.answer.window)
    over = over if isinstance(told.answer.window, RollingWindow) else f"a {over}"
    good = f" Good means {told.wording.good}." if told.wording.good else ""
    valid = told.wording.valid
    counted = f" What counts: {valid}." if valid and valid != "every event" else ""
    return f"The promise: {target} of requests are good over {over}.{good}{counted}"


def _budget(told: _Told) -> str:
    budget = told.answer.budget
    allowed, spent = tabular.amount(budget.allowed), numbers.whole(budget.spent)
    if hangs_on_one_event(budget):
        needed = math.ceil(1 / (1 - budget.target))
        return (
            f"One failure is allowed per {numbers.whole(needed)} requests, and there were "
            f"{numbers.whole(budget.counts.total)}: wait for more traffic, or choose a longer window."
        )
    outage = outage_left(told.one, told.answer)
    if budget.left < 0:
        return (
            f"{spent} failed where {allowed} were allowed: {tabular.amount(-budget.left)} too many, "
            f"as much as {tabular.span(-outage)} of full outage."
        )
    if not budget.spent:
        return f"{allowed} failures are allowed, as many as {tabular.span(outage)} of full outage; there was none."
    return (
        f"{spent} of {allowed} allowed failures are spent; {tabular.amount(budget.left)} are left, "
        f"as many as {tabular.span(outage)} of full outage at the traffic of this window."
    )


def _coverage(told: _Told) -> str:
    span, one = told.answer.span, told.one
    has = measured_seconds(one, span)
    if has * 50 >= span.seconds * 49:
        return ""  # half a quiet hour at an edge is nothing to speak of
    late = one.buckets.start > span.begin
    edge = (
        f"begin only on {tabular.when(one.buckets.start)}"
        if late
        else f"end already on {tabular.when(one.buckets.end)}"
    )
    return f"The data cover {tabular.span(has)} of the {tabular.span(span.seconds)}: they {edge} UTC."


def _when_spent(told: _Told) -> str:
    days = tuple(day for day in told.one.spend if day.counts.total)
    if len(days) < 3 or not told.answer.budget.spent:
        return ""
    most = fewest_days(days)
    names = [tabular.day(day.day, year=False) for day in sorted(most, key=lambda day: day.span.begin)]
    if len(most) == 1:
        return (
            f"Most of it went on {names[0]}: that day spent {tabular.percent(most[0].share)} of the budget."
        )
    if len(most) <= 3:
        return f"Half of it went on {len(most)} days: {', '.join(names[:-1])} and {names[-1]}."
    day = tabular.day(most[0].day, year=False)
    return f"It went over many days; the costliest of {len(days)}, {day}, spent {tabular.percent(most[0].share)}."


def _alerts(told: _Told) -> str:
    one = told.one
    if not one.detections:
        return ""
    said = f"The alert rules would have sent {alerts_sent(one)}"
    longer = one.buckets.end - one.buckets.start > told.answer.span.seconds
    said += f" in {tabular.span(one.buckets.end - one.buckets.start)} of data." if longer else "."
    costliest = max(one.detections.get("page", ()), key=lambda found: found.spent.bad, default=None)
    if costliest is not None:
        said += f" {_costliest(one, costliest)}"
    firing = firing_at(one, told.answer.at)
    if firing:
        verb = "still fires" if len(firing) == 1 else "still fire"
        said += f" At the end {' and '.join(rule.rule.name for rule in firing)} {verb}."
    return said


def _costliest(one: Analysis, found: Detection) -> str:
    which = "The page" if len(one.detections["page"]) == 1 else "The costliest page"
    before = tabular.percent(one.share_of_budget(found.spent_before.bad))
    return (
        f"{which} came {tabular.span(found.seconds_to_detect)} after its first failure, "
        f"on {tabular.when(found.detected)} UTC, and {before} of the budget went before it."
    )


def _ahead(told: _Told) -> str:
    ahead = told.one.forecast
    if isinstance(ahead, NoData) or hangs_on_one_event(told.answer.budget):
        return ""
    left = told.answer.budget.left > 0
    return " ".join(filter(None, (spending_words(ahead), "" if left else launch_words(ahead))))


def _malformed(told: _Told) -> str:
    facts = told.facts
    if not facts.malformed:
        return ""
    share = tabular.percent(Fraction(facts.malformed, max(facts.lines, facts.malformed)))
    return f"{plural(facts.malformed, 'line')} of {numbers.whole(facts.lines)} could not be read ({share})."


_SENTENCES: tuple[Callable[[_Told], str], ...] = (
    _promise,
    _budget,
    _coverage,
    _when_spent,
    _alerts,
    _ahead,
    _malformed,
)
