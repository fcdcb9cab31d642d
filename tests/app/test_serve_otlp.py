"""Spans of the unmodified SDK into the running program: counted once, durable when acknowledged."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from allowance.core.problem import ProblemError
from allowance.web.listening import Address, bound
from allowance.web.otlp_reception import Reception
from tests.fakes.nursery import served
from tests.fakes.otlp_sink import CountingSink
from tests.peers import free_port, wait_until
from tests.web.otlp_traffic import NOW, sli

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: payments
  source: {otlp: traces}
  slos:
    - name: availability
      target: 99%
      valid: kind = 'server'
      good: http_status < 500
"""


def _good_word() -> str:
    """The alias of the status attribute as the documentation names it."""
    from allowance.signals.semconv import ALIASES

    return next(name for name, attributes in ALIASES.items() if "http.response.status_code" in attributes)


def _serving(folder: Path, port: int, otlp: int) -> AbstractContextManager[int]:
    def ready() -> bool:
        reads = httpx.get(f"http://127.0.0.1:{port}/v1/slos").status_code == 200
        return reads and httpx.post(f"http://127.0.0.1:{otlp}/v1/traces").status_code in (200, 415)

    return served(
        ["shop.yaml", "--listen", f"127.0.0.1:{port}", "--otlp", f"127.0.0.1:{otlp}"], folder, ready
    )


def _send(otlp: int, statuses: list[int]) -> None:
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{otlp}/v1/traces")
    provider = TracerProvider(resource=Resource.create({"service.name": "checkout"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    begin = time.time_ns() - 300 * 10**9
    for status in statuses:
        span = tracer.start_span("GET /pay", kind=SpanKind.SERVER, start_time=begin)
        span.set_attribute("http.response.status_code", status)
        span.end(end_time=begin + 10**7)
    provider.shutdown()


def _counts(port: int) -> tuple[int, int]:
    (slo,) = httpx.get(f"http://127.0.0.1:{port}/v1/slos").json()["slos"]
    return slo.get("good", 0), slo.get("total", 0)


def test_acknowledged_spans_outlive_a_kill(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONTRACT.replace("http_status", _good_word()))
    port, otlp = free_port(), free_port()
    with _serving(tmp_path, port, otlp):
        _send(otlp, [200] * 8 + [500, 503])
    with _serving(tmp_path, port, otlp):
        wait_until(lambda: _counts(port) == (8, 10), "the counts of the first ten spans", 70)
        _send(otlp, [200] * 5)
    with _serving(tmp_path, port, otlp):
        wait_until(lambda: _counts(port) == (13, 15), "the counts of all spans", 70)
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


def test_the_first_promise_over_otlp_opens_the_receiver() -> None:
    reception = Reception(Address(host="127.0.0.1", port=(port := free_port())), asyncio.new_event_loop)
    url = f"http://127.0.0.1:{port}/v1/traces"
    json = {"content-type": "application/json"}
    with bound(Address(host="127.0.0.1", port=port), "--otlp"), pytest.raises(ProblemError, match="listen"):
        reception.open(sink := CountingSink([sli("ok", good="status < 500")], now=NOW))
    reception.open(sink)
    try:
        reception.open(sink)
        assert httpx.post(url, content=b"", headers=json).status_code == 200
    finally:
        reception.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, content=b"", headers=json)
    reception.stop()
