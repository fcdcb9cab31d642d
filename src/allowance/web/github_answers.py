"""The task that answers GitHub's waiting deployments while the program runs."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy import Engine

from allowance.app.protection import SLOWEST, attend
from allowance.core.time import Instant
from allowance.edges import clock
from allowance.edges.github import GithubAnswers
from allowance.edges.github_file import GithubSettings
from allowance.edges.store import github_pending
from allowance.governance.ledger import Entry
from allowance.governance.verdict import Ask, Verdict
from allowance.web.asked import House
from allowance.web.gate import judged_now, recorded_now

PAUSE = 1.0

log = structlog.get_logger()


class HouseGate:
    """The gate as the API has it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def look(self, ask: Ask, *, now: Instant) -> Verdict:
        """The verdict of now. Errors: `Problem`."""
        return judged_now(self._house, ask, now=now)

    def record(self, ask: Ask, key: str, *, now: Instant) -> Entry:
        """The verdict of now in the ledger, once per key. Errors: `Problem`."""
        return recorded_now(self._house, ask, key=key, now=now)[0]


async def answering(engine: Engine, house: House, settings: GithubSettings) -> None:
    """Every second: look at those that are due, after a start at all of them. What waits is in the store."""
    gate, answers = HouseGate(house), GithubAnswers(settings)

    def once(ahead: int) -> None:
        now = clock.now()
        attend(
            github_pending.due(engine, now=now + ahead),
            gate,
            answers,
            lambda pending: github_pending.settle(engine, pending),
            rejects=settings.stop == "reject",
            now=now,
        )

    ahead = SLOWEST
    while True:
        try:
            await asyncio.to_thread(once, ahead)
            ahead = 0
        except Exception:
            log.exception("deployments could not be answered")
        await asyncio.sleep(PAUSE)
