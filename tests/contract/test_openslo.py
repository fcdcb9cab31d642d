"""OpenSLO as it is written in the wild: what is read, what is refused, and what is said about it."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from allowance.contract.indicator import Events, Foreign, PromGauge, PromHistogram, PromRatio, PromShare
from allowance.contract.model import NoDataAlert, RatioTimeslices, Timeslices
from allowance.contract.rules import TIERED
from allowance.contract.source import Prometheus
from allowance.core.problem import Problem
from allowance.core.window import CalendarWindow, RollingWindow, Window
from tests.contract.reading import contract_of, only_problem, openslo, read_text


def metric(query: str, kind: str = "Prometheus") -> str:
    return f"{{metricSource: {{type: {kind}, spec: {{query: {query}}}}}}}"


def window(text: str) -> tuple[Window, list[str]]:
    result = read_text(openslo(timeWindow=f"  timeWindow: [{text}]"))
    assert result.ok, result.problems
    return result.contract.slos[0].window, [problem.code for problem in result.problems]


def test_a_sound_slo_is_read_without_a_word() -> None:
    slo = contract_of(openslo()).slos[0]
    assert slo.id == "pay/pay-availability"
    assert slo.indicator == PromRatio(good="sum(ok_total)", total="sum(all_total)")
    assert slo.target == Fraction(999, 1000)
    assert slo.rules == TIERED
    assert contract_of(openslo()).services[0].name == "pay"


@pytest.mark.parametrize(
    ("text", "expected", "warned"),
    [
        ("{duration: 28d, isRolling: true}", RollingWindow(seconds=28 * 86400), False),
        ("{duration: 1h, isRolling: true}", RollingWindow(seconds=3600), False),
        ("{duration: 1M, isRolling: true}", RollingWindow(seconds=30 * 86400), True),
        ("{duration: 1Q, isRolling: true}", RollingWindow(seconds=90 * 86400), True),
        ("{duration: 1Y, isRolling: true}", RollingWindow(seconds=365 * 86400), True),
        ("{duration: 1m, isRolling: true}", RollingWindow(seconds=60), True),
        (
            "{duration: 1w, calendar: {startTime: 2024-01-01 00:00:00, timeZone: Europe/Berlin}}",
            CalendarWindow(unit="week", zone=ZoneInfo("Europe/Berlin")),
            False,
        ),
        (
            "{duration: 1Q, isRolling: false, calendar: {startTime: '2024-04-01', timeZone: UTC}}",
            CalendarWindow(unit="quarter", zone=ZoneInfo("UTC")),
            False,
        ),
        (
            "{duration: 1M, calendar: {startTime: 2022-01-15 12:00:00, timeZone: America/New_York}}",
            CalendarWindow(unit="month", zone=ZoneInfo("America/New_York")),
            True,
        ),
    ],
)
def test_windows(text: str, expected: Window, warned: bool) -> None:
    assert window(text) == (expected, ["window"] if warned else [])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{duration: 30 days, isRolling: true}", "spec.timeWindow[0].duration"),
        ("{duration: Week, isRolling: true}", "spec.timeWindow[0].duration"),
        ("{duration: 0w, isRolling: true}", "spec.timeWindow[0].duration"),
        ("{duration: 28d}", "spec.timeWindow[0].isRolling"),
        (
            "{duration: 1M, isRolling: true, calendar: {startTime: 2024-01-01, timeZone: UTC}}",
            "spec.timeWindow[0].calendar",
        ),
        ("{duration: 2w, calendar: {startTime: 2024-01-01, timeZone: UTC}}", "spec.timeWindow[0].duration"),
        (
            "{duration: 1w, calendar: {startTime: Monday, timeZone: UTC}}",
            "spec.timeWindow[0].calendar.startTime",
        ),
        (
            "{duration: 1w, calendar: {startTime: 2024-01-01, timeZone: Mars}}",
            "spec.timeWindow[0].calendar.timeZone",
        ),
        ("{duration: 1w, calendar: {startTime: 2024-01-01}}", "spec.timeWindow[0].calendar.timeZone"),
        ("{isRolling: true}", "spec.timeWindow[0].duration"),
    ],
)
def test_windows_that_are_refused(text: str, path: str) -> None:
    assert only_problem(openslo(timeWindow=f"  timeWindow: [{text}]")).where.path == path


def test_a_window_that_is_a_map_or_not_alone_is_refused() -> None:
    assert only_problem(openslo(timeWindow="  timeWindow: {duration: 28d}")).where.path == "spec.timeWindow"
    two = "  timeWindow: [{duration: 28d, isRolling: true}, {duration: 7d, isRolling: true}]"
    assert only_problem(openslo(timeWindow=two)).where.path == "spec.timeWindow"
    assert contract_of(openslo(timeWindow="")).slos[0].window == RollingWindow(seconds=28 * 86400)


@pytest.mark.parametrize(
    ("objective", "path", "hint"),
    [
        ("target: 99.9", "target", "targetPercent: 99.9"),
        ("target: 1.0", "target", "no burn rate"),
        ("target: 0", "target", "promises nothing"),
        ("target: -0.5", "target", ""),
        ("target: '0.999'", "target", ""),
        ("targetPercent: 100", "targetPercent", "no burn rate"),
        ("target: 0.9, targetPercent: 90", "targetPercent", ""),
        ("displayName: x", "", "target: 0.999"),
        ("targte: 0.9", "", "did you mean target by 'targte'?"),
    ],
)
def test_targets_that_are_refused(objective: str, path: str, hint: str) -> None:
    problems = [
        p
        for p in read_text(openslo(objectives=f"  objectives: [{{{objective}}}]")).problems
        if p.severity == "error"
    ]
    (problem,) = problems
    assert problem.where.path == ".".join(part for part in ("spec.objectives[0]", path) if part)
    assert hint in problem.hint


def test_target_percent_is_exact() -> None:
    slo = contract_of(openslo(objectives="  objectives: [{targetPercent: 99.95}]")).slos[0]
    assert slo.target == Fraction(9995, 10000)


def test_methods_by_slices() -> None:
    slices = "  objectives: [{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5m}]"
    slo = contract_of(openslo(budgetingMethod="  budgetingMethod: Timeslices", objectives=slices)).slos[0]
    assert slo.method == Timeslices(slice=300, slice_target=Fraction(95, 100))
    ratio = "  objectives: [{target: 0.99, timeSliceWindow: 1m}]"
    slo = contract_of(openslo(budgetingMethod="  budgetingMethod: RatioTimeslices", objectives=ratio)).slos[0]
    assert slo.method == RatioTimeslices(slice=60)


def test_a_bare_slice_is_minutes_and_said() -> None:
    slices = "  objectives: [{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5}]"
    result = read_text(openslo(budgetingMethod="  budgetingMethod: Timeslices", objectives=slices))
    assert result.ok
    assert [problem.code for problem in result.problems] == ["slice"]
    assert result.contract.slos[0].method == Timeslices(slice=300, slice_target=Fraction(95, 100))


@pytest.mark.parametrize(
    ("objective", "path"),
    [
        ("{target: 0.99, timeSliceWindow: 5m}", "spec.objectives[0].timeSliceTarget"),
        ("{target: 0.99, timeSliceTarget: 0.95}", "spec.objectives[0].timeSliceWindow"),
        ("{target: 0.99, timeSliceTarget: 95, timeSliceWindow: 5m}", "spec.objectives[0].timeSliceTarget"),
    ],
)
def test_slices_that_are_refused(objective: str, path: str) -> None:
    text = openslo(budgetingMethod="  budgetingMethod: Timeslices", objectives=f"  objectives: [{objective}]")
    assert only_problem(text).where.path == path


def test_several_objectives_are_several_slos_with_stable_names() -> None:
    text = openslo(objectives="  objectives: [{displayName: Very Good, target: 0.99}, {target: 0.999}]")
    contract = read_text(text).contract
    assert [slo.name for slo in contract.slos] == ["pay-availability-very-good", "pay-availability-2"]


def test_composites_are_several_slos_and_said() -> None:
    ratio = f"{{counter: true, good: {metric('a')}, total: {metric('b')}}}"
    inline = f"{{metadata: {{name: x}}, spec: {{ratioMetric: {ratio}}}}}"
    text = openslo(
        indicator="",
        objectives=f"  objectives: [{{target: 0.99, indicator: {inline}, compositeWeight: 2}}, {{target: 0.9, indicator: {inline}}}]",
    )
    result = read_text(text)
    assert result.ok
    assert [problem.code for problem in result.problems] == ["composite"]
    assert len(result.contract.slos) == 2


def threshold(objective: str) -> str:
    return openslo(
        indicator=f"  indicator: {{metadata: {{name: p}}, spec: {{thresholdMetric: {metric('p99')}}}}}",
        objectives=f"  objectives: [{objective}]",
    )


def test_thresholds_are_gauges_held_against_a_value() -> None:
    slo = contract_of(threshold("{target: 0.99, op: lte, value: 0.3}")).slos[0]
    assert slo.indicator == PromGauge(query="p99", op="lte", bound=Fraction(3, 10))
    paths = [problem.where.path for problem in read_text(threshold("{target: 0.99}")).problems]
    assert paths == ["spec.objectives[0].op", "spec.objectives[0].value"]


def test_raw_ratios_are_shares_and_said() -> None:
    text = openslo(
        indicator=f"  indicator: {{metadata: {{name: p}}, spec: {{ratioMetric: {{raw: {metric('err')}, rawType: failure}}}}}}"
    )
    result = read_text(text)
    assert result.contract.slos[0].indicator == PromShare(query="err", of="bad")
    assert [problem.code for problem in result.problems] == ["share"]


def test_histogram_counters_are_one_histogram() -> None:
    good = metric('\'d_bucket{job="x",le="0.3"}\'')
    total = metric("'d_count{job=\"x\"}'")
    text = openslo(
        indicator=f"  indicator: {{metadata: {{name: p}}, spec: {{ratioMetric: {{counter: true, good: {good}, total: {total}}}}}}}"
    )
    slo = contract_of(text).slos[0]
    assert slo.indicator == PromHistogram(selector='d{job="x"}', threshold=Fraction(3, 10))
    assert slo.kind == "latency"


def test_other_systems_are_kept_but_not_measured() -> None:
    text = openslo(
        indicator=(
            "  indicator: {metadata: {name: p}, spec: {ratioMetric: {counter: true, "
            f"good: {metric('a', 'Datadog')}, total: {metric('b', 'Datadog')}}}}}}}"
        )
    )
    result = read_text(text)
    assert result.ok
    assert [problem.code for problem in result.problems] == ["foreign"]
    indicator = result.contract.slos[0].indicator
    assert isinstance(indicator, Foreign)
    assert indicator.system == "Datadog"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"service": ""}, "spec.service"),
        ({"budgetingMethod": ""}, "spec.budgetingMethod"),
        ({"budgetingMethod": "  budgetingMethod: occurrences"}, "spec.budgetingMethod"),
        ({"indicator": ""}, "spec"),
        ({"indicator": "  indicatorRef: absent"}, "spec.indicatorRef"),
        ({"objectives": ""}, "spec.objectives"),
        ({"objectives": "  objectives: []"}, "spec.objectives"),
        ({"metadata": "metadata: {name: Pay_SLO}"}, "metadata.name"),
        ({"metadata": "metadata: {}"}, "metadata.name"),
        ({"metadata": ""}, "metadata"),
        ({"apiVersion": "apiVersion: openslo/v2"}, "apiVersion"),
        ({"apiVersion": "apiVersion: OpenSLO/v1"}, "apiVersion"),
        ({"apiVersion": ""}, "apiVersion"),
        ({"kind": "kind: slo"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"more": "  alertPolicies: [fast-burn]"}, "spec.alertPolicies[0]"),
        ({"more": "  alertPolicies: [{alertPolicyRef: absent}]"}, "spec.alertPolicies"),
    ],
)
def test_faults_and_their_places(change: dict[str, str], path: str) -> None:
    found = [problem for problem in read_text(openslo(**change)).problems if problem.severity == "error"]
    assert [problem.where.path for problem in found] == [path], [str(problem) for problem in found]


def test_unknown_fields_are_warned_of_and_not_read() -> None:
    result = read_text(openslo(more="  markdown: hello"))
    assert result.ok
    (problem,) = result.problems
    assert (problem.severity, problem.code, problem.where.path) == ("warning", "unknown-key", "spec.markdown")


CONDITION = """\
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  severity: %s
  condition: {kind: burnrate, op: %s, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: oncall}
