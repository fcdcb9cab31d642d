"""Burn-rate alert rules: shares of a budget, spent within a long and a short window."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.core.duration import DAY, HOUR, MINUTE, short
from allowance.core.ratio import percent_text

Severity = Literal["page", "ticket", "log"]
SEVERITIES: tuple[Severity, ...] = ("page", "ticket", "log")

MONTH = 30 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class LowTraffic:
    """Below so many events or bad events in the long window, a rule answers `TooLittle` instead of firing."""

    min_events: int = 0
    min_bad: int = 0


ANY_TRAFFIC = LowTraffic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaps:
    """When trouble that comes again is the same alert: within `within` seconds after it was over.

    From its second stretch on it is over only after `keep` calm seconds, so that a night of flaps is not a night of
    messages.
    """

    keep: int = 2 * HOUR
    within: int = 12 * HOUR


USUAL_FLAPS = Flaps()


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRule:
    """Fires when more than `share` of the period's budget goes within `long`, at that pace also in `short`.

    `share` is a fraction of the budget; `long`, `short` and `hold` are seconds. The factor follows from the
    period: share x period / long (Google, *The Site Reliability Workbook*, chapter 5). A rule with one window
    has `short` equal to `long`. With `hold` the condition must have been true for so long (Prometheus' `for`). It
    is over when the burn of the short window is no longer above `clear` (a share of the factor), and that for `keep`
    seconds (Prometheus' `keep_firing_for`). With `remaining_below` it fires only
    while a smaller share than that is left of the budget of the SLO's window.
    """

    severity: Severity
    share: Fraction
    long: int
    short: int
    hold: int = 0
    keep: int = 0
    clear: Fraction = Fraction(1)
    guard: LowTraffic = ANY_TRAFFIC
    flaps: Flaps = USUAL_FLAPS
    remaining_below: Fraction | None = None

    def __post_init__(self) -> None:
        if self.share <= 0:
            raise ValueError("a rule's share of the budget is above zero")
        if not 0 < self.short <= self.long:
            raise ValueError("a rule's windows need 0 < short <= long")
        if self.hold < 0 or self.keep < 0:
            raise ValueError("a rule's hold and keep are not negative")
        if not 0 < self.clear <= 1:
            raise ValueError("a rule clears at its factor or below it")
        if self.remaining_below is not None and not 0 <= self.remaining_below < 1:
            raise ValueError("a rule's limit on what is left of the budget needs 0 <= limit < 1")

    @property
    def name(self) -> str:
        """`1h/5m`; `10m` with one window; `10m for 1h` with a hold; `1h/5m below 10 %` with a limit on what is left."""
        below = "" if self.remaining_below is None else f" below {percent_text(self.remaining_below)}"
        return f"{self.windows} for {short(self.hold)}{below}" if self.hold else f"{self.windows}{below}"

    @property
    def windows(self) -> str:
        """`1h/5m`; `10m` with one window."""
        return short(self.long) if self.short == self.long else f"{short(self.long)}/{short(self.short)}"

    def factor(self, period: int) -> Fraction:
        """The burn rate that must be exceeded, for a budget of `period` seconds."""
        return self.share * period / self.long

    def is_dead(self, target: Fraction, period: int) -> bool:
        """Whether even a total outage cannot exceed the factor: factor >= 1 / (1 - target)."""
        return self.factor(period) * (1 - target) >= 1

    def spent_line(self, target: Fraction) -> Fraction | None:
        """The ratio of bad events over the SLO's window above which less is left than `remaining_below`."""
        return None if self.remaining_below is None else (1 - self.remaining_below) * (1 - target)


WORKBOOK: tuple[BurnRule, ...] = (
    BurnRule(severity="page", share=Fraction(2, 100), long=HOUR, short=5 * MINUTE),
    BurnRule(severity="page", share=Fraction(5, 100), long=6 * HOUR, short=30 * MINUTE),
    BurnRule(severity="ticket", share=Fraction(10, 100), long=DAY, short=2 * HOUR),
    BurnRule(severity="ticket", share=Fraction(10, 100), long=3 * DAY, short=6 * HOUR),
)
"""The workbook's form: 14.4 and 6 page, 3 and 1 ticket, on 30 days."""

TIERED: tuple[BurnRule, ...] = (
    BurnRule(severity="page", share=Fraction(2, 100), long=HOUR, short=5 * MINUTE),
    BurnRule(severity="ticket", share=Fraction(5, 100), long=6 * HOUR, short=30 * MINUTE),
    BurnRule(severity="log", share=Fraction(10, 100), long=3 * DAY, short=6 * HOUR),
)
"""Page at 14.4, ticket at 6, log for the weekly review at 1, on 30 days."""
