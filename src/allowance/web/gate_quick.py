"""The gate's answer of this second, given again as the same bytes: pipelines and meshes ask it often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allowance.web.state import LiveState
from allowance.web.tokens import Caller

PREFIX = "/v1/gates/"
MOST_KEPT = 1000

Key = tuple[str, bytes]
"""Path and query."""
Stamp = tuple[int, object, int]
"""The second, the newest tick, and the newest entry of the ledger that is known."""


class QuickGates:
    """An ASGI middleware behind the door. What it keeps holds for one second, one tick and one state of the ledger.

    What many ask at once is worked out once. An entry that another replica wrote is seen when the second is over.
    """

    def __init__(self, app: ASGIApp, *, state: LiveState, clock: Callable[[], int]) -> None:
        self._app, self._state, self._clock = app, state, clock
        self._stamp: Stamp | None = None
        self._kept: dict[Key, tuple[Message, Message]] = {}
        self._begun: dict[tuple[int, Key], asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or keep what is answered."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        stamp = (self._clock(), self._state.now, self._state.law.head)
        if stamp != self._stamp:
            self._stamp, self._kept = stamp, {}
        kept, key = self._kept, (scope["path"], scope["query_string"])
        who: Caller = scope["state"]["caller"]
        may_read = "read" in who.rights
        if may_read and key not in kept and (begun := self._begun.get((id(kept), key))) is not None:
            await begun.wait()
        known = kept.get(key) if may_read else None
        if known is not None:
            await send(_fresh(known[0]))
            await send(known[1])
            return
        begun = self._begun.setdefault((id(kept), key), asyncio.Event())
        try:
            await self._keep(kept, key, stamp, scope, receive, send)
        finally:
            # Who waits asks for themselves where nothing was kept.
            self._begun.pop((id(kept), key), None)
            begun.set()

    async def _keep(
        self,
        kept: dict[Key, tuple[Message, Message]],
        key: Key,
        stamp: Stamp,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        answer: list[Message] = []

        async def keeping(message: Message) -> None:
            answer.append(_fresh(message))
            await send(message)

        await self._app(scope, receive, keeping)
        # Whatever was decided meanwhile came after the stamp was taken: then this answer is not kept.
        if _whole(answer) and self._state.law.head == stamp[2] and len(kept) < MOST_KEPT:
            kept[key] = (answer[0], answer[1])


def _whole(answer: list[Message]) -> bool:
    """A success in one piece."""
    return (
        len(answer) == 2
        and answer[0].get("status") == HTTPStatus.OK
        and answer[1]["type"] == "http.response.body"
        and not answer[1].get("more_body", False)
    )


def _fresh(message: Message) -> dict[str, Any]:
    """A copy that others may add headers to."""
    if "headers" not in message:
        return dict(message)
    return {**message, "headers": list(message["headers"])}
