"""What a service can promise, given what it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.composite import Cannot, Dependency, Need, Part, Why, reach, service, why
from allowance.contract import model
from allowance.contract.defaults import TIER_TARGETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """A service, its target, and what it comes to with its dependencies.

    `why.availability` takes the service itself to be just as good as its target (`own`). It may be better than
    that: `needs` says for each part, itself first, what it alone would have to become for the target to hold.
    """

    service: str
    own: Fraction
    dependencies: tuple[Dependency, ...]
    why: Why
    needs: tuple[Need, ...]

    @property
    def itself(self) -> Fraction | Cannot:
        """How good the service itself must be for its target to hold, or that its dependencies do not allow it."""
        return self.needs[0].availability

    @property
    def can_hold(self) -> bool:
        """Whether the target can be reached with these dependencies, however good the service itself is."""
        return not isinstance(self.itself, Cannot)


def composites(contract: model.Contract) -> tuple[Composite, ...]:
    """Every service that depends on something."""
    return tuple(_composite(contract, one) for one in contract.services if one.dependencies)


def promised_availability(one: model.Service) -> Fraction:
    """The target of a service's first availability SLO, else what its tier promises by default."""
    targets = [slo.target for slo in one.slos if slo.kind in ("availability", "uptime")]
    return targets[0] if targets else TIER_TARGETS[one.tier]


def _composite(contract: model.Contract, one: model.Service) -> Composite:
    own = promised_availability(one)
    dependencies = tuple(_dependency(contract, d) for d in one.dependencies)
    node = service(Part(name=one.name, availability=own), dependencies)
    return Composite(
        service=one.name, own=own, dependencies=dependencies, why=why(node, own), needs=reach(node, own)
    )


def _dependency(contract: model.Contract, one: model.Dependency) -> Dependency:
    known = contract.service(one.service)
    if one.target is not None:
        availability = one.target
    elif known is not None:
        availability = promised_availability(known)
    else:
        availability = TIER_TARGETS[2]
    uncovered = Fraction(1)
    for mitigation in one.mitigations:
        uncovered *= 1 - mitigation.coverage
    return Dependency(name=one.service, availability=availability, kind=one.kind, coverage=1 - uncovered)
