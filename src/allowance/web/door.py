"""What every request passes before anything else looks at it: who asks, how often, and how much they send."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allowance.app.law import Law
from allowance.core.problem import ProblemError, refuse
from allowance.governance.access import Attempt
from allowance.governance.roles import ROLES
from allowance.web.denials import READING, Denials
from allowance.web.problems import WORDS, Refusal
from allowance.web.sessions import Sessions
from allowance.web.state import Settings
from allowance.web.tokens import Caller, Stranger, Tokens, address_of, caller

log = structlog.get_logger()

_CAREFUL = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-cache"))
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

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Tokens,
        settings: Settings,
        clock: Callable[[], int],
        law: Law | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self._app, self._tokens, self._settings, self._clock = app, tokens, settings, clock
        self._sessions = sessions
        self._denials = None if law is None else Denials(law)
        self._rate = Rate(settings.rate, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            who = caller(
                scope,
                self._tokens,
                open_reading=self._settings.open_reading,
                now=self._clock(),
                session=await self._by_cookie(scope),
            )
        except ProblemError as error:
            problem = error.problems[0]
            busy = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, problem.code, problem.message)
            await busy.answer()(scope, receive, _careful(send))
            return
        sending = _careful(self._recording(send, scope, who))
        refused = self._refused(scope, who)
        if refused is not None:
            await refused.answer()(scope, receive, sending)
            return
        await self._app(scope, _counted(receive, self._settings.most_body), sending)

    async def _by_cookie(self, scope: Scope) -> Caller | None:
        """Who comes with a session that is open."""
        if self._sessions is None:
            return None
        sha256 = self._sessions.shown(Headers(scope=scope))
        if not sha256:
            return None
        find = partial(self._sessions.find, sha256, now=self._clock())
        try:
            session = await run_in_threadpool(find)
        except SQLAlchemyError:
            raise refuse("store", "the store cannot say who this is at this moment") from None
        if session is None:
            return None
        guest = session.guest
        return Caller(
            name=guest.name,
            role=guest.role,
            rights=ROLES[guest.role],
            rate_key=f"session {guest.name}",
            services=guest.services,
            via="session",
            session=sha256,
        )

    def _refused(self, scope: Scope, who: Caller | Stranger) -> Refusal | None:
        wait = self._rate.wait(_key(scope, who), now=self._clock())
        if wait:
            return Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate",
                "too many requests",
                hint=f"wait {wait} s, then send fewer",
                headers={"Retry-After": str(wait)},
            )
        if isinstance(who, Stranger):
            return who.refusal
        link = self._sessions.link if self._sessions is not None else ""
        if who.via == "session" and not same_origin(scope, link):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "origin",
                "this came from a page of another site",
                hint="use the pages of Allowance itself, or a token",
            )
        scope.setdefault("state", {})["caller"] = who
        return _too_large(Headers(scope=scope).get("content-length", "0"), self._settings.most_body)

    def _recording(self, send: Send, scope: Scope, who: Caller | Stranger) -> Send:
        """An answer that refuses somebody is sent when the ledger has it."""
        denials = self._denials
        if denials is None or (isinstance(who, Caller) and not who.via):
            return send

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and denials.wants(scope["method"], message["status"]):
                record = partial(
                    denials.record,
                    _key(scope, who),
                    _attempt(scope, who, message["status"]),
                    now=self._clock(),
                )
                try:
                    await run_in_threadpool(record)
                except SQLAlchemyError as error:
                    # Refused they are all the same; a store in trouble must not open or close the door.
                    log.error("a refused attempt was not recorded", error=type(error).__name__)
            await send(message)

        return sent


def same_origin(scope: Scope, link: str) -> bool:
    """Whether a request that may change something comes from a page of ours; one that only reads always may.

    `link` is the address by which people come, where it is not the one that the server sees.
    """
    if scope["method"] in READING:
        return True
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    own = {f"{scope['scheme']}://{headers.get('host', '')}"}
    if link:
        known = urlsplit(link)
        outside = f"{known.scheme}://{known.netloc}"
        own = {outside} if known.scheme == "https" else own | {outside}
    return headers.get("origin", "") in own


def _key(scope: Scope, who: Caller | Stranger) -> str:
    return who.rate_key if isinstance(who, Caller) else f"address {address_of(scope)}"


def _attempt(scope: Scope, who: Caller | Stranger, status: int) -> Attempt:
    return Attempt(
        name=who.name,
        role=(who.role or "") if isinstance(who, Caller) else "",
        address=address_of(scope),
        method=scope["method"],
        path=scope["path"],
        status=status,
    )


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
            headers = message["headers"] = list(message.get("headers", ()))
            said = {name.lower() for name, _ in headers}
            headers += [one for one in _CAREFUL if one[0] not in said]
        await send(message)

    return sent
