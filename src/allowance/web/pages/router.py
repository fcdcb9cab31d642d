"""The routes of the pages and of their twins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from allowance.core.counts import NO_DATA, NoData
from allowance.web.asked import Asked, House
from allowance.web.pages import rendering
from allowance.web.pages.forms import form
from allowance.web.pages.frame import KEYS, THEME, THEMES, frame_of
from allowance.web.pages.gathered import Gathered, facts_asked
from allowance.web.pages.page import Page, Wanted
from allowance.web.pages.policy import POLICY
from allowance.web.paths import own_path
from allowance.web.tokens import Caller, may

LASTING = 400 * 86400
"""Seconds that a preference is kept; browsers allow no more."""


def pages_router(pages: Sequence[Page], gathered: Gathered) -> APIRouter:
    """Every page of the table with its twins, the way in, and the preferences."""
    router = APIRouter(include_in_schema=False)
    for page in pages:
        for twin in (".json", ".md", ""):
            router.add_api_route(
                page.path + twin,
                _endpoint(page, twin, pages, gathered),
                methods=["GET"],
                dependencies=[may(page.right)],
            )
    router.add_api_route("/", _way_in(gathered), methods=["GET"], dependencies=[may("read")])
    router.add_api_route("/preferences", _preferences, methods=["POST"])
    return router


def _endpoint(
    page: Page, twin: str, pages: Sequence[Page], gathered: Gathered
) -> Callable[[Request, House], Response]:
    def answer(request: Request, asked: Asked) -> Response:
        clock = asked.clock()
        who: Caller = request.scope["state"]["caller"]
        facts = facts_asked(request, asked, page)
        past = NO_DATA if facts is gathered.facts(asked) else facts.at
        now = clock if isinstance(past, NoData) else past
        wanted = Wanted(
            facts=facts,
            path=request.path_params,
            query=request.query_params,
            who=who,
            house=asked,
            now=now,
            pages=pages,
            looks=request.app.state.looks,
        )
        view = page.view(wanted)
        match twin:
            case ".json":
                return tagged(request, rendering.json(view), "application/json")
            case ".md":
                return tagged(
                    request,
                    rendering.markdown(page.name, view, package=page.package).encode(),
                    "text/markdown; charset=utf-8",
                )
        frame = frame_of(request, asked, page, view.head, pages, past=past, now=clock)
        return tagged(
            request,
            rendering.html(page.name, view, frame, package=page.package).encode(),
            "text/html; charset=utf-8",
        )

    return answer


def tagged(request: Request, body: bytes, kind: str) -> Response:
    """A page under the tag of its bytes, or 304; what a browser may do with it is written beside it."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**POLICY, "ETag": tag, "Vary": "Cookie, Authorization"}
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type=kind, headers=headers)


def _way_in(gathered: Gathered) -> Callable[[House], Response]:
    def way_in(asked: Asked) -> Response:
        """To the on-call page where something fires, else to the executive one."""
        facts = gathered.facts(asked)
        fires = any(one.life.state == "firing" and one.severity != "log" for one in facts.alerts)
        return RedirectResponse(
            "/oncall" if fires and not isinstance(facts.at, NoData) else "/executive", HTTPStatus.SEE_OTHER
        )

    return way_in


async def _preferences(request: Request) -> Response:
    """How pages look to this browser: kept in cookies, so that the server renders it right at once."""
    said = await form(request)
    response = RedirectResponse(own_path(said.get("next", "/")), HTTPStatus.SEE_OTHER)
    for cookie, name, values in ((THEME, "theme", THEMES), (KEYS, "keys", ("on", "off"))):
        if said.get(name) in values:
            response.set_cookie(cookie, said[name], max_age=LASTING, path="/", samesite="lax")
    return response
