"""What a lint rule is, and what its check is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.lint_query import Query, queries
from allowance.contract.model import AlertPolicy, Contract, DataSource, Journey, Service, Slo
from allowance.core.problem import Severity, Where

Subject = Service | Slo | Journey | AlertPolicy | ErrorBudgetPolicy | DataSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a rule is broken. `subject` is what the finding is about; `hint` replaces the rule's `fix`."""

    subject: Subject
    where: Where
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a check may look at; `queries` are those of each SLO, by its id."""

    contract: Contract
    today: date
    services: Mapping[str, Service]
    slos: tuple[Slo, ...]
    queries: Mapping[str, tuple[Query, ...]]

    def promql(self) -> Iterator[tuple[Slo, Query]]:
        """Every query with its SLO."""
        for slo in self.slos:
            for query in self.queries[slo.id]:
                yield slo, query


Check = Callable[[Facts], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRule:
    """One rule. `id` never changes its meaning; `name` is a slug; `why` and `fix` are whole sentences for people."""

    id: str
    name: str
    severity: Severity
    why: str
    fix: str
    check: Check


def facts(contract: Contract, *, today: date) -> Facts:
    """The facts of a contract, looked up once."""
    return Facts(
        contract=contract,
        today=today,
        services={service.name: service for service in contract.services},
        slos=contract.slos,
        queries={slo.id: queries(slo.indicator) for slo in contract.slos},
    )