spec: {target: pagerduty}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast-burn}
spec:
  alertWhenBreaching: true
  alertWhenNoData: true
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: oncall}]
---
"""


def alerting(severity: str = "page", op: str = "gt") -> tuple[list[Problem], object]:
    text = (
        openslo(more="  alertPolicies: [{alertPolicyRef: fast-burn}]") + "---\n" + CONDITION % (severity, op)
    )
    result = read_text(text)
    return list(result.problems), result.contract


def test_alert_objects_are_found_across_documents_in_any_order() -> None:
    text = (
        openslo(more="  alertPolicies: [{alertPolicyRef: fast-burn}]") + "---\n" + CONDITION % ("page", "gt")
    )
    result = read_text(text)
    assert [problem.code for problem in result.problems] == ["one-window"]
    slo = result.contract.slos[0]
    (rule,) = slo.rules
    assert rule.factor(slo.period) == Fraction(144, 10)
    assert (rule.long, rule.short, rule.hold, rule.severity) == (3600, 300, 300, "page")
    assert slo.no_data_alert == NoDataAlert(severity="page", after=3600)
    assert result.contract.alert_policies[0].notify == ("oncall",)


@pytest.mark.parametrize(
    ("word", "severity"), [("critical", "page"), ("Warning", "ticket"), ("info", "log"), ("odd", "ticket")]
)
def test_severities_are_free_words(word: str, severity: str) -> None:
    text = openslo(more="  alertPolicies: [{alertPolicyRef: fast-burn}]") + "---\n" + CONDITION % (word, "gt")
    result = read_text(text)
    assert result.contract.slos[0].rules[0].severity == severity
    assert ("severity" in [problem.code for problem in result.problems]) == (word == "odd")


@pytest.mark.parametrize("op", ["lt", "lte"])
def test_a_condition_that_fires_when_burn_is_low_is_an_error(op: str) -> None:
    problems, _ = alerting(op=op)
    assert [problem.code for problem in problems if problem.severity == "error"] == ["burn-op"]
    assert problems[-1].where.file == "slo.yaml"


def test_gte_is_read_as_gt_and_said() -> None:
    problems, _ = alerting(op="gte")
    assert {problem.code for problem in problems} == {"burn-op", "one-window"}
    assert all(problem.severity == "warning" for problem in problems)


def test_a_policy_that_does_not_alert_on_breach_has_no_rules() -> None:
    text = (
        openslo(more="  alertPolicies: [{alertPolicyRef: fast-burn}]") + "---\n" + CONDITION % ("page", "gt")
    )
    result = read_text(text.replace("alertWhenBreaching: true", "alertWhenBreaching: false"))
    assert result.contract.slos[0].rules == ()


def test_two_conditions_in_one_policy_are_refused() -> None:
    text = CONDITION % ("page", "gt")
    result = read_text(text.replace("[{conditionRef: fast}]", "[{conditionRef: fast}, {conditionRef: fast}]"))
    assert [problem.code for problem in result.problems if problem.severity == "error"] == ["conditions"]


def test_inline_policies_of_the_same_name_stay_apart() -> None:
    def policy(factor: int) -> str:
        return (
            "  alertPolicies: [{kind: AlertPolicy, metadata: {name: p}, spec: {alertWhenBreaching: true, "
            "conditions: [{kind: AlertCondition, metadata: {name: c}, spec: {severity: page, condition: "
            f"{{kind: burnrate, op: gt, threshold: {factor}, lookbackWindow: 1h}}}}}}], "
            "notificationTargets: [{targetRef: oncall}]}}]"
        )

    text = openslo(more=policy(10)) + "---\n" + openslo(metadata="metadata: {name: other}", more=policy(5))
    contract = read_text(text).contract
    assert [slo.rules[0].factor(slo.period) for slo in contract.slos] == [10, 5]
    assert [policy.name for policy in contract.alert_policies] == ["p", "other-p"]


def test_references_between_documents() -> None:
    text = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: good-answers}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: prom, spec: {query: ok_total}}}
    total: {metricSource: {metricSourceRef: prom, spec: {query: all_total}}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: Prometheus, connectionDetails: {url: 'http://prom:9090'}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: pay, displayName: Payments}
spec: {description: takes money}
---
""" + openslo(indicator="  indicatorRef: good-answers")
    contract = contract_of(text)
    slo = contract.slos[0]
    assert slo.indicator == PromRatio(good="ok_total", total="all_total")
    assert slo.source == Prometheus(url="http://prom:9090")
    assert contract.services[0].display_name == "Payments"


