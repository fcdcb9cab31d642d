"""The JSON API: its routes, and what stands before and behind them."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute

from allowance import __version__
from allowance.web import (
    alerts,
    argo,
    arrivals,
    bankruptcies,
    bullets,
    corrections,
    coverage,
    deploys,
    exceptions,
    flagger,
    freezes,
    gate,
    github,
    health,
    ledger,
    metrics,
    mutes,
    notes,
    obligations,
    overrides,
    policies,
    releases,
    reload,
    risk,
    rum,
    samples,
    slos,
    waivers,
)
from allowance.web.asked import House
from allowance.web.described import describe_open_reading
from allowance.web.door import Door
from allowance.web.gate_quick import QuickGates
from allowance.web.health import Trial
from allowance.web.ledger import Looks
from allowance.web.oidc import Provider
from allowance.web.pages.faces import Faces
from allowance.web.pages.page import NOTHING_MORE, More
from allowance.web.pages.whole import with_pages
from allowance.web.problems import answer_with_problems
from allowance.web.sessions import Sessions
from allowance.web.sign_in import sign_in_router
from allowance.web.state import LiveState, Settings
from allowance.web.tally import Answering
from allowance.web.tokens import Tokens

ROUTERS = (
    health.router,
    metrics.router,
    slos.router,
    alerts.router,
    mutes.router,
    notes.router,
    corrections.router,
    arrivals.router,
    rum.router,
    gate.router,
    freezes.router,
    policies.router,
    ledger.router,
    argo.router,
    deploys.router,
    flagger.router,
    github.router,
    exceptions.router,
    bullets.router,
    overrides.router,
    releases.router,
    waivers.router,
    bankruptcies.router,
    obligations.router,
    risk.router,
    samples.router,
    coverage.router,
    reload.router,
)


def build_api(
    state: LiveState,
    tokens: Tokens,
    clock: Callable[[], int],
    settings: Settings | None = None,
    *,
    sessions: Sessions | None = None,
    provider: Provider | None = None,
    more: More = NOTHING_MORE,
) -> FastAPI:
    """The application for a server; the first request may come before the first tick.

    With `sessions` people sign in by one-time links, and with a `provider` by that.

    No page of it loads anything from elsewhere: its description is `/v1/openapi.json`.
    """
    settings = settings or Settings()
    app = FastAPI(
        title="Allowance",
        summary="What you promised, what is left of the budget, and who must know.",
        version=__version__,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.house = House(state=state, settings=settings, clock=clock)
    app.state.trial = Trial()
    app.state.looks = Looks()
    for router in ROUTERS:
        app.include_router(router)
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    answer_with_problems(app, routes)
    if settings.open_reading:
        describe_open_reading(app, routes)
    with_pages(app, more)
    if sessions is not None:
        app.include_router(sign_in_router(sessions, provider, clock))
    app.add_middleware(QuickGates, state=state, clock=clock)
    app.add_middleware(Door, tokens=tokens, settings=settings, clock=clock, law=state.law, sessions=sessions)
    app.add_middleware(Faces, sign_in=sessions is not None)
    app.add_middleware(Answering, tally=state.tally)
    return app
