"""The door for people: one-time links, the provider's sign-in, and the way out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from allowance.core.duration import MINUTE
from allowance.core.problem import Problem, ProblemError
from allowance.edges.store.sessions import Guest, Via
from allowance.web.oidc import Flow, Provider
from allowance.web.pages.entrance import sign_in_page
from allowance.web.pages.policy import CONTENT
from allowance.web.paths import own_path
from allowance.web.sessions import Sessions, cookies
from allowance.web.tokens import Caller

PATH = "/sign-in"
CALLBACK = "/sign-in/oidc/callback"
HALF_WAY = 10 * MINUTE
"""So long a person may take at the provider."""

LONGEST = 2000

USED = Problem(
    code="link",
    message="this link is not valid: it was used already, or is older than 15 minutes",
    hint="ask an admin for another one: allowance token link --name NAME --role ROLE",
)
LOST = Problem(
    code="oidc", message="this sign-in was not begun in this browser, or took too long", hint="begin again"
)


def sign_in_router(sessions: Sessions, provider: Provider | None, clock: Callable[[], int]) -> APIRouter:
    """The routes of `/sign-in` and `/sign-out`; they are pages, so the API's document leaves them out."""
    door = _SignIn(sessions, provider, clock)
    router = APIRouter(include_in_schema=False)
    router.add_api_route(PATH, door.page, methods=["GET"])
    router.add_api_route("/sign-in/oidc", door.to_provider, methods=["GET"])
    router.add_api_route(CALLBACK, door.from_provider, methods=["GET"])
    router.add_api_route("/sign-out", door.out, methods=["POST"])
    return router


class _SignIn:
    def __init__(self, sessions: Sessions, provider: Provider | None, clock: Callable[[], int]) -> None:
        self._sessions, self._provider, self._clock = sessions, provider, clock
        self._half_way = f"{sessions.cookie}-half-way"

    def page(
        self,
        token: Annotated[str, Query(max_length=LONGEST)] = "",
        then: Annotated[str, Query(alias="next", max_length=LONGEST)] = "/",
    ) -> Response:
        """Take a one-time link, or show how to come in."""
        if not token:
            return self._not_in(None, then)
        guest = self._sessions.take_link(token, now=self._clock())
        return self._not_in(USED, then) if guest is None else self._let_in(guest, "link", then)

    def to_provider(
        self, request: Request, then: Annotated[str, Query(alias="next", max_length=LONGEST)] = "/"
    ) -> Response:
        """Send the browser to the provider."""
        if self._provider is None:
            return _quiet(RedirectResponse(PATH, HTTPStatus.SEE_OTHER))
        try:
            address, flow = self._provider.begin(self._redirect(request), own_path(then), now=self._clock())
        except ProblemError as error:
            return self._not_in(error.problems[0], then)
        response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
        # Lax, because the way back from the provider comes from another site.
        self._sessions.set_cookie(response, self._half_way, _packed(flow), HALF_WAY)
        return _quiet(response)

    def from_provider(self, request: Request) -> Response:
        """Let in whom the provider sent back."""
        flow = _unpacked(cookies(request.headers).get(self._half_way, ""))
        if self._provider is None or flow is None:
            return self._not_in(LOST, "/")
        try:
            guest = self._provider.finish(
                dict(request.query_params), flow, self._redirect(request), now=self._clock()
            )
        except ProblemError as error:
            response = self._not_in(error.problems[0], flow.then)
        else:
            response = self._let_in(guest, "oidc", flow.then)
        self._sessions.set_cookie(response, self._half_way, "", 0)
        return response

    def out(self, request: Request) -> Response:
        """End the session of this browser."""
        who: Caller = request.scope["state"]["caller"]
        response = _quiet(RedirectResponse(PATH, HTTPStatus.SEE_OTHER))
        if who.session:
            self._sessions.end(who.session, response)
        return response

    def _let_in(self, guest: Guest, via: Via, then: str) -> Response:
        response = RedirectResponse(own_path(then), HTTPStatus.SEE_OTHER)
        self._sessions.begin(guest, via, response, now=self._clock())
        return _quiet(response)

    def _not_in(self, problem: Problem | None, then: str) -> Response:
        way = f"/sign-in/oidc?{urlencode({'next': own_path(then)})}" if self._provider is not None else ""
        status = HTTPStatus.OK if problem is None else HTTPStatus.UNAUTHORIZED
        return _quiet(HTMLResponse(sign_in_page(problem, provider=way), status))

    def _redirect(self, request: Request) -> str:
        base = self._sessions.link or f"{request.url.scheme}://{request.headers.get('host', '')}"
        return base + CALLBACK


def _packed(flow: Flow) -> str:
    return base64.urlsafe_b64encode(json.dumps(asdict(flow)).encode()).decode().rstrip("=")


def _unpacked(text: str) -> Flow | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        flow = Flow(**found)
    except (TypeError, ValueError):
        return None
    parts: list[object] = list(asdict(flow).values())
    good = all(isinstance(part, str) and part for part in parts)
    return flow if good else None


def _quiet(response: Response) -> Response:
    """Kept nowhere, and no other site learns the address, which may hold a one-time token."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = CONTENT
    return response
