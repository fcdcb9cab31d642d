"""The arithmetic of other tools beside ours: where it is the same, and where ours differs on purpose.

The figures of the others are what their programs print (Sloth 0.16, slo-generator 2.6).
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.budget.budget import Budget
from allowance.budget.burn import burn_rate, exceeds
from allowance.budget.detection import NEVER, detection_seconds
from allowance.contract.rules import WORKBOOK, BurnRule
from allowance.core.counts import NO_DATA, Counts
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.problem import ProblemError
from allowance.core.ratio import decimal_text, parse_target

# Sloth keeps windows and shares, so its factors are ours for any period.
SLOTH = {
    30: ("14.4", "6", "3", "1"),
    28: ("13.44", "5.6", "2.8", "0.933333"),
    7: ("3.36", "1.4", "0.7", "0.233333"),
    14: ("6.72", "2.8", "1.4", "0.466667"),
    90: ("43.2", "18", "9", "3"),
}


@pytest.mark.parametrize("days", SLOTH)
def test_factors_by_share_are_those_of_sloth(days: int) -> None:
    assert tuple(decimal_text(rule.factor(days * DAY), 6) for rule in WORKBOOK) == SLOTH[days]


def test_the_seven_day_catalogue_of_sloth() -> None:
    shares = (("8", HOUR), ("12.5", 6 * HOUR), ("20", DAY), ("42", 3 * DAY))
    factors = [
        BurnRule(severity="page", share=Fraction(share) / 100, long=long, short=5 * MINUTE).factor(7 * DAY)
        for share, long in shares
    ]
    assert [decimal_text(f, 2) for f in factors] == ["13.44", "3.5", "1.4", "0.98"]


DETECTION = {
    # burn -> minutes until each tier of the workbook fires, at 99.9 % over 30 days
    1000: ("0.9", "2.2", "4.3", "4.3"),
    100: ("8.6", "21.6", "43.2", "43.2"),
    20: ("43.2", "108", "216", "216"),
    10: (None, "216", "432", "432"),
    2: (None, None, None, "2160"),
}


@pytest.mark.parametrize("burn", DETECTION)
def test_detection_times(burn: int) -> None:
    target = Fraction(999, 1000)
    for rule, minutes in zip(WORKBOOK, DETECTION[burn], strict=True):
        found = detection_seconds(rule, target, period=30 * DAY, error_ratio=burn * (1 - target))
        shown = None if found == NEVER else decimal_text(Fraction(found) / 60, 1)  # type: ignore[arg-type]
        assert shown == minutes


# slo-generator rounds the SLI to six places and the burn rate to one before it compares.
def _rounded(counts: Counts, goal: float, threshold: float) -> bool:
    sli = round(counts.good / counts.total, 6)
    return round((1 - sli) / (1 - goal), 1) > threshold


def test_a_burn_just_above_its_limit_is_not_rounded_away() -> None:
    counts = Counts(good=99_096, total=100_000)
    assert burn_rate(counts, Fraction(999, 1000)) == Fraction("9.04")
    assert exceeds(counts, 9 * Fraction(1, 1000))
    assert not _rounded(counts, 0.999, 9)


def test_one_failure_in_ten_million_is_seen() -> None:
    counts = Counts(good=9_999_999, total=10_000_000)
    assert round(counts.good / counts.total, 6) == 1.0
    budget = Budget(target=Fraction("0.9999999"), counts=counts)
    assert budget.remaining == 0
    assert budget.met is True


@pytest.mark.parametrize("text", ["1.0", "100", "100%", "999"])
def test_a_goal_without_a_budget_is_refused_and_not_called_healthy(text: str) -> None:
    with pytest.raises(ProblemError):
        parse_target(text)


def test_no_data_is_not_minus_one_event() -> None:
    nothing = Counts(good=0, total=0)
    assert (nothing + Counts(good=3, total=4)).total == 4
    assert burn_rate(nothing, Fraction(9, 10)) == NO_DATA


@pytest.mark.parametrize(
    ("good", "bad", "goal", "sli", "burn"),
    [
        (18, 2, "0.9", "0.9", "1"),
        (9999, 1, "0.999", "0.9999", "0.1"),
        (1000, 0, "0.99", "1", "0"),
        (0, 10, "0.99", "0", "100"),
        (30, 10, "0.95", "0.75", "5"),
    ],
)
def test_where_rounding_loses_nothing_the_figures_are_the_same(
    good: int, bad: int, goal: str, sli: str, burn: str
) -> None:
    counts, target = Counts(good=good, total=good + bad), Fraction(goal)
    assert counts.sli == Fraction(sli)
    assert burn_rate(counts, target) == Fraction(burn)
    rounded = round(good / (good + bad), 6)
    assert rounded == float(sli)
    assert round((1 - rounded) / (1 - float(goal)), 1) == float(burn)
