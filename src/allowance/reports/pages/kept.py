"""Whether freezes were kept, and what went out without asking: the deploys of the last weeks beside the gate's words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from allowance.changes.deploys import Deploy
from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import Span
from allowance.governance.adherence import Said, adherence, unasked
from allowance.governance.facts import Standing
from allowance.reports import tabular
from allowance.reports.pages.excepted import service_link
from allowance.reports.pages.facts import Facts
from allowance.reports.pages.view import Link, When

MOST = 8
"""So many deploys are named, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """The deploys in `span`, and what the gate said before them (nothing where that is too much to look at)."""

    span: Span
    deploys: Sequence[Deploy] = ()
    said: Sequence[Said] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A deploy in one line; `id` is what its source calls it."""

    at: When
    service: Link
    version: str
    environment: str
    id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many deploys there were since `begin`, and the newest of those that went against a freeze or were not asked
    about; `says` is all of it in a sentence, `finding` what somebody should look into (`""`: nothing)."""

    begin: When
    deploys: int
    during: int
    allowed: int
    against: tuple[Shipped, ...]
    against_in_all: int
    unasked: tuple[Shipped, ...]
    unasked_in_all: int | NoData
    says: str
    finding: str


def kept(facts: Facts, shipping: Shipping, standing: Standing, services: Collection[str] | None) -> Kept:
    """The same numbers as `/v1/adherence` and `/metrics` have for the same services (nothing: for all)."""
    span, said = shipping.span, shipping.said
    deploys = [one for one in shipping.deploys if services is None or one.service in services]
    found = adherence(deploys, standing, said or (), begin=span.begin, end=span.end)
    blind = None if said is None else unasked(deploys, said)
    return Kept(
        begin=When(at=span.begin),
        deploys=found.deploys,
        during=found.during,
        allowed=found.allowed,
        against=_newest(facts, found.against),
        against_in_all=len(found.against),
        unasked=_newest(facts, blind or ()),
        unasked_in_all=NO_DATA if blind is None else len(blind),
        says=_says(found.deploys, found.during, found.allowed),
        finding=_finding(len(found.against), 0 if blind is None else len(blind)),
    )


def _newest(facts: Facts, deploys: Sequence[Deploy]) -> tuple[Shipped, ...]:
    return tuple(
        Shipped(
            at=When(at=one.at),
            service=service_link(facts, one.service),
            version=one.version,
            environment=one.environment,
            id=one.id,
            source=one.source,
        )
        for one in reversed(deploys[-MOST:])
    )


def _says(deploys: int, during: int, allowed: int) -> str:
    if not during:
        return f"{tabular.plural(deploys, 'deploy')}, none during a freeze"
    return f"{tabular.plural(deploys, 'deploy')}, {during} during a freeze, {allowed} of them allowed"


def _finding(against: int, blind: int) -> str:
    parts = []
    if against:
        parts.append(f"{tabular.plural(against, 'deploy')} went against a freeze.")
    if blind:
        parts.append(f"The gate was never asked about {tabular.plural(blind, 'deploy')}.")
    return " ".join(parts)
