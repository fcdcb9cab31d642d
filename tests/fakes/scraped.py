"""A small service that answers requests, fails as many of them as it is told to, and counts them for a Prometheus."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes.nursery import Clock

PAUSE = 0.02
"""Seconds between two requests of its one user."""


@dataclass(slots=True)
class Scraped:
    """A running service. One request in `fails_every` fails (0: none); `clock` stamps what it exposes."""

    clock: Clock
    fails_every: int = 0
    port: int = 0
    _counts: Counter[str] = field(default_factory=lambda: Counter({"200": 0, "500": 0}))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self) -> int:
        """One request more."""
        with self._lock:
            number = self._counts.total() + 1
            failed = self.fails_every and number % self.fails_every == 0
            self._counts["500" if failed else "200"] += 1
            return 500 if failed else 200

    def exposition(self) -> str:
        """What a Prometheus scrapes; stamped, so that the samples stand at the instants of the service's own clock."""
        with self._lock:
            at = int(self.clock.now() * 1000)
            counts = dict(self._counts)
        lines = [f'http_requests_total{{code="{code}"}} {count} {at}' for code, count in counts.items()]
        return "\n".join(["# TYPE http_requests_total counter", *lines, ""])


@contextlib.contextmanager
def scraped(clock: Clock) -> Iterator[Scraped]:
    """The service, with somebody who uses it all the time, as long as the block lives."""
    service = Scraped(clock=clock)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            metrics = self.path == "/metrics"
            status = 200 if metrics else service.answer()
            body = service.exposition().encode() if metrics else b""
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked has gone
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    service.port = int(server.server_address[1])
    over = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
        threading.Thread(target=_use, args=(service.port, over), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield service
    finally:
        over.set()
        threads[1].join()
        server.shutdown()
        server.server_close()
        threads[0].join()


def _use(port: int, over: threading.Event) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        while not over.wait(PAUSE):
            connection.request("GET", "/checkout")
            connection.getresponse().read()
