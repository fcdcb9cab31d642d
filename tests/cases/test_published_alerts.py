"""Published tables of burn-rate alerting, by closed form and by replay."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from allowance.budget.budget import full_outage_seconds
from allowance.budget.detection import NEVER, detection_seconds, incident_detection, reset_seconds
from allowance.budget.replay import replay
from allowance.contract.rules import WORKBOOK, BurnRule
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.window import Span
from tests.budget.histories import MIN, even

PERIOD = 30 * DAY
PER_MINUTE = 500


@pytest.fixture(scope="module")
def tables(cases: Path) -> dict[str, Any]:
    return json.loads((cases / "published-tables" / "tables.json").read_text())


def test_budget_minutes(tables: dict[str, Any]) -> None:
    for target, row in tables["budget_minutes"].items():
        for label, minutes in row.items():
            days = int(re.search(r"(\d+)d", label)[1])  # type: ignore[index]
            outage = full_outage_seconds(Fraction(target), days * DAY)
            assert outage / 60 == Fraction(str(minutes)), (target, label)


def _minutes(seconds: Any) -> Any:
    return None if seconds == NEVER else seconds // 60


@pytest.mark.parametrize("target", ["0.9", "0.95", "0.99", "0.995", "0.999", "0.9995", "0.9999"])
def test_pairs_in_closed_form(tables: dict[str, Any], target: str) -> None:
    for rule, expected in zip(WORKBOOK, tables["pairs"][target].values(), strict=True):
        exact = Fraction(target)
        assert rule.factor(PERIOD) * (1 - exact) == Fraction(str(expected["threshold_error_ratio"]))
        assert rule.is_dead(exact, PERIOD) != expected["can_ever_fire"]
        assert rule.share == Fraction(str(expected["budget_consumed_when_long_window_reaches_threshold"]))
        hours = expected["time_to_exhaust_30d_budget_at_threshold_hours"]
        assert PERIOD / rule.factor(PERIOD) / HOUR == Fraction(str(hours))
        found = detection_seconds(rule, exact, period=PERIOD, error_ratio=Fraction(1))
        published = expected["detection_seconds_100%_outage_continuous"]
        assert found == (NEVER if published is None else Fraction(str(published)))


@pytest.mark.parametrize("target", ["0.9", "0.95", "0.99", "0.995", "0.999", "0.9995", "0.9999"])
def test_pairs_by_replay(tables: dict[str, Any], target: str) -> None:
    rows = tables["pairs"][target].values()
    clean = 4 * DAY // MIN
    for ratio in ("1", "0.5", "0.15", "0.1", "0.02", "0.01", "0.002"):
        bad = int(Fraction(ratio) * PER_MINUTE)
        history = even(clean + 3 * 1440, PER_MINUTE, {range(clean, clean + 3 * 1440): bad})
        incident = Span(begin=clean * MIN, end=history.end)
        played = replay(history, WORKBOOK, Fraction(target), period=PERIOD)
        for one, expected in zip(played.rules, rows, strict=True):
            detected, _ = incident_detection(one, incident)
            assert _minutes(detected) == expected["detection_minutes_evaluated_each_minute"][ratio]
    history = even(clean + 2 * 1440, PER_MINUTE, {range(clean, clean + 60): PER_MINUTE})
    incident = Span(begin=clean * MIN, end=(clean + 60) * MIN)
    played = replay(history, WORKBOOK, Fraction(target), period=PERIOD)
    for one, expected in zip(played.rules, rows, strict=True):
        detected, reset = incident_detection(one, incident)
        noticed = detected != NEVER and detected <= HOUR
        published = expected["reset_minutes_after_1h_total_outage"]
        assert (_minutes(reset) if noticed else None) == published


T999 = Fraction(999, 1000)


def _single(share: Fraction, window: int, hold: int = 0) -> BurnRule:
    return BurnRule(severity="page", share=share, long=window, short=window, hold=hold)


def test_the_six_approaches_of_the_workbook(tables: dict[str, Any]) -> None:
    book = tables["workbook_ch5"]
    outage = Fraction(1)

    target_rate = _single(Fraction(10 * MINUTE, PERIOD), 10 * MINUTE)
    first = book["1 target error rate (10 min window)"]
    assert detection_seconds(target_rate, T999, period=PERIOD, error_ratio=outage) == Fraction("0.6")
    assert float(target_rate.share) == first["budget_share_of_0.1%_for_10_min"]
    # A spike of just over 0.1 % for ten minutes, 144 times a day, fires 144 times and still meets the SLO.
    spikes = even(1440, 1000, {range(m, m + 1): 10 + 1 for m in range(0, 1440, 10)})
    fired = replay(spikes, [target_rate], T999, period=PERIOD).rules[0]
    assert fired.firing_buckets >= first["alerts_per_day_still_meeting_slo"]

    wide = book["2 increased window (36 h = 5% of 30 d)"]
    increased = _single(Fraction(36 * HOUR, PERIOD), 36 * HOUR)
    assert float(increased.share) == wide["window_share"]
    found = detection_seconds(increased, T999, period=PERIOD, error_ratio=outage)
    assert found == Fraction(str(wide["detection_total_outage_s"]))
    reset = reset_seconds(increased, T999, period=PERIOD, error_ratio=outage)
    assert reset != NEVER
    assert 35 * HOUR < reset < 36 * HOUR

    held = _single(Fraction(5 * MINUTE, PERIOD), 5 * MINUTE, hold=HOUR)
    found = detection_seconds(held, T999, period=PERIOD, error_ratio=outage)
    assert found != NEVER
    assert found // HOUR == 1
    assert (
        float(HOUR / full_outage_seconds(T999, PERIOD))
        == book["3 duration 1h"]["budget_used_by_total_outage_in_1h"]
    )
    # Three outages of five minutes never last an hour: a third of the budget goes unnoticed.
    unseen = even(3 * 1440, 100, {range(m, m + 5): 100 for m in (500, 1500, 2500)})
    assert replay(unseen, [held], T999, period=PERIOD).rules[0].firing_buckets == 0

    burn = book["4 burn rate"]
    single = _single(Fraction(5, 100), HOUR)
    assert single.factor(PERIOD) == burn["burn_for_5%_in_1h"]
    found = detection_seconds(single, T999, period=PERIOD, error_ratio=outage)
    assert found == Fraction(str(burn["detection_total_outage_min"])) * 60
    reset = reset_seconds(single, T999, period=PERIOD, error_ratio=outage)
    assert reset == Fraction(str(burn["reset_min"])) * 60

    several = book["5 multiple burn rates"]
    rules = {"1h@14.4": _single(Fraction(2, 100), HOUR), "6h@6": _single(Fraction(5, 100), 6 * HOUR)}
    rules["3d@1"] = _single(Fraction(10, 100), 3 * DAY)
    for name, rule in rules.items():
        found = detection_seconds(rule, T999, period=PERIOD, error_ratio=outage)
        assert found == Fraction(str(several["detection_total_outage_s"][name]))
        assert str(float(rule.factor(PERIOD))).removesuffix(".0") == name.split("@")[1]

    table = book["6 multiwindow"]
    for severity, long, short, factor, share in table["table_5_8"]:
        match = [r for r in WORKBOOK if r.name == f"{long}/{short}"]
        assert [(r.severity, float(r.factor(PERIOD))) for r in match] == [(severity, factor)]
        assert match[0].share == Fraction(share.removesuffix("%")) / 100
    fifteen = Fraction(15, 100)
    found = detection_seconds(WORKBOOK[0], T999, period=PERIOD, error_ratio=fifteen)
    assert found == Fraction(str(table["example_15%_errors"]["long_window_crosses_after_min"])) * 60
    history = even(1000, 100, {range(600, 610): 15})
    played = replay(history, WORKBOOK, T999, period=PERIOD).rules[0]
    assert played.first == 606 * MIN


def test_extremes(tables: dict[str, Any]) -> None:
    extreme = tables["workbook_ch5"]["extreme"]
    assert float(HOUR / full_outage_seconds(Fraction(9, 10), PERIOD)) == extreme["90%_target_1h_outage_share"]
    keys = ("14.4_pair_can_fire_only_if_target_above", "6_pair_only_if_target_above")
    for rule, key in zip(WORKBOOK[:2], keys, strict=True):
        edge = 1 - 1 / rule.factor(PERIOD)
        assert float(edge) == extreme[key]
        assert rule.is_dead(edge, PERIOD)
        assert not rule.is_dead(edge + Fraction(1, 10**9), PERIOD)
    assert float(full_outage_seconds(Fraction("0.99999"), PERIOD)) == extreme["99.999%_monthly_budget_s"]
    low = tables["workbook_ch5"]["low_traffic"]
    assert Fraction(1, low["requests_per_hour"]) / (1 - T999) == low["burn_exact"]
