"""The page of a promise: one set of numbers on page, twins, charts and API; what is asked stands in the address."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest

from allowance.app.tick import tick
from allowance.budget.evaluate import evaluate
from allowance.contract.rules import TIERED
from allowance.core.buckets import add
from allowance.core.time import iso
from allowance.core.window import RollingWindow, Span
from allowance.governance.amendments import corrections, make
from allowance.governance.roles import Role
from allowance.signals.corrections import corrected
from allowance.web.pages.assets import asset
from tests.web.busy import DAY, MIN, NOW, Story, Town
from tests.web.reading import check_page
from tests.web.test_page_walk import made_up

pytestmark = pytest.mark.anyio

BROWSER = {"Accept": "text/html", "Origin": "http://127.0.0.1:8787"}
CHECKOUT = "/slo/checkout/availability"
ADDRESSES = (
    CHECKOUT,
    f"{CHECKOUT}?cmp=prev&at=2026-11-12T16:00:00Z",
    f"{CHECKOUT}?w=month",
    f"{CHECKOUT}?w=7d&end=2026-11-13T00:00:00Z&cmp=prev",
    f"{CHECKOUT}?w=bogus&end=never&by=moon&at=2030-01-01T00:00:00Z",
    f"{CHECKOUT}?w=quarter&end=2036-01-01T00:00:00Z",
    f"{CHECKOUT}?if_target=99.5&if_window=7d&if_alerts=tiered",
    f"{CHECKOUT}?if_target=120&if_window=x&if_alerts=y",
    f"{CHECKOUT}?from=2026-11-12T14:00:00Z&to=2026-11-12T18:00:00Z&kind=count-good&reason=%3Cb%3E",
    f"{CHECKOUT}?from=x&to=y",
    f"{CHECKOUT}?cmp=prev&chart=burn-down&show=deploys",
    "/slo/payments-gw/availability?by=region",
    "/slo/exports/coverage",
    "/slo/refunds/availability",
    "/slo/reports/nightly",
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The busy town, which these tests only look at."""
    town = Town(tmp_path_factory.mktemp("town")).run().decorate()
    yield town
    town.engine.dispose()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Town]:
    """One promise whose past is corrected."""
    story = Story(name="availability", spells=((2, 120, 0.4),), window=7 * DAY, group_by=("region",))
    town = Town(tmp_path, {"checkout": (story,)}).run(minutes=2)
    yield town
    town.engine.dispose()


def client(town: Town, role: Role = "engineer") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(town.app())
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8787", cookies=town.cookie(role), headers=BROWSER
    )


@pytest.mark.parametrize("address", ADDRESSES)
async def test_page_and_twins_say_the_same(town: Town, address: str) -> None:
    path, _, query = address.partition("?")
    async with client(town) as browser:
        page = await browser.get(address)
        found = (await browser.get(f"{path}.json?{query}")).json()
        words = (await browser.get(f"{path}.md?{query}")).text
    assert page.status_code == 200
    read = check_page(page.text)
    assert " ".join(found["head"]["h1"].split()) in read.text
    assert words.startswith(f"# {found['head']['h1']}")
    assert re.search(r"\b(None|NaN|nan|Infinity)\b", words) is None
    for name in ("measured", "allowed", "spent", "spent_share", "remaining"):
        text = found["budget"][name]["text"]
        assert " ".join(text.split()) in read.text
        assert text in words
    for remark in found["remarks"]:
        assert " ".join(remark.split()) in read.text
    assert ("moment" in {key for key, value in found["blocks"].items() if value}) == ("at=2026-11" in query)


async def test_the_numbers_are_those_of_the_api_and_of_its_sums(town: Town) -> None:
    async with client(town) as browser:
        for api in (await browser.get("/v1/slos")).json()["slos"]:
            page = (await browser.get(f"/slo/{api['id']}.json")).json()
            assert page["head"]["state"] == api["state"]
            assert page["budget"]["good"]["value"] == api["good"]
            assert page["budget"]["total"]["value"] == api["total"]
            assert page["budget"]["remaining"]["value"] == api["budget"]["remaining"]
            rules = {one["rule"]: one for one in api["rules"]}
            for rule in page["blocks"]["rules"]:
                assert (rule["long"]["value"], rule["short"]["value"]) == (
                    rules[rule["rule"]]["long"],
                    rules[rule["rule"]]["short"],
                )
            steps = {one["what"]: one for one in page["blocks"]["sums"][0]["steps"]}
            assert steps["bad"]["sum"] == f"{api['total']} - {api['good']}"
            assert page["budget"]["spent_share"]["text"] in page["blocks"]["spend"]["charts"][0]["question"]


