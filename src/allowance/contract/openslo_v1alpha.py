"""OpenSLO v1alpha, which old files and Sloth still use: SLO and Service only.

Files in the wild leave out `budgetingMethod` and `isRolling`; both are read as Sloth reads them (every event counts,
the window rolls), with a warning.
"""

from __future__ import annotations

from dataclasses import replace

from allowance.contract.amounts import as_name, parse_count
from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.indicator import Comparison, Indicator, PromGauge, PromRatio
from allowance.contract.model import Method, Occurrences, Timeslices
from allowance.contract.openslo_metrics import foreign, speaks_promql
from allowance.contract.openslo_objective import read_target
from allowance.contract.openslo_words import (
    COMPARISONS,
    calendar_window,
    rolling_window,
    service_name,
)
from allowance.contract.origin import Origin
from allowance.contract.written import Written, WrittenService, WrittenSlo
from allowance.core.duration import MINUTE
from allowance.core.window import CalendarUnit, RollingWindow, Window

METHODS = ("Occurrences", "Timeslices")
_UNITS = {"Day": "d", "Week": "w", "Month": "M", "Quarter": "Q"}
_PERIODS: dict[str, CalendarUnit] = {"Day": "day", "Week": "week", "Month": "month", "Quarter": "quarter"}


def read_v1alpha(envelope: Envelope) -> Written:
    """A v1alpha Service or SLO."""
    if envelope.kind == "Service":
        service = WrittenService(
            name=envelope.name,
            display_name=envelope.display_name,
            description=envelope.spec.text("description"),
            labels=envelope.labels,
            rank=1,
            origin=envelope.spec.origin(),
        )
        envelope.spec.finish()
        return Written(services=(service,))
    return Written(slos=_slos(envelope))


def _slos(envelope: Envelope) -> tuple[WrittenSlo, ...]:
    spec = envelope.spec
    service = service_name(spec, "service") if spec.need("service") else None
    method = _budgeting(spec)
    window, description = _window(spec), spec.text("description")
    indicator = spec.fields("indicator")
    objectives = spec.each("objectives")
    if not objectives:
        spec.missing("objectives", hint="at least one, with a target and ratioMetrics")
    found: list[WrittenSlo] = []
    for index, fields in enumerate(objectives):
        slo = _objective(fields, indicator, method)
        if slo is not None and service is not None:
            title = slo.display_name
            name = envelope.name if len(objectives) == 1 else as_name(f"{envelope.name}-{title or index + 1}")
            origin = Origin(where=spec.where(), fields={**spec.origin().fields, **fields.origin().fields})
            found.append(
                replace(
                    slo,
                    name=name,
                    service=service,
                    window=window,
                    display_name=envelope.display_name or title,
                    description=description,
                    labels=envelope.labels,
                    origin=origin,
                )
            )
    spec.finish()
    return tuple(found)


def _budgeting(spec: Fields) -> str:
    method = spec.word("budgetingMethod", METHODS)
    if method is None and not spec.has("budgetingMethod"):
        _assumed(spec, "budgetingMethod", "Occurrences")
    return method or "Occurrences"


def _assumed(fields: Fields, key: str, value: str) -> None:
    fields.notes.warn(
        "assumed",
        f"{key} is missing and read as {value}",
        where=fields.where(key),
        hint=f"write {key}: {value}",
    )


def _window(spec: Fields) -> Window | None:
    windows = spec.each("timeWindows")
    if len(windows) != 1:
        spec.notes.error(
            "missing",
            "timeWindows needs exactly one entry",
            where=spec.where("timeWindows"),
            hint="such as [{unit: Day, count: 28, isRolling: true}]",
        )
        return None
    fields = windows[0]
    unit = fields.word("unit", ("Second", *_UNITS)) if fields.need("unit", hint="such as Day") else None
    count = fields.parsed("count", parse_count) if fields.need("count") else None
    rolling, calendar = fields.flag("isRolling"), fields.fields("calendar")
    if rolling is None and calendar is None:
        _assumed(fields, "isRolling", "true")
    fields.finish()
    if unit is None or not count:
        return None
    if calendar is None:
        if unit == "Second":
            return RollingWindow(seconds=count)
        return rolling_window(fields, "count", count, _UNITS[unit])
    if unit not in _PERIODS or count != 1:
        fields.wrong(
            "count", f"{count} {unit} is not a period of the calendar", hint="count: 1 and unit: Month"
        )
        return None
    return calendar_window(calendar, _PERIODS[unit])


def _objective(fields: Fields, indicator: Fields | None, method: str) -> WrittenSlo | None:
    title, target = fields.text("displayName"), read_target(fields)
    chosen = _method(fields, method)
    ratio = fields.fields("ratioMetrics")
    op: Comparison | None = fields.word("op", COMPARISONS)
    value = fields.number("value")
    found: Indicator | None = None
    if ratio is not None:
        found = _ratio(ratio)
    elif indicator is None:
        fields.missing("ratioMetrics", hint="or an indicator with a thresholdMetric beside objectives")
    elif all([fields.need("op"), fields.need("value")]) and op is not None and value is not None:
        metric = indicator.fields("thresholdMetric") if indicator.need("thresholdMetric") else None
        query = _query(metric) if metric is not None else None
        if query is not None:
            system, text = query
            limit = {"op": op, "value": f"{value.numerator}/{value.denominator}", "query": text}
            found = (
                PromGauge(query=text, op=op, bound=value) if speaks_promql(system) else foreign(system, limit)
            )
    fields.finish()
    if target is None or found is None:
        return None
    return WrittenSlo(name="", service="", indicator=found, target=target, method=chosen, display_name=title)


def _method(fields: Fields, method: str) -> Method | None:
    slice_target = fields.number("timeSliceTarget")
    if method == "Occurrences":
        return Occurrences()
    if not fields.need("timeSliceTarget", hint="such as 0.95") or slice_target is None:
        return None
    if not 0 < slice_target <= 1:
        fields.wrong("timeSliceTarget", "timeSliceTarget is outside 0 to 1", hint="such as 0.95")
        return None
    return Timeslices(slice=MINUTE, slice_target=slice_target)


def _ratio(fields: Fields) -> Indicator | None:
    parts = {key: fields.fields(key) if fields.need(key) else None for key in ("good", "total")}
    for key in ("incremental", "counter"):
        fields.flag(key)
    fields.finish()
    good, total = (_query(part) if part is not None else None for part in parts.values())
    if good is None or total is None:
        return None
    if good[0].lower() != total[0].lower():
        fields.notes.error(
            "source",
            f"{fields.called()} asks two different data sources for one ratio",
            where=fields.where("total"),
            hint="take both counts from one system",
        )
        return None
    if speaks_promql(good[0]):
        return PromRatio(good=good[1], total=total[1])
    fields.notes.warn(
        "foreign",
        f"{fields.called()} is kept but not measured: {good[0]} is not queried",
        where=fields.where(),
        hint="PromQL systems are queried",
    )
    return foreign(good[0], {"good": good[1], "total": total[1]})


def _query(fields: Fields) -> tuple[str, str] | None:
    source, kind, query = fields.text("source"), fields.text("queryType"), fields.raw("query")
    there = [fields.need(key) for key in ("source", "query")]
    fields.finish()
    if not all(there) or source is None or query is None:
        return None
    return (kind if kind is not None and speaks_promql(kind) else source), query
