"""`/help` and `/search`: the way to everything else."""

from __future__ import annotations

from allowance.reports.pages.found import Help, Search, help_page, search
from allowance.reports.pages.view import Link
from allowance.web.pages.page import Page, Wanted

LONGEST = 200
"""Characters of a search that are read."""


def _help(wanted: Wanted) -> Help:
    return help_page(wanted.facts, tuple((place.key, place.nav) for place in wanted.pages if place.nav))


def _search(wanted: Wanted) -> Search:
    places = tuple(Link(text=place.nav, href=place.path) for place in wanted.pages if place.nav)
    words = wanted.query.get("q", "")[:LONGEST].strip()
    return search(wanted.facts, words, (*places, Link(text="Help", href="/help")))


HELP = Page(path="/help", name="help", view=_help)
SEARCH = Page(path="/search", name="search", view=_search)
