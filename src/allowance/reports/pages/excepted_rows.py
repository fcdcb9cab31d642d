"""The rows of exceptions: what pages show of bullets, waivers, releases, epochs, and what waits or is owed."""

from __future__ import annotations

from dataclasses import dataclass

from allowance.contract.budget_policy import Role
from allowance.core.counts import NoData
from allowance.reports.pages.view import Link, Num, When


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A bullet or an override that was spent; `outcome` says what was burned while it held, and what it left to do."""

    id: str
    kind: str
    service: Link
    change: str
    environment: str
    begin: When
    end: When
    holds: bool
    by: str
    approved_by: str
    reason: str
    outcome: str
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An organisation unit and its bullets in a period: `marks` has one sign per bullet, spent first."""

    unit: str
    period: str
    marks: str
    says: str
    left: Num
    blocked: tuple[str, ...]
    spent: tuple[Spent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A waiver with its countdown."""

    id: str
    service: Link
    slo: str
    dependency: str
    mode: str
    begin: When
    end: When
    holds: bool
    countdown: str
    by: str
    reason: str
    evidence: tuple[str, ...]
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A condition of a release; without evidence nothing was shown yet."""

    name: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A conditional release."""

    id: str
    service: Link
    change: str
    environment: str
    plan: str
    begin: When
    end: When
    holds: bool
    countdown: str
    by: str
    approved_by: str
    conditions: tuple[Shown, ...]
    met: str
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something owed, by whom, until when."""

    id: str
    kind: str
    of: str
    unit: str
    service: Link
    what: str
    owner: str
    due: When
    says: str
    open: bool
    overdue: bool
    evidence: str
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """A bankruptcy: the budget counts anew, and the work that pays for it."""

    id: str
    service: Link
    slo: str
    begin: When
    signed: str
    reason: str
    before: str
    plan: str
    items: tuple[Due, ...]
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """Developers carry the pager of their service."""

    id: str
    service: Link
    begin: When
    end: When | NoData
    by: str
    to: str
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Something that was asked for, and needs the yes of another: for a bullet, of one of the parties `approvers`."""

    id: str
    kind: str
    service: Link
    what: str
    reason: str
    by: str
    at: When
    until: When
    countdown: str
    signed: str
    approvers: tuple[Role, ...]
    entry: Link
