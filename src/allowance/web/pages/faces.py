"""Errors as pages for browsers: the same problem in the same words, and the way to sign in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

import orjson
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allowance.web.pages.entrance import problem_page
from allowance.web.pages.policy import POLICY

SIGN_IN = "/sign-in"


class Faces:
    """An ASGI middleware: what is refused as JSON is shown as a page to those who ask for pages."""

    def __init__(self, app: ASGIApp, *, sign_in: bool) -> None:
        self._app, self._sign_in = app, sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; hold an error back until it is whole."""
        if scope["type"] != "http" or not wants_pages(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_problem(message):
                held.append(message)
            elif not held:
                await send(message)
            else:
                held.append(message)
                if not message.get("more_body", False):
                    await self._shown(scope, held)(scope, receive, send)

        await self._app(scope, receive, sent)

    def _shown(self, scope: Scope, held: list[Message]) -> Response:
        start, *parts = held
        body = b"".join(part.get("body", b"") for part in parts)
        missing = start["status"] == HTTPStatus.UNAUTHORIZED and self._sign_in
        if missing and scope["method"] == "GET" and not scope["path"].startswith(SIGN_IN):
            query = scope.get("query_string", b"").decode("latin-1")
            here = scope["path"] + (f"?{query}" if query else "")
            return Response(
                status_code=HTTPStatus.SEE_OTHER,
                headers={"Location": f"{SIGN_IN}?next={quote(here)}", "Cache-Control": "no-store"},
            )
        response = as_page(start["status"], body)
        kept = MutableHeaders(raw=list(start["headers"]))
        for name in ("retry-after", "allow", "www-authenticate"):
            if name in kept:
                response.headers[name] = kept[name]
        return response


def as_page(status: int, body: bytes) -> Response:
    """A problem in JSON as a page."""
    said = orjson.loads(body)
    text = problem_page(
        status, code=said["code"], message=said["message"], where=said["where"], hint=said["hint"]
    )
    return Response(
        text, status, media_type="text/html; charset=utf-8", headers={**POLICY, "Cache-Control": "no-store"}
    )


def with_page(
    answer: Callable[[Request, Exception], Response | Awaitable[Response]],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """An error handler that answers outside of all middleware, with pages as well."""

    async def handled(request: Request, error: Exception) -> Response:
        found = answer(request, error)
        response = found if isinstance(found, Response) else await found
        if wants_pages(request.headers):
            return as_page(response.status_code, bytes(response.body))
        return response

    return handled


def wants_pages(headers: Headers) -> bool:
    """Whether a browser asks to show something: it names HTML before all else."""
    return headers.get("accept", "").lstrip().startswith("text/html")


def _is_problem(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= 400 and kind == "application/json"
