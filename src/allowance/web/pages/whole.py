"""All pages as a part of the application."""

from __future__ import annotations

from fastapi import FastAPI

from allowance.web.pages import assets, stream
from allowance.web.pages.faces import with_page
from allowance.web.pages.gathered import Gathered
from allowance.web.pages.router import pages_router
from allowance.web.pages.stream import Pulse
from allowance.web.pages.table import PAGES, PATHS


def with_pages(app: FastAPI) -> None:
    """Add the pages; errors that the app answers last of all get a face as well."""
    app.state.pulse = Pulse()
    app.include_router(assets.router)
    app.include_router(stream.router)
    app.include_router(pages_router(PAGES, Gathered(PATHS)))
    last = app.exception_handlers[Exception]
    app.add_exception_handler(Exception, with_page(last))