def test_a_data_source_that_is_not_there_is_warned_of() -> None:
    text = openslo().replace("{type: Prometheus,", "{metricSourceRef: prom,")
    result = read_text(text)
    assert result.ok
    assert "reference" in [problem.code for problem in result.problems]
    assert isinstance(result.contract.slos[0].indicator, Foreign)


def test_v2alpha_has_other_names_for_the_same() -> None:
    text = """\
- apiVersion: openslo.com/v2alpha
  kind: DataSource
  metadata: {name: prom}
  spec: {type: prometheus, connectionDetails: {url: 'http://prom:9090'}}
- apiVersion: openslo.com/v2alpha
  kind: SLO
  metadata: {name: web}
  spec:
    serviceRef: web
    sli:
      metadata: {name: ok}
      spec:
        ratioMetric:
          counter: true
          good: {dataSourceRef: prom, spec: {query: ok}}
          total: {dataSourceRef: prom, spec: {query: all}}
    timeWindow: [{duration: 1w, calendar: {startTime: 2022-01-03 00:00:00, timeZone: America/New_York}}]
    budgetingMethod: Timeslices
    objectives: [{target: 0.995, timeSliceTarget: 0.95, timeSliceWindow: 1m}]
"""
    slo = contract_of(text).slos[0]
    assert slo.id == "web/web"
    assert slo.indicator == PromRatio(good="ok", total="all")
    assert slo.source == Prometheus(url="http://prom:9090")


