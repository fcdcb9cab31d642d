"""What the gate knows of a service when it judges: the numbers, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from allowance.contract.budget_policy import BudgetState
from allowance.core.time import Instant
from allowance.governance.verdict_clauses import ClauseFacts

TRUSTED = ("current", "fresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFact:
    """How far the telemetry of an SLO (`service/name`) was read: a word, and the reason where it is not current."""

    slo: str
    word: str
    reason: str = ""

    @property
    def trusted(self) -> bool:
        """Whether decisions may lean on it."""
        return self.word in TRUSTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a freeze (its id) is on the way to its end, and when it ends at the earliest where that is known."""

    freeze: str
    text: str
    earliest: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comeback:
    """When an SLO's budget is above zero again at the earliest, if nothing more fails."""

    slo: str
    earliest: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyFact:
    """The state of a service that this one leans on; it explains and decides nothing."""

    service: str
    state: BudgetState


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """All of it at one instant. `as_of` is the instant of the numbers (nothing: there are none yet).

    `unit` is the organisation unit whose silver bullets count, `shadow` whether the gate of the service only watches.
    """

    service: str
    unit: str
    as_of: Instant | None
    clauses: ClauseFacts
    sources: tuple[SourceFact, ...] = ()
    progress: tuple[Progress, ...] = ()
    comebacks: tuple[Comeback, ...] = ()
    dependencies: tuple[DependencyFact, ...] = ()
    shadow: bool = False
