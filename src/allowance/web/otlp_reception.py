"""Where OTLP is received: over HTTP, and over gRPC on the port below; closed until the contract wants it."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

import grpc

from allowance.contract.model import Contract
from allowance.contract.source import Otlp
from allowance.web.listening import Address, bound, cannot_listen
from allowance.web.otlp import spare_collector
from allowance.web.otlp_grpc import otlp_server
from allowance.web.otlp_receiver import OtlpReceiver
from allowance.web.otlp_sink import OtlpSink


def is_received(contract: Contract) -> bool:
    """Whether any promise of a contract is measured by what comes over OTLP."""
    return any(isinstance(slo.source, Otlp) for slo in contract.slos)


class Reception:
    """Opens once, at the start or when a changed contract holds the first promise over OTLP, and then stays open."""

    def __init__(self, address: Address, loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._address, self._loop_factory = address, loop_factory
        self._below = Address(host=address.host, port=address.port - 1)
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._sockets: list[socket.socket] = []
        self._http: OtlpReceiver | None = None
        self._grpc: grpc.Server | None = None

    def reserve(self) -> None:
        """Take the address, so that what is in the way is said now. Errors: `Problem` `listen`; nothing is held then."""
        if self._sockets:
            return
        with bound(self._below, "--otlp"):
            """gRPC binds it itself, later."""
        self._sockets = self._held.enter_context(bound(self._address, "--otlp"))

    def open(self, sink: OtlpSink) -> None:
        """Receive, if that has not begun. Errors: `Problem` `listen`; then it is as closed as before."""
        with self._lock:
            if self._http is not None:
                return
            self.reserve()
            try:
                server, _ = otlp_server(sink, str(self._below))
            except OSError as error:
                self._release()
                raise cannot_listen(str(self._below), "--otlp", error) from None
            server.start()
            http = OtlpReceiver(sink, self._loop_factory)
            http.start(self._sockets)
            self._grpc, self._http = server, http
        spare_collector()
        sys.stderr.write(f"receiving OTLP: http://{self._address} and gRPC on {self._below}\n")

    def stop(self) -> None:
        """Take no more requests, and wait for those that have come. It may be called twice."""
        with self._lock:
            if self._grpc is not None:
                self._grpc.stop(1).wait()
            if self._http is not None:
                self._http.stop()
            self._grpc = None
            self._release()

    def _release(self) -> None:
        self._held.close()
        self._held, self._sockets = ExitStack(), []
