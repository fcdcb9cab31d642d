"""A recorded verdict judged again from its evidence alone: no contract, policy or telemetry of today takes part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.problem import refuse
from allowance.governance.facts import Standing
from allowance.governance.judge import verdict_on
from allowance.governance.ledger import Entry
from allowance.governance.verdict import Ask, Verdict, verdict_json
from allowance.governance.verdict_evidence import FORM
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_plain import valued
from allowance.governance.verdict_record import DECIDED

PROSE = ("sentence", "reasons", "ways")
"""The parts of a verdict that put it into words."""


def replay_verdict(entry: Entry) -> Verdict:
    """The verdict that the evidence of an entry leads to. Errors: `Problem` `replay` where the entry holds none."""
    if entry.kind != DECIDED:
        raise refuse(
            "replay",
            f"entry {entry.seq} is {entry.kind}, not a verdict",
            hint="allowance ledger log --kind gate.decided lists verdicts",
        )
    evidence: Mapping[str, Any] = entry.payload["evidence"]
    if evidence["form"] != FORM:
        raise refuse(
            "replay",
            f"entry {entry.seq} was written in form {evidence['form']}, which this version cannot read",
            hint="use a newer version of Allowance",
        )
    return verdict_on(
        valued(Ask, evidence["ask"]),
        valued(GateFacts, evidence["facts"]),
        valued(ErrorBudgetPolicy, evidence["policy"]["content"]),
        evidence["policy"]["hash"],
        valued(Standing, evidence["standing"]),
        now=evidence["now"],
    )


def same(entry: Entry) -> bool:
    """Whether the evidence of an entry leads to the verdict that was recorded.

    The words of it may be another version's: a verdict is what was decided, on which rules, and what lifted them.
    """
    return _decided(verdict_json(replay_verdict(entry))) == _decided(entry.payload["verdict"])


def _decided(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict without its prose."""
    return {
        **{name: part for name, part in verdict.items() if name not in PROSE},
        "reasons": [(one["mark"], one["lifted_by"]) for one in verdict["reasons"]],
    }