@pytest.mark.parametrize("seed", range(2))
async def test_in_any_history_bars_add_up_and_nothing_is_nonsense(seed: int, tmp_path: Path) -> None:
    town = Town(tmp_path, made_up(100 + seed)).run(minutes=1).decorate()
    rng = random.Random(seed)
    async with client(town) as browser:
        for slo in town.loop.contract.slos:
            end = iso(NOW - rng.randrange(0, 10 * DAY, MIN))
            queries = ("", f"w={rng.choice(['1d', '3d', 'week', 'month'])}&end={end}&cmp=prev&at={end}")
            for query in queries:
                page = await browser.get(f"/slo/{slo.id}?{query}")
                assert page.status_code == 200, page.text[:300]
                check_page(page.text)
                assert (await browser.get(f"/slo/{slo.id}.md?{query}")).status_code == 200
                found = (await browser.get(f"/slo/{slo.id}.json?{query}")).json()
                chart = await browser.get(f"/slo/{slo.id}/charts/spend.json?{query}")
                if found["blocks"]["spend"] is None:
                    assert chart.status_code == 404
                    continue
                bars = chart.json()["data"]["values"]
                assert sum(Fraction(bar["share"]) for bar in bars) == pytest.approx(
                    found["budget"]["spent_share"]["value"], abs=1e-9
                )
    town.engine.dispose()


async def test_windows_lead_to_each_other_and_a_frozen_link_stays(town: Town) -> None:
    async with client(town) as browser:
        now = (await browser.get(f"{CHECKOUT}.json")).json()
        frozen = now["ranges"]["frozen"]
        assert frozen == f"{CHECKOUT}?end=2026-11-21T14%3A22%3A00Z"
        again = (await browser.get(frozen.replace("?", ".json?"))).json()
        assert again["budget"] == now["budget"]
        assert now["ranges"]["later"] == ""
        before = (await browser.get(now["ranges"]["earlier"].replace("?", ".json?"))).json()
        assert before["ranges"]["later"] == CHECKOUT
        assert before["budget"] != now["budget"]
        beside = (await browser.get(f"{CHECKOUT}.json?cmp=prev")).json()["blocks"]["compared"]
        failed = next(one for one in beside if one["what"] == "failed")
        assert failed["now"]["value"] == now["budget"]["spent"]["value"]
        assert failed["before"]["value"] == before["budget"]["spent"]["value"]


async def test_the_page_is_light(town: Town) -> None:
    scripts = sum(len(gzip.compress(asset(name).body, 9)) for name in ("app.js", "charts.js"))
    assert scripts <= 6_000
    styles = sum(len(gzip.compress(asset(name).body, 9)) for name in ("pages.css", "slo.css"))
    async with client(town) as browser:
        for address in ADDRESSES:
            html = len(gzip.compress((await browser.get(address)).content, 9))
            assert scripts + styles + html <= 50_000, address


async def test_charts_have_addresses(town: Town) -> None:
    async with client(town) as browser:
        for chart in ("spend", "burn"):
            drawn = await browser.get(f"{CHECKOUT}/charts/{chart}.svg")
            assert drawn.headers["content-type"] == "image/svg+xml"
            assert drawn.content.startswith(b"<svg")
            assert (await browser.get(f"{CHECKOUT}/charts/{chart}.png")).content.startswith(b"\x89PNG")
        missing = await browser.get(f"{CHECKOUT}/charts/none.svg", headers={"Accept": "application/json"})
        assert (missing.status_code, missing.json()["code"]) == (404, "chart")
        assert "burn, spend" in missing.json()["hint"]
        page = (await browser.get(CHECKOUT)).text
        program = re.search(r'data-vega="([^"]+)"', page)
        assert program is not None
        script = await browser.get(program[1])
        assert script.headers["cache-control"].endswith("immutable")
        assert b"vegaEmbed" in script.content
        assert (await browser.get("/static/0/vega.js")).status_code == 404
        assert (await browser.get("/slo/checkout/none")).status_code == 404
        month = (await browser.get(f"{CHECKOUT}.json?w=month")).json()["blocks"]["spend"]["charts"]
        assert [one["chart"] for one in month] == ["spend", "burn-down"], "a calendar window burns down"


