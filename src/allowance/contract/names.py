"""Names across all documents: what may be named, names that are taken, names that nothing has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.fields import suggestion
from allowance.contract.model import AlertPolicy, DataSource
from allowance.contract.notes import Notes
from allowance.contract.origin import Origin
from allowance.core.problem import Where


class Named(Protocol):
    """What has a name and a place."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def origin(self) -> Origin:
        """Where it was written."""


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What may be named: each by its name."""

    sources: Mapping[str, DataSource]
    alerts: Mapping[str, AlertPolicy]
    policies: Mapping[str, ErrorBudgetPolicy]


def unique(items: Iterable[N], what: str, notes: Notes) -> dict[str, N]:
    """By name; a second of the same name is reported and left out."""
    found: dict[str, N] = {}
    for item in items:
        if item.name in found:
            duplicate(what, item.name, item.origin.where, found[item.name].origin.where, notes)
            continue
        found[item.name] = item
    return found


def duplicate(what: str, name: str, where: Where, first: Where, notes: Notes) -> None:
    """Report a name that is taken, and where the first of that name stands."""
    notes.error(
        "duplicate",
        f"there is more than one {what} {name!r}",
        where=where,
        hint=f"the first stands at {replace(first, path=None)}; rename one of them",
    )


def missing(what: str, name: str, where: Where, known: Iterable[str], notes: Notes) -> None:
    """Report a name that nothing has, with the one that was probably meant."""
    if notes.full:
        return
    there = list(known)
    near = suggestion(name, there)
    known_here = f"known here: {', '.join(there)}" if there else f"add the {what}, or read its file too"
    notes.error(
        "reference",
        f"there is no {what} {name!r}",
        where=where,
        hint=f"did you mean {near}?" if near else known_here,
    )
