"""The pages over HTTP: the same numbers as everywhere, the same rights, strict, light, and never silent about age."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from allowance.core.counts import NO_DATA
from allowance.governance.roles import Role
from allowance.reports.pages.view import Num, When, head, plain
from allowance.web.pages.assets import asset
from allowance.web.pages.table import PAGES
from tests.web.busy import NOW, Story, Town
from tests.web.reading import check_page, weight

pytestmark = pytest.mark.anyio

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
ADDRESSES = (
    "/oncall",
    "/executive",
    "/slos",
    "/slos?q=team%3Dpayments&group=service&sort=-left",
    "/slos?q=nobody",
    "/services/checkout",
    "/services/exports",
    "/services/refunds",
    "/silence?service=checkout",
    "/search?q=check",
    "/help",
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The busy town, which these tests only look at."""
    town = Town(tmp_path_factory.mktemp("town")).run().decorate()
    yield town
    town.engine.dispose()


def client(town: Town, role: Role | None = "engineer", **changes: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(town.app(**changes), raise_app_exceptions=False)
    cookies = town.cookie(role) if role else {}
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8787", cookies=cookies, headers=BROWSER
    )


def test_every_page_is_looked_at_here() -> None:
    patterns = [re.sub(r"\{\w+\}", "[^/]+", page.path) for page in PAGES if page.name in OURS]
    for pattern in patterns:
        assert any(re.fullmatch(pattern, one.partition("?")[0]) for one in ADDRESSES), pattern


OURS = {"oncall", "executive", "slos", "service", "silence", "search", "help"}
"""Pages of others bring their own tests."""


