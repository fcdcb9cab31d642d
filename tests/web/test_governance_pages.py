"""Gate, decisions, governance, contract, map and ledger in a browser's eyes: forms by role, numbers as in the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from allowance.changes.deploys import Deploy
from tests.web.busy import Town
from tests.web.decreed import PEOPLE, decree, governed
from tests.web.reading import check_page, weight

pytestmark = pytest.mark.anyio

HOME = "http://127.0.0.1:8787"
HTML = {"Accept": "text/html"}
ADDRESSES = (
    "/gate",
    "/gate?service=checkout&version=v5",
    "/decisions",
    "/decisions?verdict=stop&service=checkout",
    "/governance",
    "/governance?period=2026-Q3&team=payments",
    "/governance/bullet?service=catalog&change=C-1&reason=a+fair",
    "/governance/override?service=checkout&change=C-1&reason=a+fair",
    "/governance/bankruptcy?service=invoices&reason=lost&sprint=load+test;+Tom;+2026-12-15%0Adrill;+Ana;+2026-12-20",
    "/governance/bankruptcy?service=invoices&reason=lost&sprint=nothing",
    "/governance/freeze",
    "/governance/waiver?slo=checkout/availability&dependency=login&hours=2&reason=it+was+down",
    "/governance/release",
    "/governance/sign?policy=green-yellow-red",
    "/contract",
    "/map",
    "/ledger?verify=yes",
    "/ledger?kind=gate",
    "/ledger/1",
)


@pytest.fixture(scope="module")
def decreed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town in which much was decided."""
    town = decree(governed(tmp_path_factory.mktemp("decreed")))
    yield town
    town.engine.dispose()


