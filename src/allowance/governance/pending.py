"""Exceptions that were asked for and wait: who may say yes, until when, and what a person's word is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.budget_policy import Role
from allowance.core.duration import DAY, short
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.governance.facts import Pending, PendingKind, Standing
from allowance.governance.ledger import Draft, Entry

LAPSES = DAY
"""What nobody answers within so many seconds is asked for no more."""

LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts: a name, and the party that they speak for (`None`: none of the three)."""

    name: str
    party: Role | None

    def is_same(self, name: str) -> bool:
        """Whether a name is this person's, however it is capitalised."""
        return self.name.strip().casefold() == name.strip().casefold()


def next_id(standing: Standing, word: str) -> str:
    """A name that nothing else has: the number of the entry that the first draft becomes."""
    return f"{word}-{standing.head + 1}"


def said(code: str, what: str, text: str, *, hint: str = "") -> str:
    """A text that has to be there, without the blanks around it. Errors: `Problem` with `code`."""
    cleaned = text.strip()
    if not cleaned or len(cleaned) > LONGEST_TEXT:
        wrong = "is missing" if not cleaned else f"is longer than {LONGEST_TEXT} characters"
        raise refuse(code, f"the {what} {wrong}", hint=hint or f"say the {what} in a sentence")
    return cleaned


def lasting(code: str, seconds: int, most: int, limit: str) -> None:
    """Refuse what lasts no time, or longer than `most`, which is what the words `limit` say. Errors: `Problem` `code`."""
    if not 0 < seconds <= most:
        wrong = f"{short(seconds)}, longer than {limit}" if seconds > 0 else "no time"
        raise refuse(
            code, f"it would last {wrong}", hint=f"at most {short(most)}, because every exception ends"
        )


def waiting(standing: Standing, kind: PendingKind, id_: str, *, now: Instant) -> Pending:
    """What waits under an id. Errors: `Problem` `unknown-id`, or of that kind: it has lapsed."""
    found = standing.pending.get(id_)
    if found is None or found.kind != kind:
        raise refuse(
            "unknown-id",
            f"nothing waits under {id_[:100]}",
            hint="it was granted already, or never asked for: see the list",
        )
    if now >= found.until:
        raise refuse(kind, f"{id_} lapsed at {iso(found.until)}: nobody answered", hint="ask for it again")
    return found


def not_asked_yet(
    standing: Standing, kind: PendingKind, service: str, change: str, environment: str, *, now: Instant
) -> None:
    """Refuse what waits already for the same change. Errors: `Problem` of its kind."""
    wanted = (kind, service, change.strip(), environment)
    for one in standing.pending.values():
        terms = (one.kind, one.service, one.terms.get("change", ""), one.terms.get("environment", ""))
        if terms == wanted and now < one.until:
            raise refuse(kind, f"{one.id} was asked for and waits", hint=f"let somebody approve {one.id}")


def another(pending: Pending, who: Person, *, two_people: bool) -> None:
    """Refuse who asked for it. Errors: `Problem` `approver`."""
    if two_people and who.is_same(pending.by):
        raise refuse(
            "approver",
            f"{who.name} asked for {pending.id} and cannot approve it",
            hint="the policy wants two people: somebody else of an approving role has to say yes",
        )


def asked_draft(
    standing: Standing,
    kind: PendingKind,
    service: str,
    who: Person,
    terms: Mapping[str, Any],
    *,
    lapses: int = LAPSES,
    now: Instant,
) -> Draft:
    """The entry of something asked for; `terms` is plain JSON."""
    signed = {who.party: who.name} if who.party is not None else {}
    payload = {
        "id": next_id(standing, kind),
        "service": service,
        "until": iso(now + lapses),
        "terms": dict(terms),
        "signed": signed,
    }
    return Draft(kind=f"{kind}.requested", subject=service, actor=who.name, at=now, payload=payload)


def asked_step(standing: Standing, entry: Entry) -> Standing:
    """The fold of such an entry."""
    said = entry.payload
    kind: Any = entry.kind.partition(".")[0]
    pending = Pending(
        id=said["id"],
        kind=kind,
        service=said["service"],
        by=entry.actor,
        at=entry.at,
        until=parse_instant(said["until"]),
        terms=said["terms"],
        signed=said["signed"],
        seq=entry.seq,
    )
    return replace(standing, pending={**standing.pending, pending.id: pending})


def without(standing: Standing, id_: str) -> Mapping[str, Pending]:
    """What waits, but for one."""
    return {key: one for key, one in standing.pending.items() if key != id_}


def still_waiting(standing: Standing, kind: PendingKind, *, now: Instant) -> Sequence[Pending]:
    """Everything of a kind that waits, oldest first."""
    found = [one for one in standing.pending.values() if one.kind == kind and now < one.until]
    return sorted(found, key=lambda one: one.seq)
