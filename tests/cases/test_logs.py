"""Real logs and tables, minute by minute against independently counted answers."""

from __future__ import annotations

import csv
import gzip
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from allowance.contract.indicator import Events
from allowance.core.buckets import Buckets
from allowance.core.time import iso
from allowance.edges import files
from allowance.signals.event_sql import EventSli, event_sli
from allowance.signals.measured import Measured
from allowance.signals.percentiles import nearest_rank
from tests.cases.answers import check_all, check_counts


def _expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text())


def _sli(name: str, good: str | None = None, valid: str | None = None, ms: int | None = None) -> EventSli:
    return event_sli(name, Events(good=good, valid=valid, latency_ms=None if ms is None else Fraction(ms)))


def _measure(path: Path, *slis: EventSli, **how: Any) -> Measured:
    return files.measure([str(path)], slis, **how)


def _same_minutes(buckets: Buckets, answer: Path) -> None:
    with gzip.open(answer, "rt") as lines:
        expected = [(row["minute"], int(row["good"]), int(row["total"])) for row in csv.DictReader(lines)]
    seen = [
        (iso(buckets.start + 60 * at), int(buckets.good[at]), int(buckets.total[at]))
        for at in buckets.total.nonzero()[0].tolist()
    ]
    assert seen == [row for row in expected if row[2]]


def test_an_apache_log(cases: Path) -> None:
    folder = cases / "apache-elastic"
    expected = _expected(folder)
    measured = _measure(folder / "access.log.gz", _sli("strict"))
    facts = measured.facts
    assert (facts.format, facts.lines, facts.malformed) == ("combined", expected["facts"]["lines"], 1)
    assert [p.where.line for p in facts.samples] == expected["facts"]["malformed_line_numbers(1-based)"]
    assert "closing quote of the user agent" in facts.samples[0].message
    _same_minutes(measured.series["strict", ""], folder / "minutes_avail_5xx__strict.csv.gz")
    by_status = _measure(folder / "access.log.gz", _sli("a"), by="status").series
    assert {group: buckets.all().total for (_, group), buckets in by_status.items()} == expected["facts"][
        "status_counts_strict"
    ]


def test_an_nginx_log(cases: Path) -> None:
    folder = cases / "nginx-json-dashboard"
    slis = {
        "avail_all": _sli("avail_all"),
        "avail_499_bad": _sli("avail_499_bad", "status < 499"),
        "latency_100ms": _sli(
            "latency_100ms", None, "status between 200 and 399 and path not like '/socket.io/%'", 100
        ),
        "raw": _sli(
            "raw", '"request_time" <= 0.1', "status between 200 and 399 and path not like '/socket.io/%'"
        ),
    }
    measured = _measure(folder / "access.jsonl.gz", *slis.values())
    expected = _expected(folder)
    assert (measured.facts.format, measured.facts.malformed) == ("json-lines", 0)
    for name in ("avail_all", "avail_499_bad", "latency_100ms"):
        _same_minutes(measured.series[name, ""], folder / f"minutes_{name}.csv.gz")
        check_all(measured.series[name, ""], expected["slis"][name])
    assert measured.series["raw", ""] == measured.series["latency_100ms", ""]
    durations = measured.durations["latency_100ms", ""]
    ranks = expected["facts"]["nearest_rank_percentiles_s (latency population)"]
    assert sum(durations.counts) == ranks.pop("n")
    for name, seconds in ranks.items():
        assert Fraction(str(nearest_rank(durations, Fraction(name[1:])))) == Fraction(seconds) * 1000


def test_probes_by_monitor(cases: Path) -> None:
    folder = cases / "upptime-curc"
    expected = _expected(folder)
    measured = _measure(folder / "checks.csv.gz", _sli("up", "state = 'up'"), by="monitor")
    assert (measured.facts.format, measured.facts.lines) == ("csv-events", expected["rows"])
    for monitor, answer in expected["monitors"].items():
        check_all(measured.series["up", monitor], answer["event_sli"])
    codes = _measure(
        folder / "checks.csv.gz", _sli("a", "http_code in (200, 301)"), _sli("b", "http_code like '4%'")
    )
    with gzip.open(folder / "checks.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    assert codes.series["a", ""].all().good == sum(row["http_code"] in ("200", "301") for row in rows)
    assert codes.series["b", ""].all().good == sum(row["http_code"].startswith("4") for row in rows)


def test_spans_in_microseconds(cases: Path) -> None:
    folder = cases / "nezha-boutique"
    slis = (_sli("raw", "duration_us <= 250000"), _sli("latency", None, None, 250))
    measured = _measure(folder / "root_spans_2022-08-22.csv.gz", *slis, by="file_minute")
    expected = _expected(folder)
    whole = _measure(folder / "root_spans_2022-08-22.csv.gz", *slis).series
    check_all(whole["raw", ""], expected["root_span_latency_sli"])
    assert whole["raw", ""] == whole["latency", ""]
    for name, answer in expected["root_span_files"].items():
        durations = measured.durations["raw", name.removeprefix("rca/")]
        assert sum(durations.counts) == answer["n"]
        assert nearest_rank(durations, Fraction(99)) * 1000 == pytest.approx(answer["p99_us"])


def test_minutes_as_events_and_as_counts(cases: Path) -> None:
    folder = cases / "nezha-boutique"
    expected = _expected(folder)
    counts = _measure(folder / "minutes_availability_2022-08-22.csv.gz", _sli("a"))
    assert counts.facts.format == "csv-counts"
    check_all(counts.series["a", ""], expected["availability"])
    events = _measure(folder / "frontend_2022-08-22.csv.gz", _sli("p99", "p99_s <= 2.5"))
    check_counts(events.series["p99", ""], expected["latency_windows_sli"])


def _bounds(rule: dict[str, float | None]) -> str:
    return (
        " and ".join(f"value {word} {bound}" for word, bound in rule.items() if bound is not None) or "1 = 1"
    )


def test_series_of_values(cases: Path) -> None:
    folder = cases / "ms-cloud-monitoring"
    seen = 0
    for name, answer in _expected(folder)["series"].items():
        path = folder / f"{name}.csv.gz"
        # Where two samples share an instant, the answer keeps the larger one; for us both are events.
        for row in answer["slis"] if path.exists() else ():
            if row["total"] < answer["rows"]:
                continue
            measured = _measure(path, _sli("a", _bounds(row["good_if"])))
            counts = measured.series["a", ""].all()
            assert (counts.good, counts.total) == (row["good"], row["total"])
            seen += 1
    assert seen >= 3


def test_series_of_values_without_a_zone(cases: Path) -> None:
    folder = cases / "nab"
    answer = _expected(folder)["series"]["ec2_request_latency_system_failure"]
    measured = _measure(folder / "ec2_request_latency_system_failure.csv.gz", _sli("a", "value <= 50"))
    assert measured.series["a", ""].all().total == answer["rows"]
    assert [note.code for note in measured.facts.notes] == ["zone"]