@pytest.mark.parametrize("address", ADDRESSES)
async def test_each_page_and_its_twins(town: Town, address: str) -> None:
    path, _, query = address.partition("?")
    async with client(town) as browser:
        page = await browser.get(address)
        assert page.status_code == 200
        check_page(page.text)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        twin = await browser.get(f"{path}.json?{query}")
        head = twin.json()["head"]
        assert f"<h1>{head['h1']}" in page.text.replace("&#34;", '"')
        words = await browser.get(f"{path}.md?{query}")
        assert words.headers["content-type"] == "text/markdown; charset=utf-8"
        assert words.text.startswith(f"# {head['h1']}")
        assert re.search(r"\b(None|NaN|nan|Infinity)\b", words.text) is None
        again = await browser.get(address, headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_numbers_are_those_of_the_api(town: Town) -> None:
    async with client(town) as browser:
        api = {one["id"]: one for one in (await browser.get("/v1/slos")).json()["slos"]}
        listed = (await browser.get("/slos.json")).json()["rows"]
        page, words = (await browser.get("/slos")).text, (await browser.get("/slos.md")).text
        table = {f"{one['service']}/{one['slo']}": one for one in _csv((await browser.get("/slos.csv")).text)}
        alone = [
            row
            for service in town.loop.contract.services
            for row in (await browser.get(f"/services/{service.name}.json")).json()["rows"]
        ]
        exceptions = [one["row"] for one in (await browser.get("/executive.json")).json()["exceptions"]]
    assert {row["id"] for row in listed} == set(api) == set(table)
    for row in [*listed, *alone, *exceptions]:
        found = api[row["id"]]
        assert row["state"] == found["state"]
        assert row["measured"]["value"] == found["sli"]
        assert row["left"]["value"] == found["budget"]["remaining"]
        assert row["target"]["value"] == float(found["target"])
        hour = next(rule["long"] for rule in found["rules"] if rule["rule"] == "1h/5m")
        assert row["burn"]["value"] == hour
        if not row["says"]:
            assert row["measured"]["text"] in page
            assert row["left"]["text"] in words
    for name, one in table.items():
        assert one["sli"] == repr(api[name]["sli"])
        assert one["budget_left"] == repr(api[name]["budget"]["remaining"])
        assert (one["good"], one["total"]) == (str(api[name]["good"]), str(api[name]["total"]))


async def test_counts_add_up_on_every_page(town: Town) -> None:
    async with client(town) as browser:
        api = [one["state"] for one in (await browser.get("/v1/slos")).json()["slos"]]
        executive = (await browser.get("/executive.json")).json()
        groups = (await browser.get("/slos.json?group=team")).json()["groups"]
    assert {one["state"]: one["count"] for one in executive["counts"]} == {
        word: api.count(word) for word in ("broken", "watch", "no data", "too little", "ok")
    }
    assert executive["kept"]["value"] == api.count("ok") + api.count("watch")
    for word in ("broken", "watch", "ok"):
        assert sum(c["count"] for g in groups for c in g["counts"] if c["state"] == word) == api.count(word)
    assert sum(c["count"] for one in executive["portfolio"] for c in one["counts"]) == len(api)


async def test_the_list_is_filtered_sorted_and_linked(town: Town) -> None:
    async with client(town) as browser:

        async def ids(query: str) -> list[str]:
            return [one["id"] for one in (await browser.get(f"/slos.json?{query}")).json()["rows"]]

        everything = await ids("")
        assert await ids("q=state%3Dbroken") == ["checkout/availability", "invoices/freshness"]
        assert await ids("q=service%3Dcheckout+fresh") == ["checkout/freshness"]
        assert await ids("q=owner%3DBen") == [one for one in everything if one.startswith(("login", "mail"))]
        assert sorted(await ids("sort=name")) == await ids("sort=name")
        assert (await ids("sort=-left"))[::-1] == await ids("sort=left")
        page = check_page((await browser.get("/slos?q=state%3Dbroken&group=team&sort=-name")).text)
        assert "/slos?group=team&sort=-name" in page.addresses, "a chip leads to the list without it"
        assert "/slos?q=state%3Dbroken&group=team&sort=name" in page.addresses
        assert "/slos.csv?q=state%3Dbroken&group=team&sort=-name" in page.addresses
        nothing = check_page((await browser.get("/slos?q=team%3Dnone")).text)
        assert "No SLO matches team=none" in nothing.text
        assert "Show 15" in nothing.text
        for odd in (
            "sort=bogus",
            "page=0",
            "page=99999999999",
            "group=x",
            "q=%22%22%22",
            "q=a%3Db%3Dc",
            "page=-3",
        ):
            assert (await browser.get(f"/slos?{odd}")).status_code == 200


async def test_roles_decide_what_is_offered_and_what_is_done(town: Town) -> None:
    signature = "checkout/availability/page"
    async with client(town, "viewer") as viewer:
        page = check_page((await viewer.get("/oncall")).text)
        assert "/oncall/ack" not in page.forms
        assert "Silence" not in page.text
        refused = await viewer.post(
            "/oncall/ack", data={"signature": signature}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert refused.status_code == 403
        assert "role" in check_page(refused.text).text
        assert (await viewer.get("/silence")).status_code == 403
    async with client(town) as engineer:
        page = check_page((await engineer.get("/oncall")).text)
        assert "/oncall/ack" in page.forms
        strange = await engineer.post("/oncall/ack", data={"signature": signature})
        assert strange.status_code == 403, "a form of another site does nothing"


async def test_an_alert_is_taken_without_scripts(tmp_path: Path) -> None:
    town = Town(tmp_path, {"shop": (Story(name="orders", spells=((0.014, 20, 0.28),)),)}).run(minutes=14)
    own = {"Sec-Fetch-Site": "same-origin"}
    async with client(town) as browser:
        assert (await browser.get("/oncall.json")).json()["head"]["h1"] == "1 thing needs you"
        said = {"signature": "shop/orders/page", "note": "rolling back <b>now</b>"}
        done = await browser.post("/oncall/ack", data=said, headers=own)
        assert (done.status_code, done.headers["location"]) == (303, "/oncall#alert-shop-orders-page")
        page = check_page((await browser.get("/oncall")).text)
        assert "1 alert is open, and somebody has it" in page.text
        assert "Mira has it since" in page.text
        assert "rolling back <b>now</b>" in page.text, "shown as it was written, not as markup"
        assert (
            await browser.post("/oncall/ack", data={"signature": "no/such/page"}, headers=own)
        ).status_code == 404
        long = {"signature": "shop/orders/page", "note": "x" * 2001}
        assert (await browser.post("/oncall/ack", data=long, headers=own)).status_code == 422
        alerts = (await browser.get("/v1/alerts")).json()["alerts"]
        taken = [one["acknowledged"] for one in alerts if one["signature"] == "shop/orders/page"]
        assert [one["by"] for one in taken] == ["Mira"]


async def test_a_silence_shows_what_it_hits_before_it_is_saved(tmp_path: Path) -> None:
    town = Town(tmp_path, {"shop": (Story(name="orders", spells=((0.014, 20, 0.28),)),)}).run(minutes=14)
    own = {"Sec-Fetch-Site": "same-origin"}
    async with client(town) as browser:
        blank = check_page((await browser.get("/silence")).text)
        assert "What shall be silent?" in blank.text
        ready = check_page((await browser.get("/silence?service=shop&for=2h&reason=work")).text)
        assert re.search(r"It will mute 2.alerts firing now", ready.text)
        assert (await browser.get("/v1/mutes")).json()["mutes"] == [], "looking saves nothing"
        without = await browser.post("/silence", data={"service": "shop", "for": "2h"}, headers=own)
        assert without.status_code == 422
        assert "a silence needs a reason" in check_page(without.text).text
        said = {"service": "shop", "slo": "", "for": "2h", "reason": "work"}
        saved = await browser.post("/silence", data=said, headers=own)
        assert (saved.status_code, saved.headers["location"]) == (303, "/oncall#muted")
        (mute,) = (await browser.get("/v1/mutes")).json()["mutes"]
        assert (mute["labels"], mute["by"], mute["reason"]) == ({"service": "shop"}, "Mira", "work")
        quiet = check_page((await browser.get("/oncall")).text)
        assert "Nothing needs you" in quiet.text
        assert "service=shop" in quiet.text
        assert re.search(r"holds 2.open alerts", quiet.text)


async def test_who_is_not_in_is_led_to_the_door(town: Town) -> None:
    async with client(town, None, open_reading=False) as stranger:
        page = await stranger.get("/slos?q=state%3Dbroken")
        assert page.status_code == 303
        assert page.headers["location"] == "/sign-in?next=/slos%3Fq%3Dstate%253Dbroken"
        door = await stranger.get(page.headers["location"])
        assert "Sign in to Allowance" in check_page(door.text).text
        assert door.headers["content-security-policy"].startswith("default-src 'none'")
        machine = await stranger.get("/slos.json", headers={"Accept": "application/json"})
        assert (machine.status_code, machine.json()["code"]) == (401, "token")
        used = await stranger.get("/sign-in?token=old")
        assert "used already" in check_page(used.text).text


async def test_the_first_page_is_the_one_that_is_needed(town: Town, tmp_path: Path) -> None:
    async with client(town) as browser:
        assert (await browser.get("/")).headers["location"] == "/oncall"
    calm = Town(tmp_path, {"shop": (Story(name="orders"),)}).run(minutes=2)
    async with client(calm) as browser:
        assert (await browser.get("/")).headers["location"] == "/executive"


async def test_errors_are_pages_in_the_words_of_the_api(town: Town) -> None:
    async with client(town) as browser:
        for method, address, status in (
            ("GET", "/services/none", 404),
            ("GET", "/nothing", 404),
            ("DELETE", "/executive", 405),
            ("GET", "/static/0000/pages.css", 404),
            ("GET", "/v1/slos/a/b", 404),
            ("GET", "/v1/slos?limit=many", 422),
        ):
            page = await browser.request(method, address, headers={"Sec-Fetch-Site": "same-origin"})
            problem = await browser.request(
                method, address, headers={"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
            )
            assert (page.status_code, problem.status_code) == (status, status)
            text = check_page(page.text).text
            assert problem.json()["message"] in text
            assert problem.json()["hint"] in text
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
    async with client(town, rate=0.001, burst=1) as hasty:
        await hasty.get("/help")
        busy = await hasty.get("/help")
        assert busy.status_code == 429
        assert busy.headers["retry-after"]
        assert "too many requests" in check_page(busy.text).text


async def test_a_fault_is_a_page_without_details(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(town.state), "events", broken)
    async with client(town) as browser:
        page = await browser.get("/oncall")
    assert page.status_code == 500
    assert "fault of Allowance" in check_page(page.text).text
    assert "detail" not in page.text


async def test_preferences_are_kept_in_the_browser(town: Town) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    async with client(town) as browser:
        assert 'data-theme="system"' in (await browser.get("/help")).text
        said = {"theme": "dark", "next": "/slos?q=a"}
        done = await browser.post("/preferences", data=said, headers=own)
        assert (done.status_code, done.headers["location"]) == (303, "/slos?q=a")
        assert 'data-theme="dark"' in (await browser.get("/help")).text
        await browser.post("/preferences", data={"keys": "off"}, headers=own)
        assert 'data-keys="off"' in (await browser.get("/help")).text
        for elsewhere in (
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nSet-Cookie: x=1",
        ):
            done = await browser.post("/preferences", data={"theme": "neon", "next": elsewhere}, headers=own)
            assert done.headers["location"] == "/"
            assert "set-cookie" not in done.headers
        crowd = {str(number): "" for number in range(60)}
        assert (await browser.post("/preferences", data=crowd, headers=own)).status_code == 400


async def test_files_are_kept_for_ever_and_hold_the_tokens(town: Town) -> None:
    async with client(town, None) as browser:
        for name in ("pages.css", "app.js"):
            found = await browser.get(asset(name).href)
            assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert re.search(r"https?://(?!www\.w3\.org)", found.text) is None
        assert "--broken:light-dark(#7A0021,#FF5A8A)" in (await browser.get(asset("pages.css").href)).text


@pytest.mark.parametrize(
    ("behind", "said"), [(0, ""), (120, ""), (121, "2 min ago"), (21 * 60, "21 min ago")]
)
async def test_old_numbers_say_so(town: Town, behind: int, said: str) -> None:
    before = town.clock.now
    town.clock.now = NOW + behind
    try:
        async with client(town) as browser:
            page = check_page((await browser.get("/executive")).text)
    finally:
        town.clock.now = before
    assert ("These numbers are old" in page.text) is bool(said)
    assert said.replace(" min", "\u00a0min") in " ".join(page.words)


async def test_pages_are_light(town: Town, tmp_path: Path) -> None:
    assert len(gzip.compress(asset("app.js").body, 9)) <= 6_000
    async with client(town) as browser:
        for address in ADDRESSES:
            assert weight((await browser.get(address)).text) <= 40_000, address
    many = {f"service-{n:03}": (Story(name="availability", usual=0.0001 * (n % 9)),) for n in range(210)}
    crowd = Town(tmp_path, many).run(minutes=0)
    async with client(crowd) as browser:
        first = await browser.get("/slos")
        assert first.text.count('<th scope="row">') == 200
        assert weight(first.text) <= 50_000
        assert "Page 1 of 2" in check_page(first.text).text
        second = await browser.get("/slos?page=2")
        assert second.text.count('<th scope="row">') == 10
        assert len(_csv((await browser.get("/slos.csv")).text)) == 210


async def test_names_from_outside_are_only_text(tmp_path: Path) -> None:
    name = '<script>alert(1)</script>|`"'
    town = Town(tmp_path, {"shop": (Story(name="orders", title=name),)}).run(minutes=1)
    async with client(town) as browser:
        for address in ("/slos", "/executive", "/oncall", "/services/shop", "/search?q=shop"):
            page = await browser.get(address)
            assert "<script>alert" not in page.text
            check_page(page.text.replace("&lt;script&gt;alert(1)&lt;/script&gt;", ""))
        assert "\\<script\\>" in (await browser.get("/slos.md")).text
        searched = await browser.get("/search?q=%3Cscript%3E%22%20onfocus%3D")
        assert "<script>&#34;" not in searched.text
        assert 'value="&lt;script&gt;&#34; onfocus="' in searched.text


@pytest.mark.parametrize("owner", ["=1+1", "@SUM(A1)", "+cmd", "-2+3"])
async def test_no_cell_is_a_formula(tmp_path: Path, owner: str) -> None:
    town = Town(tmp_path, {"shop": (Story(name="orders", owner=owner),)}).run(minutes=0)
    async with client(town) as browser:
        (row,) = _csv((await browser.get("/slos.csv")).text)
    assert row["owner"] == f"'{owner}"


async def test_a_source_that_is_down_is_said_so(tmp_path: Path) -> None:
    town = Town(tmp_path, {"shop": (Story(name="orders"),)})
    town.played.down.add("prom-eu")
    town.run(minutes=0)
    async with client(town) as browser:
        row = (await browser.get("/slos.json")).json()["rows"][0]
        assert row["state"] == "no data"
        assert "does not answer" in row["says"]
        page = check_page((await browser.get("/services/shop")).text)
        assert ": no data" in page.text
        assert "does not answer" in page.text


async def test_the_state_decides_tab_and_icon(town: Town) -> None:
    async with client(town) as browser:
        page = (await browser.get("/executive")).text
    assert "<title>\u25a0 12 of 15\u00a0promises kept \u00b7 Executive</title>" in page
    assert "data:image/svg+xml,%3Csvg" in page


def _csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_view_is_plain_json() -> None:
    shown = plain(
        {
            "a": Num(text="1 %", value=Fraction(1, 100)),
            "b": Num(text="-", value=NO_DATA),
            "h": head("t", "h", "ok", 60),
        }
    )
    assert json.loads(json.dumps(shown, allow_nan=False))["a"] == {"text": "1 %", "value": 0.01}
    assert shown["b"]["value"] is None
    assert plain(When(at=0)) == "1970-01-01T00:00:00Z"
    with pytest.raises(TypeError):
        plain(object())
