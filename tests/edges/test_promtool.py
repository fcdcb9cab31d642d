"""Exported rules in the real promtool: it takes them all, and every alert fires and clears when the replay says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from allowance.contract.model import Slo
from tests.edges.rule_files import (
    ALERTS,
    CALM,
    FAULT,
    KINDS,
    MINUTE,
    QUICK,
    Kind,
    alerts_in,
    checks,
    contract_of,
    hold_of,
    instants,
    slo_text,
    story,
    tried,
    unit_test,
    written,
)


def assert_fires_as_replayed(one: Slo, kind: Kind, paths: list[Path], folder: Path) -> None:
    events = story(kind)
    asked = []
    for rule in alerts_in(paths):
        firing = instants(one, events, rule["labels"]["severity"], hold_of(rule), step=kind.step)
        assert firing, f"the fault is too small for {rule['alert']}"
        assert max(firing) < len(events) * kind.step, f"{rule['alert']} does not clear within the story"
        asked += checks(rule, firing, steps=len(events), step=kind.step)
    assert tried(unit_test(paths, kind.series(events, ""), asked, step=kind.step), folder) == ""


@pytest.mark.parametrize("name", KINDS)
def test_every_alert_fires_and_clears_when_the_replay_says(name: str, tmp_path: Path) -> None:
    # promtool's own limit of 10 000 samples allows no long subquery; a server's is 50 million.
    kind = KINDS[name]
    sampled = kind.step == MINUTE
    contract = contract_of(
        slo_text(kind, window="1d" if sampled else "30d", alerts=QUICK if sampled else ALERTS)
    )
    paths = written(contract, tmp_path)
    assert len(alerts_in(paths)) == (3 if sampled else 4)
    assert_fires_as_replayed(contract.slos[0], kind, paths, tmp_path)


@pytest.mark.parametrize("label", ["zone", "service"])
def test_a_fault_in_one_group_alerts_for_that_group_alone(label: str, tmp_path: Path) -> None:
    kind = KINDS["rate"]
    contract = contract_of(slo_text(kind, by=label))
    paths = written(contract, tmp_path)
    shown = "group_service" if label == "service" else label
    events = story(kind)
    series = kind.series(events, f',{label}="ill"') | kind.series(
        [kind.calm] * len(events), f',{label}="well"'
    )
    at = f"{(CALM + FAULT) * MINUTE}s"
    firing = [rule["alert"] for rule in alerts_in(paths)]
    check = {
        "expr": f'count by (alertname, {shown}, service) (ALERTS{{alertstate="firing"}})',
        "eval_time": at,
        "exp_samples": [
            {"labels": f'{{alertname="{name}", {shown}="ill", service="shop"}}', "value": 1}
            for name in firing
        ],
    }
    groups = {
        "expr": "count(slo:bad_ratio:1h)",
        "eval_time": at,
        "exp_samples": [{"labels": "{}", "value": 2}],
    }
    assert len(firing) == 4
    assert tried(unit_test(paths, series, [check, groups], step=kind.step), tmp_path) == ""


@pytest.mark.parametrize(("bad", "fires"), [(144, False), (145, True)])
def test_at_the_line_is_not_over_it(bad: int, fires: bool, tmp_path: Path) -> None:
    kind = KINDS["bare"]
    contract = contract_of(slo_text(kind, target="99.9%", alerts="[{severity: page, in: 1h, burn: '14.4'}]"))
    paths = written(contract, tmp_path)
    events = [(bad, 10_000)] * 15
    check = {
        "expr": 'ALERTS{alertstate="firing"} * 0',
        "eval_time": "1h",
        "exp_samples": [
            {
                "labels": '{alertname="SloBurnPage",alertstate="firing",owner="team-shop",service="shop",'
                'severity="page",slo="promise",tier="2"}',
                "value": 0,
            }
        ]
        if fires
        else [],
    }
    assert bool(instants(contract.slos[0], events, "page", 0, step=kind.step)) is fires
    assert tried(unit_test(paths, kind.series(events, ""), [check], step=kind.step), tmp_path) == ""


@pytest.mark.parametrize(("total", "bad"), [(1, 1), (2, 1), (2, 2), (3, 1), (9, 1)])
def test_low_traffic_holds_an_alert_back_as_in_the_replay(total: int, bad: int, tmp_path: Path) -> None:
    kind = KINDS["bare"]
    guarded = "[{severity: page, in: 1h, burn: 5, lowTraffic: {minEvents: 20, minBad: 12}}]"
    contract = contract_of(slo_text(kind, alerts=guarded))
    paths = written(contract, tmp_path)
    events = [(bad, total)] * 30
    rule = alerts_in(paths)[0]
    firing = instants(contract.slos[0], events, "page", 0, step=kind.step)
    asked = checks(rule, firing, steps=30, step=kind.step)
    assert tried(unit_test(paths, kind.series(events, ""), asked, step=kind.step), tmp_path) == ""


def test_an_alert_waits_until_little_of_the_budget_is_left_as_in_the_replay(tmp_path: Path) -> None:
    kind = KINDS["bare"]
    rules = "[{severity: page, in: 1h, burn: 2, remainingBelow: 20%}, {severity: ticket, in: 1h, burn: 2}]"
    contract = contract_of(slo_text(kind, window="1d", alerts=rules))
    paths = written(contract, tmp_path)
    events = [(4 if 48 <= at < 108 else 0, 100) for at in range(160)]
    paged, told = (instants(contract.slos[0], events, word, 0, step=kind.step) for word in ("page", "ticket"))
    # 4 k of (48 + k) / 100 x 100 allowed are spent after k steps: more than 80 % from the 13th on.
    assert (min(told) // kind.step, min(paged) // kind.step) == (48 + 7, 48 + 13)
    asked = [
        check
        for rule in alerts_in(paths)
        for check in checks(
            rule, paged if rule["labels"]["severity"] == "page" else told, steps=160, step=kind.step
        )
    ]
    assert tried(unit_test(paths, kind.series(events, ""), asked, step=kind.step), tmp_path) == ""


def test_long_windows_slide_as_in_the_replay(tmp_path: Path) -> None:
    kind = replace(KINDS["bare"], step=30 * MINUTE)
    rules = "[{severity: page, in: 1d, and: 2h, spend: 10%}, {severity: ticket, in: 3d, and: 6h, spend: 10%}]"
    contract = contract_of(slo_text(kind, window="28d", alerts=rules))
    paths = written(contract, tmp_path)
    days = [0, 2, 2, 0, 0, 4, 1]  # bad in 100, day by day
    events = [(share, 100) for share in days for _ in range(48)]
    asked = []
    for rule in alerts_in(paths):
        firing = instants(contract.slos[0], events, rule["labels"]["severity"], 0, step=kind.step)
        assert firing
        asked += checks(rule, firing, steps=len(events), step=kind.step)
    assert tried(unit_test(paths, kind.series(events, ""), asked, step=kind.step), tmp_path) == ""


@pytest.mark.parametrize("method", ["timeslices: {slice: 10m, target: 95%}", "ratioTimeslices: {slice: 10m}"])
def test_slices_of_time_count_as_in_the_replay(method: str, tmp_path: Path) -> None:
    kind = KINDS["bare"]
    alerts = "[{severity: page, in: 1h, and: 10m, burn: 5}, {severity: ticket, in: 6h, and: 30m, burn: 2}]"
    contract = contract_of(slo_text(kind, window="1d", alerts=alerts, more=f"  {method}\n"))
    paths = written(contract, tmp_path)
    shares = [0] * 6 + [4] * 12 + [6, 40, 0, 0, 5, 5, 100] * 4 + [0] * 90
    events = [
        (share * (1 + at % 3), 0 if at % 13 == 12 else 100 * (1 + at % 3)) for at, share in enumerate(shares)
    ]
    events = [(min(bad, total), total) for bad, total in events]
    asked = []
    for rule in alerts_in(paths):
        firing = instants(contract.slos[0], events, rule["labels"]["severity"], 0, step=kind.step)
        assert 0 < len(firing) < len(events) // 2
        asked += checks(rule, firing, steps=len(events) // 2, step=10 * MINUTE)
    assert tried(unit_test(paths, kind.series(events, ""), asked, step=kind.step), tmp_path) == ""
