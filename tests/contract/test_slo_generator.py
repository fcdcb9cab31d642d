"""slo-generator's files: what is measured by Prometheus is measured here, the rest is kept, and every gap is said."""

from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.contract.indicator import Foreign, Indicator, PromHistogram, PromRatio, PromShare
from allowance.core.window import RollingWindow
from tests.contract.reading import contract_of, only_problem, read_text

HEAD = """\
apiVersion: sre.google.com/v2
kind: ServiceLevelObjective
metadata:
  name: shop-answers
  labels: {service_name: shop, feature_name: web, slo_name: answers}
spec:
  description: answers without errors
  backend: prometheus
  method: %s
  exporters: [prometheus]
  error_budget_policy: default
  goal: 0.999
  service_level_indicator:
"""
RATIO = (
    HEAD % "good_bad_ratio"
    + """\
    filter_good: 'requests_total{code!~"5.."}[window]'
    filter_valid: requests_total
"""
)


def test_a_ratio_keeps_its_service_its_goal_and_the_usual_steps() -> None:
    contract = contract_of(RATIO)
    (slo,) = contract.slos
    assert (slo.id, slo.target) == ("shop/shop-answers", Fraction(999, 1000))
    assert slo.window == RollingWindow(seconds=28 * 86400)
    assert [(rule.severity, rule.factor(slo.period), rule.long, rule.short) for rule in slo.rules] == [
        ("page", 9, 3600, 3600),
        ("page", 3, 43200, 43200),
        ("log", Fraction(3, 2), 7 * 86400, 7 * 86400),
        ("log", 1, 28 * 86400, 28 * 86400),
    ]
    assert slo.indicator == PromRatio(good='requests_total{code!~"5.."}', total="requests_total")


@pytest.mark.parametrize(
    ("method", "fields", "indicator"),
    [
        (
            "good_bad_ratio",
            "    filter_good: good_total\n    filter_bad: bad_total\n",
            PromRatio(good="good_total", total="sum(good_total) + sum(bad_total)"),
        ),
        (
            "distribution_cut",
            "    expression: 'd_seconds_bucket{path=\"/\"}'\n    threshold_bucket: 0.25\n",
            PromHistogram(selector='d_seconds_bucket{path="/"}', threshold=Fraction(1, 4)),
        ),
        (
            "query_sli",
            "    expression: >\n      sum(rate(good[window]))\n      / sum(rate(all[window]))\n",
            PromShare(query="sum(rate(good[{{.window}}])) / sum(rate(all[{{.window}}]))", of="good"),
        ),
    ],
)
def test_every_method_of_prometheus_is_measured(method: str, fields: str, indicator: Indicator) -> None:
    found = read_text(HEAD % method + fields)
    assert found.contract.slos[0].indicator == indicator
    assert all(problem.severity == "warning" for problem in found.problems)


def test_another_backend_is_kept_and_said() -> None:
    found = read_text(
        (HEAD % "query_slo").replace("backend: prometheus", "backend: datadog") + "    slo_id: abc\n"
    )
    (slo,) = found.contract.slos
    assert isinstance(slo.indicator, Foreign)
    assert slo.indicator.system == "datadog"
    assert '"slo_id": "abc"' in slo.indicator.metrics
    assert [problem.code for problem in found.problems] == ["foreign"]


@pytest.mark.parametrize(
    ("before", "after", "code", "hint"),
    [
        ("goal: 0.999", "goal: 99.9", "target", "write 0.999"),
        ("goal: 0.999", "goal: 1", "target", "budget of zero"),
        ("good_bad_ratio", "good_bad_rato", "word", "did you mean good_bad_ratio?"),
        ("    filter_valid: requests_total\n", "", "indicator", "filter_valid"),
        ("sre.google.com/v2", "sre.google.com/v3", "version", "sre.google.com/v2"),
    ],
)
def test_mistakes_are_said_with_a_way_out(before: str, after: str, code: str, hint: str) -> None:
    problem = only_problem(RATIO.replace(before, after))
    assert problem.code == code, str(problem)
    assert hint in problem.hint, str(problem)


def test_another_policy_and_odd_operators_are_warned_of() -> None:
    text = RATIO.replace("policy: default", "policy: strict") + "    operators: [rate, sum]\n"
    assert sorted(problem.code for problem in read_text(text).problems) == ["operators", "policy"]


def test_the_first_form_says_how_to_become_the_second() -> None:
    problem = only_problem("service_name: a\nslo_name: b\nslo_target: 0.9\nbackend: {class: Prometheus}\n")
    assert "slo-generator migrate" in problem.hint
