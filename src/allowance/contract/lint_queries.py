"""Lint: does the query count what it says?"""

from __future__ import annotations

from collections.abc import Iterator

from allowance.contract.indicator import PromRatio
from allowance.contract.lint_query import RATES, Use
from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import Slo

_COUNTED = ("_total", "_count", "_sum", "_bucket")
_LEVELS = (
    *("_bytes", "_celsius", "_current", "_depth", "_gauge", "_inflight", "_in_flight", "_length", "_percent"),
    *("_ratio", "_size", "_timestamp_seconds", "_usage", "_utilization", "_active", "_available", "_up"),
)
_COMBINED = frozenset({"sum", "avg", "min", "max", "count", "group", "topk", "bottomk", "quantile"})


def _unreadable(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        if query.fault:
            yield _about(slo, f"the query {query.role} of {slo.id} is not PromQL: {query.fault}")


def _rate_of_sum(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        for use in query.uses:
            last = max((index for index, step in enumerate(use.steps) if step in RATES), default=-1)
            inner = next((step for step in use.steps[: max(last, 0)] if step in _COMBINED), "")
            if inner:
                yield _about(
                    slo,
                    f"the query {query.role} of {slo.id} takes {use.steps[last]} of {inner} of {use.metric}",
                )
                break


def _rate_of_gauge(facts: Facts) -> Iterator[Finding]:
    for slo, use in _uses(facts):
        if use.through(*RATES) and _is_level(use.metric):
            yield _about(slo, f"{slo.id} takes the rate of {use.metric}, which by its name is a gauge")


def _gauge_as_counter(facts: Facts) -> Iterator[Finding]:
    for slo, use in _uses(facts):
        if isinstance(slo.indicator, PromRatio) and not use.through(*RATES) and _is_level(use.metric):
            yield _about(slo, f"{slo.id} counts with {use.metric}, which by its name is a gauge")


def _fixed_range(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        ranged = any(use.ranged and use.through(*RATES) for use in query.uses)
        if isinstance(slo.indicator, PromRatio) and ranged and not query.has_window:
            yield _about(
                slo, f"the query {query.role} of {slo.id} has a range of its own, whatever the bucket is"
            )


def _irate(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        if any(use.through("irate") for use in query.uses):
            yield _about(
                slo, f"the query {query.role} of {slo.id} uses irate, which looks at two samples only"
            )


def _hidden_silence(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        if query.role in ("total", "gauge") and query.filled:
            yield _about(slo, f"the query {query.role} of {slo.id} fills missing data with vector()")


def _good_outside_total(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        found = {query.role: query for query in facts.queries[slo.id]}
        part, total = found.get("good") or found.get("bad"), found.get("total")
        if part is None or total is None or len(part.uses) != 1 or len(total.uses) != 1:
            continue
        inside, whole = part.uses[0], total.uses[0]
        if inside.metric == whole.metric and not whole.equals <= inside.equals:
            lost = ", ".join(f'{name}="{value}"' for name, value in sorted(whole.equals - inside.equals))
            if not {name for name, _ in whole.equals - inside.equals} <= inside.labels - {
                n for n, _ in inside.equals
            }:
                yield _about(
                    slo, f"{part.role} of {slo.id} counts events that total leaves out: it lacks {lost}"
                )


def _same_query(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.indicator, PromRatio) and slo.indicator.total in (
            slo.indicator.good,
            slo.indicator.bad,
        ):
            role = "good" if slo.indicator.good is not None else "bad"
            yield _about(slo, f"{role} and total of {slo.id} are the same query")


def _is_level(metric: str) -> bool:
    return metric.endswith(_LEVELS) and not metric.endswith(_COUNTED)


def _uses(facts: Facts) -> Iterator[tuple[Slo, Use]]:
    for slo, query in facts.promql():
        for metric in query.metrics:
            yield slo, next(use for use in query.uses if use.metric == metric)


def _about(slo: Slo, message: str) -> Finding:
    return Finding(subject=slo, where=slo.origin.at("indicator"), message=message)


RULES = (
    LintRule(
        id="AL601",
        name="unreadable-query",
        severity="error",
        why="A query that no PromQL system can read answers nothing, and an SLO without answers looks quiet.",
        fix="Try the query in your Prometheus, and write it back from there.",
        check=_unreadable,
    ),
    LintRule(
        id="AL602",
        name="rate-of-sum",
        severity="error",
        why="A sum of counters falls when one process restarts; rate takes that for a reset and invents events.",
        fix="Take the rate first: sum(rate(x[...])).",
        check=_rate_of_sum,
    ),
    LintRule(
        id="AL603",
        name="rate-of-gauge",
        severity="warning",
        why="A gauge may fall; rate takes every fall for a restart and counts events that never were.",
        fix="Use a counter, or hold the gauge against a bound with promql: {gauge: ..., max: ...}.",
        check=_rate_of_gauge,
    ),
    LintRule(
        id="AL604",
        name="gauge-as-counter",
        severity="warning",
        why="Good and total are differences of counters; the difference of a gauge is no number of events.",
        fix="Use a counter (by convention it ends in _total), or promql: {gauge: ..., max: ...}.",
        check=_gauge_as_counter,
    ),
    LintRule(
        id="AL605",
        name="fixed-range",
        severity="warning",
        why="A fixed range that is longer than a bucket counts events several times, a shorter one misses some.",
        fix="Name the counter alone, or write the range as [{{.window}}].",
        check=_fixed_range,
    ),
    LintRule(
        id="AL606",
        name="irate",
        severity="warning",
        why="Of each range irate looks at two samples only, so that most events are never counted.",
        fix="Use rate or increase.",
        check=_irate,
    ),
    LintRule(
        id="AL607",
        name="silence-filled",
        severity="warning",
        why="Filled with zeros, a dead exporter looks like a quiet night; missing data must stay missing.",
        fix="Leave `or vector(0)` out of what counts the total.",
        check=_hidden_silence,
    ),
    LintRule(
        id="AL608",
        name="part-outside-total",
        severity="warning",
        why="Where good or bad counts what total does not, the ratio means nothing and may exceed 1.",
        fix="Repeat the labels of total in the other query.",
        check=_good_outside_total,
    ),
    LintRule(
        id="AL609",
        name="part-is-total",
        severity="error",
        why="An SLI that divides a query by itself is always 100 % or 0 %.",
        fix="Narrow good (or bad) to the events that it means.",
        check=_same_query,
    ),
)
