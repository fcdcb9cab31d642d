"""The HTTP door for OTLP: types, compression, limits, and what a sender is told."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from allowance.signals.otlp_answer import JSON, PROTOBUF
from allowance.web.otlp import BodyLimits, OtlpApp
from allowance.web.otlp_sink import Busy
from tests.fakes.otlp_sink import CountingSink
from tests.web.client import Client
from tests.web.otlp_traffic import NOW, receiver, sli, spans

SLIS = (sli("ok", good="status < 500"), sli("logged", "logs", good="severity < 17"))


@pytest.fixture
def sink() -> CountingSink:
    return CountingSink(SLIS, now=NOW)


@pytest.fixture
def client(sink: CountingSink) -> Iterator[Client]:
    limits = BodyLimits(sent=100_000, plain=200_000)
    with Client(OtlpApp(sink, limits)) as one:
        yield one


def send(client: Client, body: bytes, kind: str = PROTOBUF, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/traces", content=body, headers={"content-type": kind, **named})


def test_full_success_is_an_empty_answer_of_the_same_type(client: Client, sink: CountingSink) -> None:
    answer = send(client, spans(10, bad=2).SerializeToString())
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    assert sink.sums() == {("ok", ""): (8, 10)}


@pytest.mark.parametrize("kind", [PROTOBUF, JSON, f"{JSON}; charset=utf-8", "Application/JSON"])
def test_an_empty_request_is_a_success(client: Client, kind: str) -> None:
    assert send(client, b"", kind).status_code == 200
    if "json" in kind.lower():
        assert send(client, b"{}", kind).json() == {}


def test_what_is_rejected_is_said_and_not_retried(client: Client, sink: CountingSink) -> None:
    request = spans(3)
    request.MergeFrom(spans(2, at=NOW - 7200, salt=1))
    request.MergeFrom(spans(1, at=NOW + 3600, salt=2))
    answer = send(client, request.SerializeToString())
    said = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, said.rejected_spans) == (200, 3)
    assert "2 rejected: too late, by more than 1h" in said.error_message
    assert "1 rejected: more than 5m in the future" in said.error_message
    assert sink.sums() == {("ok", ""): (3, 3)}


def test_partial_success_in_json(client: Client) -> None:
    span = {
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "1",
        "startTimeUnixNano": str((NOW + 3600) * 10**9),
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    answer = send(client, json.dumps(body).encode(), JSON)
    assert answer.headers["content-type"] == JSON
    said = answer.json()["partialSuccess"]
    assert said["rejectedSpans"] == "1"
    assert "clock" in said["errorMessage"]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_back_pressure_is_retryable(client: Client, sink: CountingSink, status: int, kind: str) -> None:
    sink.busy.append(Busy(retry_after=7, status=status))  # type: ignore[arg-type]
    body = spans(1).SerializeToString() if kind == PROTOBUF else b'{"resourceSpans":[]}'
    answer = send(client, body, kind)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert answer.headers["content-type"] == kind
    assert send(client, body, kind).status_code == 200


def test_gzip_of_several_members(client: Client, sink: CountingSink) -> None:
    body = spans(4).SerializeToString()
    packed = gzip.compress(body[:100]) + gzip.compress(body[100:])
    assert send(client, packed, content_encoding="gzip").status_code == 200
    assert sink.sums() == {("ok", ""): (4, 4)}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(b"\0" * 10_000_000), 413),
        (gzip.compress(b"\0" * 150_000) * 2, 413),
        (b"x" * 100_001, 413),
        (gzip.compress(b"abc")[:-3], 400),
        (gzip.compress(b"abc") + b"rest", 400),
        (b"not gzip", 400),
        (zlib.compress(b"abc"), 400),
    ],
    ids=["bomb", "two members", "too long", "cut", "tail", "plain", "zlib"],
)
def test_bombs_and_broken_gzip(client: Client, sink: CountingSink, body: bytes, status: int) -> None:
    answer = send(client, body, content_encoding="gzip")
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROTOBUF
    assert sink.requests == 0


def test_a_body_without_length_is_cut_off_while_it_comes(sink: CountingSink) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100_000):
            yield b"\0" * 10_000

    with receiver(sink, BodyLimits(sent=100_000, plain=100_000)) as address:
        try:
            answer = httpx.post(f"{address}/v1/traces", content=endless(), headers={"content-type": PROTOBUF})
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # The server may have closed the connection before the client had finished sending.
    assert sink.requests == 0


@pytest.mark.parametrize(
    ("kind", "encoding", "status"),
    [("text/plain", "gzip", 415), ("", "", 415), (PROTOBUF, "br", 415), (PROTOBUF, "identity", 200)],
)
def test_other_types_and_encodings(client: Client, kind: str, encoding: str, status: int) -> None:
    assert send(client, b"", kind, content_encoding=encoding).status_code == status


def test_only_post(client: Client) -> None:
    assert client.get("/v1/traces").status_code == 405


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), signal=st.sampled_from(["traces", "metrics", "logs"]))
@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_any_bytes_are_taken_or_refused(client: Client, kind: str, body: bytes, signal: str) -> None:
    answer = client.post(f"/v1/{signal}", content=body, headers={"content-type": kind})
    assert answer.status_code in (200, 400)


NAMES = (
    "resourceSpans resourceMetrics resourceLogs resource attributes scopeSpans scopeMetrics scopeLogs scope spans "
    "metrics logRecords key value stringValue intValue sum gauge histogram exponentialHistogram dataPoints asInt "
    "asDouble timeUnixNano startTimeUnixNano traceId spanId kind status code name isMonotonic count bucketCounts "
    "aggregationTemporality explicitBounds positive scale offset flags body severityNumber"
)
shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=5)
    ),
    max_leaves=30,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inner=shapes, signal=st.sampled_from(["Spans", "Metrics", "Logs"]), depth=st.integers(0, 2))
def test_any_json_is_taken_or_refused(client: Client, inner: object, signal: str, depth: int) -> None:
    if depth > 1:
        inner = [{{"Spans": "spans", "Metrics": "metrics", "Logs": "logRecords"}[signal]: [inner]}]
    if depth:
        inner = [{f"scope{signal}": inner}]
    path = {"Spans": "traces", "Metrics": "metrics", "Logs": "logs"}[signal]
    try:
        body = orjson.dumps({f"resource{signal}": inner})
    except TypeError:
        return
    answer = client.post(f"/v1/{path}", content=body, headers={"content-type": JSON})
    assert answer.status_code in (200, 400)
