"""OTLP requests as an SDK would send them, and a receiver on a real port."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from allowance.contract.indicator import Events
from allowance.contract.source import Signal
from allowance.signals.event_sql import event_sli
from allowance.signals.otlp_sli import OtlpSli, otlp_sli
from allowance.web.otlp import BodyLimits, OtlpApp
from allowance.web.otlp_sink import OtlpSink
from tests.peers import free_port, wait_until

SECOND = 1_000_000_000
NOW = 1_790_000_000


def sli(
    name: str,
    signal: Signal = "traces",
    *,
    service: str | None = None,
    metric: str | None = None,
    by: str | None = None,
    **events: Any,
) -> OtlpSli:
    """An SLI by its predicates."""
    return otlp_sli(event_sli(name, Events(**events)), signal, service=service, metric=metric, by=by)


def spans(count: int, *, at: float = NOW - 30, bad: int = 0, salt: int = 0, **attributes: Any) -> Any:
    """A request with server spans, the first `bad` of which answered 500."""
    request = ExportTraceServiceRequest()
    part = request.resource_spans.add()
    _add(part.resource.attributes, {"service.name": "shop"})
    scope = part.scope_spans.add()
    for number in range(count):
        start = int(at * SECOND) + number
        one = scope.spans.add(
            trace_id=(salt * 1_000_000 + number + 1).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            name="GET /cart",
            kind=2,
            start_time_unix_nano=start,
            end_time_unix_nano=start + 80_000_000,
        )
        _add(one.attributes, {"http.response.status_code": 500 if number < bad else 200, **attributes})
    return request


def counter(points: Sequence[tuple[dict[str, Any], int]], *, start: float, at: float, form: int = 2) -> Any:
    """A request with one sum of points (attributes, value); form 1 is delta, 2 cumulative."""
    request = ExportMetricsServiceRequest()
    part = request.resource_metrics.add()
    _add(part.resource.attributes, {"service.name": "shop"})
    metric = part.scope_metrics.add().metrics.add(name="requests", unit="1")
    metric.sum.aggregation_temporality = form  # type: ignore[assignment]
    metric.sum.is_monotonic = True
    for attributes, value in points:
        point = metric.sum.data_points.add(
            start_time_unix_nano=int(start * SECOND), time_unix_nano=int(at * SECOND), as_int=value
        )
        _add(point.attributes, attributes)
    return request


def _add(target: Any, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        one = target.add(key=key)
        kind = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}[type(value)]
        setattr(one.value, kind, value)


@contextlib.contextmanager
def receiver(sink: OtlpSink, limits: BodyLimits | None = None) -> Iterator[str]:
    """The routes in a real server; gives its address."""
    port = free_port()
    app = OtlpApp(sink, limits)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the receiver to start")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        time.sleep(0)
