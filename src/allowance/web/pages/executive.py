"""`/executive`."""

from __future__ import annotations

from allowance.reports.pages.executive import Executive, executive
from allowance.web.pages.page import Page, Wanted


def _view(wanted: Wanted) -> Executive:
    return wanted.facts.once("executive", lambda: executive(wanted.facts))


PAGE = Page(path="/executive", name="executive", view=_view, nav="Executive", key="e", past="facts")
