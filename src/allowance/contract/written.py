"""What was written, before defaults are filled in and names are looked up. Every reader gives this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.factor_rule import Rule
from allowance.contract.indicator import Indicator
from allowance.contract.maintenance import MaintenanceRule
from allowance.contract.model import (
    AlertPolicy,
    DataSource,
    Dependency,
    Journey,
    Kind,
    Method,
    NoDataAlert,
    Tier,
)
from allowance.contract.origin import UNWRITTEN, Origin
from allowance.contract.policy_test import PolicyTest
from allowance.contract.source import Source
from allowance.core.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """Alerts as an SLO or a service asks for them: names of policies or presets, or rules beside it, or none."""

    names: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSlo:
    """One SLO; `None` is "not written". A `source` that is text names a data source."""

    name: str
    service: str
    indicator: Indicator
    kind: Kind | None = None
    target: Fraction | None = None
    window: Window | None = None
    method: Method | None = None
    alerting: Alerting | None = None
    no_data: NoDataAlert | None = None
    sla: Fraction | None = None
    group_by: tuple[str, ...] = ()
    source: str | Source | None = None
    display_name: str | None = None
    description: str | None = None
    owner: str | None = None
    runbook: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = UNWRITTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenService:
    """One service; its SLOs stand in `Written.slos`.

    `rank` says how much a document says: 0 for a service that an SLO merely names, 1 for OpenSLO's, 2 for ours.
    """

    name: str
    owner: str | None = None
    tier: Tier | None = None
    window: Window | None = None
    display_name: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    runbook: str | None = None
    source: str | Source | None = None
    dependencies: tuple[Dependency, ...] = ()
    policy: str | None = None
    alerting: Alerting | None = None
    maintenance: tuple[MaintenanceRule, ...] = ()
    rank: Literal[0, 1, 2] = 2
    origin: Origin = UNWRITTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Everything that one or more documents say."""

    services: tuple[WrittenService, ...] = ()
    slos: tuple[WrittenSlo, ...] = ()
    journeys: tuple[Journey, ...] = ()
    alert_policies: tuple[AlertPolicy, ...] = ()
    budget_policies: tuple[ErrorBudgetPolicy, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
    policy_tests: tuple[PolicyTest, ...] = ()


def merge(parts: Iterable[Written]) -> Written:
    """Everything that several documents say, in their order."""
    some = tuple(parts)
    return Written(
        services=tuple(service for part in some for service in part.services),
        slos=tuple(slo for part in some for slo in part.slos),
        journeys=tuple(journey for part in some for journey in part.journeys),
        alert_policies=tuple(policy for part in some for policy in part.alert_policies),
        budget_policies=tuple(policy for part in some for policy in part.budget_policies),
        data_sources=tuple(source for part in some for source in part.data_sources),
        policy_tests=tuple(test for part in some for test in part.policy_tests),
    )
