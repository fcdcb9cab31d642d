"""OpenSLO's SLIs: ratios and thresholds over the metrics of some system."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction

from allowance.contract.fields import Fields
from allowance.contract.histogram import histogram_of
from allowance.contract.indicator import (
    Comparison,
    Events,
    Foreign,
    Indicator,
    PromGauge,
    PromRatio,
    PromShare,
)
from allowance.contract.indicator_document import read_indicator
from allowance.contract.nodes import plain
from allowance.contract.openslo_words import one_of, reference

PROMETHEUS = frozenset(
    {
        "prometheus",
        "promql",
        "thanos",
        "mimir",
        "cortex",
        "victoriametrics",
        "amazonprometheus",
        "grafanamimir",
    }
)
"""Types of metric sources that speak PromQL, in lower case and without punctuation."""

EVENTS = "allowance"
"""The type of a metric source that holds our own predicates over events."""

QUERY_KEYS = ("query", "promql", "expr", "queryString")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One query: its system in lower case (`""` where unsaid), the query if it is PromQL, the data source's name."""

    system: str
    query: str | None
    source: str | None
    raw: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Sli:
    """An SLI as it was declared. A threshold waits for the `op` and `value` of an objective."""

    indicator: Indicator | None = None
    threshold: Metric | None = None
    source: str | None = None

    def against(self, op: Comparison, value: Fraction) -> Indicator:
        """The indicator of an objective that holds this SLI's metric against a value."""
        if self.threshold is None or self.threshold.query is None:
            raw = self.threshold.raw if self.threshold else None
            system = self.threshold.system if self.threshold else ""
            return foreign(
                system, {"threshold": raw, "op": op, "value": f"{value.numerator}/{value.denominator}"}
            )
        return PromGauge(query=self.threshold.query, op=op, bound=value)


@dataclass(slots=True)
class Sources:
    """What is known of data sources while SLIs are read: the type of each by name."""

    types: dict[str, str] = field(default_factory=dict)


def foreign(system: str, metrics: object) -> Foreign:
    """An indicator over a system that is not queried here."""
    return Foreign(system=system or "unknown", metrics=json.dumps(metrics, sort_keys=True, default=str))


def speaks_promql(system: str) -> bool:
    """Whether a type of metric source is asked in PromQL."""
    return "".join(letter for letter in system.lower() if letter.isalnum()) in PROMETHEUS


def read_sli(spec: Fields, sources: Sources) -> Sli | None:
    """The spec of an SLI."""
    spec.text("description")
    hint = "write ratioMetric: {good: ..., total: ...} or thresholdMetric"
    form = one_of(spec, ("ratioMetric", "thresholdMetric"), code="indicator", hint=hint)
    inside = spec.fields(form) if form is not None else None
    spec.finish()
    if inside is None:
        return None
    if form == "ratioMetric":
        return _ratio(inside, sources)
    metric = read_metric(inside, sources)
    if metric is None:
        return None
    _warn_foreign(inside, metric)
    return Sli(threshold=metric, source=metric.source)


def _ratio(fields: Fields, sources: Sources) -> Sli | None:
    counter = fields.flag("counter")
    form = one_of(fields, ("total", "raw"), code="indicator", hint="write good (or bad) and total")
    metrics = {key: _metric_under(fields, key, sources) for key in ("good", "bad", "total", "raw")}
    raw_type = fields.word("rawType", ("success", "failure"))
    fields.finish()
    if form is None:
        return None
    if form == "raw":
        return _raw(fields, metrics["raw"], raw_type)
    part = one_of(fields, ("good", "bad"), code="indicator", hint="keep the one that your metrics count")
    first, total = metrics[part] if part else None, metrics["total"]
    if part is None or first is None or total is None:
        return None
    _warn_counter(fields, counter, (first, total))
    source = _same_source(fields, first, total)
    if first.system.lower() == EVENTS:
        return _events(fields, part, source)
    if first.query is None or total.query is None:
        _warn_foreign(fields, first)
        written = {"counter": bool(counter), part: first.raw, "total": total.raw}
        return Sli(indicator=foreign(first.system, written), source=source)
    good, bad = (first.query, None) if part == "good" else (None, first.query)
    ratio = PromRatio(total=total.query, good=good, bad=bad)
    return Sli(indicator=histogram_of(ratio) or ratio, source=source)


def _events(fields: Fields, part: str, source: str | None) -> Sli | None:
    """Our own predicates over events, in the metricSource of the good events."""
    metric = fields.fields(part)
    inside = metric.fields("metricSource") if metric is not None else None
    spec = inside.fields("spec") if inside is not None else None
    indicator = read_indicator(spec) if spec is not None else None
    return Sli(indicator=indicator, source=source) if isinstance(indicator, Events) else None


