"""Pyrra's ServiceLevelObjective.

Pyrra has no word for the service: the label `pyrra.dev/service` says it, else the SLO is a service of its own name.
Its alerts have the fixed factors 14, 7, 2 and 1 over windows that grow with the SLO's window, and a waiting time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from allowance.contract.amounts import as_name, parse_latency, parse_object_name
from allowance.contract.envelope import Envelope, open_envelope
from allowance.contract.factor_rule import FactorRule
from allowance.contract.fields import Fields
from allowance.contract.indicator import Indicator, PromGauge, PromRatio
from allowance.contract.model import Kind, NoDataAlert
from allowance.contract.nodes import MapNode, ScalarNode
from allowance.contract.notes import Notes
from allowance.contract.openslo_words import one_of
from allowance.contract.rules import Severity
from allowance.contract.written import Alerting, Written, WrittenService, WrittenSlo
from allowance.core.duration import MINUTE, parse_duration
from allowance.core.ratio import decimal_text, parse_decimal
from allowance.core.window import RollingWindow

API_VERSION = "pyrra.dev/v1alpha1"
KIND = "ServiceLevelObjective"
SERVICE_LABEL = "pyrra.dev/service"

# severity, factor, and the shares of the SLO's window that the long, short and waiting times are
RULES: tuple[tuple[Severity, int, int, int, int], ...] = (
    ("page", 14, 672, 8064, 20160),
    ("page", 7, 112, 1344, 2688),
    ("ticket", 2, 28, 336, 672),
    ("ticket", 1, 7, 112, 224),
)

_LE = re.compile(r'\ble\s*=\s*"[0-9.eE+]+"')


def read_pyrra(node: MapNode, notes: Notes, *, path: str) -> Written:
    """One ServiceLevelObjective: one SLO, and the service that it belongs to."""
    envelope = open_envelope(node, KIND, notes, strict=False, path=path, naming=parse_object_name)
    if envelope is None:
        return Written()
    slo = _slo(envelope)
    if slo is None:
        return Written()
    service = WrittenService(name=slo.service, rank=0, origin=envelope.spec.origin())
    return Written(services=(service,), slos=(slo,))


def _slo(envelope: Envelope) -> WrittenSlo | None:
    spec = envelope.spec
    target = _target(spec)
    window = spec.parsed("window", parse_duration) if spec.need("window", hint="such as 4w") else None
    inside = spec.fields("indicator") if spec.need("indicator") else None
    measured = _indicator(inside) if inside is not None else None
    description = spec.text("description")
    spec.has("partial_response_strategy")
    spec.has("performanceOverAccuracy")
    alerting, no_data = _alerting(spec, target, window)
    spec.finish()
    if target is None or window is None or measured is None:
        return None
    indicator, kind, group_by = measured
    name = as_name(envelope.name)
    return WrittenSlo(
        name=name,
        service=as_name(envelope.labels.get(SERVICE_LABEL, name)),
        indicator=indicator,
        kind=kind,
        target=target,
        window=RollingWindow(seconds=window),
        alerting=alerting,
        no_data=no_data,
        group_by=group_by,
        description=description,
        labels=envelope.labels,
        origin=replace(spec.origin(alerting="rules"), where=envelope.where),
    )


def _target(spec: Fields) -> Fraction | None:
    node = spec.get("target") if spec.need("target", hint='a percentage in quotes, such as "99.9"') else None
    value = spec.parsed("target", parse_decimal) if node is not None else None
    if value is None:
        return None
    if isinstance(node, ScalarNode) and not isinstance(node.value, str):
        spec.notes.warn(
            "quotes",
            f"target is a number where Pyrra wants text; it is read as {node.text} %",
            where=spec.where("target"),
            hint=f'write "{node.text}"',
        )
    if 1 <= value < 100:
        return value / 100
    hint = "a budget of zero has no burn rate" if value >= 1 else "the target is a percentage, write 99.9"
    spec.wrong("target", f"target {spec.raw('target')} is not usable", hint=hint, code="target")
    return None


Measured = tuple[Indicator, Kind | None, tuple[str, ...]]


def _indicator(fields: Fields) -> Measured | None:
    forms = {"ratio": _ratio, "latency": _latency, "latencyNative": _native, "bool_gauge": _gauge}
    form = one_of(fields, tuple(forms), code="indicator", hint="write ratio: {errors: ..., total: ...}")
    inside = fields.fields(form) if form is not None else None
    fields.finish()
    if form is None or inside is None:
        return None
    grouping = inside.texts("grouping")
    indicator, kind = forms[form](inside, grouping)
    inside.finish()
    return (indicator, kind, grouping) if indicator is not None else None


def _ratio(fields: Fields, grouping: tuple[str, ...]) -> tuple[Indicator | None, Kind | None]:
    bad, total = _metric(fields, "errors"), _metric(fields, "total")
    _warn_same(fields, "errors", bad, total)
    return (PromRatio(bad=bad, total=total) if bad and total else None), None


def _latency(fields: Fields, grouping: tuple[str, ...]) -> tuple[Indicator | None, Kind | None]:
    good, total = _metric(fields, "success"), _metric(fields, "total")
    _warn_same(fields, "success", good, total)
    if good and not _LE.search(good):
        fields.wrong("success", "success has no le label with a number", hint='such as le="0.3"')
        return None, None
    return (PromRatio(good=good, total=total) if good and total else None), "latency"


def _native(fields: Fields, grouping: tuple[str, ...]) -> tuple[Indicator | None, Kind | None]:
    total = _metric(fields, "total")
    limit = fields.parsed("latency", parse_latency) if fields.need("latency", hint="such as 200ms") else None
    if total is None or limit is None:
        return None, None
    by = f" by ({', '.join(grouping)})" if grouping else ""
    events = f"sum{by} (increase({total}[{{{{.window}}}}]))"
    seconds = decimal_text(limit / 1000)
    good = f"histogram_fraction(0, {seconds}, {events}) * histogram_count({events})"
    return PromRatio(good=good, total=f"histogram_count({events})"), "latency"


def _gauge(fields: Fields, grouping: tuple[str, ...]) -> tuple[Indicator | None, Kind | None]:
    metric = fields.text("metric") if fields.need("metric") else None
    return (PromGauge(query=metric, op="gte", bound=Fraction(1)) if metric else None), None


def _metric(fields: Fields, key: str) -> str | None:
    inside = fields.fields(key) if fields.need(key) else None
    text = inside.text("metric") if inside is not None and inside.need("metric") else None
    if inside is not None:
        inside.finish()
    return text or None


def _warn_same(fields: Fields, key: str, part: str | None, total: str | None) -> None:
    if part is not None and part == total:
        fields.notes.warn("indicator", f"{key} and total are the same metric", where=fields.where(key))


def _alerting(
    spec: Fields, target: Fraction | None, window: int | None
) -> tuple[Alerting, NoDataAlert | None]:
    fields = spec.fields("alerting")
    off, burn, absent = False, True, True
    if fields is not None:
        off = bool(fields.flag("disabled"))
        burn, absent = fields.flag("burnrates") is not False, fields.flag("absent") is not False
        for key in ("name", "absentName"):
            fields.has(key)
        fields.finish()
    if off or target is None or window is None:
        return Alerting(), None
    rules = tuple(
        FactorRule(
            severity=severity,
            factor=Fraction(factor),
            long=_minutes(window, long),
            short=min(_minutes(window, long), _minutes(window, short)),
            hold=_minutes(window, hold),
        )
        for severity, factor, long, short, hold in RULES
    )
    return Alerting(rules=rules if burn else ()), _absent(rules[0], target) if absent else None


def _absent(first: FactorRule, target: Fraction) -> NoDataAlert:
    waited = round(first.factor * (1 - target) * first.long / MINUTE) * MINUTE + first.hold
    return NoDataAlert(severity="page", after=max(MINUTE, waited))


def _minutes(window: int, part: int) -> int:
    """A share of the window in whole minutes; never 0, where Pyrra writes a range that no system accepts."""
    return max(1, (2 * window + part * MINUTE) // (2 * part * MINUTE)) * MINUTE
