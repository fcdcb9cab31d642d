"""OpenSLO documents of v1 and v2alpha, read together because they name each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from allowance.contract.annotations import SERVICE, annotated
from allowance.contract.envelope import Envelope, open_envelope
from allowance.contract.fields import Fields
from allowance.contract.model import DataSource
from allowance.contract.nodes import MapNode
from allowance.contract.notes import Notes
from allowance.contract.openslo_alerts import Alerts, read_condition, read_policy
from allowance.contract.openslo_metrics import Sources, read_sli, speaks_promql
from allowance.contract.openslo_slo import V1, V2ALPHA, Dialect, Known, read_slo
from allowance.contract.service_document import read_service
from allowance.contract.source import Prometheus, Source
from allowance.contract.source_document import SYSTEMS, source_of
from allowance.contract.written import Written, WrittenService, merge
from allowance.core.problem import Where

DIALECTS: dict[str, Dialect] = {"openslo/v1": V1, "openslo.com/v2alpha": V2ALPHA}

KINDS = ("DataSource", "SLI", "AlertNotificationTarget", "AlertCondition", "AlertPolicy", "SLO", "Service")
"""In the order in which they are read: what is named before what names it."""

_ADDRESSES = ("url", "address", "endpoint", "server", "baseURL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An OpenSLO object that is open for reading; its problems are kept apart, so that a faulty one drops out."""

    dialect: Dialect
    envelope: Envelope
    notes: Notes


def open_object(node: MapNode, kind: str, version: str, notes: Notes, *, path: str) -> Opened | None:
    """The envelope of an OpenSLO object whose kind and version are known."""
    envelope = open_envelope(node, kind, notes, strict=False, path=path)
    return None if envelope is None else Opened(dialect=DIALECTS[version], envelope=envelope, notes=notes)


def read_objects(objects: Sequence[Opened]) -> Written:
    """Everything that the objects say together."""
    known = Known(
        sources=Sources(),
        slis={},
        alerts=Alerts(
            conditions={},
            policies={},
            declared={(opened.envelope.kind, opened.envelope.name) for opened in objects},
        ),
    )
    parts: list[Written] = []
    _report_namesakes(objects)
    for opened in sorted(objects, key=lambda opened: KINDS.index(opened.envelope.kind)):
        found = _read(opened, known)
        if not opened.notes.failed:
            parts.append(found)
    inline = tuple(
        policy
        for name, policy in known.alerts.policies.items()
        if ("AlertPolicy", name) not in known.alerts.declared
    )
    return merge([*parts, Written(alert_policies=inline)])


def _report_namesakes(objects: Sequence[Opened]) -> None:
    """Report second objects of those kinds that are used up while reading; others are compared later."""
    first: dict[tuple[str, str], Where] = {}
    for opened in objects:
        envelope = opened.envelope
        place = first.setdefault((envelope.kind, envelope.name), envelope.metadata.where("name"))
        here = envelope.metadata.where("name")
        if place != here and envelope.kind in ("SLI", "AlertCondition", "AlertNotificationTarget"):
            opened.notes.error(
                "duplicate",
                f"there is more than one {envelope.kind} {envelope.name!r}",
                where=here,
                hint=f"the first stands at {replace(place, path=None)}; rename one of them",
            )


def _read(opened: Opened, known: Known) -> Written:
    envelope, spec = opened.envelope, opened.envelope.spec
    match envelope.kind:
        case "DataSource":
            return _data_source(envelope, known.sources)
        case "SLI":
            sli = read_sli(spec, known.sources)
            if sli is not None:
                known.slis.setdefault(envelope.name, sli)
        case "AlertNotificationTarget":
            spec.text("description")
            spec.need("target", hint="such as email or pagerduty")
            spec.finish()
        case "AlertCondition":
            rule = read_condition(spec, envelope.annotations)
            if rule is not None:
                known.alerts.conditions.setdefault(envelope.name, rule)
        case "AlertPolicy":
            policy = read_policy(
                spec, envelope.name, envelope.display_name, known.alerts, where=envelope.where
            )
            return Written(alert_policies=(policy,)) if policy is not None else Written()
        case "SLO":
            return Written(slos=read_slo(envelope, opened.dialect, known))
        case "Service":
            return _service(envelope, opened.notes)
    return Written()


def _service(envelope: Envelope, notes: Notes) -> Written:
    description = envelope.spec.text("description")
    envelope.spec.finish()
    extras = annotated(envelope, SERVICE)
    if extras is not None:
        found = read_service(replace(envelope, spec=extras), notes)
        services = tuple(replace(service, description=description) for service in found.services)
        return replace(found, services=services)
    service = WrittenService(
        name=envelope.name,
        display_name=envelope.display_name,
        description=description,
        labels=envelope.labels,
        rank=1,
        origin=replace(envelope.spec.origin(), where=envelope.where),
    )
    return Written(services=(service,))


def _data_source(envelope: Envelope, sources: Sources) -> Written:
    spec = envelope.spec
    description = spec.text("description")
    system = spec.text("type") if spec.need("type", hint="such as Prometheus") else None
    details = spec.get("connectionDetails")
    if details is None:
        spec.missing("connectionDetails", hint="such as {url: 'http://prometheus:9090'}")
    spec.finish()
    if system is None:
        return Written()
    sources.types[envelope.name] = system
    inside = spec.fields("connectionDetails") if isinstance(details, MapNode) else None
    found = DataSource(
        name=envelope.name,
        system=system.lower(),
        source=_source(system, inside) if inside is not None else None,
        display_name=envelope.display_name,
        description=description,
        origin=spec.origin(),
    )
    return Written(data_sources=(found,))


def _source(system: str, details: Fields) -> Source | None:
    if any(details.has(key) for key in SYSTEMS):
        found = source_of(details)
        details.finish()
        return found
    if not speaks_promql(system):
        return None
    url = next((text for key in _ADDRESSES if details.has(key) and (text := details.text(key))), None)
    return Prometheus(url=url) if url is not None and url.startswith(("http://", "https://")) else None
