"""From what was written to what holds: defaults filled in, names looked up, duplicates and gaps reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from allowance.contract import defaults
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.factor_rule import Rule, on_period
from allowance.contract.indicator import Events, Foreign, Indicator
from allowance.contract.model import (
    Contract,
    Journey,
    NoDataAlert,
    Service,
    Slo,
    Tier,
)
from allowance.contract.names import Names, duplicate, missing, unique
from allowance.contract.notes import Notes
from allowance.contract.origin import Origin
from allowance.contract.policies import POLICIES
from allowance.contract.policy_test import PolicyTest
from allowance.contract.presets import PRESETS
from allowance.contract.rules import MONTH
from allowance.contract.source import Prometheus, Source
from allowance.contract.written import Alerting, Written, WrittenService, WrittenSlo
from allowance.core.problem import Where
from allowance.core.window import RollingWindow, Window


def resolve(written: Written, notes: Notes) -> Contract:
    """The contract. Duplicate names and names that nothing has are reported; what remains is still returned."""
    services = _services(written, notes)
    sources = unique(written.data_sources, "data source", notes)
    alerts = unique(written.alert_policies, "alert policy", notes)
    policies = unique(written.budget_policies, "error-budget policy", notes)
    names = Names(sources=sources, alerts=alerts, policies=policies)
    slos: dict[str, Slo] = {}
    for draft in written.slos:
        slo = _slo(draft, services[draft.service], names, notes)
        if slo.id in slos:
            duplicate("SLO", slo.id, slo.origin.at("name"), slos[slo.id].origin.at("name"), notes)
            continue
        slos[slo.id] = slo
    journeys = _journeys(written.journeys, slos, notes)
    own = _with_journeys(slos.values(), journeys)
    found = tuple(_service(service, own.get(service.name, ()), names, notes) for service in services.values())
    return Contract(
        services=found,
        journeys=journeys,
        alert_policies=tuple(alerts.values()),
        budget_policies=(*policies.values(), *_presets_in_use(found, policies)),
        data_sources=tuple(sources.values()),
        policy_tests=_policy_tests(written, policies, notes),
    )


def _policy_tests(
    written: Written, policies: Mapping[str, ErrorBudgetPolicy], notes: Notes
) -> tuple[PolicyTest, ...]:
    """The tests of policies, each of which there must be."""
    found = unique(written.policy_tests, "policy test", notes)
    for test in found.values():
        if test.policy and test.policy not in policies and test.policy not in POLICIES:
            known = ", ".join([*policies, *POLICIES])
            notes.error(
                "reference",
                f"there is no policy {test.policy!r}",
                where=test.origin.at("policy"),
                hint=f"known: {known}",
            )
    return tuple(found.values())


def _services(written: Written, notes: Notes) -> dict[str, WrittenService]:
    """Services by name: our document if there is one, else OpenSLO's, else what an SLO or another file implies."""
    found: dict[str, WrittenService] = {}
    for service in written.services:
        known = found.get(service.name)
        if known is None or service.rank > known.rank:
            found[service.name] = service
        elif service.rank == known.rank > 0:
            duplicate("service", service.name, service.origin.where, known.origin.where, notes)
    for slo in written.slos:
        found.setdefault(
            slo.service,
            WrittenService(name=slo.service, rank=0, origin=Origin(where=slo.origin.at("service"))),
        )
    return found


def _slo(draft: WrittenSlo, service: WrittenService, names: Names, notes: Notes) -> Slo:
    tier: Tier = defaults.TIER if service.tier is None else service.tier
    kind = draft.kind or defaults.default_kind(draft.indicator)
    window: Window = draft.window or service.window or defaults.WINDOW
    target = defaults.default_target(kind, tier) if draft.target is None else draft.target
    alerting = draft.alerting or service.alerting or Alerting(names=(defaults.ALERTS,))
    where = draft.origin.at("rules") if draft.alerting else service.origin.at("alerts")
    rules, no_data = _rules(alerting, where, names, notes)
    period = window.seconds if isinstance(window, RollingWindow) else MONTH
    return Slo(
        name=draft.name,
        service=draft.service,
        indicator=draft.indicator,
        target=target,
        window=window,
        kind=kind,
        method=draft.method or defaults.KINDS[kind].method,
        rules=on_period(rules, period),
        alerts=alerting.names,
        no_data_alert=draft.no_data or no_data,
        sla=draft.sla,
        group_by=draft.group_by,
        source=_slo_source(draft, service, names, notes),
        display_name=draft.display_name,
        description=draft.description,
        owner=draft.owner or service.owner,
        runbook=draft.runbook or service.runbook,
        labels=draft.labels,
        origin=draft.origin,
    )


