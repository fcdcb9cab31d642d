"""`/demo` and `/tour`: break the shop, see what follows, be led through it. They are there in demo mode only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.changes.deploys import Deploy, DeployState
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.demo.living.scenarios import SOUND, Faultline
from allowance.demo.living.tour import Seen, Tour, tour
from allowance.demo.living.views import Control, control
from allowance.governance.verdict import PRODUCTION, Ask, Verdict
from allowance.web.asked import Asked, House
from allowance.web.door import same_origin
from allowance.web.gate import looked
from allowance.web.pages.forms import form
from allowance.web.pages.page import More, Page, Wanted
from allowance.web.problems import Refusal
from allowance.web.tokens import may

PACKAGE = "allowance.demo.living"


def more(faultline: Faultline) -> More:
    """The demo's pages over the faults of a shop."""
    pages = (
        Page(path="/tour", name="tour", view=_tour(faultline), nav="Tour", key="t", package=PACKAGE),
        Page(
            path="/demo", name="control", view=_control(faultline), nav="Break it", key="b", package=PACKAGE
        ),
    )
    return More(pages=pages, routers=(_router(faultline),))


def _tour(faultline: Faultline) -> Callable[[Wanted], Tour]:
    def view(wanted: Wanted) -> Tour:
        def gate(service: str) -> Verdict:
            return looked(wanted.house, Ask(service=service, change="feature"))

        return tour(Seen(facts=wanted.facts, faults=faultline, gate=gate, now=wanted.now))

    return view


def _control(faultline: Faultline) -> Callable[[Wanted], Control]:
    def view(wanted: Wanted) -> Control:
        return control(dict(faultline.broken), as_of=wanted.facts.at, now=wanted.now)

    return view


def _router(faultline: Faultline) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.post("/demo", dependencies=[may("read")])
    async def press(request: Request, asked: Asked) -> Response:
        """Break or mend, as a button of the page says; other sites cannot press it."""
        if not same_origin(request.scope, ""):
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "origin",
                "this came from a page of another site",
                hint="use /demo itself",
            )
        said = await form(request)
        await run_in_threadpool(_pressed, faultline, said.get("break", ""), asked)
        return RedirectResponse("/demo", HTTPStatus.SEE_OTHER)

    return router


def _pressed(faultline: Faultline, scenario: str, house: House) -> None:
    now = house.clock()
    try:
        if scenario:
            deploys = _deploys(faultline.break_(scenario, now=now).deploys, "ok", now)
        else:
            back = {name: SOUND["version"] for one in faultline.mend(now=now) for name in one.deploys}
            deploys = _deploys(back, "rolled-back", now)
    except ProblemError as error:
        problem = error.problems[0]
        status = HTTPStatus.NOT_FOUND if problem.code == "scenario" else HTTPStatus.SERVICE_UNAVAILABLE
        raise Refusal(status, problem.code, problem.message, hint=problem.hint) from None
    house.state.save_deploys(deploys)


def _deploys(versions: Mapping[str, str], state: DeployState, now: Instant) -> list[Deploy]:
    """What the shop's pipeline would have told of these versions."""
    return [
        Deploy(
            id=f"{service}-{version}-{now}",
            service=service,
            version=version,
            commit="",
            environment=PRODUCTION,
            at=now,
            state=state,
            source="demo",
        )
        for service, version in versions.items()
    ]
