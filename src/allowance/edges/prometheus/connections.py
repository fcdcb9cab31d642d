"""Connections to PromQL systems that are used again minute after minute: to open one costs more than to ask over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from allowance.contract.source import Prometheus
from allowance.edges.prometheus.client import Client

RENEWED = 600.0
"""Seconds after which a new one is opened, so that what changes around it is seen: names, certificates, balancers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kept:
    source: Prometheus
    client: Client
    opened: float


@dataclass(slots=True)
class Connections:
    """Who reads has a client alone; it is kept for the next reading of the same source. For any thread.

    A client over which something went wrong is not kept. Where an answer failed to come over a kept one, something on
    the way may forget connections that are silent for a minute: that source is asked over a new one each time.
    """

    _idle: list[_Kept] = field(default_factory=list)
    _never: set[Prometheus] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def to(self, source: Prometheus) -> Iterator[Client]:
        """A client that is open. Errors: those of opening one, and of what is asked."""
        kept = self._taken(source)
        one = kept or _opened(source)
        is_good = False
        try:
            yield one.client
            is_good = not one.client.waited_in_vain
        finally:
            if kept is not None and one.client.waited_in_vain:
                self._never.add(source)
            if is_good and source not in self._never:
                with self._lock:
                    self._idle.append(one)
            else:
                one.client.close()

    def close(self) -> None:
        """Close those that nobody reads with."""
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.client.close()

    def _taken(self, source: Prometheus) -> _Kept | None:
        """One that is young enough. All that are too old are closed, also those of sources that nobody reads now."""
        now = time.monotonic()
        with self._lock:
            old = [one for one in self._idle if now - one.opened > RENEWED]
            young = [one for one in self._idle if now - one.opened <= RENEWED]
            found = next((one for one in young if one.source == source), None)
            self._idle = [one for one in young if one is not found]
        for one in old:
            one.client.close()
        return found


def _opened(source: Prometheus) -> _Kept:
    return _Kept(source=source, client=Client(source).__enter__(), opened=time.monotonic())
