"""One SLO as an OpenSLO v1 object, with an annotation for what OpenSLO has no words for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from allowance.contract.alert_document import NO_ALERTS
from allowance.contract.annotations import SLO
from allowance.contract.histogram import counters_of
from allowance.contract.indicator import Foreign, PromGauge, PromHistogram, PromRatio, PromShare
from allowance.contract.model import Occurrences, Service, Slo, Timeslices
from allowance.contract.openslo_alert_write import alert_policies, openslo_number, shorthand
from allowance.contract.openslo_metrics import EVENTS
from allowance.contract.presets import PRESETS, preset
from allowance.contract.slo_write import Plain, indicator_document, rule_document, slo_document, written
from allowance.contract.source import Source
from allowance.core.window import CalendarUnit, RollingWindow, Window

_PERIODS: dict[CalendarUnit, str] = {"day": "1d", "week": "1w", "month": "1M", "quarter": "1Q", "year": "1Y"}
_CARRIED = frozenset({"target", "description", "displayName", "labels", "good", "valid", "latency", "promql"})


def openslo_object(kind: str, name: str, spec: Plain, **metadata: object) -> Plain:
    """An OpenSLO v1 object around its spec; empty metadata is left out."""
    return {
        "apiVersion": "openslo/v1",
        "kind": kind,
        "metadata": {"name": name, **written(**metadata)},
        "spec": spec,
    }


def openslo_slo(slo: Slo, service: Service, name: str, sources: Mapping[Source, str]) -> Plain:
    """The SLO object; `name` is unique among all SLOs, as OpenSLO wants it."""
    window, slice_size = _window(slo.window), _slice(slo)
    extras = {
        key: value for key, value in slo_document(slo, service, sources, None).items() if key not in _CARRIED
    }
    extras |= {"kind": slo.kind, "alerts": _alerts(slo)}
    if name == slo.name:
        del extras["name"]
    if window is not None:
        extras.pop("window", None)
    if slice_size is not None and not (isinstance(slo.method, Timeslices) and slo.method.no_data != "ignore"):
        extras.pop("timeslices", None)
        extras.pop("ratioTimeslices", None)
    spec: Plain = {
        **written(description=slo.description),
        "service": slo.service,
        "indicator": {"metadata": {"name": name}, "spec": _indicator(slo)},
        "timeWindow": [window or {"duration": "28d", "isRolling": True}],
        "budgetingMethod": type(slo.method).__name__,
        "objectives": [_objective(slo, slice_size)],
        **written(alertPolicies=alert_policies(slo, name)),
    }
    return openslo_object(
        "SLO",
        name,
        spec,
        displayName=slo.display_name,
        labels=dict(slo.labels),
        annotations={SLO: plain_json(extras)},
    )


def _alerts(slo: Slo) -> object:
    named = all(name in PRESETS for name in slo.alerts)
    if (
        slo.alerts
        and named
        and slo.rules == tuple(r for name in slo.alerts for r in preset(name, slo.period))
    ):
        return list(slo.alerts)
    return [rule_document(rule) for rule in slo.rules] or NO_ALERTS


def _indicator(slo: Slo) -> Plain:
    indicator = slo.indicator
    match indicator:
        case PromRatio(total=total, good=good, bad=bad):
            parts = {key: _prometheus(query) for key, query in (("good", good), ("bad", bad)) if query}
            return {"ratioMetric": {"counter": True, **parts, "total": _prometheus(total)}}
        case PromHistogram():
            pair = counters_of(indicator)
            return {
                "ratioMetric": {
                    "counter": True,
                    "good": _prometheus(pair.good or ""),
                    "total": _prometheus(pair.total),
                }
            }
        case PromShare(query=query, of=part):
            return {
                "ratioMetric": {
                    "raw": _prometheus(query),
                    "rawType": "success" if part == "good" else "failure",
                }
            }
        case PromGauge(query=query):
            return {"thresholdMetric": _prometheus(query)}
        case Foreign(system=system, metrics=metrics):
            metric = _metric(system, {"metrics": metrics})
            return {"ratioMetric": {"counter": True, "good": metric, "total": metric}}
        case _:
            good_events = _metric(EVENTS, indicator_document(indicator))
            all_events = _metric(EVENTS, {"events": indicator.valid or "all"})
            return {"ratioMetric": {"counter": True, "good": good_events, "total": all_events}}


def _metric(system: str, spec: Plain) -> Plain:
    return {"metricSource": {"type": system, "spec": spec}}


def _prometheus(query: str) -> Plain:
    return _metric("Prometheus", {"query": query})


def _objective(slo: Slo, slice_size: str | None) -> Plain:
    method, indicator = slo.method, slo.indicator
    held = (
        {"op": indicator.op, "value": openslo_number(indicator.bound)}
        if isinstance(indicator, PromGauge)
        else {}
    )
    slices: Plain = {} if isinstance(method, Occurrences) else {"timeSliceWindow": slice_size or "1m"}
    target = (
        {"timeSliceTarget": openslo_number(method.slice_target)} if isinstance(method, Timeslices) else {}
    )
    return {**held, "target": openslo_number(slo.target), **target, **slices}


def _slice(slo: Slo) -> str | None:
    return "1m" if isinstance(slo.method, Occurrences) else shorthand(slo.method.slice)


def _window(window: Window) -> Plain | None:
    """OpenSLO's time window; `None` where it has no word for this length."""
    if isinstance(window, RollingWindow):
        duration = shorthand(window.seconds)
        return None if duration is None else {"duration": duration, "isRolling": True}
    # The first day of 2024 was a Monday, so that every period of the calendar begins there.
    calendar = {"startTime": "2024-01-01 00:00:00", "timeZone": window.zone.key}
    return {"duration": _PERIODS[window.unit], "isRolling": False, "calendar": calendar}


def plain_json(value: Plain) -> str:
    """JSON for an annotation."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