async def test_who_spends_is_worst_first_and_adds_up(town: Town) -> None:
    async with client(town) as browser:
        page = (await browser.get("/slo/payments-gw/availability.json")).json()
    found = page["blocks"]["spenders"]
    rows = [*found["worst"], *found["others"]]
    assert {row["name"] for row in rows} == {"eu", "us"}
    assert sum(row["failed"]["value"] for row in rows) == page["budget"]["spent"]["value"]
    assert sum(row["total"]["value"] for row in rows) == page["budget"]["total"]["value"]
    assert rows[0]["failed"]["value"] >= rows[1]["failed"]["value"]


async def test_what_if_is_what_would_run(town: Town) -> None:
    async with client(town) as browser:
        page = (await browser.get(f"{CHECKOUT}.json?if_target=99.5&if_window=7d&if_alerts=tiered")).json()
        wrong = (await browser.get(f"{CHECKOUT}.json?if_target=120")).json()
    rows = {one["what"]: one for one in page["what_if"]["rows"]}
    assert rows["budget left"]["now"]["value"] == page["budget"]["remaining"]["value"]
    slo = town.loop.contract.slo("checkout/availability")
    assert slo is not None
    other = replace(slo, target=Fraction("0.995"), window=RollingWindow(seconds=7 * DAY), rules=TIERED)
    judged = evaluate(other, town.state.histories[slo.id, ""], now=NOW)
    left = judged.budget.remaining
    assert isinstance(left, Fraction)
    assert rows["budget left"]["then"]["value"] == float(left)
    assert rows["pages"]["now"]["value"] > 0
    assert rows["frozen by the policy green-yellow-red"]["now"]["value"] > 0
    assert wrong["what_if"]["rows"] == []
    assert "no target" in wrong["what_if"]["problem"]


PERIOD = {
    "kind": "exclude",
    "from": iso(NOW - 2 * DAY),
    "to": iso(NOW - 2 * DAY + 7200),
    "reason": "<i>fire</i>",
}
"""The spell of the small town."""


async def test_a_correction_is_previewed_made_and_taken_back(small: Town) -> None:
    address = "/slo/checkout/availability"
    async with client(small) as browser:
        before = (await browser.get(f"{address}.json?{urlencode(PERIOD)}")).json()
        seen = before["proposed"]
        check_page((await browser.get(f"{address}?{urlencode(PERIOD)}")).text)
        assert (await browser.get("/v1/corrections")).json() == {"corrections": []}, "a look changes nothing"
        raw = add(small.state.histories.values())
        made = await browser.post(f"{address}/corrections", data=PERIOD)
        assert made.headers["location"] == f"{address}#period"
        after = (await browser.get(f"{address}.json")).json()
        api = (await browser.get("/v1/slos/checkout/availability")).json()
        assert after["budget"]["remaining"] == seen["after"]
        assert api["budget"]["remaining"] == seen["after"]["value"]
        assert before["budget"]["remaining"] == seen["before"]
        assert add(small.state.histories.values()) == raw, "what was counted stays"
        assert (
            sum(one["failed"]["value"] for one in after["blocks"]["spenders"]["worst"])
            == (after["budget"]["spent"]["value"])
        )
        assert any(one["kind"] == "correction" for one in after["blocks"]["events"])
        entry = (await browser.get("/v1/ledger?kind=correction")).json()["entries"][0]
        assert (entry["actor"], entry["payload"]["why"]) == ("Mira", "<i>fire</i>")
        back = {"id": after["corrections"][0]["id"], "reason": "it was ours"}
        assert (await browser.post(f"{address}/corrections/revoke", data=back)).status_code == 303
        again = (await browser.get(f"{address}.json")).json()
        assert again["budget"] == before["budget"]
        assert again["corrections"][0]["revoked_says"] == "Mira: it was ours"
        twice = await browser.post(f"{address}/corrections/revoke", data=back)
        assert twice.status_code == 409
        page = check_page((await browser.get(address)).text)
        assert "<i>fire</i>" in page.text, "it is text, not markup"