def browser(town: Town, role: str = "engineer") -> httpx.AsyncClient:
    """Somebody of a role, signed in."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(town.app()),
        base_url=HOME,
        cookies=town.cookie(role, PEOPLE[role]),  # type: ignore[arg-type]
        headers=HTML | {"Origin": HOME},
    )


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_page_says_something_sound(decreed: Town, address: str) -> None:
    path, _, query = address.partition("?")
    async with browser(decreed) as b:
        page = await b.get(address)
        assert page.status_code == 200, page.text
        check_page(page.text)
        assert weight(page.text) <= 40_000
        for twin in (".json", ".md"):
            found = await b.get(f"{path}{twin}?{query}")
            assert found.status_code == 200
            assert re.search(r"\b(None|NaN|Infinity)\b", found.text) is None


async def test_the_page_of_freezes_says_what_the_api_says(decreed: Town) -> None:
    async with browser(decreed) as b:
        page, api = (await b.get("/governance.json")).json(), (await b.get("/v1/freezes")).json()["freezes"]
        owed = (await b.get("/v1/obligations?open=true")).json()["obligations"]
        quotas = (await b.get("/v1/bullets")).json()["quotas"]
    shown = {one["id"]: (one["way"], one["earliest"]) for one in page["freezes"]}
    assert shown == {
        one["id"]: (one["progress"], one["earliest_end"])
        for one in api
        if one["progress"] or one["until"] is None
    }
    assert shown
    assert [one["id"] for one in page["obligations"]] == [one["id"] for one in owed]
    assert page["obligations"][0]["overdue"] is True
    left = {one["unit"]: one["left"]["value"] for one in page["units"]}
    assert left == {one["unit"]: one["left"] for one in quotas}


async def test_a_decision_is_what_the_api_says_and_never_changes(decreed: Town) -> None:
    async with browser(decreed) as b:
        made = await b.post("/gate", data={"service": "checkout", "change": "feature", "version": "v9"})
        assert made.status_code == 303
        where = made.headers["location"]
        api = (await b.get(f"/v1/decisions/{where.rpartition('/')[2]}")).json()
        before = (await b.get(f"{where}.json")).json()
        await b.post("/gate", data={"service": "checkout", "change": "rollback", "version": "v8"})
        after = (await b.get(f"{where}.json")).json()
        page = await b.get(where)
    assert before["answer"]["word"] == api["verdict"]
    assert before["answer"]["sentence"] == api["sentence"]
    assert [one["fact"] for one in before["answer"]["because"]] == [one["fact"] for one in api["reasons"]]
    assert before["whole"] is True
    assert api["replays"] is True
    assert {**before, "since": []} == {**after, "since": []}
    assert len(after["since"]) == len(before["since"]) + 1
    assert api["sentence"][:30] in page.text.replace("&#39;", "'")


async def test_deploys_in_a_freeze_and_blind_spots_are_the_same_everywhere(decreed: Town) -> None:
    frozen = next(iter(decreed.state.law.standing().freezes.values()))
    now, ask = decreed.clock.now, {"service": frozen.service, "version": "v4.14.1"}
    one = Deploy(
        id="hot",
        service=frozen.service,
        version="v4.14.1",
        commit="",
        environment="production",
        at=now,
        state="ok",
        source="ci",
    )
    decreed.state.save_deploys([one, replace(one, id="bold", version="v4.15.0")])
    async with browser(decreed) as b:
        asked = await b.post("/v1/decisions", json={**ask, "change": "hotfix"})
        decreed.clock.now = now + 1
        page = (await b.get("/governance.json")).json()
        api = (await b.get("/v1/adherence", params={"service": frozen.service})).json()
        text, html = (await b.get("/metrics")).text, (await b.get("/governance")).text
        team = (await b.get("/governance.json?team=nobody")).json()["kept"]
    decreed.clock.now = now
    assert asked.json()["verdict"] == "go"
    assert "hot" not in api["against"] + api["unasked"]
    assert {"bold"} <= set(api["against"]) & set(api["unasked"])
    assert api["allowed"] >= 1
    kept = page["kept"]
    assert [one["id"] for one in reversed(kept["against"])] == api["against"]
    assert [one["id"] for one in reversed(kept["unasked"])] == api["unasked"]
    assert (kept["deploys"], kept["during"]) == (api["deploys"], api["during_freeze"])
    assert (team["deploys"], team["against"]) == (0, [])
    label = f'{{service="{frozen.service}"}}'
    assert f"allowance_deploys_against_freeze{label} {float(len(api['against']))}" in text
    assert f"allowance_deploys_unasked{label} {float(len(api['unasked']))}" in text
    assert f"The gate was never asked about {len(api['unasked'])}" in page["lead"]
    assert html.count("v4.15.0") == 2
    assert "v4.14.1" not in html.partition('id="kept"')[2].partition("</section>")[0]


ACTS = ("bullet", "override", "release", "freeze", "waiver", "bankruptcy", "approve")


@pytest.mark.parametrize(
    ("role", "offered", "withheld"),
    [
        (
            "viewer",
            set(),
            {"bullet", "override", "release", "freeze", "waiver", "bankruptcy", "approve", "done"},
        ),
        # The bullet that waits wants a yes of business: what the policy would refuse is not offered either.
        ("engineer", {"bullet", "override", "release"}, {"freeze", "waiver", "bankruptcy"}),
        ("tpm", {"bullet", "override", "release", "freeze", "waiver"}, {"bankruptcy"}),
        (
            "executive",
            {"bullet", "override", "release", "freeze", "waiver", "bankruptcy", "approve"},
            set(),
        ),
        ("admin", {"freeze"}, {"bullet", "override", "release", "waiver", "bankruptcy", "approve"}),
    ],
)
async def test_only_what_a_role_may_do_is_offered_and_done(
    decreed: Town, role: str, offered: set[str], withheld: set[str]
) -> None:
    async with browser(decreed, role) as b:
        page = (await b.get("/governance")).text
        found = {one for one in ACTS if f'"/governance/{one}"' in page}
        refused = {
            one: (await b.post(f"/governance/{one}", data={"id": "bullet-1"})).status_code for one in withheld
        }
    assert found == offered
    assert set(refused.values()) <= {403}


@pytest.mark.parametrize(
    ("role", "offered"),
    [("viewer", set()), ("engineer", {"/silence"}), ("executive", {"/governance/bankruptcy"})],
)
async def test_the_menu_offers_what_a_role_may_do(decreed: Town, role: str, offered: set[str]) -> None:
    async with browser(decreed, role) as b:
        found = [
            one["link"]["href"]
            for words in ("silence", "bankrupt")
            for one in (await b.get("/search.json", params={"q": words})).json()["found"]
        ]
    assert set(found) == offered


async def test_forms_do_what_they_say(tmp_path: Path) -> None:
    town = governed(tmp_path, is_signed=False)
    async with browser(town, "tpm") as b:
        page = (await b.get("/governance/sign.json?policy=green-yellow-red")).json()
        hidden = dict(page["hidden"])
        assert (await b.post("/governance/sign", data={**hidden, "hash": "00"})).status_code == 409
        assert (await b.post("/governance/sign", data=hidden)).status_code == 303
        assert (await b.post("/governance/sign", data=hidden)).status_code == 409
        begun = await b.post(
            "/governance/freeze", data={"service": "mail", "model": "soft", "reason": "a move"}
        )
        assert begun.headers["location"] == "/governance#freezes"
        assert (await b.post("/governance/freeze", data={"service": "mail"})).status_code == 422
        freeze = next(iter(town.state.law.standing().freezes))
        assert (
            await b.post("/governance/freeze/end", data={"id": freeze, "reason": "done"})
        ).status_code == 303
    async with browser(town, "engineer") as b:
        wish = {"service": "catalog", "change": "C-7", "reason": "a fair"}
        price = (await b.get("/governance/bullet.json", params=wish)).json()
        assert price["ready"] is True
        assert "after this one 2" in price["means"][0]
        assert (await b.post("/governance/bullet", data=wish)).status_code == 303
        waits = next(iter(town.state.law.standing().pending))
        assert (await b.post("/governance/approve", data={"id": waits})).status_code == 403
    async with browser(town, "executive") as b:
        assert (await b.post("/governance/approve", data={"id": waits})).status_code == 303
        debt = next(iter(town.state.law.standing().obligations))
        done = await b.post("/governance/done", data={"id": debt, "evidence": "https://wiki.example/7"})
        assert done.status_code == 303
        stranger = await b.post(
            "/governance/done", data={"id": debt}, headers={"Origin": "https://evil.example"}
        )
        assert stranger.status_code == 403
    standing = town.state.law.standing()
    assert [one.change for one in standing.bullets.values()] == ["C-7"]
    assert standing.obligations[debt].evidence == "https://wiki.example/7"
    assert [one.role for one in standing.signed] == ["product"]
    town.engine.dispose()


async def test_an_override_and_a_bankruptcy_show_their_price_and_are_asked_for(tmp_path: Path) -> None:
    town = governed(tmp_path, model="governance")
    wish = {"service": "checkout", "change": "C-9", "reason": "a law of tomorrow"}
    lost = {"service": "invoices", "reason": "a lost month", "sprint": "load test; Tom; 2026-12-15"}
    async with browser(town, "executive") as b:
        price = (await b.get("/governance/override.json", params=wish)).json()
        assert price["ready"] is True
        assert "the governance freeze of checkout" in price["means"][0]
        assert (
            (await b.get("/governance/override.json", params={**wish, "service": "mail"}))
            .json()["means"][0]
            .startswith("It cannot be: no governance freeze")
        )
        assert (await b.post("/governance/override", data=wish)).status_code == 303
        price = (await b.get("/governance/bankruptcy.json", params=lost)).json()
        assert price["ready"] is True
        assert re.search(r"has −\d.* of its budget left now", price["means"][0])
        assert (await b.post("/governance/bankruptcy", data={**lost, "sprint": "no item"})).status_code == 422
        assert (await b.post("/governance/bankruptcy", data=lost)).status_code == 303
    standing = town.state.law.standing()
    assert sorted(one.kind for one in standing.pending.values()) == ["bankruptcy", "override"]
    waits = next(one for one in standing.pending.values() if one.kind == "bankruptcy")
    assert waits.terms["slos"] == ["invoices/freshness"]
    assert waits.signed == {"business": PEOPLE["executive"]}
    town.engine.dispose()


async def test_a_ledger_that_was_changed_says_so(tmp_path: Path) -> None:
    town = governed(tmp_path)
    async with browser(town) as b:
        assert "✓ Every link holds" in (await b.get("/ledger?verify=yes")).text
        entry = (await b.get("/ledger/2.json")).json()
        assert entry["holds"] is True
        assert (await b.get("/v1/ledger/2")).json()["hash"] == entry["digest"]
    town.engine.dispose()


async def test_a_policy_that_is_not_signed_advises(tmp_path: Path) -> None:
    town = governed(tmp_path, is_signed=False)
    async with browser(town) as b:
        page = (await b.get("/governance")).text
    assert "binds nobody" in page
    assert "not signed" in page
    town.engine.dispose()
