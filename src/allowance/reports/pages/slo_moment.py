"""One instant of a promise: what the budget and every alert rule said then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.budget.burn import RuleReading, burn_rate, read_rule
from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.reports import tabular
from allowance.reports.pages.rows import burn, left
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.view import Num, When
from allowance.reports.reading_words import reading_words


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleNow:
    """One alert rule at an instant: the burn rates of both windows, its limit, and the word for them."""

    rule: str
    severity: str
    share: str
    long: Num
    short: Num
    limit: Num
    word: str
    reads: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant that somebody asked for; `day` is the anchor of its day on the page."""

    at: When
    left: Num
    rules: tuple[RuleNow, ...]
    day: str


def moment(found: Detail) -> Moment | NoData:
    """What stood at the instant that the address names; nothing where it names none, or nothing was known."""
    asked = found.asked.at
    if isinstance(asked, NoData):
        return NO_DATA
    at: Instant = asked - asked % found.history.step
    if not found.history.start < at <= found.evaluation.at:
        return NO_DATA
    slo = found.slo
    readings = [
        read_rule(found.history, rule, slo.target, period=slo.period, window=slo.window, now=at)
        for rule in slo.rules
    ]
    budget = found.budget_over(found.window.at(at))
    slots = found.view.slots
    day = next((one.anchor for one in slots.bars if one.span.begin < at <= one.span.end), "") if slots else ""
    return Moment(at=When(at=at), left=left(budget.remaining), rules=rules_now(readings, slo), day=day)


def rules_now(readings: Sequence[RuleReading], slo: Slo) -> tuple[RuleNow, ...]:
    """Every rule as a row."""
    return tuple(_row(one, slo) for one in readings)


def _row(one: RuleReading, slo: Slo) -> RuleNow:
    return RuleNow(
        rule=one.rule.name,
        severity=one.rule.severity,
        share=f"{tabular.part(one.rule.share)} in {tabular.span(one.rule.long)}",
        long=burn(burn_rate(one.long, slo.target)),
        short=burn(burn_rate(one.short, slo.target)),
        limit=burn(one.factor),
        word=one.word,
        reads=reading_words(one),
    )
