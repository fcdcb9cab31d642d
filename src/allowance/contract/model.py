"""The contract: services with their promises, journeys, dependencies, alert policies and budget policies.

Everything here is resolved: defaults are filled in and names are looked up (`contract.resolve`). Each object has
an `origin`, which knows its file, line and column, and takes no part in comparing two objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.factor_rule import Rule
from allowance.contract.indicator import Indicator
from allowance.contract.maintenance import MaintenanceRule
from allowance.contract.origin import UNWRITTEN, Origin
from allowance.contract.policy_test import PolicyTest
from allowance.contract.rules import MONTH, BurnRule, Severity
from allowance.contract.source import Source
from allowance.core.duration import MINUTE
from allowance.core.window import RollingWindow, Window

Kind = Literal[
    "availability",
    "latency",
    "freshness",
    "throughput",
    "correctness",
    "coverage",
    "cost",
    "security",
    "cold-start",
    "client",
    "synthetic",
    "uptime",
]
KINDS: tuple[Kind, ...] = (
    "availability",
    "latency",
    "freshness",
    "throughput",
    "correctness",
    "coverage",
    "cost",
    "security",
    "cold-start",
    "client",
    "synthetic",
    "uptime",
)

Tier = Literal[0, 1, 2, 3]
TIERS: tuple[Tier, ...] = (0, 1, 2, 3)

NoDataRule = Literal["ignore", "good", "bad"]
NO_DATA_RULES: tuple[NoDataRule, ...] = ("ignore", "good", "bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrences:
    """Every event weighs the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeslices:
    """Every slice of `slice` seconds weighs the same: good when its own ratio >= `slice_target`.

    `no_data` says what a slice without events is; `ignore` leaves it out of good and total.
    """

    slice: int = MINUTE
    slice_target: Fraction
    no_data: NoDataRule = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioTimeslices:
    """Every slice of `slice` seconds counts with its own ratio; slices without events are left out."""

    slice: int = MINUTE


Method = Occurrences | Timeslices | RatioTimeslices


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDataAlert:
    """Speak with `severity` when a source has been silent for `after` seconds."""

    severity: Severity
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """One promise of one service. `rules` are the burn-rate rules in force, guards included.

    `sla` is the promise to customers beside it, `group_by` the columns or labels that each get a budget of their
    own, `journeys` the names of the journeys that lean on it, `source` where its telemetry is (`None`: unsaid).
    `alerts` names the policies or presets that the rules came from; it is empty where they stand beside the SLO.
    """

    name: str
    service: str
    indicator: Indicator
    target: Fraction
    window: Window
    kind: Kind = "availability"
    method: Method = field(default_factory=Occurrences)
    rules: tuple[BurnRule, ...] = ()
    alerts: tuple[str, ...] = ()
    no_data_alert: NoDataAlert | None = None
    sla: Fraction | None = None
    group_by: tuple[str, ...] = ()
    source: Source | None = None
    display_name: str | None = None
    description: str | None = None
    owner: str | None = None
    runbook: str | None = None
    journeys: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)
    id: str = field(init=False, compare=False, repr=False)
    """`service/name`, unique in a contract."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", f"{self.service}/{self.name}")

    @property
    def period(self) -> int:
        """Seconds whose budget the rules' shares speak of: the rolling window, or 30 days by the calendar."""
        return self.window.seconds if isinstance(self.window, RollingWindow) else MONTH


DependencyKind = Literal["hard", "soft"]
MitigationKind = Literal["fallback", "cache", "circuit-breaker"]
DEPENDENCY_KINDS: tuple[DependencyKind, ...] = ("hard", "soft")
MITIGATION_KINDS: tuple[MitigationKind, ...] = ("fallback", "cache", "circuit-breaker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """What still works when a dependency fails: `coverage` is the share of its failures that users do not see."""

    kind: MitigationKind
    coverage: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A service that another one needs: hard (its failure is ours) or soft (we go on without it).

    `target` is what we count on when the dependency is not in the contract, such as a provider's SLA.
    """

    service: str
    kind: DependencyKind = "hard"
    mitigations: tuple[Mitigation, ...] = ()
    target: Fraction | None = None
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in a currency (ISO 4217 code)."""

    amount: Fraction
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What a user wants to get done, the business outcome behind it, and the SLOs (`service/name`) that protect it."""

    name: str
    outcome: str | None = None
    slos: tuple[str, ...] = ()
    owner: str | None = None
    revenue_per_minute: Money | None = None
    display_name: str | None = None
    description: str | None = None
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that people depend on. `policy` names its error-budget policy.

    `alerts` names the alert policies or presets of those of its SLOs that do not say their own. `maintenance` is
    planned work that comes again.
    """

    name: str
    owner: str | None = None
    tier: Tier = 2
    display_name: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    runbook: str | None = None
    source: Source | None = None
    slos: tuple[Slo, ...] = ()
    journeys: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    policy: str = "green-yellow-red"
    alerts: tuple[str, ...] = ()
    maintenance: tuple[MaintenanceRule, ...] = ()
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """Burn-rate rules under a name; `notify` names the targets, as the document wrote them.

    A rule may be written as a share of the budget or as a factor; an SLO holds them as shares of its own budget.
    """

    name: str
    rules: tuple[Rule, ...]
    no_data: NoDataAlert | None = None
    notify: tuple[str, ...] = ()
    display_name: str | None = None
    description: str | None = None
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """A source under a name; `source` is `None` for a system that is not queried (`system` names it)."""

    name: str
    system: str
    source: Source | None = None
    display_name: str | None = None
    description: str | None = None
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """All that some files promise together. Names are unique within each tuple."""

    services: tuple[Service, ...] = ()
    journeys: tuple[Journey, ...] = ()
    alert_policies: tuple[AlertPolicy, ...] = ()
    budget_policies: tuple[ErrorBudgetPolicy, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
    policy_tests: tuple[PolicyTest, ...] = ()

    @property
    def slos(self) -> tuple[Slo, ...]:
        """Every SLO of every service, in the order of the documents."""
        return tuple(slo for service in self.services for slo in service.slos)

    def service(self, name: str) -> Service | None:
        """The service of that name."""
        return next((service for service in self.services if service.name == name), None)

    def slo(self, id: str) -> Slo | None:  # noqa: A002 - the word of the field
        """The SLO with the id `service/name`."""
        return next((slo for slo in self.slos if slo.id == id), None)

    def journey(self, name: str) -> Journey | None:
        """The journey of that name."""
        return next((journey for journey in self.journeys if journey.name == name), None)

    def budget_policy(self, name: str) -> ErrorBudgetPolicy | None:
        """The error-budget policy of that name."""
        return next((policy for policy in self.budget_policies if policy.name == name), None)
