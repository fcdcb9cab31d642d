"""SLOs as Prometheus rule files: counts, ratios and burn rates as recorded series, one alert per severity.

Bad ratios are sums of bad events over sums of events, in the alerting windows and in the SLO's own window.
An alert compares a ratio with factor x (1 - target), worked out exactly and written as one decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from allowance.contract.model import Contract
from allowance.contract.rules import BurnRule
from allowance.core.duration import short
from allowance.core.problem import Problem, ProblemError
from allowance.reports.export_alerts import alert_rules
from allowance.reports.export_file import Exported, ExportedFile, Query
from allowance.reports.export_names import (
    BAD,
    BURN,
    GOOD,
    LEFT,
    OURS,
    PERIOD_SECONDS,
    RATIO,
    TARGET,
    TOTAL,
    ExportedSlo,
    exportable,
    group_label,
    windows,
)
from allowance.reports.export_queries import EventQueries, by_method, event_queries, number
from allowance.signals.promql_text import quoted

ABOUT = "Written by allowance export prometheus. Change the contract, not this file."
INTERVAL, PERIOD_INTERVAL = "1m", "2m"
"""How often rules are evaluated: alerts every minute; long windows cost more, and change more slowly."""

Rule = dict[str, Any]


def prometheus_rules(contract: Contract) -> Exported:
    """One rule file per service, `<service>.rules.yaml`, with two groups per SLO (one without rules or period).

    Errors: those of `exportable`, and `promql`, `promql-counts` for queries that cannot be counted.
    """
    slos, left_out = exportable(contract)
    wrong: list[Problem] = []
    remarks: list[Problem] = list(left_out)
    files: list[ExportedFile] = []
    for service, group in groupby(slos, key=lambda one: one.slo.service):
        groups: list[Rule] = []
        for one in group:
            try:
                groups += _groups(one)
            except ProblemError as error:
                wrong += error.problems
            if not one.has_period:
                remarks += _no_calendar(one)
        files.append(ExportedFile(name=f"{service}.rules.yaml", document={"groups": groups}))
    if wrong:
        raise ProblemError(*wrong)
    return Exported(files=tuple(files), left_out=tuple(remarks))


def merged(exported: Exported, name: str) -> ExportedFile:
    """All groups of an export as one document."""
    groups = [group for file in exported.files for group in file.document["groups"]]
    return ExportedFile(name=name, document={"groups": groups})


def _no_calendar(one: ExportedSlo) -> Iterator[Problem]:
    said = f"the budget of {one.slo.id} goes by the calendar, which PromQL cannot"
    yield Problem(
        code="export",
        message=f"{said}: only its alerts are exported",
        where=one.slo.origin.at("window"),
        hint="use a rolling window such as 30d, or ask allowance status for the budget",
        severity="warning",
    )
    for rule in one.slo.rules:
        if rule not in one.rules:
            yield Problem(
                code="export",
                message=f"{said}: its {rule.severity} rule {rule.name} asks what is left of it, and is left out",
                where=one.slo.origin.at("rules"),
                hint="use a rolling window such as 30d, or let Allowance itself page",
                severity="warning",
            )


def _groups(one: ExportedSlo) -> Iterator[Rule]:
    slo = one.slo
    where = replace(slo.origin.at("indicator"), path=slo.id)
    queries = by_method(event_queries(one.indicator, slo.group_by, where=where), slo.method)
    own = list(_period(one, queries)) if one.has_period else []
    at_once = own if one.asks_what_is_left else []
    rules = [*_windowed(one, queries, one.rules), *at_once, *alert_rules(one, queries)]
    if rules:
        yield {"name": slo.id, "interval": INTERVAL, "rules": rules}
    period = [_record(one, TARGET, f"vector({number(slo.target)})"), *([] if at_once else own)]
    yield {"name": f"{slo.id} period", "interval": PERIOD_INTERVAL, "rules": period}


def _windowed(one: ExportedSlo, queries: EventQueries, rules: Sequence[BurnRule]) -> Iterator[Rule]:
    budget = number(1 - one.slo.target)
    for seconds in windows(rules):
        span = short(seconds)
        total, bad = one.windowed(TOTAL, seconds), one.windowed(BAD, seconds)
        yield _record(one, f"{TOTAL}:{span}", _grouped(one, queries.total(seconds)))
        yield _record(one, f"{BAD}:{span}", _grouped(one, queries.bad(seconds)))
        # Without events there is no ratio: no data is not zero, and not NaN for days either.
        yield _record(one, f"{RATIO}:{span}", f"{bad} / ({total} > 0)")
        yield _record(one, f"{BURN}:{span}", f"{one.windowed(RATIO, seconds)} / {budget}")


def _period(one: ExportedSlo, queries: EventQueries) -> Iterator[Rule]:
    seconds = one.slo.period
    total, bad = one.period(TOTAL), one.period(BAD)
    yield _record(one, PERIOD_SECONDS, f"vector({seconds})")
    yield _record(one, f"{TOTAL}:period", _grouped(one, queries.total(seconds)))
    yield _record(one, f"{BAD}:period", _grouped(one, queries.bad(seconds)))
    yield _record(one, f"{GOOD}:period", f"{total} - {bad}")
    yield _record(one, f"{RATIO}:period", f"{bad} / ({total} > 0)")
    yield _record(one, f"{LEFT}:period", f"1 - {bad} / ({number(1 - one.slo.target)} * ({total} > 0))")


def _grouped(one: ExportedSlo, query: str) -> str:
    """A query whose groups' labels do not hide behind those that the rule sets."""
    for label in one.slo.group_by:
        if label in OURS:
            query = f'label_replace({query}, {quoted(group_label(label))}, "$1", {quoted(label)}, "(.*)")'
    return query


def _record(one: ExportedSlo, name: str, query: str) -> Rule:
    return {"record": name, "expr": Query(query), "labels": {"service": one.slo.service, "slo": one.slo.name}}
