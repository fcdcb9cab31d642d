"""What is owed because of exceptions: postmortems and the items of reliability sprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.model import Service
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.governance.facts import Obligation, Standing
from allowance.governance.ledger import Draft, Entry
from allowance.governance.pending import Person, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An obligation and the unit that owes it; `overdue` says that it is open and its day has come."""

    obligation: Obligation
    unit: str
    overdue: bool

    @property
    def open(self) -> bool:
        """Whether nobody has shown that it is done."""
        return self.obligation.done is None


def unit_of(service: Service) -> str:
    """The organisation unit that exceptions of a service count against: its owner, or itself where nobody owns it."""
    return service.owner or service.name


def owed(standing: Standing, *, now: Instant) -> Sequence[Owed]:
    """Everything: what is overdue first, then what is open, then what is done; by due date."""
    units = {one.id: one.unit for one in standing.bullets.values()}
    units |= {one.id: one.unit for one in standing.overrides.values()}
    found = [
        Owed(
            obligation=one,
            unit=units.get(one.of, one.owner),
            overdue=one.done is None and one.due <= now,
        )
        for one in standing.obligations.values()
    ]
    return sorted(
        found,
        key=lambda one: (
            not one.overdue,
            not one.open,
            one.obligation.due,
            one.obligation.seq,
            one.obligation.id,
        ),
    )


def overdue(standing: Standing, unit: str, *, now: Instant) -> Sequence[Obligation]:
    """The postmortems that a unit should have written by now."""
    return [
        one.obligation
        for one in owed(standing, now=now)
        if one.overdue and one.unit == unit and one.obligation.kind == "postmortem"
    ]


def done(id_: str, evidence: str, standing: Standing, who: Person, *, now: Instant) -> Sequence[Draft]:
    """Show that an obligation was met. Errors: `Problem` `obligation`: unknown, met already, or no evidence."""
    found = standing.obligations.get(id_)
    if found is None:
        raise refuse(
            "unknown-id", f"nothing is owed under {id_[:100]}", hint="allowance obligations lists all of it"
        )
    if found.done is not None:
        raise refuse(
            "obligation",
            f"{id_} was met at {iso(found.done)}: {found.evidence}",
            hint="an entry is never changed",
        )
    shown = said(
        "obligation", "evidence", evidence, hint="give the address of the postmortem or of the change"
    )
    payload = {"id": id_, "evidence": shown, "late": now > found.due}
    return [Draft(kind="obligation.done", subject=found.service, actor=who.name, at=now, payload=payload)]


def owing(id_: str, what: str, owner: str, due: Instant) -> dict[str, Any]:
    """An obligation as part of the entry that makes somebody owe it."""
    return {"id": id_, "what": what, "owner": owner, "due": iso(due)}


def owing_step(
    kind: Any, of: str, service: str, written: Sequence[Mapping[str, Any]], standing: Standing, entry: Entry
) -> Mapping[str, Obligation]:
    """The obligations of a standing with those that an entry adds."""
    added = {
        one["id"]: Obligation(
            id=one["id"],
            kind=kind,
            of=of,
            service=service,
            what=one["what"],
            owner=one["owner"],
            due=parse_instant(one["due"]),
            done=None,
            evidence="",
            seq=entry.seq,
        )
        for one in written
    }
    return {**standing.obligations, **added}


def _done(standing: Standing, entry: Entry) -> Standing:
    found = standing.obligations[entry.payload["id"]]
    met = replace(found, done=entry.at, evidence=entry.payload["evidence"])
    return replace(standing, obligations={**standing.obligations, met.id: met})


FOLDS = {"obligation.done": _done}
