"""One service of the shop: HTTP in, HTTP to the services it needs, a span for each, faults on demand."""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from allowance.core.problem import ProblemError
from allowance.demo.live.faults import Faults, changed
from allowance.demo.live.telemetry import tracer

PATIENCE = 2.0
"""Seconds that a service waits for another one."""


class Failed(Exception):
    """What was asked for could not be done; `status` is the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to a service: who it is for, and how to reach the others."""

    service: Service
    tenant: str
    variant: str

    def call(self, name: str, path: str) -> None:
        """Ask another service; as often again as the faults say. Errors: `Failed`."""
        last: Failed | None = None
        for _ in range(1 + self.service.faults.retries):
            try:
                return self.service.ask(name, path, self)
            except Failed as failed:
                last = failed
        assert last is not None
        raise last


Route = Callable[[Asked], None]


@dataclass(slots=True, kw_only=True)
class Service:
    """`routes` by path, `others` are the ports of the services by name, `usual_ms` how long a request takes here."""

    name: str
    port: int
    others: Mapping[str, int]
    collector: str
    region: str
    routes: Mapping[str, Route]
    usual_ms: tuple[int, int] = (2, 12)
    faults: Faults = field(default_factory=Faults)
    seed: int = 7
    _random: random.Random = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.seed} {self.name}")
        self._tracer, self._provider = tracer(self.name, self.faults.version, self.region, self.collector)

    _tracer: Any = field(init=False)
    _provider: Any = field(init=False)

    def serve(self) -> None:
        """Answer until the process is stopped."""
        server = _Server(("127.0.0.1", self.port), _handler(self))
        server.serve_forever()

    def change(self, body: bytes) -> Faults:
        """Break, or mend. A new version begins to speak as such at once."""
        with self._lock:
            before, self.faults = self.faults, changed(self.faults, body)
            if before.version != self.faults.version:
                old = self._provider
                made = tracer(self.name, self.faults.version, self.region, self.collector)
                self._tracer, self._provider = made
                threading.Thread(target=old.shutdown, daemon=True).start()
            return self.faults

    def answer(self, path: str, headers: Mapping[str, str]) -> int:
        """Do what a path asks for; the status of the answer."""
        tenant, variant = headers.get("x-tenant", "acme"), headers.get("x-variant", "off")
        asked = Asked(service=self, tenant=tenant, variant=variant)
        if self.faults.silent:
            return self._do(path, asked)
        with self._tracer.start_as_current_span(
            f"GET {path}", context=propagate.extract(dict(headers)), kind=SpanKind.SERVER
        ) as span:
            status = self._do(path, asked)
            span.set_attributes(
                {
                    "http.request.method": "GET",
                    "http.route": path,
                    "http.response.status_code": status,
                    "tenant.id": tenant,
                    "feature_flag.key": "one-page-checkout",
                    "feature_flag.result.variant": variant,
                }
            )
            if status >= 500:
                span.set_attribute("error.type", str(status))
                span.set_status(Status(StatusCode.ERROR))
        return status

    def ask(self, name: str, path: str, asked: Asked) -> None:
        """One call to another service, seen as a client's span. Errors: `Failed`."""
        with self._tracer.start_as_current_span(f"{name} {path}", kind=SpanKind.CLIENT) as span:
            headers = {"x-tenant": asked.tenant, "x-variant": asked.variant}
            propagate.inject(headers)
            connection = http.client.HTTPConnection("127.0.0.1", self.others[name], timeout=PATIENCE)
            try:
                connection.request("GET", path, headers=headers)
                status = connection.getresponse().status
            except OSError as error:
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR))
                raise Failed(503, f"{name} does not answer") from None
            finally:
                connection.close()
            span.set_attributes(
                {"http.response.status_code": status, "server.address": name, "peer.service": name}
            )
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
                raise Failed(502, f"{name} failed with {status}")

    def _do(self, path: str, asked: Asked) -> int:
        route = self.routes.get(path)
        if route is None:
            return 404
        faults = self.faults
        with self._lock:
            pause, luck = self._random.uniform(*self.usual_ms), self._random.random()
        concerned = faults.concerns(asked.tenant, self.region)
        time.sleep((pause + (faults.delay_ms if concerned else 0)) / 1000)
        if concerned and luck < faults.errors:
            trace.get_current_span().record_exception(RuntimeError(f"{self.name} is broken on purpose"))
            return 500
        try:
            route(asked)
        except Failed as failed:
            trace.get_current_span().record_exception(failed)
            return failed.status
        return 200


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever lost patience and hung up is no fault of ours; anything else is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/healthz":
                return self._send(200, b"ok\n")
            if service.faults.dead:
                self.close_connection = True
                return None  # the connection ends without an answer, as that of a dead process does
            status = service.answer(path, {k.lower(): v for k, v in self.headers.items()})
            return self._send(status, b"{}\n")

        def do_POST(self) -> None:
            if urlsplit(self.path).path != "/faults":
                return self._send(404, b"")
            size = min(int(self.headers.get("content-length") or 0), 10_000)
            try:
                faults = service.change(self.rfile.read(size))
            except ProblemError as error:
                return self._send(400, str(error).encode())
            fields = {name: getattr(faults, name) for name in Faults.__slots__}
            return self._send(200, json.dumps(fields).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """The shop keeps no access log."""

    return Handler
