"""Sloth's files in both spellings, with the alerts that Sloth would make of them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.contract.indicator import Foreign, PromRatio, PromShare
from allowance.contract.rules import WORKBOOK
from allowance.core.window import RollingWindow
from tests.contract.reading import contract_of, read_text

SLOTH = """\
version: prometheus/v1
service: pay
labels: {owner: money}
slos:
  - name: availability
    objective: 99.9
    description: answers without errors
    labels: {team: a}
    sli:
      events:
        error_query: sum(rate(bad[{{ .window }}]))
        total_query: sum(rate(all[{{.window}}]))
    alerting:
      name: PayBurn
      annotations: {runbook: 'https://runbooks/pay'}
      page_alert: {labels: {severity: page}}
      ticket_alert: {labels: {severity: ticket}}
"""


def test_a_file_keeps_its_period_and_its_alerts() -> None:
    contract = contract_of(SLOTH)
    slo = contract.slos[0]
    assert slo.id == "pay/availability"
    assert slo.target == Fraction(999, 1000)
    assert slo.indicator == PromRatio(bad="sum(rate(bad[{{.window}}]))", total="sum(rate(all[{{.window}}]))")
    assert slo.window == RollingWindow(seconds=30 * 86400)
    assert slo.rules == WORKBOOK
    assert (slo.owner, slo.runbook) == ("money", "https://runbooks/pay")
    assert slo.labels == {"owner": "money", "team": "a"}
    assert slo.description == "answers without errors"


@pytest.mark.parametrize(("off", "left"), [("page", "ticket"), ("ticket", "page")])
def test_disabled_alerts_are_left_out(off: str, left: str) -> None:
    contract = contract_of(
        SLOTH.replace(f"{off}_alert: {{labels: {{severity: {off}}}}}", f"{off}_alert: {{disable: true}}")
    )
    assert {rule.severity for rule in contract.slos[0].rules} == {left}


def test_the_resource_of_kubernetes_is_the_same_in_camel_case() -> None:
    text = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: sloth.pay, namespace: monitoring}
spec:
  service: pay
  slos:
    - name: availability
      objective: 99.9
      sli: {events: {errorQuery: 'bad[{{.window}}]', totalQuery: 'all[{{.window}}]'}}
      alerting: {name: PayBurn, pageAlert: {disable: true}, ticketAlert: {disable: true}}
"""
    slo = contract_of(text).slos[0]
    assert slo.indicator == PromRatio(bad="bad[{{.window}}]", total="all[{{.window}}]")
    assert slo.rules == ()
    snake = text.replace("errorQuery", "error_query")
    assert "errorQuery" in str(read_text(snake).problems[0])


def test_raw_ratios_and_plugins_are_read_with_a_warning() -> None:
    raw = SLOTH.replace("events:", "raw:").replace("error_query", "error_ratio_query")
    raw = "\n".join(line for line in raw.splitlines() if "total_query" not in line)
    result = read_text(raw)
    assert [problem.code for problem in result.problems] == ["share"]
    assert result.contract.slos[0].indicator == PromShare(query="sum(rate(bad[{{.window}}]))", of="bad")
    start, end = SLOTH.index("      events:"), SLOTH.index("    alerting:")
    plugin = SLOTH[:start] + "      plugin: {id: ours/availability, options: {job: pay}}\n" + SLOTH[end:]
    result = read_text(plugin)
    assert [problem.code for problem in result.problems] == ["foreign"]
    assert isinstance(result.contract.slos[0].indicator, Foreign)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("objective: 99.9", "objective: 100", "slos[0].objective"),
        ("objective: 99.9", "objective: 0.999", "slos[0].objective"),
        ("objective: 99.9", "objective: '99.9'", "slos[0].objective"),
        ("objective: 99.9", "objektive: 99.9", "slos[0].objective"),
        ("prometheus/v1", "prometheus/v2", "version"),
        ("service: pay", "servce: pay", "service"),
        ("[{{.window}}]", "[5m]", "slos[0].sli.events.total_query"),
        ("name: availability", "nme: availability", "slos[0].name"),
        ("total_query", "totalQuery", "slos[0].sli.events.total_query"),
    ],
)
def test_faults_and_their_places(old: str, new: str, path: str) -> None:
    found = [
        problem for problem in read_text(SLOTH.replace(old, new)).problems if problem.severity == "error"
    ]
    assert [problem.where.path for problem in found] == [path]


def test_free_names_become_names_and_are_said() -> None:
    result = read_text(SLOTH.replace("name: availability", "name: Requests_OK"))
    assert result.ok
    assert [problem.code for problem in result.problems] == ["name"]
    assert result.contract.slos[0].name == "requests-ok"
    assert result.contract.slos[0].display_name == "Requests_OK"


def test_several_files_of_one_service_are_one_service() -> None:
    contract = contract_of(SLOTH + "---\n" + SLOTH.replace("name: availability", "name: latency"))
    assert [service.name for service in contract.services] == ["pay"]
    assert len(contract.slos) == 2
