"""An error-budget policy as our documents write it, in full: what was signed is what is read."""

from __future__ import annotations

from allowance.contract.amounts import number_text, share_text
from allowance.contract.budget_policy import Clause, Condition, ErrorBudgetPolicy
from allowance.contract.slo_write import Plain, written
from allowance.core.duration import short


def policy_document(policy: ErrorBudgetPolicy) -> Plain:
    """The spec of an ErrorBudgetPolicy document."""
    states, exceptions = policy.thresholds, policy.exceptions
    return {
        **written(description=policy.description),
        "version": policy.version,
        "states": {
            "yellowBelow": share_text(states.yellow_below),
            "redAt": share_text(states.red_at),
            "margin": share_text(states.margin),
            **({"dwell": short(states.dwell)} if states.dwell else {}),
        },
        "clauses": [_clause(clause) for clause in policy.clauses],
        "freeze": policy.freeze,
        **written(freezeUntil=_freeze_end(policy)),
        "withoutData": (
            {"default": policy.without_data, **dict[str, str](policy.without_data_by)}
            if policy.without_data_by
            else policy.without_data
        ),
        "exceptions": {
            "silverBullets": exceptions.silver_bullets,
            "per": exceptions.per,
            "expires": short(exceptions.expires),
            "approvers": list(exceptions.approvers),
            "twoPeople": exceptions.two_people,
            "postmortemWithin": short(exceptions.postmortem_within),
            "dependencies": exceptions.dependencies,
        },
        "postmortemAbove": share_text(policy.postmortem_above),
        **written(
            escalation=policy.escalation,
            revisit=None if policy.revisit is None else policy.revisit.isoformat(),
            signatures=[
                {"role": signed.role, "by": signed.by, "on": signed.on.isoformat(), "hash": signed.hash}
                for signed in policy.signatures
            ],
        ),
    }


def _clause(clause: Clause) -> Plain:
    return {
        "when": _condition(clause.when),
        clause.consequence: list(clause.changes),
        **written(because=clause.because),
        **({"handBack": clause.rotation or True} if clause.hand_back else {}),
    }


def _freeze_end(policy: ErrorBudgetPolicy) -> Plain:
    end = policy.freeze_until
    if end is None:
        return {}
    return {
        "remainingAbove": share_text(end.remaining_above),
        **({"for": short(end.during)} if end.during else {}),
    }


def _condition(when: Condition) -> object:
    if when == Condition(state=when.state) and when.state is not None:
        return when.state
    return {
        **written(state=when.state),
        **({} if when.remaining_below is None else {"remainingBelow": share_text(when.remaining_below)}),
        **({} if when.burn_above is None else {"burnAbove": number_text(when.burn_above)}),
        **({} if when.burn_over is None else {"over": short(when.burn_over)}),
        **({} if when.window is None else {"window": str(when.window)}),
        **written(expression=when.expression),
    }
