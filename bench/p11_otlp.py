"""OTLP bodies to good and total of ten SLIs: over HTTP, in this process, and beside a walk of the official classes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import httpx
import numpy as np

from allowance.contract.indicator import Events
from allowance.contract.model import Slo
from allowance.contract.source import Otlp, Signal
from allowance.core.ratio import parse_target
from allowance.core.window import RollingWindow
from allowance.edges.store.database import connect
from allowance.edges.store.gains import ROW
from allowance.edges.store.store import Store
from allowance.signals.event_sql import event_sli
from allowance.signals.otlp_answer import JSON, PROTOBUF, ContentType
from allowance.signals.otlp_sli import OtlpSli, otlp_sli
from allowance.web.otlp import spare_collector
from allowance.web.otlp_door import OtlpDoor
from allowance.web.otlp_sink import Request
from bench.side_by_side import Truth, measure, table

GOAL = "P11: OTLP spans to good/total of 10 SLIs, one core, HTTP included: >= 500 k spans/s; points >= 300 k/s; JSON >= 250 k/s"

ITEMS = 512
SENDERS = 8
"""They send at the same time; a Collector alone has ten consumers of its queue."""
WARM = 40
"""Requests that come before the clock starts: a receiver runs for weeks, and its caches are warm."""
NOW = 1_790_000_000
ROUTES = ("/", "/cart", "/pay", "/search")
LIMITS = (50, 100, 250)
_SECOND = 1_000_000_000


def main(arguments: Sequence[str] = ()) -> None:
    """Spans, metric points and JSON spans a second."""
    if list(arguments[:1]) == ["--receiver"]:
        _receive()
        return
    spare_collector()
    batches = 100 if "--quick" in arguments else 300
    truth = Truth()
    found = [
        _compare("traces", "spans, protobuf", [_spans(n) for n in range(batches)], 500_000, truth),
        _compare("metrics", "metric points, protobuf", [_points(n) for n in range(batches)], 300_000, truth),
        _compare("traces", "spans, JSON", [_json(_spans(n)) for n in range(batches)], 250_000, truth, JSON),
    ]
    head = [
        "items a CPU second",
        "over HTTP, stored",
        "in process",
        "official classes",
        "HTTP to official",
        "goal",
        "",
    ]
    table(f"{ITEMS} items a request, {SENDERS} senders, 10 SLIs, one core", [head, *found])
    truth.leave()


def slis() -> list[OtlpSli]:
    """Availability of all and of each route, and three latencies; for metrics six of a counter, four of a histogram."""
    server = "kind = 'server'"
    valids = [server, *(f"{server} AND http_route = '{route}'" for route in ROUTES)]
    found = [_sli(f"t{n}", "traces", valid=valid, good="status < 500") for n, valid in enumerate(valids)]
    found += [_sli(f"l{ms}", "traces", valid=server, latency_ms=ms) for ms in LIMITS]
    found += [_sli(f"s{n}", "traces", valid=server, good=f"status < {n}") for n in (400, 501)]
    for n, valid in enumerate([None, *(f"http_route = '{route}'" for route in ROUTES), "status > 199"]):
        found.append(_sli(f"m{n}", "metrics", metric="requests", valid=valid, good="status < 500"))
    found += [_sli(f"h{ms}", "metrics", metric="duration", latency_ms=ms) for ms in LIMITS]
    return [*found, _sli("h", "metrics", metric="duration", good="status < 500")]


def _sli(name: str, signal: Signal, metric: str | None = None, **events: Any) -> OtlpSli:
    slo = _slo(name, signal, metric, **events)
    SLOS[name] = slo
    assert isinstance(slo.source, Otlp)
    assert isinstance(slo.indicator, Events)
    return otlp_sli(event_sli(name, slo.indicator), signal, service="shop", metric=metric)


SLOS: dict[str, Slo] = {}
"""The same as promises, for the door of the program."""


def _slo(name: str, signal: Signal, metric: str | None, **events: Any) -> Slo:
    latency = events.pop("latency_ms", None)
    return Slo(
        name=name,
        service="shop",
        indicator=Events(**events, latency_ms=None if latency is None else Fraction(latency)),
        target=parse_target("99.9"),
        window=RollingWindow(seconds=28 * 86400),
        source=Otlp(signal=signal, metric=metric),
    )


def _compare(
    signal: Signal, name: str, bodies: list[bytes], goal: int, truth: Truth, kind: ContentType = PROTOBUF
) -> list[str]:
    items = ITEMS * (len(bodies) - WARM)
    sink, seconds = _ours(signal, bodies, kind)
    over_http, answers = _over_http(signal, bodies, kind)
    official, known = measure(name, lambda: _official(signal, bodies, kind), runs=1, warm=0)
    total = sum(sink.values()) if signal == "metrics" else sink["t0"]
    truth.same(f"{name}: what is counted, beside the official classes", total, known)
    truth.same(f"{name}: what is counted over HTTP", answers, sink)
    rates = [items / over_http, items / seconds, ITEMS * len(bodies) / official.median_cpu]
    ratio = rates[0] / rates[2]
    mark = "ok" if rates[0] >= goal else "MISSED"
    return [name, *(f"{rate / 1000:,.0f} k" for rate in rates), f"{ratio:.1f} x", f"{goal // 1000} k", mark]


def _sink() -> Any:
    from tests.fakes.otlp_sink import CountingSink

    return CountingSink(slis(), now=NOW)


def _totals(sink: Any) -> dict[str, int]:
    return {name: total for (name, _), (_, total) in sorted(sink.sums().items())}


def _ours(signal: Signal, bodies: list[bytes], kind: ContentType) -> tuple[dict[str, int], float]:
    sink = _sink()
    before = 0.0
    for place, body in enumerate(bodies):
        if place == WARM:
            before = time.process_time()
        sink.accept([Request(signal, body, kind)])
    return _totals(sink), time.process_time() - before


def _over_http(signal: Signal, bodies: list[bytes], kind: ContentType) -> tuple[float, dict[str, int]]:
    """CPU seconds of the receiving process, for all bodies, and what it counted."""
    command = [sys.executable, "-m", "bench.p11_otlp", "--receiver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = int(process.stdout.readline())
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
            ThreadPoolExecutor(SENDERS) as senders,
        ):

            def send(body: bytes) -> None:
                client.post(f"/v1/{signal}", content=body, headers={"content-type": kind}).raise_for_status()

            list(senders.map(send, bodies[:WARM]))
            process.stdin.write("warm\n")
            process.stdin.flush()
            process.stdout.readline()
            list(senders.map(send, bodies[WARM:]))
        answer = json.loads(process.communicate("stop\n")[0])
    return float(answer["cpu"]), answer["totals"]


def _receive() -> None:
    """The program's receiver on a free port, with everything that it stores before it acknowledges, until a line comes
    in; then the CPU that it used and what it counted."""
    import threading

    import uvicorn
    from tests.peers import free_port

    from allowance.web.otlp import OtlpApp

    slis()
    folder = tempfile.TemporaryDirectory(prefix="allowance-bench-")
    store = Store(connect(f"{folder.name}/allowance.db"))
    sink, port = OtlpDoor([*SLOS.values()], store, lambda: NOW), free_port()
    app = OtlpApp(sink)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    spare_collector()
    print(port, flush=True)
    sys.stdin.readline()
    before = sum(os.times()[:2])
    print("warm", flush=True)
    sys.stdin.readline()
    used = sum(os.times()[:2]) - before
    print(json.dumps({"cpu": used, "totals": _stored(store, sink)}), flush=True)
    server.should_exit = True
    thread.join()
    store.close()
    folder.cleanup()


def _stored(store: Store, door: OtlpDoor) -> dict[str, int]:
    """What was counted, from the store."""
    rows = b"".join(body for _, body in store.gains(after=0, most=10**9))
    table = np.frombuffer(rows, dtype=ROW)
    ours = {door.series(slo.id): name for name, slo in SLOS.items()}
    names = {number: ours[key[0]] for key, number in store.series().items()}
    sums: dict[str, int] = {}
    for series, total in zip(table["series"].tolist(), table["total"].tolist(), strict=True):
        sums[names[series]] = sums.get(names[series], 0) + total
    return dict(sorted(sums.items()))


def _official(signal: Signal, bodies: list[bytes], kind: ContentType) -> int:
    """What a person would write with the official classes: every attribute into a dictionary, ten comparisons."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    if kind == JSON:
        return sum(_walk_json(body) for body in bodies)
    if signal == "traces":
        return sum(_walk_spans(ExportTraceServiceRequest.FromString(body)) for body in bodies)
    return sum(_walk_points(ExportMetricsServiceRequest.FromString(body)) for body in bodies)


