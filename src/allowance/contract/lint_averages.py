"""Lint: is speed judged request by request, or by a number that hides the slow ones?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from allowance.contract.indicator import PromGauge
from allowance.contract.lint_query import Query
from allowance.contract.lint_rule import Facts, Finding, LintRule

_PERCENTILE = re.compile(
    r"(?:^|_)(?:p|perc|percentile|quantile)_?\d{2,4}(?:_|$)|(?:^|_)\d{2}(?:th)?_?percentile"
)
_MEAN = re.compile(r"(?:^|_)(?:avg|average|mean)(?:_|$)")
_DURATION = re.compile(
    r"(?:^|_)(?:latency|latencies|duration|durations|response_time|request_time|seconds|milliseconds|ms|millis)(?:_|$)"
)


def _averages(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        found = _average_of_durations(query, slo.kind == "latency")
        if found:
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} judges latency by an average ({found})",
            )


def _average_of_durations(query: Query, is_latency: bool) -> str:
    for above, below in query.divided:
        if above.endswith("_sum") and below.endswith("_count") and above[:-4] == below[:-6]:
            return f"{above} / {below}"
    for use in query.uses:
        timed = is_latency or bool(_DURATION.search(use.metric.lower()))
        counted = use.metric.endswith(("_count", "_total", "_bucket")) or _is_percentile(
            use.metric, use.labels
        )
        if timed and not counted and use.through("avg", "avg_over_time"):
            return f"avg of {use.metric}"
        if timed and _MEAN.search(use.metric.lower()):
            return use.metric
    return ""


def _is_percentile(metric: str, labels: frozenset[str]) -> bool:
    return "quantile" in labels or bool(_PERCENTILE.search(metric.lower()))


def _averaged_percentiles(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        for use in query.uses:
            inner = use.steps.index("histogram_quantile") if "histogram_quantile" in use.steps else -1
            if inner < 0 and not _is_percentile(use.metric, use.labels):
                continue
            after = use.steps[inner + 1 :]
            combined = next((step for step in after if step in {"avg", "sum", "avg_over_time"}), "")
            if combined:
                yield Finding(
                    subject=slo,
                    where=slo.origin.at("indicator"),
                    message=f"{slo.id} takes {combined} over percentiles of {use.metric}, which is no percentile of anything",
                )
                break


def _percentile_gauges(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        if not isinstance(slo.indicator, PromGauge):
            continue
        if any(
            use.through("histogram_quantile") or _is_percentile(use.metric, use.labels) for use in query.uses
        ):
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} holds a percentile against a bound once per bucket; busy and quiet minutes weigh the same",
            )


RULES = (
    LintRule(
        id="AL103",
        name="average-latency",
        severity="error",
        why="An average hides the slow requests: one in twenty can take ten seconds while the mean looks well.",
        fix="Count the requests below a threshold: a histogram with le, or latency over events.",
        check=_averages,
    ),
    LintRule(
        id="AL104",
        name="average-of-percentiles",
        severity="error",
        why="Percentiles cannot be added or averaged; the mean of two 99th percentiles is not a 99th percentile.",
        fix="Add the buckets of the histogram first, or count the requests below a threshold.",
        check=_averaged_percentiles,
    ),
    LintRule(
        id="AL105",
        name="percentile-gauge",
        severity="info",
        why="A percentile per minute weighs a minute with ten requests like one with ten thousand.",
        fix="Use promql: {histogram: ..., le: ...}, which counts every request once.",
        check=_percentile_gauges,
    ),
)
