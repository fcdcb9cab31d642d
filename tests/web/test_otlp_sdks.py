"""Unmodified SDKs of Python and Node.js against the receiver on a real port: what they counted is what we count."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from allowance.web.otlp_grpc import otlp_server
from allowance.web.otlp_sink import Busy
from tests.fakes.otlp_sink import CountingSink
from tests.peers import NODE, node_sdk
from tests.web.otlp_traffic import receiver, sli

SLIS = (
    sli(
        "spans", service="shop", valid="kind = 'server'", good="http_status < 500 AND status_code <> 'error'"
    ),
    sli("requests", "metrics", service="shop", metric="requests", good="http_status < 500"),
    sli("fast", "metrics", service="shop", metric="duration", latency_ms=100),
)
RESOURCE = Resource({"service.name": "shop"})


@pytest.fixture
def sink() -> CountingSink:
    return CountingSink(SLIS, now=int(time.time()))


@pytest.fixture
def http(sink: CountingSink) -> Iterator[str]:
    with receiver(sink) as address:
        yield address


@pytest.fixture
def grpc(sink: CountingSink) -> Iterator[str]:
    server, port = otlp_server(sink, "127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop(None).wait(5)


def traced(exporter: Any) -> None:
    """Twenty requests, two of which fail."""
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    for number in range(20):
        failed = number % 10 == 0
        attributes = {"http.request.method": "GET", "http.response.status_code": 500 if failed else 200}
        with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER, attributes=attributes) as span:
            if failed:
                span.set_status(Status(StatusCode.ERROR))
    provider.shutdown()


def measured(exporter: Any, views: tuple[View, ...] = ()) -> None:
    """The same as metrics, exported three times on the way."""
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], resource=RESOURCE, views=views)
    meter = provider.get_meter("shop")
    requests = meter.create_counter("requests")
    duration = meter.create_histogram(
        "duration", unit="ms", explicit_bucket_boundaries_advisory=[50, 100, 250]
    )
    for number in range(20):
        requests.add(1, {"http.response.status_code": 500 if number % 10 == 0 else 200})
        duration.record(number * 20)
        if number in (4, 9, 14):
            provider.force_flush()
    provider.shutdown()


DELTA = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_python_over_http(sink: CountingSink, http: str, compression: Compression) -> None:
    traced(HttpSpans(f"{http}/v1/traces", compression=compression))
    measured(HttpMetrics(f"{http}/v1/metrics", compression=compression))
    assert sink.sums() == {("spans", ""): (18, 20), ("requests", ""): (18, 20), ("fast", ""): (6, 20)}


def test_python_over_grpc(sink: CountingSink, grpc: str) -> None:
    traced(GrpcSpans(grpc, insecure=True))
    measured(GrpcMetrics(grpc, insecure=True))
    assert sink.sums() == {("spans", ""): (18, 20), ("requests", ""): (18, 20), ("fast", ""): (6, 20)}


@pytest.mark.parametrize("temporality", [None, DELTA], ids=["cumulative", "delta"])
def test_python_with_exponential_histograms(
    sink: CountingSink, http: str, temporality: dict[type, AggregationTemporality] | None
) -> None:
    view = View(instrument_name="duration", aggregation=ExponentialBucketHistogramAggregation())
    measured(HttpMetrics(f"{http}/v1/metrics", preferred_temporality=temporality), (view,))
    good, total = sink.sums()["fast", ""]
    assert (good, total) in {(5, 20), (6, 20)}, "100 ms itself may lie in a bucket that reaches beyond 100 ms"
    assert sink.sums()["requests", ""] == (18, 20)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("door", ["http", "grpc"])
def test_a_busy_receiver_is_asked_again(
    sink: CountingSink, http: str, grpc: str, door: str, status: Any
) -> None:
    sink.busy += [Busy(retry_after=1, status=status)]
    exporters: dict[str, Callable[[], Any]] = {
        "http": lambda: HttpSpans(f"{http}/v1/traces"),
        "grpc": lambda: GrpcSpans(grpc, insecure=True),
    }
    traced(exporters[door]())
    assert sink.sums()["spans", ""] == (18, 20)
    assert sink.requests == 21


@pytest.mark.parametrize("form", ["proto", "json"])
def test_node(sink: CountingSink, http: str, form: str) -> None:
    done = subprocess.run(
        [node_sdk(), "service.js", http, form],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sink.sums() == {("spans", ""): (18, 20), ("requests", ""): (18, 20), ("fast", ""): (6, 20)}
