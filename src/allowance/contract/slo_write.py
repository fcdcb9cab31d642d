"""An SLO as our documents write it, with everything left out that would be the same if it were not written."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from allowance.contract import defaults
from allowance.contract.alert_document import NO_ALERTS
from allowance.contract.amounts import latency_text, number_text, share_text
from allowance.contract.factor_rule import FactorRule, Rule
from allowance.contract.indicator import (
    Events,
    Foreign,
    Indicator,
    PromGauge,
    PromHistogram,
    PromRatio,
    PromShare,
)
from allowance.contract.indicator_document import BOUNDS
from allowance.contract.model import Method, NoDataAlert, Occurrences, Service, Slo, Timeslices
from allowance.contract.probe import Probe
from allowance.contract.probe_write import probe_document
from allowance.contract.resolve import answers
from allowance.contract.rules import ANY_TRAFFIC, USUAL_FLAPS, Flaps, LowTraffic
from allowance.contract.source import CloudEvents, Files, Otlp, Prometheus, Rum, Source, Sql
from allowance.core.duration import short

Plain = dict[str, object]


def written(**entries: object) -> Plain:
    """A map without its empty entries."""
    return {key: value for key, value in entries.items() if value not in (None, "", (), [], {})}


def slo_document(
    slo: Slo, service: Service, sources: Mapping[Source, str], no_data: NoDataAlert | None
) -> Plain:
    """One entry of `slos`. `sources` names the data sources; `no_data` is what the SLO's alert policies say."""
    return {
        **written(name=slo.name, displayName=slo.display_name, description=slo.description),
        **({} if slo.kind == defaults.default_kind(slo.indicator) else {"kind": slo.kind}),
        **indicator_document(slo.indicator),
        "target": share_text(slo.target),
        **({} if slo.window == defaults.WINDOW else {"window": str(slo.window)}),
        **method_document(slo.method, defaults.KINDS[slo.kind].method),
        **({} if slo.sla is None else {"sla": share_text(slo.sla)}),
        **written(by=list(slo.group_by)),
        **_alerts(slo, service),
        **({} if slo.no_data_alert == no_data else written(noData=no_data_document(slo.no_data_alert))),
        **_source(slo, service, sources),
        **({} if slo.owner == service.owner else written(owner=slo.owner)),
        **({} if slo.runbook == service.runbook else written(runbook=slo.runbook)),
        **written(labels=dict(slo.labels)),
    }


def indicator_document(indicator: Indicator) -> Plain:
    """What is measured."""
    match indicator:
        case Events(good=good, valid=valid, latency_ms=latency):
            return written(good=good, valid=valid, latency=None if latency is None else latency_text(latency))
        case PromRatio(total=total, good=good, bad=bad):
            return {"promql": written(good=good, bad=bad, total=total)}
        case PromHistogram(selector=selector, threshold=threshold):
            return {"promql": {"histogram": selector, "le": number_text(threshold)}}
        case PromGauge(query=query, op=op, bound=bound):
            word = next(word for word, comparison in BOUNDS.items() if comparison == op)
            return {"promql": {"gauge": query, word: number_text(bound)}}
        case PromShare(query=query, of=part):
            return {"promql": {f"{part}Share": query}}
        case Foreign(system=system, metrics=metrics):
            return {"foreign": {"system": system, "metrics": metrics}}


def method_document(method: Method, default: Method) -> Plain:
    """How the budget is counted, unless it is the kind's own way."""
    if method == default:
        return {}
    if isinstance(method, Occurrences):
        return {"timeslices": "none"}
    size = {"slice": short(method.slice)}
    if not isinstance(method, Timeslices):
        return {"ratioTimeslices": size}
    return {"timeslices": {**size, "target": share_text(method.slice_target), "noData": method.no_data}}


def _alerts(slo: Slo, service: Service) -> Plain:
    if slo.alerts:
        return {} if slo.alerts == service.alerts else {"alerts": list(slo.alerts)}
    return {"alerts": [rule_document(rule) for rule in slo.rules] or NO_ALERTS}


def rule_document(rule: Rule) -> Plain:
    """One alert rule, by its share of the budget or by its factor, as it is held."""
    size = (
        {"burn": number_text(rule.factor)}
        if isinstance(rule, FactorRule)
        else {"spend": share_text(rule.share)}
    )
    return {
        "severity": rule.severity,
        **size,
        "in": short(rule.long),
        "and": short(rule.short),
        **({"for": short(rule.hold)} if rule.hold else {}),
        **({"clearBelow": share_text(rule.clear)} if rule.clear != 1 else {}),
        **({"keepFor": short(rule.keep)} if rule.keep else {}),
        **({} if rule.remaining_below is None else {"remainingBelow": share_text(rule.remaining_below)}),
        **written(lowTraffic=low_traffic_document(rule.guard), flaps=flaps_document(rule.flaps)),
    }


def flaps_document(flaps: Flaps) -> Plain:
    """When trouble that comes again is the same alert."""
    return {} if flaps == USUAL_FLAPS else {"keepFor": short(flaps.keep), "within": short(flaps.within)}


def low_traffic_document(guard: LowTraffic) -> Plain:
    """The guard against speaking about a handful of events."""
    return {} if guard == ANY_TRAFFIC else {"minEvents": guard.min_events, "minBad": guard.min_bad}


def no_data_document(alert: NoDataAlert | None) -> Plain:
    """The alert about silence."""
    return {} if alert is None else {"severity": alert.severity, "after": short(alert.after)}


def _source(slo: Slo, service: Service, sources: Mapping[Source, str]) -> Plain:
    shared = service.source
    inherited = shared if shared is not None and answers(shared, slo.indicator) else None
    if slo.source is None or slo.source == inherited:
        return {}
    return {"source": sources.get(slo.source) or source_document(slo.source)}


def source_document(source: Source) -> Plain:
    """A source in place."""
    match source:
        case Files(paths=paths, format=form, time=time):
            return written(files=list(paths), format=form, time=time)
        case Sql(url=url, table=table, time=time, password_env=password):
            return written(sql=url, table=table, time=time, passwordEnv=password)
        case Otlp(signal=signal, service=service, metric=metric, backfill=backfill):
            return written(otlp=signal, service=service, metric=metric, backfill=list(backfill))
        case CloudEvents(type=type_):
            return {"events": type_}
        case Rum(site=site, key=key, origins=origins):
            return written(rum=site, key=key, origins=list(origins))
        case Probe():
            return {"probe": probe_document(source)}
        case Prometheus():
            return written(
                prometheus=source.url,
                bearerEnv=source.bearer_env,
                username=source.username,
                passwordEnv=source.password_env,
                caFile=source.ca_file,
                certFile=source.cert_file,
                keyFile=source.key_file,
                timeout=short(source.timeout_seconds),
            )


def money_text(amount: Fraction, currency: str) -> str:
    """`120 EUR`."""
    return f"{number_text(amount)} {currency}"
