"""Our Service and Journey documents: who promises what to whom, and what it leans on."""

from __future__ import annotations

from dataclasses import replace

from allowance.contract.alert_document import read_alerting
from allowance.contract.amounts import parse_money, parse_name, parse_part
from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.maintenance_document import read_maintenance
from allowance.contract.minutes import minute_window
from allowance.contract.model import (
    DEPENDENCY_KINDS,
    MITIGATION_KINDS,
    TIERS,
    Dependency,
    DependencyKind,
    Journey,
    Mitigation,
    MitigationKind,
)
from allowance.contract.notes import Notes
from allowance.contract.slo_document import read_slo
from allowance.contract.source_document import read_source
from allowance.contract.written import Written, WrittenService
from allowance.core.ratio import parse_target


def read_service(envelope: Envelope, notes: Notes) -> Written:
    """A Service document with all that it holds."""
    spec = envelope.spec
    slos = [read_slo(fields, envelope.name) for fields in spec.each("slos")]
    promised = tuple(slo for slo in slos if slo is not None)
    journeys = [_journey_inside(fields, envelope.name) for fields in spec.each("journeys")]
    dependencies = [_dependency(fields) for fields in spec.each("dependencies")]
    service = WrittenService(
        name=envelope.name,
        owner=spec.text("owner"),
        tier=spec.word("tier", TIERS),
        window=spec.parsed("window", minute_window),
        display_name=envelope.display_name,
        description=spec.text("description"),
        labels=envelope.labels,
        runbook=spec.text("runbook"),
        source=read_source(spec),
        dependencies=tuple(dependency for dependency in dependencies if dependency is not None),
        policy=spec.parsed("policy", parse_name),
        alerting=read_alerting(spec),
        maintenance=read_maintenance(spec),
        origin=replace(spec.origin(), where=envelope.where),
    )
    spec.finish()
    return Written(
        services=(service,),
        slos=promised,
        journeys=tuple(journey for journey in journeys if journey is not None),
    )


def _journey_inside(fields: Fields, service: str) -> Journey | None:
    """A journey in a Service document: its SLOs are those of the service, all of them where none is named."""
    name = fields.parsed("name", parse_name) if fields.need("name") else None
    own = tuple(slo if "/" in slo else f"{service}/{slo}" for slo in fields.texts("slos"))
    journey = _journey(fields, name or "", own if fields.has("slos") else (f"{service}/*",))
    journey = replace(journey, display_name=fields.text("displayName"))
    fields.finish()
    return journey if name is not None else None


def _journey(fields: Fields, name: str, slos: tuple[str, ...]) -> Journey:
    return Journey(
        name=name,
        outcome=fields.text("outcome"),
        slos=slos,
        owner=fields.text("owner"),
        revenue_per_minute=fields.parsed("revenuePerMinute", parse_money),
        description=fields.text("description"),
        origin=fields.origin(revenuePerMinute="revenue_per_minute"),
    )


def read_journey(envelope: Envelope, notes: Notes) -> Written:
    """A Journey document; its SLOs are named `service/name`, or `service/*` for all of a service."""
    spec = envelope.spec
    slos = spec.texts("slos") if spec.need("slos", hint="such as [checkout/availability]") else ()
    for slo in slos:
        if slo.count("/") != 1:
            spec.wrong("slos", f"{slo!r} does not name an SLO", hint="write it as service/name")
    journey = _journey(spec, envelope.name, slos)
    journey = replace(
        journey, display_name=envelope.display_name, origin=replace(journey.origin, where=envelope.where)
    )
    spec.finish()
    return Written(journeys=(journey,))


def _dependency(fields: Fields) -> Dependency | None:
    service = fields.parsed("service", parse_name) if fields.need("service") else None
    kind: DependencyKind | None = fields.word("kind", DEPENDENCY_KINDS)
    target = fields.parsed("target", parse_target)
    mitigations = [_mitigation(inside) for inside in fields.each("mitigations")]
    fields.finish()
    if service is None:
        return None
    return Dependency(
        service=service,
        kind=kind or "hard",
        mitigations=tuple(mitigation for mitigation in mitigations if mitigation is not None),
        target=target,
        origin=fields.origin(),
    )


def _mitigation(fields: Fields) -> Mitigation | None:
    kind: MitigationKind | None = fields.word("kind", MITIGATION_KINDS) if fields.need("kind") else None
    hint = "the share of its failures that users do not see, such as 80%"
    coverage = fields.parsed("coverage", parse_part) if fields.need("coverage", hint=hint) else None
    fields.finish()
    return None if kind is None or coverage is None else Mitigation(kind=kind, coverage=coverage)
