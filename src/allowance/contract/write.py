"""Writing contracts as our own documents. Reading them again gives the same contract."""

from __future__ import annotations

from collections.abc import Mapping

from allowance.contract import defaults
from allowance.contract.alert_document import NO_ALERTS
from allowance.contract.amounts import share_text
from allowance.contract.formats import API_VERSION
from allowance.contract.maintenance_document import maintenance_document
from allowance.contract.model import (
    AlertPolicy,
    Contract,
    DataSource,
    Dependency,
    Journey,
    NoDataAlert,
    Service,
    Slo,
)
from allowance.contract.policies import POLICIES
from allowance.contract.policy_write import policy_document
from allowance.contract.slo_write import (
    Plain,
    money_text,
    no_data_document,
    rule_document,
    slo_document,
    source_document,
    written,
)
from allowance.contract.source import Source
from allowance.contract.yaml_text import yaml_text


def write(contract: Contract) -> str:
    """The contract as YAML documents of allowance/v1; presets are named, not written out."""
    return yaml_text(documents_of(contract))


def documents_of(contract: Contract) -> list[Plain]:
    """The contract as plain documents, services first."""
    sources = {data.source: data.name for data in contract.data_sources if data.source is not None}
    policies = {policy.name: policy for policy in contract.alert_policies}
    return [
        *(_service(service, sources, policies) for service in contract.services),
        *(_journey(journey) for journey in contract.journeys),
        *(_alert_policy(policy) for policy in contract.alert_policies),
        *(
            envelope("ErrorBudgetPolicy", policy.name, policy.display_name, policy_document(policy))
            for policy in contract.budget_policies
            if POLICIES.get(policy.name) != policy
        ),
        *(_data_source(data) for data in contract.data_sources),
    ]


def envelope(
    kind: str, name: str, display_name: str | None, spec: Plain, labels: Plain | None = None
) -> Plain:
    """A document of ours around its spec."""
    metadata = {"name": name, **written(displayName=display_name, labels=labels)}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _service(service: Service, sources: Mapping[Source, str], policies: Mapping[str, AlertPolicy]) -> Plain:
    spec = service_spec(service, sources)
    slos = [slo_document(slo, service, sources, silence(slo, policies)) for slo in service.slos]
    labels = dict[str, object](service.labels)
    return envelope("Service", service.name, service.display_name, {**spec, **written(slos=slos)}, labels)


def silence(slo: Slo, policies: Mapping[str, AlertPolicy]) -> NoDataAlert | None:
    """What the alert policies of an SLO say about missing data."""
    said = (policies[name].no_data for name in slo.alerts if name in policies)
    return next((alert for alert in said if alert is not None), None)


def service_spec(service: Service, sources: Mapping[Source, str]) -> Plain:
    """The spec of a service without its SLOs."""
    source = (
        None if service.source is None else sources.get(service.source) or source_document(service.source)
    )
    return {
        **written(description=service.description, owner=service.owner),
        **({} if service.tier == defaults.TIER else {"tier": service.tier}),
        **written(
            runbook=service.runbook,
            source=source,
            dependencies=[_dependency(dependency) for dependency in service.dependencies],
        ),
        **({} if service.policy == defaults.BUDGET_POLICY else {"policy": service.policy}),
        **({} if service.alerts == (defaults.ALERTS,) else {"alerts": list(service.alerts) or NO_ALERTS}),
        **written(maintenance=[maintenance_document(rule) for rule in service.maintenance]),
    }


def _dependency(dependency: Dependency) -> Plain:
    mitigations = [
        {"kind": mitigation.kind, "coverage": share_text(mitigation.coverage)}
        for mitigation in dependency.mitigations
    ]
    return {
        "service": dependency.service,
        "kind": dependency.kind,
        **({} if dependency.target is None else {"target": share_text(dependency.target)}),
        **written(mitigations=mitigations),
    }


def journey_spec(journey: Journey) -> Plain:
    """The spec of a journey."""
    money = journey.revenue_per_minute
    return {
        **written(
            outcome=journey.outcome,
            owner=journey.owner,
            revenuePerMinute=None if money is None else money_text(money.amount, money.currency),
            description=journey.description,
        ),
        "slos": list(journey.slos),
    }


def _journey(journey: Journey) -> Plain:
    return envelope("Journey", journey.name, journey.display_name, journey_spec(journey))


def _alert_policy(policy: AlertPolicy) -> Plain:
    spec = {
        "rules": [rule_document(rule) for rule in policy.rules],
        **written(
            noData=no_data_document(policy.no_data),
            notify=list(policy.notify),
            description=policy.description,
        ),
    }
    return envelope("AlertPolicy", policy.name, policy.display_name, spec)


def _data_source(data: DataSource) -> Plain:
    source = {"foreign": data.system} if data.source is None else source_document(data.source)
    spec = {**source, **written(description=data.description)}
    return envelope("DataSource", data.name, data.display_name, spec)