def test_v1alpha_as_sloth_reads_it() -> None:
    text = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: pay, displayName: Payments}
spec:
  service: pay
  objectives:
    - ratioMetrics:
        good: {source: prometheus, queryType: promql, query: 'sum(rate(ok[{{.window}}]))'}
        total: {source: prometheus, queryType: promql, query: 'sum(rate(all[{{.window}}]))'}
      target: 0.999
  timeWindows: [{count: 30, unit: Day}]
"""
    result = read_text(text)
    assert result.ok
    assert [problem.code for problem in result.problems] == ["assumed", "assumed"]
    slo = result.contract.slos[0]
    assert slo.indicator == PromRatio(good="sum(rate(ok[{{.window}}]))", total="sum(rate(all[{{.window}}]))")
    assert slo.window == RollingWindow(seconds=30 * 86400)


def test_our_service_and_an_openslo_slo_are_one_service() -> None:
    text = (
        "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: pay}\nspec: {tier: 0, owner: money}\n---\n"
        + openslo()
    )
    contract = contract_of(text)
    assert [service.tier for service in contract.services] == [0]
    assert contract.slos[0].owner == "money"


def test_predicates_over_events_come_back_from_openslo() -> None:
    text = openslo(
        indicator=(
            "  indicator: {metadata: {name: p}, spec: {ratioMetric: {counter: true, "
            "good: {metricSource: {type: allowance, spec: {good: status < 500, valid: billable}}}, "
            "total: {metricSource: {type: allowance, spec: {events: billable}}}}}}"
        )
    )
    assert contract_of(text).slos[0].indicator == Events(good="status < 500", valid="billable")


def test_a_broken_annotation_is_reported_at_its_place() -> None:
    result = read_text(
        openslo(metadata="metadata: {name: pay, annotations: {allowance/slo: '{\"tirget\": 1}'}}")
    )
    (problem,) = result.problems
    assert problem.severity == "error"
    assert problem.where.line == 3
    assert problem.where.path == "metadata.annotations.allowance/slo.tirget"


def test_one_ratio_asks_one_system() -> None:
    text = openslo(
        indicator=(
            "  indicator: {metadata: {name: p}, spec: {ratioMetric: {counter: true, "
            f"good: {metric('a')}, total: {metric('b', 'Datadog')}}}}}}}"
        )
    )
    codes = [problem.code for problem in read_text(text).problems if problem.severity == "error"]
    assert codes == ["source"]
