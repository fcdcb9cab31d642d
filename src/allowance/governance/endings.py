"""How what a clause began ends by itself: what must be so, for how long, in words, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from allowance.contract.budget_policy import Clause, Condition, ErrorBudgetPolicy
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import short
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.time import Instant, iso
from allowance.governance.states import eased
from allowance.governance.verdict_clauses import Amount, Holds, SloNumbers, read_clause


def is_over(policy: ErrorBudgetPolicy, clause: Clause, numbers: SloNumbers, *, freeze: bool) -> Holds:
    """Whether what a clause began may end now, were it so long enough: `holds`, `not`, or `unknown` without data.

    The clause must be left by the margin; a `freeze` must also be beyond what `freeze_until` asks for.
    """
    left = read_clause(1, _eased(policy, clause), "", numbers, eased(policy.thresholds)).holds
    end = policy.freeze_until
    if not freeze or end is None or left != "not":
        return "holds" if left == "not" else "not" if left == "holds" else "unknown"
    remaining = remaining_of(clause.when, numbers)
    if isinstance(remaining, NoData):
        return "unknown"
    return "holds" if remaining > end.remaining_above else "not"


def waits(policy: ErrorBudgetPolicy, clause: Clause, *, freeze: bool) -> int:
    """For how many seconds it must be so. A state has waited its dwell already."""
    own = 0 if _is_state(clause.when) else policy.thresholds.dwell
    return max(own, policy.freeze_until.during) if freeze and policy.freeze_until else own


def remaining_of(when: Condition, numbers: SloNumbers) -> Amount:
    """The remaining budget that a condition speaks of: over its own window, or the SLO's."""
    return numbers.remaining if when.window is None else numbers.over.get(str(when.window), NO_DATA)


def needed(policy: ErrorBudgetPolicy, clause: Clause) -> Fraction | None:
    """The share of the budget that must be left (strictly more, or that much); nothing where none is asked for."""
    when, thresholds = clause.when, eased(policy.thresholds)
    asked = [policy.freeze_until.remaining_above] if policy.freeze_until is not None else []
    asked += [when.remaining_below + policy.thresholds.margin] if when.remaining_below is not None else []
    asked += [thresholds.red_at] if when.state == "red" else []
    asked += [thresholds.yellow_below] if when.state == "yellow" else []
    return max(asked, default=None)


def ends_when(policy: ErrorBudgetPolicy, clause: Clause, slo: str) -> str:
    """The end of a freeze in words that follow "ends when"."""
    during = waits(policy, clause, freeze=True)
    held = f", for {short(during)} without a break" if during else ""
    return " and ".join(_ends(policy, clause, slo)) + held


def progress_text(remaining: Amount, need: Fraction | None, earliest: Instant | None) -> str:
    """How far it is: `-12 % left, 10 % needed; at the earliest on 2026-12-03T04:00:00Z if nothing more fails`."""
    left = "no data" if isinstance(remaining, NoData) else f"{percent_text(remaining, 1)} of the budget left"
    asked = f", more than {percent_text(need, 1)} needed" if need is not None else ""
    when = f"; at the earliest on {iso(earliest)} if nothing more fails" if earliest is not None else ""
    return f"{left}{asked}{when}"


def _eased(policy: ErrorBudgetPolicy, clause: Clause) -> Clause:
    when = clause.when
    if when.remaining_below is None:
        return clause
    return replace(
        clause, when=replace(when, remaining_below=when.remaining_below + policy.thresholds.margin)
    )


def _is_state(when: Condition) -> bool:
    return when == Condition(state=when.state)


def _ends(policy: ErrorBudgetPolicy, clause: Clause, slo: str) -> Iterator[str]:
    when = clause.when
    over = "" if when.window is None else f" over {when.window}"
    parts = []
    if when.state is not None:
        parts.append(f"the budget of {slo}{over} is no longer {when.state}")
    if when.remaining_below is not None:
        least = percent_text(when.remaining_below + policy.thresholds.margin, 1)
        parts.append(f"at least {least} of the budget of {slo}{over} is left")
    if when.burn_above is not None and when.burn_over is not None:
        parts.append(
            f"{slo} burns at most {decimal_text(when.burn_above, 2)} times over {short(when.burn_over)}"
        )
    if when.expression is not None:
        parts.append(f"{when.expression} is no longer so for {slo}")
    yield " or ".join(parts) if parts else "its clause is taken out of the policy"
    if policy.freeze_until is not None:
        above = percent_text(policy.freeze_until.remaining_above, 1)
        yield f"more than {above} of the budget of {slo}{over} is left"
