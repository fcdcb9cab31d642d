"""Who is turned away stands in the ledger, so many an hour; tokens that ended or are for other services."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import text

from allowance.edges.token_file import Token, digest
from allowance.governance.ledger import Entry
from allowance.web.api import build_api
from allowance.web.denials import ALL, EACH
from allowance.web.tokens import Caller, Tokens, covers, covers_all
from tests.web.conftest import KNOWN, START, TEXTS, House

pytestmark = pytest.mark.anyio
MUTE = {"labels": {"service": "checkout"}, "end": "2027-01-01T00:00:00Z", "reason": "work"}


def denied(house: House) -> list[Entry]:
    return [one for one in house.state.law.ledger.entries() if one.kind == "access.denied"]


async def test_a_refused_attempt_is_recorded_with_who_and_what(house: House) -> None:
    async with house.client("viewer") as client:
        answer = await client.post("/v1/mutes?secret=x", json=MUTE)
        assert answer.status_code == 403
    (entry,) = denied(house)
    assert (entry.actor, entry.subject, entry.at) == ("the-viewer", "/v1/mutes", house.clock())
    assert entry.payload == {
        "method": "POST",
        "path": "/v1/mutes",
        "status": 403,
        "role": "viewer",
        "address": "127.0.0.1",
        "unrecorded": 0,
    }
    async with house.client(None) as client:
        guess = {"Authorization": "Bearer alw_guess"}
        assert (await client.post("/v1/mutes", json=MUTE, headers=guess)).status_code == 401
        assert (await client.get("/v1/slos", headers=guess)).status_code == 401, "reading decides nothing"
        assert (await client.post("/v1/mutes", json=MUTE)).status_code == 401, "nothing was shown"
    assert [one.actor for one in denied(house)] == ["the-viewer", "unknown"]
    assert "guess" not in str(denied(house)[1])
    assert house.state.law.standing().denied == 2


async def test_nobody_floods_the_ledger(house: House) -> None:
    app = house.app()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:

        async def attempts(role: str, count: int) -> None:
            headers = {"Authorization": f"Bearer {TEXTS[role]}"}  # type: ignore[index]
            for _ in range(count):
                assert (await client.post("/v1/mutes", json=MUTE, headers=headers)).status_code == 403

        await attempts("viewer", 20)
        assert len(denied(house)) == EACH
        await attempts("deployer", 1)
        assert [one.actor for one in denied(house)][-1] == "the-deployer"
        house.clock.now += 3600
        await attempts("viewer", 1)
        last = denied(house)[-1]
        assert (last.actor, last.payload["unrecorded"]) == ("the-viewer", 20 - EACH)
        assert house.state.law.standing().denied == 22


async def test_all_callers_together_have_a_limit(house: House) -> None:
    house.clock.now = START - START % 3600
    many = [Token(name=f"n{n}", role="viewer", sha256=digest(f"t{n}")) for n in range(ALL // EACH + 4)]
    app = build_api(house.state, Tokens(lambda: many), house.clock, house.settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        for number in range(len(many)):
            for _ in range(EACH):
                headers = {"Authorization": f"Bearer t{number}"}
                assert (await client.post("/v1/mutes", json=MUTE, headers=headers)).status_code == 403
    assert len(denied(house)) == ALL


async def test_a_ledger_in_trouble_neither_opens_nor_closes_the_door(house: House) -> None:
    with house.state.engine.begin() as connection:
        connection.execute(text("DROP TABLE ledger"))
    async with house.client("viewer") as client:
        answer = await client.post("/v1/mutes", json=MUTE)
    assert (answer.status_code, answer.json()["code"]) == (403, "role")


async def test_tokens_end_and_are_for_some_services(house: House) -> None:
    house.run_to(120)
    known = [
        *KNOWN,
        Token(name="ci", role="engineer", sha256=digest("ci"), services=("payments",)),
        Token(name="old", role="engineer", sha256=digest("old"), expires=house.clock() + 10),
    ]
    app = build_api(house.state, Tokens(lambda: known), house.clock, house.settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        ack = "/v1/alerts/checkout/latency/page/ack"
        old, ci = ({"Authorization": f"Bearer {name}"} for name in ("old", "ci"))
        assert (await client.post(ack, json={}, headers=old)).status_code == 200
        house.clock.now += 10
        ended = await client.post(ack, json={}, headers=old)
        assert (ended.status_code, "expired" in ended.json()["message"]) == (401, True)
        assert denied(house)[-1].actor == "old"
        assert (await client.post(ack, json={}, headers=ci)).json()["code"] == "scope"
        assert (await client.post("/v1/mutes", json=MUTE, headers=ci)).status_code == 403
        wide = {**MUTE, "labels": {"owner": "shop"}}
        assert (await client.post("/v1/mutes", json=wide, headers=ci)).status_code == 403
        mine = {**MUTE, "labels": {"service": "payments"}}
        assert (await client.post("/v1/mutes", json=mine, headers=ci)).status_code == 201
        other = await client.post(
            "/v1/mutes", json=MUTE, headers={"Authorization": "Bearer " + TEXTS["admin"]}
        )
        assert (await client.delete(f"/v1/mutes/{other.json()['id']}", headers=ci)).status_code == 403
        for service, status in (("checkout", 403), ("payments", 200)):
            event = {
                "specversion": "1.0",
                "id": service,
                "source": "/ci",
                "type": "dev.cdevents.service.deployed.0.1.1",
                "data": {"subject": {"id": service, "content": {"artifactId": "pkg:a/b@1"}}},
            }
            sent = await client.post(
                "/v1/events", json=event, headers={**ci, "Content-Type": "application/cloudevents+json"}
            )
            assert sent.status_code == status, sent.text


def test_covers_says_yes_or_raises() -> None:
    def who(*services: str) -> Caller:
        return Caller(name="ci", role="viewer", rights=frozenset(), rate_key="x", services=services)

    assert covers(who(), "checkout")
    assert covers_all(who())
    assert covers(who("checkout"), "checkout")
    with pytest.raises(Exception, match="not for checkout"):
        covers(who("payments"), "checkout")
    with pytest.raises(Exception, match="all services"):
        covers_all(who("payments"))
