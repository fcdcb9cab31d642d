"""Signatures under a policy, given through the ledger: each under one exact version."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from allowance.contract.budget_policy import ROLES, ErrorBudgetPolicy, Role
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.governance.facts import Signed, Standing
from allowance.governance.ledger import Draft, Entry

SIGNED: Final = "policy.signed"
"""The kind of entry that holds a signature."""


def signers(policy: ErrorBudgetPolicy, digest: str, standing: Standing) -> dict[Role, str]:
    """Who signed exactly this version for each party, in the document or through the ledger."""
    written: dict[Role, str] = {one.role: one.by for one in policy.signatures if one.hash == digest}
    given: dict[Role, str] = {one.role: one.by for one in standing.signed if one.hash == digest}
    return given | written


def missing(policy: ErrorBudgetPolicy, digest: str, standing: Standing) -> tuple[Role, ...]:
    """The parties whose signature is still needed before the policy is in force."""
    there = signers(policy, digest, standing)
    return tuple(role for role in ROLES if role not in there)


def binding(policy: ErrorBudgetPolicy, digest: str, standing: Standing) -> bool:
    """Whether the policy decides; until all three parties signed this version it advises."""
    return not missing(policy, digest, standing)


def sign(
    policy: ErrorBudgetPolicy,
    digest: str,
    standing: Standing,
    *,
    role: Role,
    by: str,
    read: str,
    now: Instant,
) -> Draft:
    """A signature under the version with the hash `read`, which the signer has looked at.

    Errors: `Problem` `version` (the policy is another one by now), `signed` (the party has signed it), `person`
    (one person cannot speak for two parties).
    """
    if read != digest:
        raise refuse(
            "version",
            f"the policy {policy.name} has the hash {digest[:12]} now, not {read[:12]!r}",
            hint="read it again: who signs agrees to exactly what stands there",
        )
    there = signers(policy, digest, standing)
    if role in there:
        raise refuse(
            "signed",
            f"{there[role]} signed this version for {role} already",
            hint="one name per party is enough",
        )
    if by in there.values():
        raise refuse(
            "person",
            f"{by} signed this version for another party",
            hint="the point of three signatures is that three people agree",
        )
    payload = {"policy": policy.name, "version": policy.version, "hash": digest, "role": role, "by": by}
    return Draft(kind=SIGNED, subject=policy.name, actor=by, at=now, payload=payload)


def _signed(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    new = Signed(
        policy=told["policy"], hash=told["hash"], role=told["role"], by=told["by"], at=entry.at, seq=entry.seq
    )
    return replace(standing, signed=(*standing.signed, new))


FOLDS = {SIGNED: _signed}
