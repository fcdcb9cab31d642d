"""Exported rules: what they refer to exists, sides of `and` match, lines are exact, and what cannot be is said."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import promql_parser
import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from allowance.contract.model import Contract, Slo
from allowance.contract.read import read
from allowance.contract.rules import BurnRule
from allowance.contract.yaml_text import yaml_text
from allowance.core.problem import Problem, ProblemError
from allowance.reports.export_alertmanager import alertmanager_routes
from allowance.reports.export_alerts import literal
from allowance.reports.export_file import Exported, yaml_document
from allowance.reports.export_grafana import grafana_dashboards
from allowance.reports.export_names import choose_rules, exportable, windows
from allowance.reports.export_prometheus import merged, prometheus_rules
from allowance.reports.export_queries import bounds, number
from tests.contract.promises import everything
from tests.edges.rule_files import contract_of

PROMQL = "promql: {bad: bad_total, total: all_total}"
SERIES = re.compile(r"(slo:[\w:]+)(\{[^}]*\})")


def rules_of(exported: Exported) -> Iterator[dict[str, Any]]:
    for file in exported.files:
        for group in file.document["groups"]:
            yield from group["rules"]


def recorded(exported: Exported) -> set[str]:
    return {
        f'{rule["record"]}{{service="{rule["labels"]["service"]}",slo="{rule["labels"]["slo"]}"}}'
        for rule in rules_of(exported)
        if "record" in rule
    }


def expressions(exported: Exported) -> Iterator[str]:
    for file in exported.files:
        for panel in file.document["panels"]:
            for target in panel.get("targets", ()):
                yield target["expr"]


def one_slo(text: str, **more: str) -> Contract:
    return contract_of(f"- {{name: a, {text}}}", **more)


def without_dead_rules(contract: Contract) -> Contract:
    def alive(slo: Slo) -> Slo:
        rules = tuple(rule for rule in slo.rules if not rule.is_dead(slo.target, slo.period))
        return replace(slo, rules=rules)

    services = (replace(one, slos=tuple(map(alive, one.slos))) for one in contract.services)
    return replace(contract, services=tuple(services))


def problems_of(contract: Contract) -> list[Problem]:
    try:
        prometheus_rules(contract)
    except ProblemError as error:
        return list(error.problems)
    return []


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(everything)
def test_any_contract_gives_rules_that_hold_together_or_a_problem(documents: list[dict[str, Any]]) -> None:
    contract = without_dead_rules(read([("any.yaml", yaml_text(documents).encode())]).contract)
    problems = problems_of(contract)
    event(", ".join(sorted({problem.code for problem in problems})) or "exported")
    assert all(problem.hint for problem in problems)
    if problems:
        return
    exported, dashboards, routes = (
        form(contract) for form in (prometheus_rules, grafana_dashboards, alertmanager_routes)
    )
    known = recorded(exported)
    for rule in rules_of(exported):
        promql_parser.parse(rule["expr"])
        for name, selector in SERIES.findall(rule["expr"]):
            assert f"{name}{selector}" in known
    for query in expressions(dashboards):
        promql_parser.parse(query)
        assert {f"{name}{selector}" for name, selector in SERIES.findall(query)} <= known
    for file in (*exported.files, *routes.files):
        text = yaml_document(file.document, about="two\nlines")
        assert list(yaml.safe_load_all(text)) == [file.document]


def test_the_sides_of_and_have_the_same_labels() -> None:
    exported = prometheus_rules(one_slo(f"{PROMQL}, by: [zone], alerts: workbook"))
    alerts = [rule for rule in rules_of(exported) if "alert" in rule]
    assert [rule["alert"] for rule in alerts] == ["SloBurnPage", "SloBurnTicket"]
    for rule in alerts:
        assert len({selector for _, selector in SERIES.findall(rule["expr"])}) == 1
        assert "AND" not in rule["expr"]
        assert "OR" not in rule["expr"]
        assert ">=" not in rule["expr"]


@given(
    target=st.fractions(min_value=Fraction(9, 10), max_value=Fraction(99999, 100_000), max_denominator=10**6),
    share=st.fractions(min_value=Fraction(1, 1000), max_value=Fraction(1, 2), max_denominator=1000),
    period=st.sampled_from([7, 28, 30, 90]),
)
def test_a_line_is_the_float_that_is_nearest_to_the_exact_one(
    target: Fraction, share: Fraction, period: int
) -> None:
    rule = BurnRule(severity="page", share=share, long=3 * 86_400, short=3600)
    line = rule.factor(period * 86_400) * (1 - target)
    assert math.isclose(float(number(line)), float(line), rel_tol=1e-15)


@pytest.mark.parametrize("rule", ["{severity: page, in: 1h, and: 5m, burn: '14.4'}"])
def test_the_line_and_the_factor_are_written_as_decimals(rule: str) -> None:
    exported = prometheus_rules(one_slo(f"{PROMQL}, target: 99.9%, window: 30d, alerts: [{rule}]"))
    (alert,) = [rule for rule in rules_of(exported) if "alert" in rule]
    assert alert["expr"].count("> 0.0144\n") == 2
    assert (
        "more than 2 % of the budget of 30d goes within 1h (burn rate above 14.4"
        in alert["annotations"]["description"]
    )


def test_a_hold_is_written_and_parts_alerts() -> None:
    rules = "[{severity: page, in: 1h, spend: 2%}, {severity: page, in: 6h, spend: 5%, for: 15m}]"
    alerts = [
        rule for rule in rules_of(prometheus_rules(one_slo(f"{PROMQL}, alerts: {rules}"))) if "alert" in rule
    ]
    assert [(rule["alert"], rule.get("for")) for rule in alerts] == [
        ("SloBurnPage", None),
        ("SloBurnPageFor15m", "15m"),
    ]


def test_a_dead_rule_is_refused_in_the_words_of_lint() -> None:
    with pytest.raises(ProblemError) as caught:
        prometheus_rules(one_slo(f"{PROMQL}, target: 90%, alerts: workbook"))
    (problem,) = caught.value.problems
    assert problem.code == "AL301"
    assert (
        "can never fire: it waits for a burn rate above 13.44, and a total outage burns at 10"
        in problem.message
    )


def test_rules_are_chosen_by_their_windows() -> None:
    contract = one_slo(f"{PROMQL}, target: 90%, alerts: workbook")
    chosen = choose_rules(contract, ["6h/30m", "3d/6h"])
    assert [rule.name for rule in chosen.slos[0].rules] == ["6h/30m", "3d/6h"]
    assert windows(chosen.slos[0].rules) == (1800, 21_600, 259_200)
    assert len([rule for rule in rules_of(prometheus_rules(chosen)) if "alert" in rule]) == 2
    assert choose_rules(contract, []) is contract
    with pytest.raises(ProblemError, match="no SLO of this contract has a rule 2h/1h"):
        choose_rules(contract, ["2h/1h"])


@pytest.mark.parametrize(
    ("slo", "words"),
    [
        (
            "good: status < 500",
            "counts events of files or tables, not series of a PromQL system: it is left out",
        ),
        (
            "foreign: {system: datadog, metrics: '{}'}",
            "is measured by datadog, not by PromQL: it is left out",
        ),
        (f"{PROMQL}, timeslices: {{target: 95%, noData: bad}}", "counts slices without data as bad"),
    ],
)
def test_what_cannot_be_exported_is_left_out_aloud(slo: str, words: str) -> None:
    contract = contract_of(f"- {{name: a, {PROMQL}}}\n- {{name: b, {slo}}}")
    exported = prometheus_rules(contract)
    assert {rule["labels"]["slo"] for rule in rules_of(exported)} == {"a"}
    (problem,) = exported.left_out
    assert problem.severity == "warning"
    assert words in problem.message
    assert "shop/b" in problem.message
    with pytest.raises(ProblemError, match="no SLO of this contract can be exported"):
        prometheus_rules(contract_of(f"- {{name: b, {slo}}}"))


def test_a_calendar_window_has_alerts_and_no_budget() -> None:
    exported = prometheus_rules(one_slo(f"{PROMQL}, window: calendar month"))
    names = {rule.get("record") for rule in rules_of(exported)}
    assert "slo:target" in names
    assert not any(name and name.endswith(":period") for name in names)
    assert "goes by the calendar" in exported.left_out[0].message


def test_a_rule_that_asks_what_is_left_of_a_calendars_budget_is_left_out_aloud() -> None:
    exported = prometheus_rules(one_slo(f"{PROMQL}, window: calendar month, alerts: budget-aware"))
    said = [problem.message for problem in exported.left_out]
    assert any("page rule 1h/5m below 10 %" in message and "left out" in message for message in said)
    assert [rule["alert"] for rule in rules_of(exported) if "alert" in rule] == ["SloBurnTicket"]
    rolling = prometheus_rules(one_slo(f"{PROMQL}, target: 99%, window: 30d, alerts: budget-aware"))
    page = next(rule for rule in rules_of(rolling) if rule.get("alert") == "SloBurnPage")
    assert 'slo:bad_ratio:period{service="shop",slo="a"} > 0.009' in page["expr"]
    assert "while less than 10 % of it is left" in page["annotations"]["description"]
    first = rolling.files[0].document["groups"][0]["rules"]
    assert "slo:bad_ratio:period" in [rule.get("record") for rule in first]


@pytest.mark.parametrize("label", ["status-code", "9lives"])
def test_a_group_that_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(ProblemError, match="which is no label of Prometheus"):
        exportable(one_slo(f"{PROMQL}, by: [{label}]"))


def test_a_query_that_cannot_be_counted_is_refused_with_its_place() -> None:
    with pytest.raises(ProblemError) as caught:
        prometheus_rules(one_slo("promql: {bad: 'sum(', total: all_total}"))
    (problem,) = caught.value.problems
    assert problem.code == "promql"
    assert problem.where.line
    assert "shop/a" in str(problem.where)


def test_several_services_are_several_files_or_one_document() -> None:
    first, second = one_slo(PROMQL), one_slo(PROMQL, service="pay")
    exported = prometheus_rules(Contract(services=(*first.services, *second.services)))
    assert [file.name for file in exported.files] == ["shop.rules.yaml", "pay.rules.yaml"]
    names = [group["name"] for group in merged(exported, "all.yaml").document["groups"]]
    assert names == ["shop/a", "shop/a period", "pay/a", "pay/a period"]


@pytest.mark.parametrize(
    ("threshold", "texts"),
    [
        ("0.3", ("0.3",)),
        ("1", ("1", "1.0")),
        ("0.00005", ("0.00005", "5e-05")),
        ("2500000", ("2500000", "2500000.0", "2.5e+06")),
        ("100", ("100", "100.0")),
    ],
)
def test_bounds_are_looked_for_as_client_libraries_write_them(threshold: str, texts: tuple[str, ...]) -> None:
    assert bounds(Fraction(threshold)) == texts


@pytest.mark.parametrize("text", ["plain", "{{ x }}", "{{{", "}}", ""])
def test_braces_of_people_are_no_template(text: str) -> None:
    written = literal(text)
    assert written.replace('{{"{{"}}', "{{") == text
    assert "{{" not in written.replace('{{"{{"}}', "")
