"""Why a verdict is what it is, in one sentence that a person reads in the log of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from allowance.core.time import iso
from allowance.governance.verdict import Ask, Mode, Word
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_findings import Finding

MOST = 2
"""Reasons that are named; of the others it is said how many they are."""


def sentence(
    request: Ask, facts: GateFacts, found: Sequence[Finding], truth: Word, mode: Mode, policy: str
) -> str:
    """The sentence of a verdict; where its word is not what the rules say, why not."""
    said = _said(request, facts, found, truth, policy)
    if mode == "advice" and truth == "go":
        return f"{said} (It is not signed by all three parties and only advises.)"
    if mode == "advice":
        return f"The policy {policy} is not signed by all three parties, so it only advises {truth}: {said}"
    return f"The gate only watches (shadow) and would say {truth}: {said}" if mode == "shadow" else said


def _said(request: Ask, facts: GateFacts, found: Sequence[Finding], truth: Word, policy: str) -> str:
    deciding = [one for one in found if one.word == truth and truth != "go"]
    if deciding:
        return f"{'; '.join(_parts(deciding, facts))}."
    what = f"{'an' if request.change[0] in 'aeiou' else 'a'} {request.change} change of {request.service}"
    lifted = dict.fromkeys(one.reason.lifted_by for one in found if one.reason.lifted_by)
    if lifted:
        return f"What is against {what} is lifted by {', '.join(lifted)}."
    if any(one.warns for one in found):
        return f"A{what[1:]} may go, with a warning: the freeze is soft."
    nothing = f"Nothing in the policy {policy} is against {what}"
    return f"{nothing}, though data are missing." if any(one.blind for one in found) else f"{nothing}."


def _parts(deciding: Sequence[Finding], facts: GateFacts) -> list[str]:
    """A freeze is not told beside the clause that began it, only since when it holds and how long at least."""
    clauses = {(one.slo, one.clause) for one in deciding if one.clause and not one.freeze}
    follows = {one.freeze for one in deciding if one.freeze and (one.slo, one.clause) in clauses}
    told = [one for one in deciding if one.freeze not in follows]
    more = [f"and {len(told) - MOST} more"] if len(told) > MOST else []
    shown = told[:MOST]
    # What a clause says stands once, behind the last of the promises that it speaks of.
    last = {one.why: one for one in shown if one.why}
    named = [f"{one.short} ({one.why})" if last.get(one.why) is one else one.short for one in shown]
    ends = [one.earliest for one in facts.progress if one.freeze in follows and one.earliest is not None]
    until = [f"frozen until {iso(max(ends))[:10]} at the earliest"] if ends else ["frozen"] if follows else []
    return [*named, *more, *until]
