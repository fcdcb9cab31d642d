"""Alert rules to begin with, by name."""

from __future__ import annotations

from fractions import Fraction

from allowance.contract.factor_rule import FactorRule, Rule, on_period
from allowance.contract.rules import TIERED, WORKBOOK, BurnRule
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.problem import refuse

BUDGET_AWARE: tuple[Rule, ...] = (
    FactorRule(
        severity="page",
        factor=Fraction(4),
        long=HOUR,
        short=5 * MINUTE,
        remaining_below=Fraction(1, 10),
    ),
    BurnRule(severity="ticket", share=Fraction(1, 2), long=DAY, short=DAY),
    FactorRule(severity="ticket", factor=Fraction(3, 2), long=3 * DAY, short=6 * HOUR),
)
"""Page above 4x once the budget is critical; inform at half of the budget in a day, or at 1.5x.

The day has one window: half a budget is news after the trouble has ended, too.
"""

PRESETS: dict[str, tuple[Rule, ...]] = {
    "workbook": WORKBOOK,
    "tiered": TIERED,
    "budget-aware": BUDGET_AWARE,
}


def preset(name: str, period: int) -> tuple[BurnRule, ...]:
    """The rules of a named preset for a budget of `period` seconds. Errors: `Problem` `alerts`."""
    try:
        return on_period(PRESETS[name], period)
    except KeyError:
        raise refuse(
            "alerts", f"there is no alert preset {name!r}", hint=f"presets: {', '.join(PRESETS)}"
        ) from None
