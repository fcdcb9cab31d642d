"""The inputs of a verdict as plain, exact JSON: what the ledger keeps, and how a verdict follows from it again."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.governance.verdict import Ask
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_plain import plain

FORM: Final = 1
"""The version of the evidence's form."""


def evidence(
    request: Ask,
    facts: GateFacts,
    policy: ErrorBudgetPolicy,
    digest: str,
    standing: Standing,
    *,
    now: Instant,
) -> dict[str, Any]:
    """Everything that a verdict was made of: the ask, the numbers, the whole policy, and what stood in the ledger."""
    return {
        "form": FORM,
        "ask": plain(request),
        "facts": plain(facts),
        "policy": {"hash": digest, "content": _content(policy)},
        "standing": plain(standing),
        "now": now,
    }


@lru_cache(maxsize=1024)
def _content(policy: ErrorBudgetPolicy) -> dict[str, Any]:
    """A policy in full: the longest part of the evidence, and the same from verdict to verdict."""
    found: dict[str, Any] = plain(policy)
    return found
