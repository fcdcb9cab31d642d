"""The promises over HTTP: the numbers of the command line, page by page, and nothing twice."""

from __future__ import annotations

import httpx
import pytest

from allowance.reports.status_report import status_json
from allowance.web.slos import judged
from allowance.web.sources import by_slo
from tests.web.conftest import House

pytestmark = pytest.mark.anyio


async def test_numbers_are_those_of_the_command_line(house: House) -> None:
    async with house.client() as client:
        for minute in (1, 60, 110, 161, 250, 400):
            house.run_to(minute)
            found = {row["id"]: row for row in (await client.get("/v1/slos")).json()["slos"]}
            where = by_slo(house.state, house.settings, now=house.clock())
            told = [judged(s, house.loop.now, where[s.id])[0] for s in house.loop.contract.slos]
            rows = status_json(told)["slos"]
            assert len(rows) == len(found) == 3
            for row in rows:
                shown = found[f"{row['service']}/{row['slo']}"]
                assert {key: shown[key] for key in row} == row
                alone = (await client.get(f"/v1/slos/{row['service']}/{row['slo']}")).json()
                assert alone == shown


async def test_before_the_first_tick_there_is_no_data(house: House) -> None:
    async with house.client() as client:
        rows = (await client.get("/v1/slos")).json()["slos"]
        assert [(row["state"], row["source"]["state"]) for row in rows] == [("no data", "no data")] * 3
        assert "sli" not in rows[0]


async def test_pages_hold_everything_once_and_in_order(api: httpx.AsyncClient) -> None:
    seen, cursor = [], None
    while True:
        page = (
            await api.get("/v1/slos", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [row["id"] for row in page["slos"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["checkout/availability", "checkout/latency", "payments/charges"]


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ({"service": "payments"}, ["payments/charges"]),
        ({"owner": "shop"}, ["checkout/availability", "checkout/latency"]),
        ({"state": "ok"}, []),
        ({"state": "broken", "service": "checkout"}, ["checkout/availability", "checkout/latency"]),
        ({"service": "nobody"}, []),
    ],
)
async def test_filters(api: httpx.AsyncClient, question: dict[str, str], ids: list[str]) -> None:
    rows = (await api.get("/v1/slos", params=question)).json()["slos"]
    assert [row["id"] for row in rows] == ids


async def test_what_has_not_changed_is_not_sent_again(house: House, api: httpx.AsyncClient) -> None:
    first = await api.get("/v1/slos")
    tag = first.headers["etag"]
    for text in (tag, f'"other", W/{tag}', "*"):
        again = await api.get("/v1/slos", headers={"If-None-Match": text})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    house.run_to(121)
    changed = await api.get("/v1/slos", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_limit_of_nothing_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/slos", params={"limit": 0})
    assert (answer.status_code, answer.json()["where"]) == (422, "query.limit")


async def test_a_source_has_a_word_and_a_reason_and_no_secrets(house: House, api: httpx.AsyncClient) -> None:
    async def source() -> dict[str, object]:
        found = (await api.get("/v1/slos/checkout/latency")).json()
        assert "hunter2" not in str(found)
        return dict(found["source"])

    assert (await source())["name"] == "prometheus http://prometheus.example:9090/base"
    assert (await source())["state"] == "fresh"
    house.source.down = True
    house.run_to(121)
    found = await source()
    assert (found["state"], found["reason"]) == ("late", "it could not be read: the server does not answer")
    assert found["problem"]["code"] == "prom-reach"  # type: ignore[index]
    house.run_to(124)
    assert (await source())["reason"] == "it was not read for more than 3m: the server does not answer"
    house.run_to(140)
    assert (await source())["state"] == "stale"
    house.source.down = False
    house.run_to(141)
    assert (await source())["state"] == "fresh"
