"""The OTLP receiver over HTTP: a server in a thread and a loop of its own, beside that of the API."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from allowance.web.otlp import OtlpApp
from allowance.web.otlp_sink import OtlpSink


class _Beside(uvicorn.Server):
    """A second server of the process: signals are for the first one."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


class OtlpReceiver:
    """Counting waits for the disk; the pages and the gate must not wait with it."""

    def __init__(self, sink: OtlpSink, loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
        config = uvicorn.Config(
            OtlpApp(sink), log_level="warning", access_log=False, lifespan="off", server_header=False
        )
        self._server, self._loop_factory = _Beside(config), loop_factory
        self._thread: threading.Thread | None = None

    def start(self, sockets: list[socket.socket]) -> None:
        """Receive from these, which are bound already."""
        self._thread = threading.Thread(target=self._run, args=(sockets,), name="otlp-http", daemon=True)
        self._thread.start()

    def _run(self, sockets: list[socket.socket]) -> None:
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            runner.run(self._server.serve(sockets=sockets))

    def stop(self) -> None:
        """Take no more requests, and wait for those that have come."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
