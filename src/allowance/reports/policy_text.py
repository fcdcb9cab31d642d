"""Policies in words: what each clause does, how a freeze ends, who signed; and what a replay found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from allowance.contract.budget_policy import (
    DEVELOPERS,
    STATES,
    Clause,
    Condition,
    Consequence,
    ErrorBudgetPolicy,
)
from allowance.contract.signing import missing_roles, policy_hash
from allowance.core.duration import short
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.time import iso
from allowance.governance.history import Met, Played

OUTCOMES: dict[Consequence, str] = {
    "allow": "allowed",
    "hold": "held until somebody says yes",
    "deny": "stopped",
}
MODELS = {
    "hard": "a stop blocks",
    "soft": "a stop warns and is recorded",
    "governance": "a stop blocks until an executive overrides it",
}


def explained(policy: ErrorBudgetPolicy) -> Iterator[str]:
    """A policy as people read it, line by line."""
    yield f"{policy.name} (version {policy.version})"
    if policy.description:
        yield policy.description
    yield ""
    yield from _states(policy)
    yield ""
    for number, clause in enumerate(policy.clauses, 1):
        yield from _clause(number, clause)
    yield ""
    yield from _rest(policy)
    yield ""
    digest = policy_hash(policy)
    yield f"hash {digest}"
    names = [f"{one.by} ({one.role})" for one in policy.signatures if one.hash == digest]
    missing = missing_roles(policy)
    yield (
        f"Not signed by {', '.join(missing)}: it advises and binds nobody."
        if missing
        else f"In force: signed by {', '.join(names)}."
    )


def _states(policy: ErrorBudgetPolicy) -> Iterator[str]:
    limits = policy.thresholds
    yellow, red = percent_text(limits.yellow_below, 1), percent_text(limits.red_at, 1)
    yield f"green   while {yellow} of the budget or more is left"
    yield f"yellow  below {yellow}"
    yield f"red     at {red} and below"
    back = f"back only when it is {percent_text(limits.margin, 1)} beyond" if limits.margin else ""
    held = f"each change after {short(limits.dwell)} without a break" if limits.dwell else ""
    if back or held:
        yield "        " + ", ".join(part for part in (back, held) if part)


def _clause(number: int, clause: Clause) -> Iterator[str]:
    yield f"§{number} when {condition_text(clause.when)}: {', '.join(clause.changes)} {OUTCOMES[clause.consequence]}"
    if clause.hand_back:
        yield f"   and {clause.rotation or DEVELOPERS} carry the pager"
    if clause.because:
        yield f"   because {clause.because}"


def condition_text(when: Condition) -> str:
    """A condition in words."""
    over = "" if when.window is None else f" of {when.window}"
    parts = []
    if when.state is not None:
        parts.append(f"the budget{over} is {when.state}")
    if when.remaining_below is not None:
        parts.append(f"less than {percent_text(when.remaining_below, 1)} of the budget{over} is left")
    if when.burn_above is not None and when.burn_over is not None:
        parts.append(
            f"the burn rate over {short(when.burn_over)} is above {decimal_text(when.burn_above, 2)}"
        )
    if when.expression is not None:
        parts.append(when.expression)
    return " and ".join(parts) or "always"


def _rest(policy: ErrorBudgetPolicy) -> Iterator[str]:
    end = policy.freeze_until
    yield f"freeze: {policy.freeze} ({MODELS[policy.freeze]})"
    if end is None:
        yield "        it ends by itself when its clause no longer holds"
    else:
        held = f" for {short(end.during)} without a break" if end.during else ""
        yield f"        it ends by itself when more than {percent_text(end.remaining_above, 1)} is left{held}"
    others = "".join(f", {change}: {word}" for change, word in policy.without_data_by)
    yield f"without data: {policy.without_data}{others}"
    rules = policy.exceptions
    people = ", two people" if rules.two_people else ""
    yield (
        f"exceptions: {rules.silver_bullets} silver bullets per {rules.per}, each for at most {short(rules.expires)}, "
        f"approved by {' or '.join(rules.approvers)}{people}; postmortem within {short(rules.postmortem_within)}"
    )
    yield f"an incident that spends more than {percent_text(policy.postmortem_above, 1)} needs a postmortem"
    yield f"disputes go to {policy.escalation or 'nobody: name one in escalation'}"
    yield f"revisit: {policy.revisit.isoformat() if policy.revisit else 'no date: name one in revisit'}"


def played_json(played: Played) -> dict[str, Any]:
    """A replay as plain JSON."""
    service = played.past.service.name
    return {
        "policy": played.past.policy.name,
        "hash": policy_hash(played.past.policy),
        "service": service,
        "begin": iso(played.begin),
        "end": iso(played.end),
        "frozen_seconds": played.frozen_seconds,
        "states": [
            {"subject": one.subject, "at": iso(one.at), "state": one.payload["to"], "why": one.payload["why"]}
            for one in played.entries
            if one.kind == "state.changed"
        ],
        "freezes": [
            {
                "slo": one.slo,
                "clause": one.clause,
                "begin": iso(one.begin),
                "end": None if one.end is None else iso(one.end),
                "why": one.why,
                "ends_when": one.ends_when,
            }
            for one in played.freezes
        ],
        "hand_backs": [
            {"begin": iso(one.begin), "end": None if one.end is None else iso(one.end), "to": one.to}
            for one in played.standing.hand_backs.values()
        ],
        "verdicts": dict(sorted(words(played).items())),
        "deploys": [met_json(one) for one in played.met],
    }


def met_json(one: Met) -> dict[str, Any]:
    """What a deploy would have met."""
    return {
        "id": one.attempt.deploy.id,
        "version": one.attempt.deploy.version,
        "at": iso(one.attempt.deploy.at),
        "change": one.attempt.change,
        "verdict": one.verdict.word,
        "sentence": one.verdict.sentence,
    }


def words(played: Played) -> Counter[str]:
    """How many deploys would have gone, been held and been stopped."""
    return Counter({"go": 0, "hold": 0, "stop": 0}) + Counter(one.verdict.word for one in played.met)


def spent_in(played: Played, subject: str) -> dict[str, int]:
    """Seconds that a service or an SLO would have been in each state."""
    found = dict.fromkeys(STATES, 0)
    changes = [one for one in played.entries if one.kind == "state.changed" and one.subject == subject]
    for number, one in enumerate(changes):
        until = changes[number + 1].at if number + 1 < len(changes) else played.end
        found[one.payload["to"]] += until - one.at
    return {str(state): seconds for state, seconds in found.items()}
