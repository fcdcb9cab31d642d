"""Real snapshots of cumulative counters: increments per minute, zone by zone."""

from __future__ import annotations

import json
from pathlib import Path

from allowance.core.buckets import Buckets
from allowance.core.time import iso
from allowance.edges import files
from allowance.signals.counters import CounterColumns
from allowance.signals.measured import Measured
from tests.cases.answers import check_all

CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


def _minutes(buckets: Buckets) -> dict[str, list[int]]:
    return {
        iso(buckets.start + 60 * at): [int(buckets.good[at]), int(buckets.total[at])]
        for at in buckets.total.nonzero()[0].tolist()
    }


def _check(measured: Measured, folder: Path) -> None:
    for zone, answer in json.loads((folder / "expected.json").read_text())["slis"].items():
        if ("sli", zone) not in measured.series:
            continue
        buckets = measured.series["sli", zone]
        expected = {minute: [good, total] for minute, good, total in answer["per_minute"] if total}
        assert _minutes(buckets) == expected
        check_all(buckets, answer)


def test_nginx_plus(cases: Path) -> None:
    folder = cases / "nginxplus-counters"
    path = str(folder / "counters.csv.gz")
    by_bad = files.measure(
        [path], [], counters=CounterColumns(total=" + ".join(CLASSES), bad="5xx"), by="zone"
    )
    by_good = files.measure(
        [path], [], counters=CounterColumns(total="+".join(CLASSES), good="+".join(CLASSES[:4])), by="zone"
    )
    assert (by_bad.facts.format, by_bad.facts.lines, by_bad.facts.malformed) == ("counters", 1500, 0)
    assert len(by_bad.series) == 3
    _check(by_bad, folder)
    _check(by_good, folder)


def test_the_same_counters_inside_json(cases: Path) -> None:
    folder = cases / "nginxplus-counters"
    zone = "hg.nginx.org"
    names = [f'"server_zones.{zone}.responses.{name}"' for name in CLASSES]
    measured = files.measure(
        [str(folder / "status.jsonl.gz")], [], counters=CounterColumns(total=" + ".join(names), bad=names[4], series=("address",))
    )  # fmt: skip
    answer = json.loads((folder / "expected.json").read_text())["slis"][zone]
    expected = {minute: [good, total] for minute, good, total in answer["per_minute"] if total}
    assert _minutes(measured.series["sli", ""]) == expected
