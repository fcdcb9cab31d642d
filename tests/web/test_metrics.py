"""The metrics: both formats parse, the numbers are those of the API, and every one is documented."""

from __future__ import annotations

import math
import re

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain

from allowance.alerting.delivery import Sent, settled
from allowance.web.metrics import GAUGES
from allowance.web.metrics_slos import SLO_GAUGES
from tests.conftest import ROOT
from tests.web.conftest import House

pytestmark = pytest.mark.anyio


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (s.name, frozenset(s.labels.items())): s.value for family in read_plain(text) for s in family.samples
    }


async def test_both_formats_say_the_same(api: httpx.AsyncClient) -> None:
    plain = await api.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    accept = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    opened = await api.get("/metrics", headers={"Accept": accept})
    assert opened.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert opened.text.endswith("# EOF\n")
    found = {
        (s.name, frozenset(s.labels.items())): s.value for f in read_open(opened.text) for s in f.samples
    }
    assert found == _samples(plain.text)
    assert all(math.isfinite(value) for value in found.values())


async def test_numbers_are_those_of_the_api(house: House, api: httpx.AsyncClient) -> None:
    found = _samples((await api.get("/metrics")).text)
    row = (await api.get("/v1/slos/checkout/availability")).json()
    slo = {("service", "checkout"), ("slo", "availability")}
    window = frozenset(slo | {("window", "30d")})
    assert found["allowance_budget_remaining_ratio", window] == row["budget"]["remaining"]
    assert found["allowance_window_good_events", window] == row["good"]
    assert found["allowance_window_valid_events", window] == row["total"]
    for rule in row["rules"]:
        long, short = rule["rule"].split("/")
        for name, value in ((long, rule["long"]), (short, rule["short"])):
            labels = {("severity", rule["severity"]), ("rule", rule["rule"]), ("window", name)}
            assert found["allowance_burn_rate", frozenset(slo | labels)] == value
    firing = frozenset(slo | {("severity", "page"), ("state", "firing")})
    assert found["allowance_alerts", firing] == 1
    assert found["allowance_tick_lag_seconds", frozenset()] == 7
    assert found["allowance_tick_duration_seconds", frozenset()] == 0.25
    source = frozenset({("source", "prometheus http://prometheus.example:9090/base")})
    assert found["allowance_source_lag_seconds", source] == 7
    assert found["allowance_source_current", source] == 1
    due = frozenset({("channel", "pager"), ("state", "due")})
    assert found["allowance_outbox_notices", due] == house.state.outbox_counts()["pager", "due"] > 0


async def test_an_empty_outbox_is_zero_not_nothing(house: House, api: httpx.AsyncClient) -> None:
    while waiting := house.state.store.due("pager", now=house.clock()):
        for one in waiting:
            house.state.store.settle(one, settled(one, Sent(), now=house.clock()))
    found = _samples((await api.get("/metrics")).text)
    assert found["allowance_outbox_notices", frozenset({("channel", "pager"), ("state", "due")})] == 0


async def test_before_the_first_tick_only_what_is_known(house: House) -> None:
    async with house.client("viewer") as client:
        names = {name for name, _ in _samples((await client.get("/metrics")).text)}
    assert names == {
        "allowance_answers_total",
        "allowance_build_info",
        "allowance_channel_failing_seconds",
        "allowance_deploys",
        "allowance_deploys_against_freeze",
        "allowance_deploys_unasked",
        "allowance_evaluator",
        "allowance_otlp_folded_groups",
        "allowance_otlp_items_total",
        "allowance_otlp_revised_events_total",
        "allowance_otlp_unreadable_slos",
        "allowance_outbox_oldest_seconds",
        "allowance_source_current",
    }


async def test_the_documentation_and_the_exposition_name_the_same(api: httpx.AsyncClient) -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| `(allowance_\w+)` \|([^|]*)\|", page, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert documented == {gauge.name: set(gauge.labels) for gauge in (*SLO_GAUGES, *GAUGES)}
    shown = {name for name, _ in _samples((await api.get("/metrics")).text)}
    assert shown == set(documented)
