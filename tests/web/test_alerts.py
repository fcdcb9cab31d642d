"""Alerts over HTTP: their lives, what keeps them quiet, who has taken them, and what they turned out to be."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from allowance.alerting.alert import Mute
from allowance.contract.model import NoDataAlert
from allowance.core.time import iso
from allowance.web.alerts import labels_named
from tests.budget.histories import MIN
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio
PAGE = "checkout/availability/page"


async def _one(api: httpx.AsyncClient, signature: str) -> dict[str, object]:
    rows = (await api.get("/v1/alerts")).json()["alerts"]
    return next(dict(row) for row in rows if row["signature"] == signature)


async def test_every_alert_of_the_tick_with_its_life(house: House, api: httpx.AsyncClient) -> None:
    answer = (await api.get("/v1/alerts")).json()
    assert answer["at"] == iso(START + 120 * MIN)
    tick = house.loop.now
    assert tick is not None
    assert {row["signature"] for row in answer["alerts"]} == {a.signature for a in tick.plan.alerts}
    assert [row["severity"] for row in answer["alerts"]] == sorted(
        (row["severity"] for row in answer["alerts"]), key=["page", "ticket", "log"].index
    )
    page = await _one(api, PAGE)
    first = next(e["at"] for e in house.state.events(since=0) if e["signature"] == PAGE)
    assert (page["state"], page["opened"]) == ("firing", iso(first))
    assert page["entries"] == [{"begin": iso(first), "end": None}]
    assert (page["bad"], page["total"]) == (500, 500)
    alert = next(a for a in tick.plan.alerts if a.signature == PAGE)
    assert labels_named(house.state, PAGE) == alert.labels


async def test_nothing_before_the_first_tick(house: House) -> None:
    async with house.client() as client:
        assert (await client.get("/v1/alerts")).json() == {"at": None, "alerts": [], "failing": []}


async def test_a_muted_alert_says_why(house: House) -> None:
    house.run_to(1)
    silence = Mute(
        id="silence-1",
        kind="silence",
        begin=START,
        end=START + 86400,
        labels={"service": "checkout"},
        by="ada",
        why="known",
    )
    house.state.save_mute(silence)
    house.run_to(120)
    async with house.client() as client:
        held = (await _one(client, PAGE))["muted"]
        assert held == {
            "kind": "silence",
            "why": "silence silence-1 by ada: known",
            "until": iso(START + 86400),
        }
        ticket = await _one(client, "checkout/availability/ticket")
        assert ticket["muted"] is not None
        said = (await client.get("/v1/alerts/events", params={"since": iso(START)})).json()["events"]
        assert next(e for e in said if e["signature"] == PAGE)["muted"] == held


async def test_events_page_by_page_are_all_of_them_once(house: House, api: httpx.AsyncClient) -> None:
    house.run_to(300)
    whole = (await api.get("/v1/alerts/events")).json()
    assert whole["next"] is None
    assert len(whole["events"]) == len(house.state.events(since=0)) > 6
    for size in (1, 2, 3):
        seen, cursor = [], None
        while True:
            extra = {"cursor": cursor} if cursor else {"since": iso(START)}
            page = (await api.get("/v1/alerts/events", params={"limit": size} | extra)).json()
            seen += page["events"]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == whole["events"]
    for wrong in ({"since": "yesterday"}, {"since": "1790000000"}, {"limit": 0}, {"cursor": "x.y"}):
        assert (await api.get("/v1/alerts/events", params=wrong)).status_code == 422


async def test_taking_an_alert(house: House, api: httpx.AsyncClient) -> None:
    assert (await _one(api, PAGE))["acknowledged"] is None
    answer = await api.post(f"/v1/alerts/{PAGE}/ack", json={"note": " looking "})
    assert answer.status_code == 200
    taken = answer.json()
    assert (taken["by"], taken["note"], taken["disposition"]) == ("the-admin", "looking", None)
    assert (await _one(api, PAGE))["acknowledged"] == taken
    later = {"by": "ada", "disposition": "actionable_manual"}
    answer = await api.post(f"/v1/alerts/{PAGE}/ack", json=later)
    assert (await _one(api, PAGE))["acknowledged"] == answer.json()
    assert answer.json()["by"] == "ada"


async def test_what_is_quiet_can_be_judged_but_not_taken(api: httpx.AsyncClient) -> None:
    quiet = "payments/charges/log/globex"
    answer = await api.post(f"/v1/alerts/{quiet}/ack", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "alert")
    answer = await api.post(f"/v1/alerts/{quiet}/ack", json={"disposition": "missed_then_found"})
    assert (answer.status_code, answer.json()["opened"]) == (200, None)


@pytest.mark.parametrize(
    ("signature", "body", "status"),
    [
        ("nobody/nothing/page", {}, 404),
        ("checkout/availability/shout", {}, 404),
        ("checkout/availability/page/", {}, 404),
        (PAGE, {"disposition": "meh"}, 422),
        (PAGE, {"by": "a\x00b"}, 422),
        (PAGE, {"because": "typo"}, 422),
    ],
)
async def test_refusals(api: httpx.AsyncClient, signature: str, body: dict[str, str], status: int) -> None:
    answer = await api.post(f"/v1/alerts/{signature}/ack", json=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "severity", "message", "where", "hint"}


async def test_an_acknowledgement_of_yesterday_is_none_of_today(house: House, api: httpx.AsyncClient) -> None:
    await api.post(f"/v1/alerts/{PAGE}/ack", json={})
    house.loop.lives = {}
    house.run_to(121)
    fresh = await _one(api, PAGE)
    assert fresh["opened"] == iso(START + 121 * MIN)
    assert fresh["acknowledged"] is None


async def test_silence_and_lateness_are_alerts_too(house: House) -> None:
    contract = house.loop.contract
    asked = [
        replace(slo, no_data_alert=NoDataAlert(severity="page", after=1800)) for slo in contract.slos[:2]
    ]
    services = (replace(contract.services[0], slos=tuple(asked)), *contract.services[1:])
    house.loop.adopt(replace(contract, services=services))
    house.run_to(95)
    house.source.down = True
    for minute in range(96, 130):
        house.run_to(minute)
    async with house.client("engineer") as client:
        rows = (await client.get("/v1/alerts")).json()["alerts"]
        about = {row["signature"]: row for row in rows if row["about"] != "burn rate"}
        late = next(name for name in about if name.startswith("allowance/telemetry/"))
        assert set(about) == {
            "checkout/availability/no-data",
            "checkout/latency/no-data",
            late,
        }
        first = about["checkout/availability/no-data"]
        assert (first["about"], first["severity"], first["state"]) == ("no-data", "page", "firing")
        assert first["known_to"] == iso(START + 95 * 60)
        assert first["source"] == "prometheus http://prometheus.example:9090/base"
        assert (first["rule"], first["short"], first["remaining"]) == (None, None, None)
        assert about["checkout/latency/no-data"]["muted"]["kind"] == "grouped"
        assert about[late]["about"] == "late"
        taken = await client.post(f"/v1/alerts/{late}/ack", json={"note": "on it"})
        assert taken.status_code == 200
        hit = await client.post(
            "/v1/mutes",
            params={"preview": "true"},
            json={"labels": {"alert": "no-data"}, "end": iso(START + 86400), "reason": "x"},
        )
        assert hit.json()["firing"] == ["checkout/availability/no-data", "checkout/latency/no-data"]
        assert hit.json()["events_in_all"] == 2
