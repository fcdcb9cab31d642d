"""Burn-rate rules that were written with a factor; the share of the budget follows from the SLO's own window."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.contract.rules import ANY_TRAFFIC, USUAL_FLAPS, BurnRule, Flaps, LowTraffic, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRule:
    """Fires above a burn rate of `factor` in both windows, whatever the length of the budget's period."""

    severity: Severity
    factor: Fraction
    long: int
    short: int
    hold: int = 0
    keep: int = 0
    clear: Fraction = Fraction(1)
    guard: LowTraffic = ANY_TRAFFIC
    flaps: Flaps = USUAL_FLAPS
    remaining_below: Fraction | None = None

    def on(self, period: int) -> BurnRule:
        """The same rule as a share of a budget of `period` seconds."""
        return BurnRule(
            severity=self.severity,
            share=self.factor * self.long / period,
            long=self.long,
            short=self.short,
            hold=self.hold,
            keep=self.keep,
            clear=self.clear,
            guard=self.guard,
            flaps=self.flaps,
            remaining_below=self.remaining_below,
        )


Rule = BurnRule | FactorRule


def on_period(rules: tuple[Rule, ...], period: int) -> tuple[BurnRule, ...]:
    """Rules of both kinds for a budget of `period` seconds."""
    return tuple(rule.on(period) if isinstance(rule, FactorRule) else rule for rule in rules)
