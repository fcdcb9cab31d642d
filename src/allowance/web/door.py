"""What every request passes before anything else looks at it: who asks, how often, and how much they send."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allowance.core.problem import ProblemError
from allowance.web.problems import WORDS, Refusal
from allowance.web.state import Settings
from allowance.web.tokens import Caller, Tokens, caller

MOST_CALLERS = 10_000
"""So many callers are remembered; who was heard least recently starts anew."""


class Rate:
    """A bucket of `burst` requests per caller, filled again with `rate` a second."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, *, now: int) -> int:
        """Take one: 0 where there was one, else the seconds until there will be."""
        with self._lock:
            left, then = self._left.pop(key, (float(self._burst), now))
            left = min(self._burst, left + max(0, now - then) * self._rate)
            self._left[key] = (max(left - 1, 0) if left >= 1 else left, now)
            while len(self._left) > MOST_CALLERS:
                self._left.popitem(last=False)
        return 0 if left >= 1 else max(1, -int(-(1 - left) // self._rate))


class Door:
    """An ASGI middleware; it leaves the `Caller` in the state of the request."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, settings: Settings, clock: Callable[[], int]) -> None:
        self._app, self._tokens, self._settings, self._clock = app, tokens, settings, clock
        self._rate = Rate(settings.rate, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is not None:
            await refused.answer()(scope, receive, _careful(send))
            return
        await self._app(scope, _counted(receive, self._settings.most_body), _careful(send))

    def _refused(self, scope: Scope) -> Refusal | None:
        try:
            who = caller(scope, self._tokens, open_reading=self._settings.open_reading)
        except ProblemError as error:
            problem = error.problems[0]
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, problem.code, problem.message)
        address = scope["client"][0] if scope.get("client") else ""
        key = who.rate_key if isinstance(who, Caller) else f"address {address}"
        wait = self._rate.wait(key, now=self._clock())
        if wait:
            return Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate",
                "too many requests",
                hint=f"wait {wait} s, then send fewer",
                headers={"Retry-After": str(wait)},
            )
        if isinstance(who, Refusal):
            return who
        scope.setdefault("state", {})["caller"] = who
        return _too_large(Headers(scope=scope).get("content-length", "0"), self._settings.most_body)


def _too_large(length: str, most: int) -> Refusal | None:
    if not length.isascii() or not length.isdigit() or len(length) > 18 or int(length) > most:
        code, message, hint = WORDS[HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, code, message, hint=hint)
    return None


def _counted(receive: Receive, most: int) -> Receive:
    """The body of a request that did not say its length, up to the limit."""
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return limited


def _careful(send: Send) -> Send:
    """Answers are not guessed at, and not kept without asking again."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-cache")
        await send(message)

    return sent
