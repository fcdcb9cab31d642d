"""A PromQL system that answers what a test tells it to: statuses, headers, bodies, slowness, hanging up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

EMPTY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its path, its parameters (of the address or the form), its headers, and the port that it came from."""

    method: str
    path: str
    parameters: dict[str, list[str]]
    headers: dict[str, str]
    port: int = 0

    @property
    def query(self) -> str:
        """The PromQL asked for."""
        return self.parameters.get("query", [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. `claims` is a Content-Length that need not be true; `drip` seconds pass between its bytes.

    The connection is closed instead of an answer (`hang_up`), or after it, without saying so before (`closes`).
    """

    status: int = 200
    body: bytes = EMPTY
    headers: dict[str, str] = field(default_factory=dict)
    claims: int | None = None
    drip: float = 0.0
    hang_up: bool = False
    closes: bool = False


@dataclass(slots=True)
class Script:
    """What a server answers: `answer` decides; `asked` are the requests so far."""

    answer: Callable[[Asked], Reply]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Script]:
    """A server on the loopback that lives as long as the block."""
    script = Script(answer=answer)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked = Asked(
                method=self.command,
                path=parts.path,
                parameters=parse_qs(form or parts.query),
                headers={name.lower(): value for name, value in self.headers.items()},
                port=self.client_address[1],
            )
            script.asked.append(asked)
            self._reply(script.answer(asked))

        do_POST = do_GET  # noqa: N815

        def _reply(self, reply: Reply) -> None:
            if reply.hang_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.claims is None else reply.claims))
            self.end_headers()
            with contextlib.suppress(OSError):
                if not reply.drip:
                    self.wfile.write(reply.body)
                for byte in reply.body if reply.drip else b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(reply.drip)
            if reply.closes or reply.claims is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
