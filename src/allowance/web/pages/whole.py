"""All pages as a part of the application."""

from __future__ import annotations

from fastapi import FastAPI

from allowance.web.pages import acts, assets, charts, gate, oncall, period, silence, slos, stream
from allowance.web.pages.faces import with_page
from allowance.web.pages.gathered import Gathered
from allowance.web.pages.page import NOTHING_MORE, More
from allowance.web.pages.router import pages_router
from allowance.web.pages.stream import Pulse
from allowance.web.pages.table import PAGES, PATHS

BESIDE = (
    charts.router,
    assets.router,
    stream.router,
    slos.router,
    oncall.router,
    silence.router,
    period.router,
    gate.router,
    acts.router,
)
"""Routes that are no pages: files, the stream, forms."""


def with_pages(app: FastAPI, more: More = NOTHING_MORE) -> None:
    """Add the pages, and `more` of them; errors that the app answers last of all get a face as well."""
    app.state.gathered = Gathered(PATHS)
    app.state.pulse = Pulse(app.state.gathered)
    for router in (*BESIDE, *more.routers):
        app.include_router(router)
    app.include_router(pages_router((*PAGES, *more.pages), app.state.gathered))
    last = app.exception_handlers[Exception]
    app.add_exception_handler(Exception, with_page(last))
