"""Metric points in columns: they say what points say that are read one by one, and count the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from allowance.core.problem import ProblemError
from allowance.signals import otlp_metrics
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_memory import Memory
from allowance.signals.otlp_point_columns import Columns, Explicits, Numbers
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.otlp_streams import Last, StreamKey
from allowance.signals.otlp_tally import Counted
from allowance.signals.sketch import Sketch, merged
from tests.web.otlp_traffic import NOW, SECOND, sli

READER = ProtobufReader()
"""It lives through all examples, so that what was read once meets what comes later."""
SLIS = (
    sli("ok", "metrics", metric="requests", good="status < 500"),
    sli("tenants", "metrics", metric="requests", good="status < 500", by="tenant"),
    sli("fast", "metrics", metric="http.server.request.duration", latency_ms=100),
    sli("other", "metrics", metric="duration", latency_ms=70),
)
FORMS = {"delta": 1, "cumulative": 2}
INSTANT = st.one_of(
    st.integers(NOW - 300, NOW - 1).map(lambda at: at * SECOND),
    st.sampled_from([0, (NOW - 9000) * SECOND, (NOW + 9000) * SECOND, 2**64 - 1]),
)
USUAL = st.integers(NOW - 300, NOW - 1).map(lambda at: at * SECOND)
FEW = st.integers(0, 9)


def _say(draw: st.DrawFn, point: Any, odd: bool) -> None:
    point.start_time_unix_nano = (NOW - 600) * SECOND
    point.time_unix_nano = draw(INSTANT if odd else USUAL)
    for key, value in (
        ("tenant", draw(st.sampled_from("ab"))),
        ("x", "é" * draw(st.sampled_from([0, 1, 90]))),
    ):
        point.attributes.add(key=key).value.string_value = value
    point.attributes.add(key="http.response.status_code").value.int_value = draw(st.sampled_from([200, 500]))
    if odd:
        point.flags = draw(st.sampled_from([0, 0, 1]))
    if draw(st.integers(0, 9)) == 0:
        point.exemplars.add(time_unix_nano=5, as_double=0.5, trace_id=bytes(16), span_id=bytes(8))


def _number(draw: st.DrawFn, point: Any, kind: str, odd: bool) -> None:
    _say(draw, point, odd)
    if kind == "int":
        point.as_int = draw(st.sampled_from([-1, 2**62]) if odd else FEW)
    else:
        point.as_double = draw(
            st.sampled_from([-1.0, 0.5, 1e300, float("nan"), float("inf")]) if odd else FEW
        )


def _histogram(draw: st.DrawFn, point: Any, bounds: list[float], odd: bool) -> None:
    _say(draw, point, odd)
    counts = [draw(FEW) for _ in range(len(bounds) + 1)]
    point.explicit_bounds.extend(bounds)
    point.bucket_counts.extend(counts)
    point.count = sum(counts) + (odd and draw(st.integers(0, 1)))
    if draw(st.booleans()):
        point.sum = 2.5
    if draw(st.booleans()):
        point.min, point.max = draw(st.sampled_from([(0.0, 0.0), (1.5, 9.25)]))


@st.composite
def requests(draw: st.DrawFn) -> ExportMetricsServiceRequest:
    """A few metrics of a sender; half of them are as senders write them, in others some points are odd."""
    request = ExportMetricsServiceRequest()
    part = request.resource_metrics.add()
    part.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = part.scope_metrics.add()
    odd = draw(st.booleans())

    def strange() -> bool:
        return odd and draw(st.integers(0, 3)) == 0

    for _ in range(draw(st.integers(1, 2))):
        form: Any = FORMS[draw(st.sampled_from([*FORMS]))]
        kind = draw(st.sampled_from(["int", "float", "histogram"]))
        if kind == "histogram":
            name = draw(st.sampled_from(["http.server.request.duration", "duration"]))
            metric = scope.metrics.add(name=name, unit="ms")
            metric.histogram.aggregation_temporality = form
            long = [float(n) for n in range(10, 210, 10)]
            bounds = draw(st.sampled_from([[50.0, 100.0], [70.0, 100.0, 200.0], long]))
            for _ in range(draw(st.integers(2, 6))):
                some = [5.0] if strange() else bounds
                _histogram(draw, metric.histogram.data_points.add(), some, strange())
            continue
        metric = scope.metrics.add(name="requests", unit="1")
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = form, True
        for _ in range(draw(st.integers(2, 6))):
            _number(draw, metric.sum.data_points.add(), kind, strange())
    return request


def one_by_one(body: bytes, reader: ProtobufReader | None = None) -> Batch:
    """The same request, with no point in columns."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("lay_out_numbers", "lay_out_histograms"):
            patched.setattr(otlp_metrics, name, lambda _: None)
        return (reader or ProtobufReader()).read("metrics", body)


