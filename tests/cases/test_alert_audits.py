"""Alerts beside expert labels and injected faults: recall, precision, delay, freshness."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from allowance.alerting.audit import Audit, Sample, Threshold, audit_firing, audit_threshold, merge, prepare
from allowance.budget.replay import Episode, replay
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets, from_rows
from allowance.core.counts import NO_DATA
from allowance.core.time import iso, parse_instant
from allowance.signals.freshness import freshness


def _read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as lines:
        return [{k.lower(): v for k, v in row.items()} for row in csv.DictReader(lines)]


def _number(value: Any) -> Any:
    return None if value == NO_DATA else round(float(value), 10)


def _check_audit(audit: Audit, expected: dict[str, Any]) -> None:
    assert audit.alarms == expected["alert_samples"]
    assert len(audit.episodes) == expected["episodes"]
    assert (audit.incidents, audit.found) == (expected["windows"], expected["windows_detected"])
    assert audit.true_episodes == expected["true_episodes"]
    assert _number(audit.recall) == expected["recall"]
    assert _number(audit.precision) == expected["precision"]
    assert [_number(d) for d in audit.delays] == expected["delays_s"]
    mean = _number(audit.mean_delay)
    assert mean == expected["mean_delay_s"] or round(mean, 6) == expected["mean_delay_s"]
    shown = [
        [iso(e.first)[:-1].replace("T", " "), iso(e.last)[:-1].replace("T", " ")] for e in audit.episodes
    ]
    assert shown[: len(expected["episode_list"])] == expected["episode_list"]


def _check_series(
    name: str, rows: list[dict[str, str]], expected: dict[str, Any], windows: list[list[str]], stamp: str
) -> None:
    samples = prepare([Sample(at=parse_instant(r[stamp]), value=float(r["value"])) for r in rows])
    incidents = [Episode(first=parse_instant(a), last=parse_instant(b)) for a, b in windows]
    for answer in expected["audits"]:
        rule = Threshold(above=answer["rule"]["above"], below=answer["rule"]["below"])
        _check_audit(audit_threshold(samples, rule, incidents, gap=answer["rule"]["merge_gap_s"]), answer)
    for answer in expected["freshness"]:
        found = freshness([s.at for s in samples], max_age=answer["max_age_s"])
        assert (found.instants, found.stale) == (answer["instants"], answer["stale"]), name
        assert found.oldest == answer["max_age_seen_s"]
    for answer in expected["slis"]:
        good = Threshold(above=answer["good_if"]["<="], below=answer["good_if"][">="])
        counts = from_rows((s.at, not good.alarms(s.value), 1) for s in samples).all()
        assert (counts.total, counts.good) == (answer["total"], answer["good"])


def test_labelled_series_of_a_cloud(cases: Path) -> None:
    folder = cases / "ms-cloud-monitoring"
    answers = json.loads((folder / "expected.json").read_text())["series"]
    for name, expected in answers.items():
        rows = _read(folder / f"{name}.csv.gz")
        assert len(rows) == expected["rows"]
        steps = sorted({parse_instant(r["timestamp"]) for r in rows})
        step = min(b - a for a, b in itertools.pairwise(steps))
        labelled = sorted(parse_instant(r["timestamp"]) for r in rows if r["label"] == "1")
        runs = [
            [iso(e.first)[:-1].replace("T", " "), iso(e.last)[:-1].replace("T", " ")]
            for e in merge(labelled, step)
        ]
        assert runs == expected["windows"]
        _check_series(name, rows, expected, expected["windows"], "timestamp")


def test_labelled_series_of_a_benchmark(cases: Path) -> None:
    folder = cases / "nab"
    answers = json.loads((folder / "expected.json").read_text())["series"]
    windows = json.loads((folder / "windows.json").read_text())
    for name, expected in answers.items():
        _check_series(name, _read(folder / f"{name}.csv.gz"), expected, windows[name], "timestamp")


@pytest.fixture(scope="module")
def boutique(cases: Path) -> dict[str, Any]:
    return json.loads((cases / "nezha-boutique" / "expected.json").read_text())


def _minutes(rows: list[dict[str, str]]) -> Buckets:
    return from_rows((parse_instant(r["minute"]), int(r["good"]), int(r["total"])) for r in rows)


def test_injected_faults_of_a_shop(cases: Path, boutique: dict[str, Any]) -> None:
    folder = cases / "nezha-boutique"
    history = _minutes(_read(folder / "minutes_availability_2022-08-22.csv.gz"))
    slow = [
        (int(r["epoch_s"]) // 60 * 60, float(r["p99_s"]) > 2.5)
        for r in _read(folder / "frontend_2022-08-22.csv.gz")
    ]
    faults = json.loads((folder / "faults_2022-08-22.json").read_text())
    starts = [fault["inject_epoch_s"] for fault in faults]
    ratios = zip(history.good.tolist(), history.total.tolist(), strict=True)
    firing: dict[str, list[int]] = {"minute error ratio > 1%": [], "minute error ratio > 5%": []}
    for i, (good, total) in enumerate(ratios):
        at = history.start + 60 * (i + 1)
        for percent in (1, 5):
            if total and (total - good) * 100 > percent * total:
                firing[f"minute error ratio > {percent}%"].append(at)
    firing["minute p99 > 2.5 s"] = [minute + 60 for minute, is_slow in slow if is_slow]
    for target in ("0.99", "0.999"):
        played = replay(history, WORKBOOK, Fraction(target), period=30 * 86400)
        for one, name in zip(played.rules[:2], ("page_1h_5m_14.4", "page_6h_30m_6"), strict=True):
            instants = [played.start + 60 * int(i) for i in one.firing.nonzero()[0]]
            firing[f"{name} at target {target}"] = instants
    for expected in boutique["audits"]:
        audit = audit_firing(firing[expected["rule"]], starts, step=60, horizon=HORIZON, near=NEAR)
        assert audit.alarms == expected["firing_minutes"], expected["rule"]
        assert (audit.incidents, audit.found) == (expected["faults"], expected["detected"]), expected["rule"]
        assert [_delay(d) for d in audit.delays] == [f["delay_s"] for f in expected["faults_detail"]]
        assert (len(audit.episodes), audit.true_episodes) == (expected["episodes"], expected["true_episodes"])
        assert _number(audit.precision) == expected["precision"]


HORIZON, NEAR = 300, 300
"""The faults lasted about three minutes; the file does not name its spans, these give all of its delays."""


def _delay(value: Any) -> int | None:
    return None if value == NO_DATA else int(value)
