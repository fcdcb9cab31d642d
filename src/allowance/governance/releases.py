"""Conditional releases: a launch against the freeze with a mitigation plan whose conditions are checked, not promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.duration import DAY
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.governance.conditions import check_of, evidence_of
from allowance.governance.facts import Release, Standing
from allowance.governance.granting import fields_of, granted
from allowance.governance.ledger import Draft, Entry
from allowance.governance.pending import (
    Person,
    another,
    asked_draft,
    asked_step,
    lasting,
    next_id,
    not_asked_yet,
    said,
    waiting,
    without,
)

LONGEST = 14 * DAY
MOST_CONDITIONS = 20

USUAL = ("the flag exists and is off by default", "canary share <= 1 %", "the rollback was tested")
"""The three conditions that nearly every launch against a freeze should have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAsk:
    """A launch: the plan that keeps the damage small, and the conditions that must be met before it may go."""

    service: str
    change: str
    environment: str
    seconds: int
    plan: str
    conditions: tuple[str, ...] = USUAL


def ask_release(
    ask: ReleaseAsk,
    policy: ErrorBudgetPolicy,
    standing: Standing,
    who: Person,
    *,
    may_release: bool,
    now: Instant,
) -> Sequence[Draft]:
    """Ask for a conditional release; where the policy is content with one person who may, it is granted at once.

    Errors: `Problem` `release`: no plan, no conditions, too long, asked for already.
    """
    plan = said("release", "plan", ask.plan, hint="say how the damage is kept small if it goes wrong")
    change = said("release", "change", ask.change, hint="a release is bound to one change: name its id")
    lasting("release", ask.seconds, LONGEST, "two weeks")
    names = tuple(dict.fromkeys(one.strip() for one in ask.conditions if one.strip()))
    if not 0 < len(names) <= MOST_CONDITIONS:
        raise refuse(
            "release",
            f"a conditional release has 1 to {MOST_CONDITIONS} conditions, not {len(names)}",
            hint="for example: " + "; ".join(USUAL),
        )
    for name in names:
        check_of(said("release", "condition", name))
    _not_twice(ask, change, standing, now=now)
    terms = {
        "change": change,
        "environment": ask.environment,
        "seconds": ask.seconds,
        "plan": plan,
        "conditions": list(names),
    }
    if may_release and not policy.exceptions.two_people:
        return [_granted(next_id(standing, "release"), ask.service, terms, who.name, who, now=now)]
    return [asked_draft(standing, "release", ask.service, who, terms, now=now)]


def approve_release(
    id_: str, policy: ErrorBudgetPolicy, standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """Say yes (the caller's right was looked at). The release is there, and of use once every condition is met.

    Errors: `Problem` `release`: nothing waits, lapsed, the person who asked.
    """
    found = waiting(standing, "release", id_, now=now)
    another(found, who, two_people=policy.exceptions.two_people)
    return [_granted(id_, found.service, found.terms, found.by, who, now=now)]


def show_evidence(
    id_: str,
    condition: str,
    evidence: str,
    standing: Standing,
    who: Person,
    *,
    value: str = "",
    now: Instant,
) -> Sequence[Draft]:
    """Show that a condition is met; a later showing takes the place of an earlier one, both stay in the ledger.

    Errors: `Problem` `release`: unknown, ended, no such condition, a value that does not meet it.
    """
    found = in_time(id_, standing, now=now)
    if condition not in found.conditions:
        names = "; ".join(found.conditions)
        raise refuse(
            "release", f"{id_} has no condition {condition[:200]!r}", hint=f"its conditions: {names}"
        )
    text = evidence_of(
        condition, said("release", "evidence", evidence, hint="give an address or say what was seen"), value
    )
    payload = {"id": id_, "condition": condition, "evidence": text}
    return [Draft(kind="release.shown", subject=found.service, actor=who.name, at=now, payload=payload)]


def withdraw_release(
    id_: str, reason: str, standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """End a release before its time. Errors: `Problem` `release`: unknown, ended, no reason."""
    found = in_time(id_, standing, now=now)
    payload = {"id": id_, "reason": said("release", "reason", reason)}
    return [Draft(kind="release.withdrawn", subject=found.service, actor=who.name, at=now, payload=payload)]


def in_time(id_: str, standing: Standing, *, now: Instant) -> Release:
    """A release that has not ended. Errors: `Problem` `release`."""
    found = standing.releases.get(id_)
    if found is None:
        waits = " (it waits for somebody's yes)" if id_ in standing.pending else ""
        raise refuse(
            "unknown-id", f"no release {id_[:100]} was granted{waits}", hint="allowance release list"
        )
    if now >= found.end:
        raise refuse("release", f"{id_} ended at {iso(found.end)}", hint="ask for a new one")
    return found


def _not_twice(ask: ReleaseAsk, change: str, standing: Standing, *, now: Instant) -> None:
    not_asked_yet(standing, "release", ask.service, change, ask.environment, now=now)
    for one in standing.releases.values():
        if (one.service, one.change, one.environment) == (
            ask.service,
            change,
            ask.environment,
        ) and now < one.end:
            raise refuse("release", f"{one.id} is there until {iso(one.end)}", hint="show what it asks for")


def _granted(
    id_: str, service: str, terms: Mapping[str, Any], by: str, who: Person, *, now: Instant
) -> Draft:
    payload = {
        **granted(id_, service, terms, by, who, now=now),
        "plan": terms["plan"],
        "conditions": list(terms["conditions"]),
    }
    return Draft(kind="release.granted", subject=service, actor=who.name, at=now, payload=payload)


def _grant(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    conditions = dict.fromkeys(told["conditions"], "")
    one = Release(plan=told["plan"], conditions=conditions, **fields_of(entry))
    return replace(standing, releases={**standing.releases, one.id: one}, pending=without(standing, one.id))


def _show(standing: Standing, entry: Entry) -> Standing:
    told, found = entry.payload, standing.releases[entry.payload["id"]]
    met = replace(found, conditions={**found.conditions, told["condition"]: told["evidence"]})
    return replace(standing, releases={**standing.releases, met.id: met})


def _withdraw(standing: Standing, entry: Entry) -> Standing:
    found = standing.releases[entry.payload["id"]]
    over = replace(found, end=entry.at)
    return replace(standing, releases={**standing.releases, over.id: over})


FOLDS = {
    "release.requested": asked_step,
    "release.granted": _grant,
    "release.shown": _show,
    "release.withdrawn": _withdraw,
}
