"""OpenSLO's SLO object, in the forms of v1 and v2alpha.

An SLO with one objective keeps its name. With several, each objective is an SLO of its own, named after the SLO and
the objective's displayName, or its place: `checkout-good`, `checkout-2`. OpenSLO gives objectives no names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from allowance.contract.amounts import as_name, parse_name
from allowance.contract.annotations import SLO, annotated
from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.indicator_document import read_indicator
from allowance.contract.nodes import ListNode
from allowance.contract.openslo_alerts import Alerts, dangling, open_inline, read_policy
from allowance.contract.openslo_metrics import Sli, Sources, read_sli
from allowance.contract.openslo_objective import read_objective
from allowance.contract.openslo_words import (
    one_of,
    read_window,
    reference,
    service_name,
)
from allowance.contract.origin import Origin
from allowance.contract.slo_document import overlaid
from allowance.contract.written import Alerting, WrittenSlo
from allowance.core.window import Window

METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What v1 and v2alpha call the same things."""

    indicator: str
    indicator_ref: str
    service: tuple[str, ...]


V1 = Dialect(indicator="indicator", indicator_ref="indicatorRef", service=("service",))
V2ALPHA = Dialect(indicator="sli", indicator_ref="sliRef", service=("service", "serviceRef"))


@dataclass(slots=True, kw_only=True)
class Known:
    """What was declared before SLOs are read."""

    sources: Sources
    slis: dict[str, Sli]
    alerts: Alerts


def read_slo(envelope: Envelope, dialect: Dialect, known: Known) -> tuple[WrittenSlo, ...]:
    """An SLO object: one SLO per objective."""
    spec, extras = envelope.spec, annotated(envelope, SLO)
    service_key = next((key for key in dialect.service if spec.has(key)), dialect.service[0])
    service = service_name(spec, service_key) if spec.need(service_key) else None
    named = spec.need("budgetingMethod", hint=", ".join(METHODS))
    method = spec.word("budgetingMethod", METHODS) if named else None
    window, description = _window(spec), spec.text("description")
    own_alerts = extras is not None and extras.has("alerts")
    alerting = None if own_alerts else _alerting(spec, envelope.name, known.alerts)
    objectives = _objectives(spec)
    slis = _slis(spec, objectives, dialect, known)
    spec.has("alertPolicies")
    spec.finish()
    found: list[WrittenSlo] = []
    for index, (fields, sli) in enumerate(zip(objectives, slis, strict=True)):
        slo = read_objective(fields, sli, method)
        if slo is None or service is None:
            continue
        slo = replace(
            slo,
            name=_name(envelope.name, slo.display_name, index, len(objectives)),
            service=service,
            window=window,
            alerting=alerting,
            display_name=_display_name(envelope.display_name, slo.display_name, len(objectives)),
            description=description,
            labels=envelope.labels,
            origin=_origin(spec, fields, dialect),
        )
        found.append(_with_extras(slo, extras) if extras is not None else slo)
    return tuple(found)


def _objectives(spec: Fields) -> tuple[Fields, ...]:
    objectives, hint = spec.each("objectives"), "at least one, such as [{target: 0.999}]"
    if not spec.has("objectives"):
        spec.missing("objectives", hint=hint)
    elif not objectives:
        spec.wrong("objectives", "objectives is empty", hint=hint)
    return objectives


def _slis(spec: Fields, objectives: tuple[Fields, ...], dialect: Dialect, known: Known) -> list[Sli | None]:
    """The SLI of each objective: the one of the SLO, or in a composite its own."""
    composite = any(_has_sli(fields, dialect) for fields in objectives)
    shared = _sli(spec, dialect, known) if not composite or _has_sli(spec, dialect) else None
    if not composite:
        return [shared] * len(objectives)
    _warn_composite(spec, dialect, objectives)
    return [_sli(fields, dialect, known) for fields in objectives]


def _with_extras(slo: WrittenSlo, extras: Fields) -> WrittenSlo:
    """What the annotation says beyond OpenSLO."""
    name, elsewhere = extras.parsed("name", parse_name), extras.has("foreign")
    indicator = read_indicator(extras) if elsewhere else None
    slo = overlaid(replace(slo, name=name or slo.name, indicator=indicator or slo.indicator), extras)
    extras.finish()
    return slo


