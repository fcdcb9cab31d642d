"""The task that answers GitHub's waiting deployments: of several replicas, the holder of the lease does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Engine

from allowance.app.protection import SLOWEST, attend
from allowance.core.time import Instant
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


class Answering:
    """Looks at the deployments that are due while it is `allowed` to; what waits is in the store, for whoever is."""

    def __init__(
        self, engine: Engine, house: House, settings: GithubSettings, *, allowed: Callable[[], bool]
    ) -> None:
        self._engine, self._house, self._allowed = engine, house, allowed
        self._gate, self._answers = HouseGate(house), GithubAnswers(settings)
        self._rejects = settings.stop == "reject"
        self._leads = False

    def look(self) -> None:
        """Once; at all of them after a start or a takeover. Where that ends on the way it stops there."""
        if not self._allowed():
            self._leads = False
            return
        now = self._house.clock()
        found = github_pending.due(self._engine, now=now if self._leads else now + SLOWEST)
        attend(
            (one for one in found if self._allowed()),
            self._gate,
            self._answers,
            lambda pending: github_pending.settle(self._engine, pending),
            rejects=self._rejects,
            now=now,
        )
        self._leads = True


async def answering(work: Answering) -> None:
    """Every second, until it is cancelled."""
    while True:
        try:
            await asyncio.to_thread(work.look)
        except Exception:
            log.exception("deployments could not be answered")
        await asyncio.sleep(PAUSE)
