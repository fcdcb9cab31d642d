"""Cumulative streams that a process sends together: read at once, they add what they add one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from allowance.core.problem import ProblemError
from allowance.signals import otlp_counters
from allowance.signals.otlp_ahead import Ahead
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_learned import Learned, from_bytes
from allowance.signals.otlp_memory import Memory, remembered
from allowance.signals.otlp_protobuf import ProtobufReader
from tests.signals.test_otlp_points import SLIS, each, latencies, one_by_one
from tests.web.otlp_traffic import NOW, SECOND

BOUNDS = [50.0, 70.0, 100.0]
STREAMS = st.lists(st.integers(0, 5), min_size=2, max_size=6, unique=True)


@st.composite
def exports(draw: st.DrawFn) -> list[ExportMetricsServiceRequest]:
    """What one process says at several times: streams in any order, some left out; now and then a counter falls, the
    process starts anew, or an export is sent again."""
    levels = {n: [draw(st.integers(0, 5)) for _ in range(4)] for n in range(6)}
    kind = draw(st.sampled_from(["int", "float", "histogram"]))
    start, found = NOW - 600, []
    for step in range(draw(st.integers(2, 6))):
        what = draw(st.sampled_from(["goes on", "goes on", "goes on", "falls", "starts anew", "again"]))
        if what == "again" and found:
            found.append(found[-1])
            continue
        if what == "starts anew":
            start = NOW - 300 + step
        for level in levels.values():
            for place in range(4):
                more = draw(st.integers(0, 5))
                level[place] = more if what in ("falls", "starts anew") else level[place] + more
        found.append(_export(kind, start, NOW - 250 + step * 30, {n: levels[n] for n in draw(STREAMS)}))
    return found


def _export(kind: str, start: int, at: int, levels: dict[int, list[int]]) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    name = "http.server.request.duration" if kind == "histogram" else "requests"
    metric = scope.metrics.add(name=name, unit="ms")
    data: Any = metric.histogram if kind == "histogram" else metric.sum
    data.aggregation_temporality = 2
    if kind != "histogram":
        data.is_monotonic = True
    for number, level in levels.items():
        point = data.data_points.add(start_time_unix_nano=start * SECOND, time_unix_nano=at * SECOND)
        point.attributes.add(key="tenant").value.string_value = f"t{number}"
        point.attributes.add(key="http.response.status_code").value.int_value = 200 + 300 * (number % 2)
        if kind == "histogram":
            point.count, point.sum = sum(level), 1.5
            point.bucket_counts.extend(level)
            point.explicit_bounds.extend(BOUNDS)
        elif kind == "int":
            point.as_int = level[0]
        else:
            point.as_double = level[0]
    return request


@settings(max_examples=150, deadline=None)
@given(exports(), st.booleans())
def test_sheets_add_what_streams_add(sent: list[ExportMetricsServiceRequest], together: bool) -> None:
    """Also after each restart, and where several are counted before the first of them is stored."""
    quick, slow, alone = OtlpCounter(SLIS), OtlpCounter(SLIS), Memory()
    reader, plain = ProtobufReader(), ProtobufReader()
    stored: list[Learned] = []
    memory = Memory()
    ahead = Ahead(memory)
    for request in sent:
        body = request.SerializeToString()
        found = quick.count(reader.read("metrics", body), ahead, now=NOW)
        known = slow.count(one_by_one(body, plain), alone, now=NOW)
        empty: Any = {"latencies": (), "learned": None}
        assert replace(found, **empty) == replace(known, **empty)
        assert latencies(found) == latencies(known)
        alone.learn(known.learned)
        ahead.learn(found.learned)
        assert ahead.streams == alone.streams
        if not together:
            stored.append(from_bytes(ahead.learned.as_bytes()))
            memory = remembered(stored)
            ahead = Ahead(memory)
    memory.learn(ahead.learned)
    assert each(memory) == each(alone)
    again = remembered([from_bytes(memory.standing().as_bytes())])
    assert each(again) == each(alone)


def test_the_second_export_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, reader, memory = OtlpCounter(SLIS), ProtobufReader(), Memory()
    levels = {n: [n + 1] * 4 for n in range(4)}
    for began, kind in enumerate(("int", "float", "histogram"), NOW - 600):
        bodies = [
            _export(kind, began, NOW - 100 + step * 10, some).SerializeToString()
            for step, some in enumerate((levels, dict(reversed(levels.items())), {1: [9] * 4, 2: [9] * 4}))
        ]
        memory.learn(counter.count(reader.read("metrics", bodies[0]), memory, now=NOW).learned)
        with monkeypatch.context() as patched:
            patched.delattr(otlp_counters.Counters, "gain")
            for body in bodies[1:]:
                memory.learn(counter.count(reader.read("metrics", body), memory, now=NOW).learned)
    assert len(memory.standing().sheets) == 3
    assert not memory.standing().streams


def test_silent_processes_are_forgotten_with_their_sheets() -> None:
    counter, reader, memory = OtlpCounter(SLIS), ProtobufReader(), Memory(forget=300)
    body = _export("int", NOW - 600, NOW - 100, {1: [1], 2: [2]}).SerializeToString()
    memory.learn(counter.count(reader.read("metrics", body), memory, now=NOW).learned)
    memory.forget_silent(now=NOW + 100)
    assert memory.streams == 2
    memory.forget_silent(now=NOW + 300)
    assert (memory.streams, memory.standing().streams, memory.standing().sheets) == (0, {}, ())


@pytest.mark.parametrize("cut", [-1, -9, 1])
def test_a_part_of_another_length_is_refused(cut: int) -> None:
    counter, reader, memory = OtlpCounter(SLIS), ProtobufReader(), Memory()
    body = _export("histogram", NOW - 600, NOW - 100, {1: [1] * 4, 2: [2] * 4}).SerializeToString()
    raw = counter.count(reader.read("metrics", body), memory, now=NOW).learned.as_bytes()
    assert from_bytes(raw).sheets
    with pytest.raises(ProblemError):
        from_bytes(raw[:cut] if cut < 0 else raw + b"x")
