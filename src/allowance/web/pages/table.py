"""Every page, in the order of the navigation."""

from __future__ import annotations

from allowance.web.pages import (
    act_forms,
    contract,
    executive,
    gate,
    governance,
    help_page,
    ledger,
    mapped,
    oncall,
    services,
    signing,
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
    *act_forms.PAGES,
    signing.PAGE,
    contract.PAGE,
    mapped.PAGE,
    ledger.LEDGER,
    ledger.ENTRY,
    silence.PAGE,
    help_page.SEARCH,
    help_page.HELP,
)
PATHS = frozenset(page.path for page in PAGES)
