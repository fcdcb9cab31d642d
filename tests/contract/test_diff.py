"""What changed between two contracts: every field that means something, in words, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from allowance.contract.diff import change_json, contract_hash, diff
from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.contract.source import Prometheus
from allowance.contract.write import write
from tests.contract.promises import everything

contracts = everything.map(
    lambda documents: read([(f"{n}.json", json.dumps(one).encode()) for n, one in enumerate(documents)])
).map(lambda found: found.contract)

OLD = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout, labels: {team: shop}}
spec:
  owner: shop
  tier: 1
  source: {prometheus: "http://prometheus:9090"}
  dependencies: [{service: payments, kind: soft}]
  slos:
    - name: availability
      target: 99.9%
      promql: {total: requests_total, good: 'requests_total{code="200"}'}
    - name: latency
      target: 99%
      promql: {total: a, good: b}
"""


def _contract(text: str) -> Contract:
    return read([("shop.yaml", text.encode())]).trusted()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "target: 99.9%",
            "target: 99.95%",
            ["SLO checkout/availability: target 99.9 % -> 99.95 %"],
        ),
        ("- name: latency", "- name: speed", ["SLO checkout/latency removed", "SLO checkout/speed added"]),
        ("owner: shop", "owner: team-shop", None),
        ("tier: 1", "tier: 0", None),
        (
            "target: 99%",
            "target: 99%\n      alerts: [{severity: page, spend: 5%, in: 1h}]",
            None,
        ),
        (
            "good: 'requests_total{code=\"200\"}'",
            "bad: errors_total",
            [
                'SLO checkout/availability: indicator requests_total{code="200"} of requests_total -> '
                "not errors_total of requests_total; it is counted anew over its whole window"
            ],
        ),
        (
            "dependencies: [{service: payments, kind: soft}]",
            "dependencies: [{service: cards, kind: soft}]",
            [
                "service checkout: dependency removed: payments",
                "service checkout: dependency added: cards",
            ],
        ),
        (
            "target: 99.9%",
            "target: 99.9%\n      noData: {severity: ticket, after: 30m}",
            ["SLO checkout/availability: no data alert nothing -> ticket after 30m"],
        ),
        ("labels: {team: shop}", "labels: {team: web}", ["service checkout: labels team=shop -> team=web"]),
    ],
)
def test_a_change_in_words(old: str, new: str, says: list[str] | None) -> None:
    changes = diff(_contract(OLD), _contract(OLD.replace(old, new)))
    assert changes
    if says is not None:
        assert [str(change) for change in changes] == says
    assert all(change_json(change)["says"] == str(change) for change in changes)


def test_rules_that_come_and_go_are_named() -> None:
    own = "target: 99%\n      alerts: [{severity: page, spend: 2%, in: 1h, and: 5m}]"
    said = [str(change) for change in diff(_contract(OLD), _contract(OLD.replace("target: 99%", own)))]
    assert "SLO checkout/latency: rule removed: log at 10 % of the budget in 3d, also in 6h" in said
    assert not any("page at 2 % of the budget in 1h" in one for one in said)  # it was there before


def test_a_new_source_is_counted_anew_and_its_password_is_not_said() -> None:
    secret = Prometheus(url="http://eve:hunter2@prometheus-eu:9090")
    before = _contract(OLD)
    (service,) = before.services
    moved = replace(service, source=secret, slos=tuple(replace(slo, source=secret) for slo in service.slos))
    changes = diff(before, replace(before, services=(moved,)))
    assert {change.field for change in changes} == {"source"}
    assert all(change.measured_anew for change in changes if change.kind == "SLO")
    assert "hunter2" not in "".join(map(str, changes))
    assert "http://prometheus:9090 -> http://prometheus-eu:9090" in str(changes[0])


@given(contracts)
def test_what_is_written_and_read_again_says_the_same(contract: Contract) -> None:
    again = read([("again.yaml", write(contract).encode())]).contract
    if again == contract:
        assert diff(contract, again) == ()
        assert contract_hash(contract) == contract_hash(again)


@given(contracts, contracts)
def test_what_differs_has_changes_in_both_directions(one: Contract, other: Contract) -> None:
    forth, back = diff(one, other), diff(other, one)
    assert len(forth) == len(back)
    assert bool(forth) == (contract_hash(one) != contract_hash(other)) or not forth
    assert diff(one, one) == ()
