"""Silences and maintenance: what they would hit, that they hold, and that they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from allowance.alerting.mute import held_until
from allowance.contract.maintenance import MaintenanceRule, Recurrence
from allowance.core.time import iso, parse_instant
from tests.budget.histories import MIN
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio
NOW = START + 120 * MIN + 7


def _body(**changes: Any) -> dict[str, Any]:
    return {"labels": {"service": "checkout"}, "end": iso(NOW + 3600), "reason": "planned work"} | changes


async def test_a_silence_is_saved_listed_and_ended(house: House, api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/mutes", json=_body(by="ada"))
    assert answer.status_code == 201
    mute = answer.json()
    assert (mute["kind"], mute["begin"], mute["by"]) == ("silence", iso(NOW), "ada")
    assert (await api.get("/v1/mutes")).json() == {"mutes": [mute]}
    house.clock.now += 60
    ended = await api.delete(f"/v1/mutes/{mute['id']}")
    assert (ended.status_code, ended.json()["end"]) == (200, iso(NOW + 60))
    assert (await api.get("/v1/mutes")).json() == {"mutes": []}
    assert (await api.delete(f"/v1/mutes/{mute['id']}")).status_code == 404


async def test_the_next_tick_heeds_a_silence(house: House) -> None:
    house.run_to(90)
    async with house.client("engineer") as client:
        await client.post("/v1/mutes", json=_body(end=iso(START + 400 * MIN)))
        house.run_to(120)
        rows = (await client.get("/v1/alerts")).json()["alerts"]
        assert {row["muted"]["kind"] for row in rows if row["service"] == "checkout"} == {
            "silence",
            "inhibited",
        }
        assert any(row["muted"] is None for row in rows if row["service"] == "payments")


async def test_a_preview_says_what_would_be_hit_and_saves_nothing(
    house: House, api: httpx.AsyncClient
) -> None:
    answer = await api.post("/v1/mutes", params={"preview": "true"}, json=_body())
    assert answer.status_code == 200
    found = answer.json()
    assert found["firing"] == [
        "checkout/availability/page",
        "checkout/availability/ticket",
        "checkout/latency/page",
        "checkout/latency/ticket",
    ]
    said = [e for e in house.state.events(since=0) if e["signature"].startswith("checkout/")]
    assert found["events_in_all"] == len(found["events"]) == len(said) > 0
    assert found["promises"] == 2
    slip = await api.post("/v1/mutes", params={"preview": "true"}, json=_body(labels={"service": "chekout"}))
    assert (slip.json()["promises"], slip.json()["firing"]) == (0, [])
    assert (await api.get("/v1/mutes")).json() == {"mutes": []}


async def test_a_preview_leaves_out_what_burns_too_fast(api: httpx.AsyncClient) -> None:
    async def firing(limit: float) -> list[str]:
        body = _body(labels={"slo": "availability", "severity": "page"}, unless_burn_above=limit)
        answer = await api.post("/v1/mutes", params={"preview": "true"}, json=body)
        return list(answer.json()["firing"])

    assert await firing(999.9) == []
    assert await firing(1000) == ["checkout/availability/page"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"end": iso(NOW)}, 409),
        ({"end": iso(NOW - 60)}, 409),
        ({"begin": iso(NOW + 7200)}, 409),
        ({"begin": iso(NOW - 2 * 3600)}, 409),
        ({"end": iso(NOW + 400 * 86400)}, 409),
        ({"end": 1_790_000_000}, 422),
        ({"end": "tomorrow"}, 422),
        ({"reason": ""}, 422),
        ({"reason": "  "}, 422),
        ({"reason": None}, 422),
        ({"labels": {}}, 422),
        ({"labels": {"": "x"}}, 422),
        ({"labels": {"service": "\x00"}}, 422),
        ({"kind": "deploy"}, 422),
        ({"unless_burn_above": -1}, 422),
        ({"ends": "typo"}, 422),
        ({"repeats": {"rrule": "FREQ=DAILY"}}, 422),
        ({"repeats": {"rrule": "sometimes", "duration": "2h"}}, 409),
        ({"repeats": {"rrule": "FREQ=DAILY", "duration": "99d"}}, 409),
        ({"repeats": {"rrule": "FREQ=DAILY", "duration": "2h", "zone": "Mars/Base"}}, 409),
    ],
)
async def test_what_is_no_mute(api: httpx.AsyncClient, changes: dict[str, Any], status: int) -> None:
    answer = await api.post("/v1/mutes", json=_body(**changes))
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "severity", "message", "where", "hint"}
    assert (await api.get("/v1/mutes")).json() == {"mutes": []}


async def test_no_number_is_not_json(api: httpx.AsyncClient) -> None:
    text = '{"labels": {"a": "b"}, "end": "2030-01-01T00:00:00Z", "reason": "x", "unless_burn_above": NaN}'
    answer = await api.post("/v1/mutes", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


async def test_a_mute_that_repeats_holds_in_its_occurrences_only(
    house: House, api: httpx.AsyncClient
) -> None:
    repeats = {"rrule": "FREQ=DAILY;BYHOUR=3", "duration": "1h", "zone": "Europe/Berlin"}
    end = iso(NOW + 30 * 86400)
    answer = await api.post("/v1/mutes", json=_body(repeats=repeats, end=end, kind="maintenance"))
    assert answer.status_code == 201
    following = answer.json()["repeats"]
    assert (following["next_begin"], following["next_end"]) == (
        "2026-09-22T01:00:00Z",
        "2026-09-22T02:00:00Z",
    )
    (mute,) = house.state.mutes(now=NOW)
    assert held_until(mute, now=NOW) is None
    assert held_until(mute, now=parse_instant("2026-09-22T01:30:00Z")) is not None


async def test_what_the_contract_plans_is_listed(house: House, api: httpx.AsyncClient) -> None:
    rule = MaintenanceRule(
        recurrence=Recurrence(rrule="FREQ=DAILY;BYHOUR=4", duration=600, zone=ZoneInfo("UTC")),
        reason="the nightly restart",
    )
    contract = house.loop.contract
    first = replace(contract.services[0], maintenance=(rule,))
    house.loop.adopt(replace(contract, services=(first, *contract.services[1:])))
    (mute,) = (await api.get("/v1/mutes")).json()["mutes"]
    assert (mute["by"], mute["reason"], mute["labels"]) == (
        "the contract",
        "the nightly restart",
        {"service": "checkout"},
    )
