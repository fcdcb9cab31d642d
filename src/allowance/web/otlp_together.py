"""Requests that come at the same time are stored together: one transaction for all of them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future

from allowance.web.otlp_sink import OtlpSink, Outcome, Request

MOST = 64
"""So many requests are stored together at most: the first of them waits for the last."""


class LoopTogether:
    """For requests on one event loop: those that the loop has read in the same turns go together.

    It works on the loop, because a turn to a thread and back costs more than counting does: while some are counted
    and stored, the next ones arrive.
    """

    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink
        self._waiting: deque[tuple[Request, asyncio.Future[Outcome]]] = deque()

    async def take(self, request: Request) -> Outcome:
        """The outcome of one request."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((request, outcome))
        if len(self._waiting) == 1:
            # One turn later, because what else has come is read in between.
            loop.call_soon(loop.call_soon, self._go, loop)
        return await outcome

    def _go(self, loop: asyncio.AbstractEventLoop) -> None:
        some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        if self._waiting:
            loop.call_soon(self._go, loop)
        try:
            outcomes = self._sink.accept([request for request, _ in some])
        except Exception as error:  # noqa: BLE001 - whoever waits raises it
            for _, waiting in some:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), outcome in zip(some, outcomes, strict=True):
            if not waiting.done():  # a sender may have gone
                waiting.set_result(outcome)


class ThreadsTogether:
    """For requests on several threads: whoever comes first takes those along that wait behind it."""

    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink
        self._one = threading.Lock()
        self._waiting: deque[tuple[Request, Future[Outcome]]] = deque()

    def take(self, request: Request) -> Outcome:
        """The outcome of one request."""
        own: Future[Outcome] = Future()
        self._waiting.append((request, own))
        with self._one:
            while not own.done():
                self._go()
        return own.result()

    def _go(self) -> None:
        some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            outcomes = self._sink.accept([request for request, _ in some])
        except Exception as error:  # noqa: BLE001 - whoever waits raises it
            for _, waiting in some:
                waiting.set_exception(error)
            return
        for (_, waiting), outcome in zip(some, outcomes, strict=True):
            waiting.set_result(outcome)
