"""Policies, states, freezes and hand-backs as plain JSON: the same for the API, the command line and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allowance.contract.budget_policy import ROLES, ErrorBudgetPolicy
from allowance.contract.policy_write import policy_document
from allowance.core.time import Instant, in_zone, iso, parse_zone
from allowance.governance.facts import Freeze, HandBack, Signed, Standing, StateFact
from allowance.governance.signatures import missing, signers

Json = dict[str, Any]


def state_json(one: StateFact) -> Json:
    """The state of a service or an SLO."""
    return {"subject": one.subject, "state": one.state, "since": iso(one.since), "entry": one.seq}


def freeze_json(one: Freeze, *, binding: bool, text: str = "", earliest: Instant | None = None) -> Json:
    """A freeze, or the advice of one (`binding` false); `text` and `earliest` say how far it is from its end."""
    return {
        "id": one.id,
        "service": one.service,
        "slo": one.slo or None,
        "binding": binding,
        "model": one.model,
        "begin": iso(one.begin),
        "end": None if one.end is None else iso(one.end),
        "until": None if one.until is None else iso(one.until),
        "policy": one.policy or None,
        "clause": one.clause,
        "why": one.why,
        "by": one.by,
        "ends_when": one.ends_when,
        "progress": text,
        "earliest_end": None if earliest is None else iso(earliest),
        "entry": one.seq,
    }


def hand_back_json(one: HandBack) -> Json:
    """A hand-back."""
    return {
        "id": one.id,
        "service": one.service,
        "to": one.to,
        "begin": iso(one.begin),
        "end": None if one.end is None else iso(one.end),
        "policy": one.policy,
        "clause": one.clause,
        "entry": one.seq,
    }


def policy_json(
    policy: ErrorBudgetPolicy, digest: str, services: Sequence[str], standing: Standing, *, now: Instant
) -> Json:
    """A policy: what it says, who follows it, who signed exactly this version, and who signed others."""
    there = signers(policy, digest, standing)
    today = in_zone(now, parse_zone("UTC")).date()
    return {
        "name": policy.name,
        "version": policy.version,
        "hash": digest,
        "in_force": not missing(policy, digest, standing),
        "missing": list(missing(policy, digest, standing)),
        "signatures": [{"role": role, "by": there[role]} for role in ROLES if role in there],
        "earlier": [
            _earlier(one) for one in standing.signed if one.policy == policy.name and one.hash != digest
        ],
        "services": list(services),
        "description": policy.description,
        "escalation": policy.escalation,
        "revisit": None if policy.revisit is None else policy.revisit.isoformat(),
        "overdue": policy.revisit is not None and policy.revisit < today,
        "spec": policy_document(policy),
    }


def _earlier(one: Signed) -> Json:
    return {"role": one.role, "by": one.by, "hash": one.hash, "at": iso(one.at), "entry": one.seq}
