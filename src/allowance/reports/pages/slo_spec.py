"""A promise as it is written down, and how that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from allowance.contract.model import Contract, Service, Slo
from allowance.contract.write import documents_of
from allowance.contract.yaml_text import yaml_text
from allowance.governance.ledger import Entry
from allowance.reports.pages.view import Link, When

_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecChange:
    """One change of the promise: what was changed, by whom, and the entry of the ledger that says so."""

    at: When
    by: str
    says: str
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The document, where it was read from (`""`: unknown), and its changes, the newest first."""

    text: str
    where: str
    changes: tuple[SpecChange, ...]


def spec_of(
    contract: Contract,
    service: Service,
    slo: Slo,
    entries: Iterable[Entry] = (),
    *,
    paths: frozenset[str] = frozenset(),
) -> Spec:
    """What is promised, alone in its service; who may read pages may not read passwords in addresses."""
    alone = replace(contract, services=(replace(service, slos=(slo,)),))
    text = yaml_text(documents_of(alone)[:1])
    where = slo.origin.where
    line = f":{where.line}" if where.line else ""
    return Spec(
        text=_SECRET.sub("…@", text),
        where=f"{where.file}{line}" if where.file else "",
        changes=tuple(
            SpecChange(
                at=When(at=entry.at),
                by=entry.actor,
                says=_SECRET.sub("…@", one["says"]),
                entry=Link(
                    text=f"#{entry.seq}", href=f"/ledger/{entry.seq}" if "/ledger/{n}" in paths else ""
                ),
            )
            for entry in entries
            for one in entry.payload["changes"]
            if one["kind"] == "SLO" and one["name"] == slo.id
        ),
    )
