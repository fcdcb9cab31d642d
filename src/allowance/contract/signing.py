"""Signatures: a policy is in force when Product, Engineering and Business signed this exact version of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from allowance.contract.budget_policy import ROLES, ErrorBudgetPolicy, Role
from allowance.core.window import CalendarWindow, RollingWindow

_LEFT_OUT = frozenset({"signatures", "origin", "display_name"})

_LATER: dict[str, object] = {
    "dwell": 0,
    "expression": None,
    "rotation": None,
    "freeze_until": None,
    "without_data_by": (),
}
"""What a policy could not say at first: where it is not said, the hash is that of the policy signed back then."""


@lru_cache(maxsize=1024)
def policy_hash(policy: ErrorBudgetPolicy) -> str:
    """SHA-256 of what the policy says: every field but the signatures, defaults included, wherever it is written.

    Two documents that mean the same have one hash; a changed threshold, clause, reason or date has another.
    """
    text = json.dumps(_canonical(policy), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def signed_by(policy: ErrorBudgetPolicy) -> frozenset[Role]:
    """The roles that signed exactly this version."""
    digest = policy_hash(policy)
    return frozenset(signature.role for signature in policy.signatures if signature.hash == digest)


def missing_roles(policy: ErrorBudgetPolicy) -> tuple[Role, ...]:
    """The roles whose signature is still needed before the policy is in force."""
    there = signed_by(policy)
    return tuple(role for role in ROLES if role not in there)


def in_force(policy: ErrorBudgetPolicy) -> bool:
    """Whether the policy decides; until then its verdicts are advice."""
    return not missing_roles(policy)


def _silent(name: str, part: object) -> bool:
    return name in _LEFT_OUT or (name in _LATER and part == _LATER[name])


def _canonical(value: object) -> object:
    if isinstance(value, RollingWindow | CalendarWindow):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        named = [(field.name, getattr(value, field.name)) for field in fields(value)]
        content = {name: _canonical(part) for name, part in named if not _silent(name, part)}
        return {"is": type(value).__name__, **content}
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    return value.isoformat() if isinstance(value, date) else value
