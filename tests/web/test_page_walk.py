"""Any state: made-up towns are walked through, and no page says anything that is nonsense."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from allowance.app.status import Measure, status
from allowance.budget.analysis import Question, analyse
from allowance.contract.budget_policy import Exceptions, FreezeModel
from allowance.contract.model import Slo
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.contract.rules import WORKBOOK
from allowance.contract.source import Source
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from allowance.edges.pages.html import html_of
from allowance.governance.roles import Role
from allowance.reports.analysis_json import Wording
from allowance.reports.analysis_page import analysis_page
from allowance.reports.page import Page as ReportPage
from allowance.reports.status_report import status_json
from allowance.signals.measured import Durations, Measured, SourceFacts
from allowance.web.pages.table import PAGES
from tests.web.busy import Story, Town
from tests.web.decreed import People, govern
from tests.web.reading import check_page
from tests.web.test_gate import signed

pytestmark = pytest.mark.anyio

DAY = 86400
NONSENSE = re.compile(r"\b(None|NaN|nan|Infinity)\b")


def made_up(seed: int) -> dict[str, tuple[Story, ...]]:
    """A town of which only chance knows the state."""
    rng = np.random.default_rng(seed)

    def story(name: str) -> Story:
        spells = tuple(
            (float(rng.uniform(0, 7)), int(rng.integers(1, 3000)), float(rng.choice([1.0, 0.5, 0.02])))
            for _ in range(rng.integers(0, 4))
        )
        return Story(
            name=name,
            target=str(rng.choice(["0.5", "0.9", "0.99", "0.999", "0.99999", "0.9999999"])),
            traffic=float(rng.choice([0.0, 0.0005, 0.1, 5.0])),
            usual=float(rng.choice([0.0, 0.0001, 0.2, 1.0])),
            spells=spells,
            silent=int(rng.choice([0, 0, 20, 3000, 100_000])),
            window=int(rng.choice([1, 7])) * DAY,
            source=str(rng.choice(["prom-eu", "prom-us"])),
            group_by=("region",) if rng.random() < 0.3 else (),
        )

    return {f"service-{n}": tuple(story(f"slo-{k}") for k in range(rng.integers(0, 4))) for n in range(4)}


ROLES: tuple[Role, ...] = ("viewer", "engineer", "tpm", "executive", "admin")
ANY = range(200, 500)


def governed(town: Town, seed: int) -> Town:
    """Rules and decisions of which only chance knows whether they hold; what is refused is part of it."""
    rng = np.random.default_rng(seed)
    models: tuple[FreezeModel, ...] = ("soft", "hard", "governance")
    policy = replace(
        GREEN_YELLOW_RED,
        freeze=models[seed % 3],
        exceptions=Exceptions(silver_bullets=int(rng.integers(0, 3)), two_people=bool(rng.random() < 0.5)),
    )
    policy = signed(policy) if rng.random() < 0.7 else policy
    town.loop.contract = replace(town.loop.contract, budget_policies=(policy,))
    if town.state.now is not None:
        govern(town)
    people, services = People(town), [one.name for one in town.loop.contract.services]
    item = {"what": "load test", "owner": "Tom", "due": "2026-12-15T00:00:00Z"}
    said: list[tuple[str, dict[str, Any]]] = [
        ("/v1/decisions", {"change": "feature", "version": "v1"}),
        ("/v1/bullets", {"change": "C-1", "reason": "a fair"}),
        ("/v1/overrides", {"change": "C-2", "reason": "a law"}),
        ("/v1/releases", {"change": "C-3", "plan": "one percent"}),
        ("/v1/freezes", {"model": models[int(rng.integers(0, 3))], "reason": "a move"}),
        ("/v1/bankruptcies", {"reason": "a lost month", "sprint": [item]}),
    ]
    for path, body in said:
        service = services[int(rng.integers(0, len(services)))]
        answer = people.post("executive", path, {"service": service, **body}, status=ANY)
        if path == "/v1/bankruptcies" and "id" in answer and rng.random() < 0.5:
            for role in ("engineer", "tpm"):
                people.post(role, f"/v1/bankruptcies/{answer['id']}/signatures", None, status=ANY)
    return town


@pytest.mark.parametrize("seed", range(10))
async def test_no_page_says_nonsense_and_all_say_the_same(seed: int, tmp_path: Path) -> None:
    town = Town(tmp_path, made_up(seed))
    if seed % 5 == 4:
        town.played.down.add("prom-us")
    town.run(minutes=seed % 3 - (seed == 7)).decorate()
    role = ROLES[seed % len(ROLES)]
    if seed % 4:
        governed(town, seed)
    contract = town.loop.contract
    addresses = [page.path for page in PAGES if "{" not in page.path]
    addresses += ["/slos?group=tier&sort=burn", "/slos?q=state%3Dno-data&sort=-measured"]
    addresses += [f"/services/{one.name}" for one in contract.services]
    addresses += [f"/slo/{slo.id}" for slo in contract.slos[:4]]
    addresses += [f"/gate?service={one.name}" for one in contract.services[:2]]
    addresses += [f"/gate/{seq}" for seq in list(town.state.law.standing().decisions.values())[:1]]
    transport = httpx.ASGITransport(town.app())
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8787", cookies=town.cookie(role, "Mira")
    ) as browser:
        for address in addresses:
            await _sound(browser, address)
        await _equal(browser, town)
    town.engine.dispose()


async def _sound(browser: httpx.AsyncClient, address: str) -> None:
    path, _, query = address.partition("?")
    page = await browser.get(address, headers={"Accept": "text/html"})
    if page.status_code == 403:
        return  # a page for another role
    assert page.status_code == 200, (address, page.text[:500])
    check_page(page.text)
    for twin in (".json", ".md"):
        found = await browser.get(f"{path}{twin}?{query}")
        assert found.status_code == 200, (address, twin)
        assert NONSENSE.search(found.text) is None, (address, twin)


async def _equal(browser: httpx.AsyncClient, town: Town) -> None:
    """The list, the pages of services, the API, `allowance status --json` and the report of `analyze` say the same."""
    tick, contract = town.state.now, town.loop.contract
    api = {one["id"]: one for one in (await browser.get("/v1/slos")).json()["slos"]}
    rows = (await browser.get("/slos.json")).json()["rows"]
    listed, words = (await browser.get("/slos")).text, (await browser.get("/slos.md")).text
    for service in contract.services:
        rows += (await browser.get(f"/services/{service.name}.json")).json()["rows"]
    assert {row["id"] for row in rows} == set(api)
    for row in rows:
        found = api[row["id"]]
        assert row["state"] == found["state"]
        assert row["measured"]["value"] == found.get("sli")
        assert row["left"]["value"] == (found.get("budget") or {}).get("remaining")
        if not row["says"]:
            assert row["left"]["text"] in listed
            assert row["left"]["text"] in words
    if tick is None or town.played.down or town.state.law.standing().epochs:
        return  # a bankruptcy and a dead source are known to the server only
    told = status(contract, _measure(town), now=tick.at, at=tick.at)
    for one in status_json(told)["slos"]:
        found = api[f"{one['service']}/{one['slo']}"]
        assert one["state"] == found["state"]
        assert one["sli"] == found["sli"]
        assert found["budget"] == one["budget"]
    for judged in told[:2]:
        assert judged.buckets is not None
        text = html_of(_report(judged.slo, judged.buckets, at=tick.at))
        left = next(row["left"] for row in rows if row["id"] == judged.slo.id)
        if left["value"] is not None:
            assert left["text"] in text


def _measure(town: Town) -> Measure:
    def measured(
        source: Source, slos: Sequence[Slo], *, begin: Instant, end: Instant | None, by: str | None
    ) -> Measured:
        assert end is not None
        read = town.played(source, slos, by, None, begin=begin, end=end)
        return Measured(facts=SourceFacts(format="made up"), series=read.gains)

    return measured


def _report(slo: Slo, buckets: Buckets, *, at: Instant) -> ReportPage:
    asked = Question(
        target=slo.target,
        windows=(slo.window,),
        instants=(at,),
        rules=WORKBOOK,
        period=slo.period,
        zone=ZoneInfo("UTC"),
    )
    return analysis_page(
        facts=SourceFacts(format="made up"),
        wording=Wording(valid="all", good="good"),
        whole=analyse(buckets, asked),
        durations=Durations(),
        groups={},
        made_at=at,
    )
