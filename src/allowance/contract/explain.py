"""Why an SLO is as it is: each of its fields, where the value comes from, and the reason of every default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from allowance.contract.amounts import number_text, share_text
from allowance.contract.defaults import DEFAULTS
from allowance.contract.indicator import Events, Foreign, Indicator, PromGauge, PromHistogram, PromRatio
from allowance.contract.model import Method, Occurrences, RatioTimeslices, Service, Slo, Timeslices
from allowance.contract.probe import Probe
from allowance.contract.source import CloudEvents, Files, Otlp, Prometheus, Rum, Source, Sql
from allowance.core.duration import short
from allowance.core.problem import Where

From = Literal["written", "service", "default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field: its value as people write it, where it comes from, why if it is a default, and its place."""

    field: str
    value: str
    comes_from: From
    why: str = ""
    where: Where


# field of the model -> the key of its default, and whether the service can say it for all its SLOs
_KEYS: dict[str, tuple[str, bool]] = {
    "kind": ("slos.kind", False),
    "target": ("slos.target", False),
    "window": ("slos.window", True),
    "method": ("slos.timeslices", False),
    "rules": ("alerts", True),
    "source": ("slos.source", True),
    "group_by": ("slos.by", False),
    "sla": ("slos.sla", False),
    "owner": ("slos.owner", True),
    "runbook": ("slos.runbook", True),
}


def explain_defaults(slo: Slo, service: Service | None = None) -> tuple[Row, ...]:
    """What holds for an SLO, field by field: written, said by its service, or a documented default."""
    values = {
        "indicator": indicator_words(slo.indicator),
        "kind": slo.kind,
        "target": share_text(slo.target),
        "window": str(slo.window),
        "method": method_words(slo.method),
        "rules": ", ".join(slo.alerts)
        or "; ".join(f"{rule.severity} {rule.name}" for rule in slo.rules)
        or "none",
        "source": source_words(slo.source),
        "group_by": ", ".join(slo.group_by) or "one budget for all",
        "sla": "none" if slo.sla is None else share_text(slo.sla),
        "owner": slo.owner or "nobody",
        "runbook": slo.runbook or "none",
    }
    return tuple(_row(slo, service, field, value) for field, value in values.items())


def _row(slo: Slo, service: Service | None, field: str, value: str) -> Row:
    key, shared = _KEYS.get(field, ("", False))
    in_service = "alerts" if field == "rules" else field
    if not key or slo.origin.wrote(field):
        return Row(field=field, value=value, comes_from="written", where=slo.origin.at(field))
    if shared and service is not None and service.origin.wrote(in_service):
        return Row(field=field, value=value, comes_from="service", where=service.origin.at(in_service))
    why = next((default.why for default in DEFAULTS if default.key == key), "")
    return Row(field=field, value=value, comes_from="default", why=why, where=slo.origin.where)


def indicator_words(indicator: Indicator) -> str:
    """What is measured, in a line."""
    match indicator:
        case Events(good=good, valid=valid, latency_ms=latency):
            fast = None if latency is None else f"within {number_text(latency)} ms"
            parts = " and ".join(part for part in (good, fast) if part)
            return f"{parts} where {valid}" if valid else parts
        case PromRatio(total=total, good=good, bad=bad):
            return f"{good} of {total}" if good else f"not {bad} of {total}"
        case PromHistogram(selector=selector, threshold=threshold):
            return f"{selector} at or below {number_text(threshold)}"
        case PromGauge(query=query, op=op, bound=bound):
            return f"{query} {op} {number_text(bound)}"
        case Foreign(system=system):
            return f"asked of {system}, not measured here"
        case _:
            return f"{indicator.query} as share of {indicator.of} events"


def method_words(method: Method) -> str:
    """How the budget is counted, in a line."""
    match method:
        case Occurrences():
            return "every event counts"
        case Timeslices(slice=seconds, slice_target=target, no_data=no_data):
            return f"slices of {short(seconds)}, good from {share_text(target)}, without data {no_data}"
        case RatioTimeslices(slice=seconds):
            return f"slices of {short(seconds)}, each by its own ratio"


def source_words(source: Source | None) -> str:
    """Where the telemetry is, in a line."""
    match source:
        case None:
            return "unsaid"
        case Files(paths=paths):
            return ", ".join(paths)
        case Prometheus(url=url):
            return url
        case Otlp(signal=signal, service=service, metric=metric):
            return " ".join(part for part in ("otlp", signal, service, metric) if part)
        case CloudEvents(type=type_):
            return f"events {type_}"
        case Rum(site=site):
            return f"rum {site}"
        case Probe(url=url, interval=interval):
            return f"probe {url} every {short(interval)}"
        case Sql(url=url, table=table):
            return f"{url} {table}"
