"""`/map`."""

from __future__ import annotations

from allowance.reports.pages.map import Map, map_page
from allowance.web.pages.page import Page, Wanted


def _view(wanted: Wanted) -> Map:
    return map_page(wanted.facts)


PAGE = Page(path="/map", name="map", view=_view, nav="Map", key="m", past="facts")
