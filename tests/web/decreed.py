"""A town that is governed: a signed policy, a freeze, exceptions of every kind, verdicts, and things that are owed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from allowance.app.govern import Govern
from allowance.contract.budget_policy import Exceptions, FreezeModel
from allowance.contract.model import Dependency, Journey, Mitigation
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.core.ratio import parse_decimal as ratio
from tests.web.busy import MIN, NOW, Town
from tests.web.test_gate import signed

DAY = 86400
PEOPLE = {"viewer": "Eva", "engineer": "Mira", "tpm": "Ana", "executive": "Ida", "admin": "Ben"}


def governed(folder: Path, *, model: FreezeModel = "hard", is_signed: bool = True) -> Town:
    """The busy town under a policy; the loop has ticked, so that freezes have begun."""
    town = Town(folder)
    policy = replace(GREEN_YELLOW_RED, freeze=model, exceptions=Exceptions(silver_bullets=3, per="quarter"))
    policy = signed(policy) if is_signed else policy
    services = []
    for one in town.loop.contract.services:
        if one.name == "checkout":
            needs = (
                Dependency(service="payments-gw"),
                Dependency(service="login", mitigations=(Mitigation(kind="cache", coverage=ratio("0.9")),)),
                Dependency(service="catalog", kind="soft"),
                Dependency(service="maps", target=ratio("0.999")),
            )
            one = replace(one, dependencies=needs)
        if one.name == "login":
            one = replace(one, dependencies=(Dependency(service="mail", kind="soft"),))
        services.append(one)
    buying = Journey(
        name="buy",
        outcome="People who want to buy something have bought it.",
        slos=("checkout/availability", "checkout/latency", "login/availability"),
        owner="payments",
    )
    town.loop.contract = replace(
        town.loop.contract,
        services=tuple(services),
        journeys=(buying,),
        budget_policies=(policy,),
    )
    town.run().decorate()
    govern(town)
    return town


def govern(town: Town) -> None:
    """Let the policies decide on the newest tick, as the server does."""
    assert town.state.now is not None
    Govern(town.state.law, lambda: town.loop.contract, town.state.counted)(town.state.now)


class People:
    """Somebody of each role, who asks the API of a town as they would through a browser."""

    def __init__(self, town: Town) -> None:
        self.town, self.app = town, town.app()

    def post(
        self, role: Any, path: str, body: dict[str, Any] | None, *, status: Sequence[int] = (200, 201, 202)
    ) -> Any:
        """What the API answers."""
        with ThreadPoolExecutor(1) as aside:  # a loop of a browser may run in this thread
            return aside.submit(asyncio.run, self._post(role, path, body, status)).result()

    async def _post(self, role: Any, path: str, body: dict[str, Any] | None, status: Sequence[int]) -> Any:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1:8787",
            cookies=self.town.cookie(role, PEOPLE[role]),
        ) as browser:
            answer = await browser.post(path, json=body, headers={"Origin": "http://127.0.0.1:8787"})
        assert answer.status_code in status, answer.text
        return answer.json()


def decree(town: Town) -> Town:
    """Everything that people do about governance, some of it days ago."""
    people, clock = People(town), town.clock
    clock.now = NOW - 9 * DAY
    bullet = {
        "service": "checkout",
        "change": "CHG-81",
        "reason": "the tax table changes by law on 13 November",
    }
    asked = people.post("engineer", "/v1/bullets", bullet)
    people.post("executive", f"/v1/bullets/{asked['id']}/approve", None)
    clock.now = NOW - 2 * DAY
    frozen = {"service": "mail", "reason": "the mail provider is being replaced", "model": "soft"}
    people.post("tpm", "/v1/freezes", frozen)
    clock.now = NOW - 3600
    people.post(
        "engineer",
        "/v1/bullets",
        {**bullet, "service": "login", "change": "CHG-99", "reason": "a fair opens tomorrow"},
    )
    asked = people.post(
        "engineer",
        "/v1/releases",
        {"service": "search", "change": "CHG-90", "plan": "one percent of users, watched for a day"},
    )
    people.post("tpm", f"/v1/releases/{asked['id']}/approve", None)
    ask = {"service": "checkout", "change": "feature", "version": "v4.14.0", "change_id": "CHG-100"}
    people.post("engineer", "/v1/decisions", ask)
    people.post("engineer", "/v1/decisions", {**ask, "service": "catalog", "version": "v2.0.1"})
    item = {"what": "load test of the queue", "owner": "Tom", "due": "2026-12-15T00:00:00Z"}
    asked = people.post(
        "executive",
        "/v1/bankruptcies",
        {"service": "exports", "reason": "the old exporter is gone", "sprint": [item]},
    )
    people.post("engineer", f"/v1/bankruptcies/{asked['id']}/signatures", None)
    people.post("tpm", f"/v1/bankruptcies/{asked['id']}/signatures", None)
    clock.now = NOW + 10
    town.loop.advance(now=NOW + MIN)
    clock.now = NOW + MIN + 10
    return town
