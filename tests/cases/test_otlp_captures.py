"""Request bodies of a real SDK: exactly the counts that its program knows, in protobuf, gzip and JSON."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from allowance.contract.indicator import Events
from allowance.contract.source import Signal
from allowance.core.counts import Counts
from allowance.core.time import parse_instant
from allowance.signals.event_sql import event_sli
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_json import JsonReader
from allowance.signals.otlp_memory import Memory
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.otlp_sli import OtlpSli, otlp_sli
from allowance.signals.otlp_tally import Counted, Limits

WEEKS = Limits(lateness=100 * 366 * 86_400)
REQUESTS, DURATION = "http.server.requests", "http.server.request.duration"


@pytest.fixture
def folder(cases: Path) -> Path:
    return cases / "otlp-captures"


@pytest.fixture
def expected(folder: Path) -> Any:
    return json.loads((folder / "expected.json").read_text())


def bodies(folder: Path, stem: str, suffix: str) -> Iterator[bytes]:
    for path in sorted(folder.glob(f"{stem}_*{suffix}")):
        raw = path.read_bytes()
        yield gzip.decompress(raw) if path.suffix == ".gz" else raw


def batches(folder: Path, stem: str, signal: Signal, suffix: str) -> Iterator[Batch]:
    reader = JsonReader() if suffix == ".json" else ProtobufReader()
    return (reader.read(signal, body) for body in bodies(folder, stem, suffix))


def sli(
    name: str, signal: Signal, metric: str | None = None, by: str | None = None, **events: Any
) -> OtlpSli:
    return otlp_sli(event_sli(name, Events(**events)), signal, metric=metric, by=by)


def counted(
    slis: Iterable[OtlpSli], parts: Iterable[Batch], now: int, *, twice: bool = False
) -> list[Counted]:
    """The batches one after the other, as a receiver counts them; `twice` sends each a second time."""
    counter, memory, found = OtlpCounter(slis, WEEKS), Memory(), []
    for batch in parts:
        for _ in range(1 + twice):
            found.append(counter.count(batch, memory, now=now))
            memory.learn(found[-1].learned)
    return found


def sums(found: Iterable[Counted]) -> Counter[tuple[str, str, str]]:
    total: Counter[tuple[str, str, str]] = Counter()
    for one in found:
        for (name, group), buckets in one.gains.items():
            counts = buckets.all()
            total[name, group, "good"] += counts.good
            total[name, group, "total"] += counts.total
    return total


METRIC_SLIS = (
    sli("ok", "metrics", REQUESTS, good="status < 500"),
    sli("status", "metrics", REQUESTS, by="http.response.status_code", good="true"),
    sli("duration", "metrics", DURATION, good="true"),
    sli("fast", "metrics", DURATION, latency_ms=250),
    sli("slow", "metrics", DURATION, latency_ms=1000),
)


@pytest.mark.parametrize("twice", [False, True], ids=["once", "retried"])
@pytest.mark.parametrize(
    ("stem", "suffix", "answer"),
    [
        ("metrics_cumulative", ".pb", "cumulative"),
        ("metrics_cumulative", ".json", "cumulative"),
        ("metrics_delta", ".pb.gz", "delta_gzip"),
        ("metrics_delta", ".json", "delta_gzip"),
    ],
)
def test_metrics(folder: Path, expected: Any, stem: str, suffix: str, answer: str, twice: bool) -> None:
    known = expected[answer]
    parts = list(batches(folder, stem, "metrics", suffix))
    assert len(parts) == known["payloads"]
    found = counted(METRIC_SLIS, parts, 1_795_231_000, twice=twice)
    total = sums(found)
    assert sum(one.rejected for one in found) == 0
    assert total["ok", "", "total"] == known["total_requests"]
    assert total["ok", "", "total"] - total["ok", "", "good"] == known["bad_5xx"]
    by_status = {
        group: count for (name, group, what), count in total.items() if (name, what) == ("status", "total")
    }
    assert by_status == known["by_status"]
    assert total["duration", "", "total"] == known["duration_count"]
    assert total["fast", "", "good"] == known["le_0.25"]
    assert total["slow", "", "good"] == known["le_1.0"]
    news = [
        {group: buckets.all().total for (name, group), buckets in one.gains.items() if name == "status"}
        for one in found
    ]
    assert [new for new in news if new] == known["exports_with_new_data"]


@pytest.mark.parametrize("twice", [False, True], ids=["once", "retried"])
@pytest.mark.parametrize("suffix", [".pb", ".json"])
def test_traces(folder: Path, expected: Any, suffix: str, twice: bool) -> None:
    known = expected["traces"]
    slis = (
        sli("available", "traces", valid="kind = 'server'", good="status_code <> 'error'"),
        sli("fast", "traces", valid="kind = 'server'", latency_ms=50),
        sli("calls", "traces", valid="kind = 'client'", good="true"),
    )
    parts = list(batches(folder, "traces", "traces", suffix))
    assert len(parts) == known["payloads"]
    found = counted(slis, parts, parse_instant("2024-06-01T10:10:00Z"), twice=twice)
    assert sum(one.rejected for one in found) == 0
    total = sums(found)
    assert total["available", "", "total"] == known["server_spans"]
    assert total["calls", "", "total"] == known["client_child_spans"]
    for name, answer in (
        ("available", "availability_minutes [server spans by start time; bad = status ERROR]"),
        ("fast", "latency_minutes [server spans; good = duration <= 50 ms]"),
    ):
        gains = [one.gains[name, ""] for one in found if (name, "") in one.gains]
        for minute, good, events in known[answer]:
            at = parse_instant(minute)
            counts = [gain.between(at, at + 60) for gain in gains]
            assert sum(counts, Counts(good=0, total=0)) == Counts(good=good, total=events)
