"""`/help` and `/search`: the way to everything else."""

from __future__ import annotations

from allowance.governance.roles import Right
from allowance.reports.pages.found import Help, Search, help_page, search
from allowance.reports.pages.view import Link
from allowance.web.pages.page import Page, Wanted

ACTS: tuple[tuple[str, str, Right], ...] = (
    ("New silence", "/silence", "mute"),
    ("Spend a silver bullet", "/governance/bullet", "sign"),
    ("Override a governance freeze", "/governance/override", "sign"),
    ("Ask for a conditional release", "/governance/release", "sign"),
    ("Grant a waiver", "/governance/waiver", "waive"),
    ("Begin a freeze", "/governance/freeze", "freeze"),
    ("Declare bankruptcy", "/governance/bankruptcy", "bankrupt"),
    ("Verify the ledger", "/ledger?verify=yes", "read"),
    ("All verdicts", "/decisions", "read"),
)
"""What can be done from anywhere, with the right that it takes."""

LONGEST = 200
"""Characters of a search that are read."""


def _help(wanted: Wanted) -> Help:
    return help_page(wanted.facts, tuple((place.key, place.nav) for place in wanted.pages if place.nav))


def _search(wanted: Wanted) -> Search:
    places = tuple(Link(text=place.nav, href=place.path) for place in wanted.pages if place.nav)
    acts = tuple(Link(text=text, href=href) for text, href, right in ACTS if right in wanted.who.rights)
    words = wanted.query.get("q", "")[:LONGEST].strip()
    return search(wanted.facts, words, (*places, *acts, Link(text="Help", href="/help")))


HELP = Page(path="/help", name="help", view=_help)
SEARCH = Page(path="/search", name="search", view=_search)