def _tests(kind: int, status: Any, route: Any, milliseconds: float) -> int:
    counted = 0
    tests: list[Callable[[], bool]] = [lambda: status < 500]
    for wanted in (None, *ROUTES):
        if kind == 2 and (wanted is None or route == wanted):
            counted += wanted is None
            tests[0]()
    for limit in LIMITS:
        _ = milliseconds <= limit
    _ = status < 400, status < 501
    return counted


def _walk_spans(request: Any) -> int:
    counted = 0
    for part in request.resource_spans:
        for scope in part.scope_spans:
            for span in scope.spans:
                said = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
                took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
                counted += _tests(span.kind, said["http.response.status_code"], said["http.route"], took)
    return counted


def _walk_json(body: bytes) -> int:
    counted = 0
    for part in json.loads(body)["resourceSpans"]:
        for scope in part["scopeSpans"]:
            for span in scope["spans"]:
                said = {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}
                took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e6
                status = int(said["http.response.status_code"])
                counted += _tests(span["kind"], status, said["http.route"], took)
    return counted


def _walk_points(request: Any) -> int:
    """The sums of all ten SLIs' totals."""
    counted = 0
    for part in request.resource_metrics:
        for scope in part.scope_metrics:
            for metric in scope.metrics:
                sum_of = metric.WhichOneof("data") == "sum"
                for point in metric.sum.data_points if sum_of else metric.histogram.data_points:
                    said = {
                        one.key: getattr(one.value, one.value.WhichOneof("value")) for one in point.attributes
                    }
                    matching = [route for route in ROUTES if said["http.route"] == route]
                    counted += point.as_int * (2 + len(matching)) if sum_of else point.count * 4
    return counted


