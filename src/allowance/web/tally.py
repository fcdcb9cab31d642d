"""How the program answers, counted from its start: for its own SLOs."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

DoorName = Literal["api", "otlp"]
Result = Literal["ok", "failed"]

OWN_STATE = ("/healthz", "/readyz", "/metrics")
"""What asks how the program is says nothing about whether it serves anybody."""


class Tally:
    """Counts per door and result; `failed` is our own fault: 5xx, or telemetry that could not be stored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[DoorName, Result]] = Counter()

    def count(self, door: DoorName, result: Result) -> None:
        """One answer."""
        with self._lock:
            self._counts[door, result] += 1

    def rows(self) -> list[tuple[tuple[str, str], int]]:
        """Every door and result that there can be, with its number."""
        doors: tuple[DoorName, ...] = ("api", "otlp")
        results: tuple[Result, ...] = ("ok", "failed")
        with self._lock:
            return [((door, result), self._counts[door, result]) for door in doors for result in results]


class Answering:
    """An ASGI middleware around everything: counts what is answered, also where it broke."""

    def __init__(self, app: ASGIApp, *, tally: Tally) -> None:
        self._app, self._tally = app, tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, and look at the status."""
        if scope["type"] != "http" or scope["path"] in OWN_STATE:
            await self._app(scope, receive, send)
            return
        status = 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            self._tally.count("api", "failed" if status >= 500 else "ok")
