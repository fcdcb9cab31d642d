"""One open alert, complete: what is wrong, since when, how suddenly, where, and the first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.alerting.alert import Alert
from allowance.alerting.beginning import BEFORE, LOOK_BACK, begun, sudden_words, suspect_words
from allowance.alerting.hold import AnyAlert
from allowance.alerting.message import first_step, pace_words, usual_words
from allowance.alerting.telemetry import TelemetryAlert
from allowance.alerting.telemetry_words import compose_telemetry
from allowance.budget.budget import Windowed
from allowance.budget.burn import RuleReading, burn_rate
from allowance.changes.deploys import Deploy
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import HOUR, short
from allowance.core.ratio import percent_text
from allowance.core.time import Instant, iso
from allowance.reports import tabular
from allowance.reports.page import State
from allowance.reports.pages.burn_line import BurnLine, burn_line
from allowance.reports.pages.facts import Facts, Promise
from allowance.reports.pages.rows import about
from allowance.reports.pages.rows import burn as burn_number
from allowance.reports.pages.view import Link, Num, When
from allowance.reports.reading_words import reading_words


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule of the promise: its burn rates, its limit, and the word for both."""

    rule: str
    severity: str
    short: Num
    long: Num
    limit: Num
    word: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An open alert. `runbook` and `silence` are addresses (`""`: none); `burn` is there for alerts about burn rates."""

    anchor: str
    signature: str
    name: str
    link: Link
    state: State
    severity: str
    since: When
    lasted: str
    says: tuple[str, ...]
    rules: tuple[RuleRow, ...]
    burn: BurnLine | NoData
    first_step: str
    runbook: str
    silence: str
    cost: Num
    taken_by: str = ""
    taken_says: str = ""


def burning_card(facts: Facts, one: Alert, deploys: Sequence[Deploy], *, whole: bool = True) -> Card:
    """The card of an alert about a burn rate; where it is not `whole` it leaves out what takes long to work out."""
    slo, evaluation = one.evaluation.slo, one.evaluation
    promise = facts.by_id[slo.id]
    changed = _changes(deploys, slo.service, evaluation.at)
    counts = promise.counts_of(one.group) if whole else None
    began = NO_DATA if counts is None else begun(counts, changed, at=evaluation.at)
    cost = cost_per_hour(one)
    return Card(
        anchor=anchor(one.signature),
        signature=one.signature,
        name=promise.name + (f" ({one.group})" if one.group else ""),
        link=Link(text="Debug", href=_debug(facts, promise, one)),
        state=State(health=evaluation.health),
        severity=one.severity,
        since=When(at=_opened(one)),
        lasted=about(evaluation.at - _opened(one)),
        says=tuple(
            filter(
                None,
                (
                    usual_words(one),
                    pace_words(one),
                    "" if isinstance(began, NoData) else sudden_words(began),
                    "" if isinstance(began, NoData) else suspect_words(began),
                    _where(promise, one),
                ),
            )
        ),
        rules=tuple(_rule(reading, slo.target) for reading in evaluation.readings),
        burn=NO_DATA if counts is None else _line(counts, one, changed),
        first_step=first_step(slo, began),
        runbook=_address(slo.runbook),
        silence=f"/silence?service={slo.service}&slo={slo.name}",
        cost=Num(
            text="" if isinstance(cost, NoData) else f"{tabular.percent(cost)} of the budget per hour",
            value=cost,
        ),
    )


def silent_card(facts: Facts, one: TelemetryAlert) -> Card:
    """The card of an alert about telemetry."""
    said = compose_telemetry(one, "opened")
    promise = None if one.slo is None else facts.by_id.get(one.slo.id)
    href = "" if promise is None else facts.href(promise.slo)
    return Card(
        anchor=anchor(one.signature),
        signature=one.signature,
        name=said.title,
        link=Link(text="Debug", href=href),
        state=State(health="no data"),
        severity=one.severity,
        since=When(at=_opened(one)),
        lasted=about(one.at - _opened(one)),
        says=said.lines,
        rules=(),
        burn=NO_DATA,
        first_step=said.first_step,
        runbook="" if promise is None else _address(promise.slo.runbook),
        silence="" if one.slo is None else f"/silence?service={one.slo.service}&slo={one.slo.name}",
        cost=Num(text="", value=NO_DATA),
    )


def cost_per_hour(one: AnyAlert) -> Fraction | NoData:
    """The share of the window's budget that goes per hour at the pace of the short window."""
    if not isinstance(one, Alert) or isinstance(one.burn, NoData):
        return NO_DATA
    return one.burn * HOUR / one.evaluation.slo.period


def anchor(signature: str) -> str:
    """A signature as the name of a place on the page."""
    return "alert-" + "".join(sign if sign.isalnum() else "-" for sign in signature)


def _opened(one: AnyAlert) -> Instant:
    return one.life.entries[0].begin if one.life.entries else one.life.since


def _changes(deploys: Sequence[Deploy], service: str, at: Instant) -> list[Deploy]:
    return [one for one in deploys if one.service == service and at - LOOK_BACK - BEFORE <= one.at <= at]


def _where(promise: Promise, one: Alert) -> str:
    """The group with the largest share of what fails now, where that is more than its share of the traffic."""
    parts = {
        group: reading.short
        for group, found in promise.groups.items()
        for reading in found.readings
        if reading.rule == one.reading.rule
    }
    bad, total = (sum(getattr(part, what) for part in parts.values()) for what in ("bad", "total"))
    if not bad or one.group:
        return ""
    group, most = max(parts.items(), key=lambda item: item[1].bad)
    label = " ".join((*promise.slo.group_by, group))
    return (
        f"Where: {label} has {tabular.percent(Fraction(most.bad, bad), 0)} of the failures and "
        f"{tabular.percent(Fraction(most.total, total), 0)} of the traffic."
    )


def _rule(reading: RuleReading, target: Fraction) -> RuleRow:
    return RuleRow(
        rule=f"{percent_text(reading.rule.share, 2)} / {short(reading.rule.long)}",
        severity=reading.rule.severity,
        short=burn_number(burn_rate(reading.short, target)),
        long=burn_number(burn_rate(reading.long, target)),
        limit=burn_number(reading.factor),
        word=reading.word,
        remark=reading_words(reading) if reading.held_back else "",
    )


def _line(counts: Windowed, one: Alert, changed: Sequence[Deploy]) -> BurnLine | NoData:
    return burn_line(
        counts,
        one.evaluation.slo.target,
        one.reading.factor,
        short=one.reading.rule.short,
        now=one.evaluation.at,
        hours=LOOK_BACK // HOUR,
        marks=[(deploy.at, deploy.name) for deploy in changed],
    )


def _debug(facts: Facts, promise: Promise, one: Alert) -> str:
    href = facts.href(promise.slo)
    return href if "#" in href else f"{href}?at={iso(_opened(one))}"


def _address(runbook: str | None) -> str:
    """A runbook that a browser may be led to; other words are shown as words."""
    return runbook if runbook is not None and runbook.startswith(("https://", "http://")) else ""