def _rules(
    alerting: Alerting, where: Where, names: Names, notes: Notes
) -> tuple[tuple[Rule, ...], NoDataAlert | None]:
    rules: list[Rule] = list(alerting.rules)
    no_data: NoDataAlert | None = None
    for name in alerting.names:
        policy = names.alerts.get(name)
        if policy is not None:
            rules.extend(policy.rules)
            no_data = no_data or policy.no_data
        elif name in PRESETS:
            rules.extend(PRESETS[name])
        else:
            missing("alert policy", name, where, [*names.alerts, *PRESETS], notes)
    return tuple(rules), no_data


def _source(source: str | Source | None, where: Where, names: Names, notes: Notes) -> Source | None:
    if not isinstance(source, str):
        return source
    found = names.sources.get(source)
    if found is None:
        missing("data source", source, where, names.sources, notes)
    return found.source if found is not None else None


def _slo_source(draft: WrittenSlo, service: WrittenService, names: Names, notes: Notes) -> Source | None:
    """The SLO's own source, else the service's where it can answer this kind of indicator."""
    own = _source(draft.source, draft.origin.at("source"), names, notes)
    if own is not None and not answers(own, draft.indicator):
        notes.error(
            "source",
            f"{_system(own)} cannot answer {draft.name}, which is measured {_asks(draft.indicator)}",
            where=draft.origin.at("source"),
            hint="predicates over events need files, sql, otlp, events, rum or a probe; promql needs prometheus",
        )
    if draft.source is not None:
        return own
    shared = _source(service.source, service.origin.at("source"), names, Notes())
    return shared if shared is not None and answers(shared, draft.indicator) else None


def answers(source: Source, indicator: Indicator) -> bool:
    """Whether a source can be asked for an indicator."""
    return isinstance(source, Prometheus) != isinstance(indicator, Events) and not isinstance(
        indicator, Foreign
    )


def _system(source: Source) -> str:
    return type(source).__name__.lower()


def _asks(indicator: Indicator) -> str:
    return (
        "over events"
        if isinstance(indicator, Events)
        else "elsewhere"
        if isinstance(indicator, Foreign)
        else "by promql"
    )


def _journeys(written: Iterable[Journey], slos: Mapping[str, Slo], notes: Notes) -> tuple[Journey, ...]:
    by_service: dict[str, list[str]] = {}
    for slo in slos.values():
        by_service.setdefault(slo.service, []).append(slo.id)
    found = unique(written, "journey", notes)
    return tuple(
        replace(journey, slos=_leans_on(journey, slos, by_service, notes)) for journey in found.values()
    )


def _leans_on(
    journey: Journey, slos: Mapping[str, Slo], by_service: Mapping[str, list[str]], notes: Notes
) -> tuple[str, ...]:
    ids: dict[str, None] = {}
    for name in journey.slos:
        if name.endswith("/*"):
            ids.update(dict.fromkeys(by_service.get(name[:-2], ())))
        elif name in slos:
            ids[name] = None
        else:
            missing("SLO", name, journey.origin.at("slos"), slos, notes)
    return tuple(ids)


def _with_journeys(slos: Iterable[Slo], journeys: tuple[Journey, ...]) -> dict[str, tuple[Slo, ...]]:
    """The SLOs of each service, each with the journeys that lean on it."""
    leaning: dict[str, list[str]] = {}
    for journey in journeys:
        for slo_id in journey.slos:
            leaning.setdefault(slo_id, []).append(journey.name)
    found: dict[str, list[Slo]] = {}
    for slo in slos:
        found.setdefault(slo.service, []).append(replace(slo, journeys=tuple(leaning.get(slo.id, ()))))
    return {service: tuple(own) for service, own in found.items()}


def _service(service: WrittenService, slos: tuple[Slo, ...], names: Names, notes: Notes) -> Service:
    policy = service.policy or defaults.BUDGET_POLICY
    if policy not in names.policies and policy not in POLICIES:
        known = [*names.policies, *POLICIES]
        missing("error-budget policy", policy, service.origin.at("policy"), known, notes)
    alerting = service.alerting or Alerting(names=(defaults.ALERTS,))
    return Service(
        name=service.name,
        owner=service.owner,
        tier=defaults.TIER if service.tier is None else service.tier,
        display_name=service.display_name,
        description=service.description,
        labels=service.labels,
        runbook=service.runbook,
        source=_source(service.source, service.origin.at("source"), names, notes),
        slos=slos,
        journeys=tuple(dict.fromkeys(journey for slo in slos for journey in slo.journeys)),
        dependencies=service.dependencies,
        policy=policy,
        alerts=alerting.names,
        maintenance=service.maintenance,
        origin=service.origin,
    )


def _presets_in_use(
    services: Iterable[Service], policies: Mapping[str, ErrorBudgetPolicy]
) -> tuple[ErrorBudgetPolicy, ...]:
    named = dict.fromkeys(service.policy for service in services)
    return tuple(POLICIES[name] for name in named if name not in policies and name in POLICIES)
