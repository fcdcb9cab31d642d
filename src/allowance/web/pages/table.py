"""Every page, in the order of the navigation."""

from __future__ import annotations

from allowance.web.pages import (
    acts,
    contract,
    executive,
    gate,
    governance,
    help_page,
    ledger,
    mapped,
    oncall,
    services,
    silence,
    slo,
    slos,
)
from allowance.web.pages.page import Page

PAGES: tuple[Page, ...] = (
    oncall.PAGE,
    executive.PAGE,
    slos.PAGE,
    services.PAGE,
    slo.PAGE,
    gate.GATE,
    gate.DECISION,
    gate.DECISIONS,
    governance.PAGE,
    *acts.PAGES,
    acts.SIGN,
    contract.PAGE,
    mapped.PAGE,
    ledger.LEDGER,
    ledger.ENTRY,
    silence.PAGE,
    help_page.SEARCH,
    help_page.HELP,
)
PATHS = frozenset(page.path for page in PAGES)
