"""Pyrra's ServiceLevelObjective, with the windows that Pyrra computes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.contract.indicator import PromGauge, PromRatio
from allowance.contract.model import NoDataAlert
from allowance.core.duration import short
from allowance.core.window import RollingWindow
from tests.contract.reading import contract_of, read_text


def pyrra(indicator: str, *, target: str = "'99'", window: str = "4w", more: str = "") -> str:
    return f"""\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: pay-errors
  namespace: monitoring
  labels: {{pyrra.dev/service: pay, role: alert-rules}}
spec:
  target: {target}
  window: {window}
  indicator: {indicator}
{more}"""


RATIO = "{ratio: {errors: {metric: 'r{code=~\"5..\"}'}, total: {metric: r}, grouping: [handler]}}"


def test_ratios_with_groups() -> None:
    slo = contract_of(pyrra(RATIO)).slos[0]
    assert slo.id == "pay/pay-errors"
    assert slo.indicator == PromRatio(bad='r{code=~"5.."}', total="r")
    assert slo.group_by == ("handler",)
    assert slo.target == Fraction(99, 100)
    assert slo.window == RollingWindow(seconds=28 * 86400)


def test_the_alerts_are_pyrras_own() -> None:
    slo = contract_of(pyrra(RATIO)).slos[0]
    assert [(rule.severity, rule.factor(slo.period)) for rule in slo.rules] == [
        ("page", 14),
        ("page", 7),
        ("ticket", 2),
        ("ticket", 1),
    ]
    assert [rule.name for rule in slo.rules] == [
        "1h/5m for 2m",
        "6h/30m for 15m",
        "1d/2h for 1h",
        "4d/6h for 3h",
    ]
    # 14 x 1 % of an hour, rounded to 8 minutes, and the 2 minutes of the first rule.
    assert slo.no_data_alert == NoDataAlert(severity="page", after=600)


@pytest.mark.parametrize(
    ("window", "long", "brief"),
    [
        ("1w", ["15m", "1h30m", "6h", "1d"], ["1m", "8m", "30m", "1h30m"]),
        ("30d", ["1h4m", "6h26m", "1d1h43m", "4d6h51m"], ["5m", "32m", "2h9m", "6h26m"]),
        ("1d", ["2m", "13m", "51m", "3h26m"], ["1m", "1m", "4m", "13m"]),
    ],
)
def test_windows_grow_with_the_window(window: str, long: list[str], brief: list[str]) -> None:
    rules = contract_of(pyrra(RATIO, window=window)).slos[0].rules
    assert [short(rule.long) for rule in rules] == long
    assert [short(rule.short) for rule in rules] == brief


@pytest.mark.parametrize(
    ("alerting", "rules", "absent"),
    [
        ("{disabled: true}", 0, False),
        ("{burnrates: false}", 0, True),
        ("{absent: false}", 4, False),
        ("{name: Burn}", 4, True),
    ],
)
def test_alerting_can_be_switched_off(alerting: str, rules: int, absent: bool) -> None:
    slo = contract_of(pyrra(RATIO, more=f"  alerting: {alerting}\n")).slos[0]
    assert len(slo.rules) == rules
    assert (slo.no_data_alert is not None) == absent


def test_the_other_indicators() -> None:
    latency = contract_of(
        pyrra("{latency: {success: {metric: 'd_bucket{le=\"1\"}'}, total: {metric: d_count}}}")
    ).slos[0]
    assert latency.indicator == PromRatio(good='d_bucket{le="1"}', total="d_count")
    assert latency.kind == "latency"
    native = contract_of(pyrra("{latencyNative: {total: {metric: d}, latency: 200ms}}")).slos[0]
    assert isinstance(native.indicator, PromRatio)
    assert "histogram_fraction(0, 0.2, sum (increase(d[{{.window}}])))" in (native.indicator.good or "")
    gauge = contract_of(pyrra("{bool_gauge: {metric: up}}")).slos[0]
    assert gauge.indicator == PromGauge(query="up", op="gte", bound=Fraction(1))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (pyrra(RATIO, target="'100'"), "spec.target"),
        (pyrra(RATIO, target="'0.999'"), "spec.target"),
        (pyrra(RATIO, target="'99,9'"), "spec.target"),
        (pyrra(RATIO, target="''"), "spec.target"),
        (pyrra(RATIO, window="4 weeks"), "spec.window"),
        (
            pyrra("{latency: {success: {metric: 'd_bucket'}, total: {metric: d_count}}}"),
            "spec.indicator.latency.success",
        ),
        (pyrra("{ratio: {errors: {metric: a}}}"), "spec.indicator.ratio.total"),
        (pyrra("{rate: {errors: {metric: a}}}"), "spec.indicator"),
    ],
)
def test_faults_and_their_places(text: str, path: str) -> None:
    found = [problem for problem in read_text(text).problems if problem.severity == "error"]
    assert [problem.where.path for problem in found] == [path], [str(problem) for problem in found]


def test_an_unquoted_target_is_exact_and_said() -> None:
    result = read_text(pyrra(RATIO, target="99.9"))
    assert [problem.code for problem in result.problems] == ["quotes"]
    assert result.contract.slos[0].target == Fraction(999, 1000)
