"""Exported rules in the real promtool: it takes them all, and what they record is counted, not averaged."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.edges.rule_files import (
    CALM,
    FAULT,
    KINDS,
    MINUTE,
    contract_of,
    promtool,
    running,
    slo_text,
    story,
    tried,
    unit_test,
    written,
)


@pytest.mark.parametrize("window", ["28d", "30d"])
def test_the_budget_of_the_period_counts_events_whatever_their_rhythm(window: str, tmp_path: Path) -> None:
    kind = replace(KINDS["bare"], step=60 * MINUTE)
    contract = contract_of(slo_text(kind, target="99.9%", window=window, alerts="none"))
    paths = written(contract, tmp_path)
    days = int(window.removesuffix("d"))
    hours = range(24 * (days + 2))
    # By day a hundred times the traffic of the night; one day in which 1 % fail, before the window half that.
    events = [
        (
            360 if h // 24 == 10 and 8 <= h % 24 < 20 else 180 if h < 48 else 0,
            36_000 if 8 <= h % 24 < 20 else 360,
        )
        for h in hours
    ]
    counted = events[48:]
    bad, total = sum(bad for bad, _ in counted), sum(total for _, total in counted)
    left = 1 - bad / (0.001 * total)
    assert left == pytest.approx(float(1 - Fraction(bad, 1) / (Fraction(1, 1000) * total)), abs=1e-12)
    expected = {
        "slo:bad:period": bad,
        "slo:total:period": total,
        "slo:good:period": total - bad,
        "slo:bad_ratio:period": bad / total,
        "slo:budget_left:period": left,
        "slo:target": 0.999,
        "slo:period_seconds": days * 86_400,
    }
    asked = [
        {
            "expr": name,
            "eval_time": f"{days + 2}d",
            "exp_samples": [{"labels": f'{name}{{service="shop",slo="promise"}}', "value": value}],
        }
        for name, value in expected.items()
    ]
    test = unit_test(paths, kind.series(events, ""), asked, step=kind.step)
    assert tried(test | {"evaluation_interval": "1d"}, tmp_path) == ""


def test_no_failure_is_zero_and_no_traffic_is_no_data(tmp_path: Path) -> None:
    kind = KINDS["rate"]
    more = "  noData: {severity: ticket, after: 30m}\n"
    paths = written(contract_of(slo_text(kind, more=more)), tmp_path)
    series = {
        'requests_total{code="200"}': running([100] * 12 + [0] * 13) + " stale",
    }

    def check(expr: str, at: str, value: float | None, labels: str = "{}") -> dict[str, Any]:
        samples = [] if value is None else [{"labels": labels, "value": value}]
        return {"expr": expr, "eval_time": at, "exp_samples": samples}

    asked = [
        check("sum(slo:bad_ratio:1h)", "1h", 0),
        check("sum(slo:budget_left:period)", "1h", 1),
        check("slo:bad_ratio:5m", "2h", None),
        check("sum(slo:total:5m)", "2h", 0),
        check('count by (severity) (ALERTS{alertstate="firing"})', "2h", None),
        check('count by (alertname, severity) (ALERTS{alertstate="firing"})', "3h", 1,
              '{alertname="SloNoData", severity="ticket"}'),
    ]  # fmt: skip
    assert tried(unit_test(paths, series, asked, step=kind.step), tmp_path) == ""


def test_what_people_wrote_is_never_a_template(tmp_path: Path) -> None:
    kind = KINDS["bare"]
    alerts = "[{severity: page, in: 1h, spend: 2%}]"
    names = '  displayName: "{{ $labels.x }} {{{ \\" }} ümläut"\n  owner: "{{.Value}}"\n  runbook: "http://x/{{"\n'
    paths = written(contract_of(slo_text(kind, alerts=alerts, more=names)), tmp_path)
    test = unit_test(paths, kind.series(story(kind), ""), [], step=kind.step)
    test["tests"][0]["alert_rule_test"] = [
        {
            "eval_time": f"{(CALM + FAULT) * MINUTE}s",
            "alertname": "SloBurnPage",
            "exp_alerts": [
                {
                    "exp_labels": {
                        "severity": "page", "service": "shop", "slo": "promise", "tier": "2", "owner": "{{.Value}}",
                    },
                    "exp_annotations": {
                        "summary": 'shop: {{ $labels.x }} {{{ " }} ümläut burns its error budget',
                        "description": "Fires when more than 2 % of the budget of 30d goes within 1h (burn rate above "
                        "14.4, also in the last 5m). 100% of the events in the long window are bad.",
                        "runbook_url": "http://x/{{",
                    },
                }
            ],
        }
    ]  # fmt: skip
    assert tried(test, tmp_path) == ""


def test_promtool_takes_every_rule_file(tmp_path: Path) -> None:
    alive = {"90%": "[{severity: page, in: 1h, burn: 5}, {severity: log, in: 3d, burn: 1}]"}
    paths = []
    for target in ("90%", "95%", "99%", "99.9%", "99.95%", "99.999%"):
        for place, kind in enumerate(KINDS.values()):
            folder = tmp_path / f"{target}-{place}"
            folder.mkdir()
            alerts = alive.get(
                target, "tiered" if target != "95%" else "[{severity: page, in: 7m, burn: 3, for: 90s}]"
            )
            text = slo_text(kind, target=target, by="zone, service" if place % 2 else "", alerts=alerts)
            text = text.replace("- name: promise", f"- name: {'0-9' if place % 3 else 'a' * 63}")
            name = "a.b-c.0" if place == 1 else "s" * 63
            contract = contract_of(text, service="x", spec="  runbook: 'https://x/?a={{b}}#c'\n  tier: 0\n")
            contract = replace(contract, services=(replace(contract.services[0], name=name, slos=tuple(
                replace(one, service=name) for one in contract.slos)),))  # fmt: skip
            paths += written(contract, folder)
    done = promtool("check", "rules", *paths)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "duplicate" not in done.stdout
    for path in paths:
        assert len(list(yaml.safe_load_all(path.read_text()))) == 1
