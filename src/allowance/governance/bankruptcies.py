"""Bankruptcy: a new epoch for a budget, signed by all three parties; the old consumption stays, and is paid in work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.budget_policy import ROLES, Role
from allowance.core.duration import DAY, MINUTE
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.governance.facts import Epoch, Obligation, Pending, Standing
from allowance.governance.ledger import Draft, Entry
from allowance.governance.obligations import owing, owing_step
from allowance.governance.pending import Person, asked_draft, asked_step, said, waiting, without

MOST_ITEMS = 50
LAPSES = 7 * DAY
"""Three parties need longer to agree than one approver needs to answer."""

LATEST = 92 * DAY
"""A reliability sprint is over within a quarter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintItem:
    """A piece of reliability work: what, by whom, until when."""

    what: str
    owner: str
    due: Instant


def sprint_item(text: str) -> SprintItem:
    """A piece as people write it: `load test; ada; 2026-12-15`. Errors: `Problem` `sprint`, or of the instant."""
    parts = [part.strip() for part in text.split(";")]
    if len(parts) != 3 or not all(parts):
        raise refuse(
            "sprint", f"{text[:100]!r} is no sprint item", hint='write it as "load test; ada; 2026-12-15"'
        )
    return SprintItem(what=parts[0], owner=parts[1], due=parse_instant(parts[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class BankruptcyAsk:
    """Whose budgets (`service/name`) begin anew, why, and the work that pays for it."""

    service: str
    slos: tuple[str, ...]
    reason: str
    sprint: tuple[SprintItem, ...]


def declare_bankruptcy(
    ask: BankruptcyAsk, standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """Ask for a new epoch; who asks has signed for their party.

    Errors: `Problem` `bankruptcy`: no reason, no sprint, an earlier one is unpaid, or one waits already.
    """
    if who.party is None:
        raise refuse(
            "bankruptcy",
            f"{who.name} speaks for none of the three parties",
            hint="an executive has to ask for it",
        )
    reason = said("bankruptcy", "reason", ask.reason, hint="say why the old budget cannot be earned back")
    if not ask.slos:
        raise refuse(
            "bankruptcy", f"{ask.service} has no SLO to begin anew", hint="name a service of the contract"
        )
    for one in unpaid(standing, ask.service):
        raise refuse(
            "bankruptcy",
            f"the bankruptcy {one.of} is unpaid: {one.id} ({one.what}) is owed by {one.owner}",
            hint=f"finish its sprint first: allowance bankrupt done {one.id} --evidence URL",
        )
    for waits in standing.pending.values():
        if (waits.kind, waits.service) == ("bankruptcy", ask.service) and now < waits.until:
            missing = ", ".join(missing_parties(waits))
            raise refuse("bankruptcy", f"{waits.id} waits for {missing}", hint="sign that one")
    terms = {
        "slos": sorted(set(ask.slos)),
        "reason": reason,
        "sprint": [_item(one, now=now) for one in _committed(ask)],
    }
    return [asked_draft(standing, "bankruptcy", ask.service, who, terms, lapses=LAPSES, now=now)]


def sign_bankruptcy(
    id_: str, spent: Mapping[str, Mapping[str, Any]], standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """Sign for one's party; the last of the three signatures begins the epoch.

    `spent` is by SLO what was spent up to now, as plain JSON: it is kept with the epoch.
    Errors: `Problem` `bankruptcy`: nothing waits, the party or the person has signed already, an SLO is missing.
    """
    found = waiting(standing, "bankruptcy", id_, now=now)
    if who.party is None or who.party in found.signed:
        has = found.signed.get(who.party) if who.party is not None else None
        why = (
            f"{has} has signed for {who.party}" if has else f"{who.name} speaks for none of the three parties"
        )
        raise refuse("bankruptcy", why, hint=f"it waits for {', '.join(missing_parties(found))}")
    if any(who.is_same(name) for name in found.signed.values()):
        raise refuse("bankruptcy", f"{who.name} has signed already", hint="three parties are three persons")
    signed: dict[str, str] = {str(party): name for party, name in found.signed.items()}
    signed[who.party] = who.name
    payload: dict[str, Any] = {"id": id_, "party": who.party, "signed": signed}
    draft = Draft(kind="bankruptcy.signed", subject=found.service, actor=who.name, at=now, payload=payload)
    if len(missing_parties(found)) > 1:
        return [draft]
    return [draft, _began(found, signed, spent, now=now)]


def missing_parties(found: Pending) -> tuple[Role, ...]:
    """The parties that have not signed, in the order of a policy."""
    return tuple(role for role in ROLES if role not in found.signed)


def unpaid(standing: Standing, service: str) -> Sequence[Obligation]:
    """What is still owed of earlier sprints of a service."""
    return [
        one
        for one in standing.obligations.values()
        if one.kind == "sprint" and one.service == service and one.done is None
    ]


def epochs(standing: Standing) -> Mapping[str, Instant]:
    """By SLO (`service/name`), from when its budget counts: the newest epoch of each."""
    found: dict[str, Instant] = {}
    for one in standing.epochs.values():
        found[one.slo] = max(one.begin, found.get(one.slo, one.begin))
    return found


def _committed(ask: BankruptcyAsk) -> Sequence[SprintItem]:
    if not 0 < len(ask.sprint) <= MOST_ITEMS:
        raise refuse(
            "bankruptcy",
            "a bankruptcy is paid with a reliability sprint, and none is committed",
            hint='--sprint "load test of the queue; owner ada; due 2026-12-15", once per item',
        )
    return ask.sprint


def _item(one: SprintItem, *, now: Instant) -> dict[str, Any]:
    what = said("bankruptcy", "work of a sprint item", one.what)
    owner = said("bankruptcy", "owner of a sprint item", one.owner, hint=f"who does {what!r}?")
    if not now < one.due <= now + LATEST:
        raise refuse(
            "bankruptcy",
            f"{what!r} would be due at {iso(one.due)}",
            hint=f"a sprint is over within a quarter: until {iso(now + LATEST)}",
        )
    return {"what": what, "owner": owner, "due": iso(one.due)}


def _began(
    found: Pending, signed: Mapping[str, str], spent: Mapping[str, Mapping[str, Any]], *, now: Instant
) -> Draft:
    slos = found.terms["slos"]
    missing = [slo for slo in slos if slo not in spent]
    if missing:
        raise refuse(
            "bankruptcy",
            f"the contract has no SLO {missing[0]} any more",
            hint="let it lapse and ask for a new one",
        )
    sprint = [
        owing(f"{found.id}.{number}", one["what"], one["owner"], parse_instant(one["due"]))
        for number, one in enumerate(found.terms["sprint"], 1)
    ]
    payload = {
        "id": found.id,
        "service": found.service,
        "begin": iso(now - now % MINUTE),
        "signed": dict(signed),
        "reason": found.terms["reason"],
        "epochs": [{"id": f"{found.id}.{slo}", "slo": slo, "spent_before": dict(spent[slo])} for slo in slos],
        "sprint": sprint,
    }
    return Draft(kind="bankruptcy.began", subject=found.service, actor=found.by, at=now, payload=payload)


def _sign(standing: Standing, entry: Entry) -> Standing:
    found = standing.pending[entry.payload["id"]]
    signed = replace(found, signed=dict(entry.payload["signed"]))
    return replace(standing, pending={**standing.pending, found.id: signed})


def _begin(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    new = {
        one["id"]: Epoch(
            id=one["id"],
            service=told["service"],
            slo=one["slo"],
            begin=parse_instant(told["begin"]),
            signed=told["signed"],
            reason=told["reason"],
            spent_before=one["spent_before"],
            seq=entry.seq,
        )
        for one in told["epochs"]
    }
    return replace(
        standing,
        epochs={**standing.epochs, **new},
        pending=without(standing, told["id"]),
        obligations=owing_step("sprint", told["id"], told["service"], told["sprint"], standing, entry),
    )


FOLDS = {"bankruptcy.requested": asked_step, "bankruptcy.signed": _sign, "bankruptcy.began": _begin}