def _add(target: Any, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        one = target.add(key=key)
        setattr(one.value, "int_value" if isinstance(value, int) else "string_value", value)


def _said(rng: random.Random) -> dict[str, Any]:
    return {
        "http.request.method": rng.choice(("GET", "POST")),
        "http.route": rng.choice(ROUTES),
        "http.response.status_code": rng.choice((200, 200, 200, 204, 404, 500)),
    }


def _spans(number: int) -> bytes:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    rng = random.Random(number)
    request = ExportTraceServiceRequest()
    part = request.resource_spans.add()
    _add(part.resource.attributes, {"service.name": "shop", "service.instance.id": f"i-{number % 8}"})
    scope = part.scope_spans.add()
    for _ in range(ITEMS):
        start = (NOW - 60 - number % 300) * _SECOND + rng.randrange(_SECOND)
        said = _said(rng)
        span = scope.spans.add(
            trace_id=rng.randbytes(16),
            span_id=rng.randbytes(8),
            parent_span_id=rng.randbytes(8),
            name=f"{said['http.request.method']} {said['http.route']}",
            kind=2,
            start_time_unix_nano=start,
            end_time_unix_nano=start + rng.randrange(400_000_000),
        )
        _add(span.attributes, {**said, "url.scheme": "https", "server.address": "shop.example"})
        if said["http.response.status_code"] == 500:
            span.status.code = 2  # type: ignore[assignment]
    return request.SerializeToString()


def _points(number: int) -> bytes:
    """Half of the points a delta sum, half a delta histogram, of many instances."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    rng = random.Random(number)
    request = ExportMetricsServiceRequest()
    part = request.resource_metrics.add()
    _add(part.resource.attributes, {"service.name": "shop", "service.instance.id": f"i-{number % 8}"})
    scope = part.scope_metrics.add()
    sums, histograms = (
        scope.metrics.add(name="requests", unit="1"),
        scope.metrics.add(name="duration", unit="ms"),
    )
    sums.sum.aggregation_temporality = histograms.histogram.aggregation_temporality = 1
    sums.sum.is_monotonic = True
    for place in range(ITEMS // 2):
        time_ = (NOW - 60) * _SECOND + number * ITEMS + place
        said = _said(rng)
        one = sums.sum.data_points.add(
            start_time_unix_nano=time_ - _SECOND, time_unix_nano=time_, as_int=rng.randrange(50)
        )
        _add(one.attributes, said)
        counts = [rng.randrange(9) for _ in range(5)]
        other = histograms.histogram.data_points.add(
            start_time_unix_nano=time_ - _SECOND,
            time_unix_nano=time_,
            count=sum(counts),
            sum=1.0,
            bucket_counts=counts,
            explicit_bounds=[50, 100, 250, 1000],
        )
        _add(other.attributes, said)
    return request.SerializeToString()


def _json(body: bytes) -> bytes:
    """The same request in OTLP's JSON."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    def pairs(attributes: Any) -> list[Any]:
        return [
            {"key": one.key, "value": {"intValue": str(one.value.int_value)}}
            if one.value.HasField("int_value")
            else {"key": one.key, "value": {"stringValue": one.value.string_value}}
            for one in attributes
        ]

    parts = [
        {
            "resource": {"attributes": pairs(part.resource.attributes)},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": span.trace_id.hex(),
                            "spanId": span.span_id.hex(),
                            "parentSpanId": span.parent_span_id.hex(),
                            "name": span.name,
                            "kind": span.kind,
                            "startTimeUnixNano": str(span.start_time_unix_nano),
                            "endTimeUnixNano": str(span.end_time_unix_nano),
                            "attributes": pairs(span.attributes),
                            "status": {"code": span.status.code} if span.status.code else {},
                        }
                        for span in scope.spans
                    ]
                }
                for scope in part.scope_spans
            ],
        }
        for part in ExportTraceServiceRequest.FromString(body).resource_spans
    ]
    return json.dumps({"resourceSpans": parts}, separators=(",", ":")).encode()


if __name__ == "__main__":
    main(sys.argv[1:])
