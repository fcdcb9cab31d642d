"""Exported dashboards: their structure, their places, and what their queries read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import promql_parser
import pytest

from allowance.contract.model import Contract
from allowance.reports.export_grafana import SCHEMA, WIDTH, grafana_dashboards
from tests.edges.rule_files import contract_of

SLOS = """
- {name: availability, promql: {bad: bad_total, total: all_total}, target: 99.9%, alerts: workbook}
- {name: fast, promql: {histogram: lat_seconds, le: 0.3}, target: 99%, by: [zone], alerts: tiered}
- {name: monthly, promql: {gauge: depth, below: 3}, target: 99%, window: calendar month, alerts: none}
- {name: rolling, promql: {gauge: depth, below: 3}, target: 99%, window: 7d, alerts: [{severity: page, in: 10m, and: 10m, burn: 9}]}
"""


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    (file,) = grafana_dashboards(contract_of(SLOS)).files
    assert file.name == "shop.dashboard.json"
    return dict(file.document)


def test_it_has_what_grafana_needs(dashboard: dict[str, Any]) -> None:
    assert dashboard["id"] is None
    assert dashboard["uid"] == "slo-shop"
    assert dashboard["schemaVersion"] == SCHEMA >= 39
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            assert (
                target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            )


def test_ids_and_letters_do_not_collide(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in dashboard["panels"]:
        letters = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(letters)) == len(letters)


def test_panels_do_not_overlap(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= WIDTH
        assert not cells & taken
        taken |= cells


def test_every_query_is_promql_over_recorded_series(dashboard: dict[str, Any]) -> None:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            promql_parser.parse(target["expr"])
            assert any(word in target["expr"] for word in ("slo:", "vector(", "ALERTS"))


def test_each_slo_has_its_panels(dashboard: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert [title for title in titles if title.startswith("Burn rate")] == [
        "Burn rate 1h/5m (page)", "Burn rate 6h/30m (page)", "Burn rate 1d/2h (ticket)", "Burn rate 3d/6h (ticket)",
        "Burn rate 1h/5m (page)", "Burn rate 6h/30m (ticket)", "Burn rate 3d/6h (log)", "Burn rate 10m (page)",
    ]  # fmt: skip
    assert titles.count("Budget left") == titles.count("Budget spent") == 3
    assert titles.count("SLI and target") == titles.count("Alerts that fire") == 4


def test_names_of_dashboards_are_short_and_apart() -> None:
    names = ["a", "a.b", "a-b", "s" * 63, "s" * 62 + "t", "a_b"]
    contracts = [contract_of(SLOS, service="x") for _ in names]
    uids = set()
    for name, contract in zip(names, contracts, strict=True):
        slos = tuple(_renamed(contract, name))
        service = _with(contract.services[0], name=name, slos=slos)
        (file,) = grafana_dashboards(Contract(services=(service,))).files
        uids.add(file.document["uid"])
    assert len(uids) == len(names)
    assert all(len(uid) <= 40 for uid in uids)


def _renamed(contract: Contract, name: str) -> Any:
    return (_with(slo, service=name) for slo in contract.slos)


def _with(what: Any, **changes: Any) -> Any:
    return replace(what, **changes)
