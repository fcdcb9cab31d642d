"""`/contract`."""

from __future__ import annotations

import threading
from datetime import date

from allowance.app.law import Asked as Entries
from allowance.contract.lint import lint
from allowance.contract.model import Contract
from allowance.core.problem import Problem
from allowance.core.time import Instant, in_zone
from allowance.reports.pages.contract import ContractPage, contract_page
from allowance.reports.pages.facts import UTC
from allowance.reports.pages.signed import signed_policy
from allowance.web.contract_files import KIND
from allowance.web.coverage import coverage_now
from allowance.web.pages.governance import policies
from allowance.web.pages.page import Page, Wanted

CHANGES = 20


class _Reviewed:
    """What lint says of the newest contract: worked out once per contract and day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Contract, date, list[Problem]] | None = None

    def of(self, contract: Contract, today: date) -> list[Problem]:
        with self._lock:
            known = self._known
            if known is None or known[0] is not contract or known[1] != today:
                known = self._known = (contract, today, lint(contract, today=today))
            return known[2]


_REVIEWED = _Reviewed()


def reviewed(contract: Contract, *, now: Instant) -> list[Problem]:
    """What lint says of the contract in force."""
    return _REVIEWED.of(contract, in_zone(now, UTC).date())


def _view(wanted: Wanted) -> ContractPage:
    house, facts, now = wanted.house, wanted.facts, wanted.now
    changed = house.state.law.ledger.find(Entries(kind=KIND, most=CHANGES, newest=True))
    return contract_page(
        facts,
        reviewed(facts.contract, now=now),
        [signed_policy(one, facts.standing, now=now) for one in policies(house)],
        changed[::-1],
        coverage_now(house),
    )


PAGE = Page(path="/contract", name="contract", view=_view, nav="Contract", key="c", past="facts")
