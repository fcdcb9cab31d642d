"""Readiness of a service: what a production service should have, scored from evidence that exists, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from allowance.contract.model import Contract, Service, Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant

RECENT = DAY
"""Telemetry that is older than this is none."""

CARRIED = Fraction(99, 100)
"""So much of what is sent must carry an attribute."""

Outcome = Literal["met", "missing", "open"]
"""`open`: nothing says whether it holds, so it is not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about a service at an instant.

    `newest` says when each of its SLOs (by id) last had an event; `signed` whether its policy is signed by all three
    parties; `can_hold` whether its target can be held with its dependencies (`NO_DATA`: it names none); `errors` what
    a reviewer calls an error about it; `overdue` is how much is owed too long; `deploys` how many were reported lately;
    `attributes` the share of its telemetry that carries each attribute (empty: none of it came by OTLP).
    """

    service: Service
    contract: Contract
    newest: Mapping[str, Instant | NoData]
    signed: bool
    can_hold: bool | NoData = NO_DATA
    errors: Sequence[str] = ()
    overdue: int = 0
    deploys: int = 0
    attributes: Mapping[str, Fraction] = field(default_factory=dict)
    now: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a service should have, whether it has it, and why we say so."""

    name: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """All checks, in their order."""

    checks: tuple[Check, ...]

    @property
    def met(self) -> int:
        """How many hold."""
        return sum(one.outcome == "met" for one in self.checks)

    @property
    def counted(self) -> int:
        """How many can be judged."""
        return sum(one.outcome != "open" for one in self.checks)

    @property
    def missing(self) -> tuple[Check, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.checks if one.outcome == "missing")


def readiness(given: Evidence) -> Readiness:
    """The checks of `CHECKS`, in their order."""
    return Readiness(checks=tuple(check for make in CHECKS for check in make(given)))


def _check(name: str, holds: bool, yes: str, no: str) -> Check:
    return Check(name=name, outcome="met" if holds else "missing", reason=yes if holds else no)


def _named(slos: Sequence[Slo]) -> str:
    return ", ".join(one.name for one in slos)


def _owner(given: Evidence) -> Iterator[Check]:
    lost = [one for one in given.service.slos if not (one.owner or given.service.owner)]
    named = bool(given.service.owner) or (bool(given.service.slos) and not lost)
    who = given.service.owner or "each promise has one"
    yield _check("owner", named, who, f"nobody answers for {_named(lost) or given.service.name}")


def _promise(given: Evidence) -> Iterator[Check]:
    slos = given.service.slos
    yield _check("promise", bool(slos), _named(slos), "nothing is promised")


def _journey(given: Evidence) -> Iterator[Check]:
    own = {slo.id for slo in given.service.slos}
    named = [one.name for one in given.contract.journeys if own & set(one.slos)]
    yield _check(
        "journey", bool(named), ", ".join(named), "no promise stands for what users want to get done"
    )


def _runbook(given: Evidence) -> Iterator[Check]:
    lost = [one for one in given.service.slos if one.rules and not (one.runbook or given.service.runbook)]
    if given.service.slos:
        yield _check("runbook", not lost, "every alert leads to one", f"none for {_named(lost)}")


def _pages(given: Evidence) -> Iterator[Check]:
    loud = [one for one in given.service.slos if any(rule.severity == "page" for rule in one.rules)]
    if given.service.slos:
        yield _check("page", bool(loud), f"for {_named(loud)}", "no promise wakes anybody")


def _silence(given: Evidence) -> Iterator[Check]:
    lost = [one for one in given.service.slos if one.no_data_alert is None]
    if given.service.slos:
        yield _check(
            "silence noticed",
            not lost,
            "missing data is told",
            f"nobody is told when {_named(lost)} falls silent",
        )


def _telemetry(given: Evidence) -> Iterator[Check]:
    def unseen(one: Slo) -> bool:
        at = given.newest.get(one.id, NO_DATA)
        return isinstance(at, NoData) or at <= given.now - RECENT

    lost = [one for one in given.service.slos if unseen(one)]
    if given.service.slos:
        yield _check(
            "telemetry", not lost, "events in the last day", f"no event in the last day: {_named(lost)}"
        )


def _attributes(given: Evidence) -> Iterator[Check]:
    lost = [f"{name} ({float(share):.0%})" for name, share in given.attributes.items() if share < CARRIED]
    if not given.attributes:
        yield Check(name="version in telemetry", outcome="open", reason="none of it came by OTLP")
    else:
        yield _check(
            "version in telemetry",
            not lost,
            ", ".join(given.attributes),
            f"not on all of it: {', '.join(lost)}",
        )


def _policy(given: Evidence) -> Iterator[Check]:
    name = given.service.policy
    yield _check("policy signed", given.signed, name, f"{name} is not signed by all three parties")


def _dependencies(given: Evidence) -> Iterator[Check]:
    if not given.service.dependencies:
        yield Check(name="dependencies", outcome="open", reason="none is declared")
        return
    names = ", ".join(one.service for one in given.service.dependencies)
    yield _check("dependencies", True, f"declared: {names}", "")
    yield _check(
        "target can hold",
        given.can_hold is not False,
        "with what it depends on",
        "its hard dependencies allow less than it promises",
    )


def _review(given: Evidence) -> Iterator[Check]:
    first = given.errors[0] if given.errors else ""
    yield _check("review", not given.errors, "no error in the contract", first)


def _owed(given: Evidence) -> Iterator[Check]:
    yield _check(
        "nothing overdue", not given.overdue, "no postmortem or sprint is late", f"{given.overdue} overdue"
    )


def _deploys(given: Evidence) -> Iterator[Check]:
    yield _check(
        "deploys reported",
        given.deploys > 0,
        f"{given.deploys} in 28 days",
        "none in 28 days: nothing can be matched with a change",
    )


CHECKS: tuple[Callable[[Evidence], Iterator[Check]], ...] = (
    _owner,
    _promise,
    _journey,
    _runbook,
    _pages,
    _silence,
    _telemetry,
    _attributes,
    _policy,
    _dependencies,
    _review,
    _owed,
    _deploys,
)
"""In the order in which a service is made ready."""
