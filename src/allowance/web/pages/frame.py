"""What stands around every page: who reads, where they can go, from when the numbers are, and how it looks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.requests import Request

from allowance import __version__
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant, iso
from allowance.governance.roles import SIGNS
from allowance.reports.glyphs import state_icon
from allowance.reports.pages.rows import about
from allowance.reports.pages.view import Head, When
from allowance.reports.status_report import GLYPHS
from allowance.web.asked import House
from allowance.web.pages.assets import asset
from allowance.web.pages.page import Page
from allowance.web.sessions import cookies
from allowance.web.tokens import Caller

THEMES = ("system", "light", "dark")
THEME, KEYS = "allowance-theme", "allowance-keys"
STALE_TICKS = 2
"""After so many missed ticks a page says that its numbers are old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A word of the navigation."""

    text: str
    href: str
    key: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Everything that the frame of a page needs; `here` is the page's own address, `twin` where its twins stand.

    `frozen` is the address that shows the same numbers later too (`""`: there is none), `present` leads from the past
    to now.
    """

    who: Caller
    theme: str
    keys: bool
    here: str
    twin: str
    query: str
    frozen: str
    present: str
    places: tuple[Place, ...]
    stale: When | NoData
    tab: str
    icon: str
    css: str
    script: str
    step: int
    version: str = __version__

    def may(self, right: str) -> bool:
        """Whether the reader has a right: what they may not do is not offered."""
        return right in self.who.rights

    def speaks_for(self, parties: Collection[str]) -> bool:
        """Whether the reader's role speaks for one of some parties of a policy."""
        return self.who.role is not None and SIGNS.get(self.who.role) in parties


def frame_of(
    request: Request,
    house: House,
    page: Page,
    head: Head,
    pages: Sequence[Page],
    *,
    past: Instant | NoData = NO_DATA,
    now: Instant,
) -> Frame:
    """The frame of a page for one request; `past` is the earlier instant that it shows."""
    path = request.url.path
    kept = cookies(request.headers)
    theme = kept.get(THEME, THEMES[0])
    query = f"?{request.url.query}" if request.url.query else ""
    return Frame(
        who=request.scope["state"]["caller"],
        theme=theme if theme in THEMES else THEMES[0],
        keys=kept.get(KEYS) != "off",
        here=path + query,
        twin=path if path != "/" else "",
        query=query,
        frozen=_ending(request, head.as_of) if page.past and not isinstance(head.as_of, NoData) else "",
        present="" if isinstance(past, NoData) else _ending(request, NO_DATA),
        places=tuple(
            Place(text=one.nav, href=one.path, key=one.key, is_here=one.path == path)
            for one in pages
            if one.nav
        ),
        stale=stale(head, house, now=now) if isinstance(past, NoData) else NO_DATA,
        tab=f"{GLYPHS[head.state.health]} {head.h1} \u00b7 {head.title}",
        icon=f"data:image/svg+xml,{quote(state_icon(head.state.health).markup)}",
        css=asset("pages.css").href,
        script=asset("app.js").href,
        step=house.settings.step,
    )


def _ending(request: Request, end: When | NoData) -> str:
    """The address of a page up to an instant, which it may name already; or without one."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "end"]
    if not isinstance(end, NoData):
        kept.append(("end", request.query_params.get("end") or iso(end.at)))
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


def stale(head: Head, house: House, *, now: Instant) -> When | NoData:
    """The newest tick, where the ticks after it did not come."""
    if isinstance(head.as_of, NoData):
        return NO_DATA
    behind = now - house.settings.delay - head.as_of.at
    if behind <= STALE_TICKS * house.settings.step:
        return NO_DATA
    return When(at=head.as_of.at, ago=about(behind))
