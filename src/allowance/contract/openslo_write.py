"""Writing contracts as OpenSLO v1, for tools that read it.

OpenSLO has no words for owners, tiers, dependencies, journeys, groups, SLAs, two-window alerts or predicates over
events: those go into annotations (`contract.annotations`) and come back when Allowance reads the file. It cannot hold
error-budget policies and alert policies with several rules under one name; what is lost is said in warnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from allowance.contract.annotations import SERVICE
from allowance.contract.model import Contract, DataSource, Journey, Service
from allowance.contract.openslo_slo_write import openslo_object, openslo_slo, plain_json
from allowance.contract.policies import POLICIES
from allowance.contract.presets import PRESETS
from allowance.contract.slo_write import Plain, source_document, written
from allowance.contract.source import Source
from allowance.contract.write import journey_spec, service_spec
from allowance.contract.yaml_text import yaml_text
from allowance.core.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The text of the documents, and what they could not carry."""

    text: str
    losses: tuple[Problem, ...] = ()


def write_openslo(contract: Contract) -> Exported:
    """The contract as OpenSLO v1 documents in one YAML stream."""
    names = Counter(slo.name for slo in contract.slos)
    sources = {data.source: data.name for data in contract.data_sources if data.source is not None}
    homes = _homes(contract) if contract.services else {}
    documents: list[object] = [
        *(_data_source(data) for data in contract.data_sources),
        *(_service(service, sources, homes.get(service.name, [])) for service in contract.services),
        *(
            openslo_slo(
                slo, service, slo.name if names[slo.name] == 1 else f"{service.name}-{slo.name}", sources
            )
            for service in contract.services
            for slo in service.slos
        ),
    ]
    return Exported(text=yaml_text(documents), losses=tuple(_losses(contract)))


def _homes(contract: Contract) -> dict[str, list[Journey]]:
    """The journeys that each Service document carries: those that lean on it first, so that their order is kept."""
    names = [service.name for service in contract.services]
    place = {name: index for index, name in enumerate(names)}
    homes: dict[str, list[Journey]] = {}
    home = 0
    for journey in contract.journeys:
        home = max([home, *(place[slo.partition("/")[0]] for slo in journey.slos[:1])])
        homes.setdefault(names[home], []).append(journey)
    return homes


def _losses(contract: Contract) -> list[Problem]:
    lost = [
        *(("alert policy", policy.name, policy.origin) for policy in contract.alert_policies),
        *(
            ("error-budget policy", policy.name, policy.origin)
            for policy in contract.budget_policies
            if POLICIES.get(policy.name) != policy
        ),
    ]
    return [
        Problem(
            code="openslo-loss",
            message=f"OpenSLO cannot hold the {what} {name!r}",
            where=origin.where,
            hint="its rules stand beside the SLOs"
            if what == "alert policy"
            else "keep its document beside the file",
            severity="warning",
        )
        for what, name, origin in lost
    ]


def _data_source(data: DataSource) -> Plain:
    spec = {
        **written(description=data.description),
        "type": data.system,
        "connectionDetails": {} if data.source is None else source_document(data.source),
    }
    return openslo_object("DataSource", data.name, spec, displayName=data.display_name)


def _service(service: Service, sources: Mapping[Source, str], journeys: list[Journey]) -> Plain:
    extras = service_spec(service, sources)
    extras.pop("description", None)
    if service.policy not in POLICIES:
        extras.pop("policy", None)
    if not all(name in PRESETS for name in service.alerts):
        extras.pop("alerts", None)
    extras |= written(
        journeys=[
            {"name": journey.name, **written(displayName=journey.display_name), **journey_spec(journey)}
            for journey in journeys
        ]
    )
    return openslo_object(
        "Service",
        service.name,
        written(description=service.description),
        displayName=service.display_name,
        labels=dict(service.labels),
        annotations={SERVICE: plain_json(extras)} if extras else None,
    )