def _has_sli(spec: Fields, dialect: Dialect) -> bool:
    return spec.has(dialect.indicator) or spec.has(dialect.indicator_ref)


def _warn_composite(spec: Fields, dialect: Dialect, objectives: tuple[Fields, ...]) -> None:
    if _has_sli(spec, dialect):
        key = dialect.indicator if spec.has(dialect.indicator) else dialect.indicator_ref
        spec.wrong(
            key,
            f"{spec.called()} and its objectives both have an indicator",
            hint="keep one of the two places",
        )
    if len(objectives) > 1:
        spec.notes.warn(
            "composite",
            "each objective of this composite is an SLO of its own; their weights are not read",
            where=spec.where("objectives"),
            hint="a journey names the SLOs that belong together",
        )


def _name(name: str, display_name: str | None, index: int, count: int) -> str:
    if count == 1:
        return name
    return as_name(f"{name}-{display_name or index + 1}")


def _display_name(slo: str | None, objective: str | None, count: int) -> str | None:
    if count == 1:
        return slo or objective
    return f"{slo}: {objective}" if slo and objective else slo or objective


def _origin(spec: Fields, objective: Fields, dialect: Dialect) -> Origin:
    outer = spec.origin(
        timeWindow="window",
        budgetingMethod="method",
        alertPolicies="rules",
        **{dialect.indicator: "indicator"},
    )
    inner = objective.origin(targetPercent="target", timeSliceTarget="method", timeSliceWindow="method")
    return Origin(where=outer.where, fields={**outer.fields, **inner.fields})


def _window(spec: Fields) -> Window | None:
    windows = spec.each("timeWindow")
    if isinstance(spec.get("timeWindow"), ListNode) and len(windows) != 1:
        spec.wrong(
            "timeWindow",
            "timeWindow needs exactly one entry",
            hint="such as [{duration: 28d, isRolling: true}]",
        )
        return None
    return read_window(windows[0]) if windows else None


def _sli(fields: Fields, dialect: Dialect, known: Known) -> Sli | None:
    keys = (dialect.indicator, dialect.indicator_ref)
    form = one_of(fields, keys, code="indicator", hint="an SLO needs something to measure")
    if form is None:
        return None
    if form == dialect.indicator_ref:
        name = reference(fields, form)
        if name is not None and ("SLI", name) not in known.alerts.declared:
            dangling(fields, form, "SLI", name)
        return known.slis.get(name or "")
    inside = fields.fields(form)
    if inside is None:
        return None
    inside.has("metadata")
    spec = inside.fields("spec") if inside.need("spec", hint="with ratioMetric or thresholdMetric") else None
    inside.finish()
    return read_sli(spec, known.sources) if spec is not None else None


def _alerting(spec: Fields, slo: str, alerts: Alerts) -> Alerting | None:
    if not spec.has("alertPolicies"):
        return None
    names: list[str] = []
    for step, node in spec.items("alertPolicies"):
        fields = spec.enter(node, step)
        name = _policy(fields, slo, alerts) if fields is not None else None
        if name is not None:
            names.append(name)
    return Alerting(names=tuple(names))


def _policy(fields: Fields, slo: str, alerts: Alerts) -> str | None:
    hint = "write alertPolicyRef, or kind, metadata and spec"
    form = one_of(fields, ("alertPolicyRef", "spec"), code="alert-policy", hint=hint)
    if form == "alertPolicyRef":
        name = reference(fields, form)
        fields.finish()
        return name
    opened = open_inline(fields, "AlertPolicy") if form is not None else None
    metadata = fields.fields("metadata")
    name = metadata.text("name") if metadata is not None else None
    if form is None:
        fields.finish()
    if opened is None or name is None:
        return None
    policy = read_policy(
        opened[0], name, metadata.text("displayName") if metadata else None, alerts, where=fields.where()
    )
    if policy is None:
        return None
    known = alerts.policies.get(name)
    if ("AlertPolicy", name) in alerts.declared or (known is not None and known != policy):
        # What is written in place has no name of its own to others: keep it apart from its namesake.
        name = as_name(f"{slo}-{name}")
        policy = replace(policy, name=name)
    alerts.policies[name] = policy
    return name
