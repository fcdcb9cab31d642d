"""Every page, in the order of the navigation."""

from __future__ import annotations

from allowance.web.pages import executive
from allowance.web.pages.page import Page

PAGES: tuple[Page, ...] = (executive.PAGE,)
PATHS = frozenset(page.path for page in PAGES)