def _raw(fields: Fields, metric: Metric | None, raw_type: str | None) -> Sli | None:
    if not fields.need("rawType", hint="success or failure") or metric is None or raw_type is None:
        return None
    if metric.query is None:
        _warn_foreign(fields, metric)
        return Sli(
            indicator=foreign(metric.system, {"raw": metric.raw, "rawType": raw_type}), source=metric.source
        )
    warn_share(fields, "raw")
    return Sli(
        indicator=PromShare(query=metric.query, of="good" if raw_type == "success" else "bad"),
        source=metric.source,
    )


def warn_share(fields: Fields, key: str) -> None:
    """Say what a ready-made ratio costs."""
    fields.notes.warn(
        "share",
        f"{key} is a ratio already, so every moment weighs the same, busy or quiet",
        where=fields.where(key),
        hint="two counters, good and total, give an exact budget",
    )


def _metric_under(fields: Fields, key: str, sources: Sources) -> Metric | None:
    inside = fields.fields(key)
    return read_metric(inside, sources) if inside is not None else None


def read_metric(fields: Fields, sources: Sources) -> Metric | None:
    """One metric: v1 writes `metricSource: {type, metricSourceRef, spec}`, v2alpha `dataSourceRef` and `spec`."""
    if fields.has("dataSourceRef") or fields.has("dataSourceSpec"):
        return _v2alpha_metric(fields, sources)
    source = fields.fields("metricSource") if fields.need("metricSource") else None
    fields.finish()
    if source is None:
        return None
    name, kind = reference(source, "metricSourceRef"), source.text("type")
    return _query(source, name, kind or sources.types.get(name or "", ""), kind is None, sources)


def _v2alpha_metric(fields: Fields, sources: Sources) -> Metric | None:
    name, inline = reference(fields, "dataSourceRef"), fields.fields("dataSourceSpec")
    kind = inline.text("type") if inline is not None and inline.need("type") else None
    if name is not None and inline is not None:
        fields.wrong(
            "dataSourceSpec", f"{fields.called()} has both dataSourceRef and dataSourceSpec", hint="keep one"
        )
        return None
    return _query(fields, name, kind or sources.types.get(name or "", ""), kind is None, sources)


def _query(fields: Fields, name: str | None, system: str, by_name: bool, sources: Sources) -> Metric | None:
    spec = (
        fields.fields("spec")
        if fields.need("spec", hint="the query, such as {query: 'sum(requests_total)'}")
        else None
    )
    fields.finish()
    if spec is None:
        return None
    if not spec.node.items:
        fields.wrong("spec", "spec is empty", hint="such as {query: 'sum(requests_total)'}")
        return None
    if name is not None and name not in sources.types:
        _unknown_source(fields, name, by_name)
    query = None
    if speaks_promql(system) or (not system and spec.has("promql")):
        query = next((spec.raw(key) for key in QUERY_KEYS if spec.has(key)), None)
        if query is None or not query.strip():
            spec.missing("query", hint="the PromQL expression")
            return None
        spec.finish()
    known = name if name in sources.types else None
    return Metric(system=system, query=query, source=known, raw=plain(fields.node))


def _unknown_source(fields: Fields, name: str, by_name: bool) -> None:
    what = ", so its system is unknown and it is not measured" if by_name else ""
    fields.notes.warn(
        "reference",
        f"the data source {name!r} is not in these documents{what}",
        where=fields.where("metricSourceRef" if fields.has("metricSourceRef") else "dataSourceRef"),
        hint="add its DataSource document",
    )


def _warn_foreign(fields: Fields, metric: Metric) -> None:
    if metric.query is None:
        fields.notes.warn(
            "foreign",
            f"{fields.called()} is kept but not measured: {metric.system or 'its system'} is not queried",
            where=fields.where(),
            hint="PromQL systems are queried; other telemetry can be read from files or SQL tables",
        )


def _warn_counter(fields: Fields, counter: bool | None, metrics: tuple[Metric, Metric]) -> None:
    bare = [metric for metric in metrics if metric.query is not None and "[" not in metric.query]
    if counter is not True and bare:
        fields.notes.warn(
            "counter",
            f"{fields.called()} does not say that its queries are counters; they are read as counters",
            where=fields.where("counter"),
            hint="write counter: true, or queries over [{{.window}}]",
        )


def _same_source(fields: Fields, first: Metric, total: Metric) -> str | None:
    if first.source != total.source or first.system.lower() != total.system.lower():
        fields.notes.error(
            "source",
            f"{fields.called()} asks two different data sources for one ratio",
            where=fields.where("total"),
            hint="take both counts from one system",
        )
    return total.source