@pytest.mark.parametrize("seed", range(4))
async def test_the_loop_judges_what_is_corrected(small: Town, seed: int) -> None:
    rng = np.random.default_rng(seed)
    slo, law = small.loop.contract.slos[0], small.state.law
    for _ in range(rng.integers(1, 4)):
        begin = int(NOW - rng.integers(0, 8 * DAY))
        kind: Any = rng.choice(["exclude", "count-good"])
        span = Span(begin=begin, end=min(NOW, begin + int(rng.integers(1, 2 * DAY))))
        law.act(
            lambda standing, kind=str(kind), span=span: [
                make(slo.id, kind, span, "x", standing, by="mira", effect={}, now=NOW)
            ]
        )
    small.state.judge_again()
    held = corrections(law.standing())
    raw = dict(small.state.histories)
    expected = evaluate(slo, corrected(add(raw.values()), held[slo.id]), now=NOW)
    assert small.state.now is not None
    assert small.state.now.whole(slo.id) == expected
    for group, found in small.state.now.groups(slo.id).items():
        assert found == evaluate(slo, corrected(raw[slo.id, group], held[slo.id]), now=NOW)
    reference = tick([slo], raw, {}, [], small.loop.settings, now=NOW, corrections=held)
    assert reference.whole(slo.id) == expected
    counted = small.state.counted(slo.id)
    assert counted is not None
    assert counted.between(NOW - 7 * DAY, NOW) == expected.budget.counts


async def test_a_note_stands_on_the_lane_and_in_the_api(small: Town) -> None:
    address = "/slo/checkout/availability"
    async with client(small) as browser:
        assert (await browser.post(f"{address}/notes", data=PERIOD)).status_code == 303
        page = check_page((await browser.get(address)).text)
        assert "<i>fire</i> (Mira)" in page.text
        (note,) = (await browser.get("/v1/notes?service=checkout")).json()["notes"]
        assert (note["begin"], note["slo"], note["by"]) == (PERIOD["from"], "availability", "Mira")
        asked = {"service": "checkout", "begin": PERIOD["to"], "end": PERIOD["from"], "text": "x"}
        assert (await browser.post("/v1/notes", json=asked)).status_code == 409
        assert (await browser.post("/v1/notes", json=asked | {"service": "none"})).status_code == 404
        empty = await browser.post(f"{address}/notes", data=PERIOD | {"reason": " "})
        assert (empty.status_code, "the remark is empty" in empty.text) == (422, True)


async def test_what_a_role_may_not_do_is_not_offered(small: Town) -> None:
    address = "/slo/checkout/availability"
    async with client(small, "viewer") as viewer:
        page = check_page((await viewer.get(address)).text)
        assert not any("/corrections" in one or "/notes" in one for one in page.addresses)
        for path in ("/corrections", "/corrections/revoke", "/notes"):
            assert (await viewer.post(f"{address}{path}", data=PERIOD)).status_code == 403
    async with client(small, "tpm") as writer:
        page = check_page((await writer.get(f"{address}?{urlencode(PERIOD)}")).text)
        assert f"{address}/notes" in page.addresses
        assert f"{address}/corrections" not in page.addresses


async def test_every_link_as_of_now_shows_the_same_numbers_later(town: Town) -> None:
    """A page with `end=` is what it was: its frozen link leads to the same numbers after more ticks."""
    async with client(town) as browser:
        api = {one["id"]: one for one in (await browser.get("/v1/slos")).json()["slos"]}
        for path in (
            "/slos",
            "/executive",
            "/services/checkout",
            "/governance",
            "/map",
            "/contract",
            CHECKOUT,
        ):
            page = await browser.get(path)
            link = re.search(r'<a href="([^"]+)" data-copy', page.text)
            assert link is not None
            assert link[1].endswith("?end=2026-11-21T14%3A22%3A00Z")
            again = await browser.get(link[1])
            assert again.status_code == 200
            assert "This is the past" not in check_page(again.text).text, "it is still now"
        then = iso(NOW - 8 * DAY)
        old = await browser.get(f"/slos.json?end={then}")
        rows = {one["id"]: one for one in old.json()["rows"]}
        for name, row in rows.items():
            past = (await browser.get(f"/slo/{name}.json?end={then}")).json()
            assert row["state"] == past["head"]["state"], name
            if past["budget"] is not None:
                assert row["left"] == past["budget"]["remaining"], name
        assert {name: row["left"] for name, row in rows.items()} != {
            name: one["budget"]["remaining"] for name, one in api.items()
        }
        for path in ("/slos", "/executive", "/services/payments-gw", "/governance", "/map", "/contract"):
            page = await browser.get(f"{path}?end={then}")
            seen = check_page(page.text)
            assert "This is the past" in seen.text
            assert "13 Nov 2026 14:22" in seen.text
            assert path in seen.addresses, "there is a way to now"
        table = (await browser.get(f"/slos.csv?end={then}")).text
        assert table.count("\r\n") == len(rows) + 1
        assert (await browser.get("/executive?end=yesterday")).status_code == 422