def said(batch: Batch) -> list[Any]:
    return [
        (
            metric.name,
            metric.unit,
            metric.form,
            [(one.about.digest, *map(repr, one[1:])) for one in metric.points],
        )
        for metric in batch.metrics
    ]


def each(memory: Memory) -> dict[StreamKey, Last]:
    """Every stream by itself."""
    standing = memory.standing()
    found = dict(standing.streams)
    for sheet in standing.sheets:
        rows = {(digest, sheet.process[1]): sheet.last(row) for digest, row in sheet.rows.items()}
        assert found.keys().isdisjoint(rows)
        found |= rows
    assert len(found) == memory.streams
    return found


def latencies(counted: Counted) -> Mapping[Any, Sketch]:
    """By what points say and the bucket of five minutes."""
    sums: dict[Any, list[Sketch]] = {}
    for about, at, sketch in counted.latencies:
        if sketch.counts:
            sums.setdefault((about.digest, at // 300), []).append(sketch)
    return {key: merged(parts) for key, parts in sums.items()}


@settings(max_examples=200, deadline=None)
@given(requests())
def test_columns_say_what_points_say(request: ExportMetricsServiceRequest) -> None:
    body = request.SerializeToString()
    found, known = READER.read("metrics", body), one_by_one(body)
    assert said(found) == said(known)
    assert found.refused == known.refused


@settings(max_examples=200, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=4))
def test_columns_count_what_points_count(bodies: list[ExportMetricsServiceRequest]) -> None:
    quick, slow, memories = OtlpCounter(SLIS), OtlpCounter(SLIS), (Memory(), Memory())
    plain = ProtobufReader()
    for request in bodies:
        body = request.SerializeToString()
        found = quick.count(READER.read("metrics", body), memories[0], now=NOW, closed=NOW - 60)
        known = slow.count(one_by_one(body, plain), memories[1], now=NOW, closed=NOW - 60)
        empty: Any = {"latencies": (), "learned": None}
        assert replace(found, **empty) == replace(known, **empty)
        assert latencies(found) == latencies(known)
        for memory, counted in zip(memories, (found, known), strict=True):
            memory.learn(counted.learned)
        assert memories[0].ids == memories[1].ids
        assert each(memories[0]) == each(memories[1])


def _usual(kind: str) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="requests", unit="ms")
    data = metric.sum if kind == "number" else metric.histogram
    data.aggregation_temporality = 1  # type: ignore[assignment]
    metric.sum.is_monotonic = kind == "number" or metric.sum.is_monotonic
    if kind != "number":
        metric.ClearField("sum")
        metric.histogram.aggregation_temporality = 1  # type: ignore[assignment]
    for n in range(3):
        point: Any = (metric.sum if kind == "number" else metric.histogram).data_points.add(
            start_time_unix_nano=5, time_unix_nano=NOW * SECOND + n
        )
        point.attributes.add(key="n").value.int_value = n % 2
        if kind == "number":
            point.as_int = n
        else:
            point.count, point.sum, point.min, point.max = n + 1, 0.5, 1, 2 + n
            point.bucket_counts.extend([n + 1] + [0] * 15)
            point.explicit_bounds.extend(range(15))
    return request


@pytest.mark.parametrize(("kind", "columns"), [("number", Numbers), ("histogram", Explicits)])
def test_the_usual_layout_is_read_in_columns(kind: str, columns: type[Columns]) -> None:
    """As SDKs write it, with sum, least and most: what is said is read once, and told apart."""
    reader = ProtobufReader()
    request = _usual(kind).SerializeToString()
    (first,), (second,) = (reader.read("metrics", request).metrics for _ in range(2))
    assert isinstance(first.points, columns)
    assert isinstance(second.points, columns)
    assert first.points.slots.tolist() == second.points.slots.tolist() == [0, 1, 0]
    assert second.points[2].about is first.points[0].about


def test_broken_attributes_are_no_request() -> None:
    whole = _usual("number").SerializeToString()
    broken = whole.replace(b"\x0a\x01n", b"\x0a\x7fn")
    assert broken != whole
    with pytest.raises(ProblemError):
        READER.read("metrics", broken)
