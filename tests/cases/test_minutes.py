"""Budgets and alerts over the counted minutes of the real cases."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from allowance.core.buckets import Buckets, from_rows
from allowance.core.time import parse_instant
from tests.cases.answers import check_all


def _minutes(path: Path) -> Buckets:
    with gzip.open(path, "rt") as lines:
        return from_rows(
            (parse_instant(row["minute"]), int(row["good"]), int(row["total"]))
            for row in csv.DictReader(lines)
        )


@pytest.mark.parametrize(
    ("case", "sli"),
    [
        ("apache-elastic", "avail_5xx__strict"),
        ("apache-elastic", "avail_5xx__lenient"),
        ("nginx-json-dashboard", "avail_all"),
        ("nginx-json-dashboard", "avail_499_bad"),
        ("nginx-json-dashboard", "latency_100ms"),
    ],
)
def test_minutes_of_logs(cases: Path, case: str, sli: str) -> None:
    expected = json.loads((cases / case / "expected.json").read_text())["slis"][sli]
    check_all(_minutes(cases / case / f"minutes_{sli}.csv.gz"), expected)


def test_minutes_of_a_shop_with_faults(cases: Path) -> None:
    folder = cases / "nezha-boutique"
    expected = json.loads((folder / "expected.json").read_text())["availability"]
    check_all(_minutes(folder / "minutes_availability_2022-08-22.csv.gz"), expected)
