"""What Flagger takes for a yes and for a no, hook by hook, and the Prometheus that it believes to ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import House
from tests.web.test_gate import sign

pytestmark = pytest.mark.anyio

HOOK = {"name": "checkout", "namespace": "shop", "phase": "Progressing", "checksum": "7d9f6c"}
YES = 202
"""Flagger passes every status up to this one."""


@pytest.fixture
def spent(house: House) -> House:
    sign(house)
    house.run_to(200)
    return house


@pytest.mark.parametrize(
    "hook",
    [
        "confirm-rollout",
        "pre-rollout",
        "rollout",
        "confirm-traffic-increase",
        "confirm-promotion",
        "post-rollout",
    ],
)
async def test_a_confirming_hook_holds_while_the_gate_says_no(spent: House, hook: str) -> None:
    async with spent.client("deployer") as api:
        no = await api.post(f"/v1/flagger/{hook}", json=HOOK)
        yes = await api.post(f"/v1/flagger/{hook}", json=HOOK | {"metadata": {"change": "hotfix"}})
    assert no.status_code == 409 > YES
    assert no.headers["content-type"].startswith("text/plain")
    assert no.text.startswith("stop: checkout/availability: red, -29900 % of the budget left")
    assert "policy green-yellow-red §2" in no.text
    assert len(no.text) <= 300
    assert (yes.status_code, yes.text) == (200, "go")


async def test_a_verdict_is_recorded_once_per_canary_and_answer(spent: House) -> None:
    async with spent.client("deployer") as api:
        for _ in range(3):
            await api.post("/v1/flagger/confirm-promotion", json=HOOK)
        await api.post("/v1/flagger/confirm-promotion", json=HOOK | {"checksum": "other"})
    async with spent.client("viewer") as api:
        await api.post("/v1/flagger/confirm-promotion", json=HOOK | {"checksum": "third"})
    assert [entry.kind for entry in spent.state.law.ledger.entries()] == ["gate.decided"] * 2


@pytest.mark.parametrize(
    "body",
    [
        HOOK,
        {**HOOK, "checksum": ""},
        {**HOOK, "name": "nobody-knows"},
        {**HOOK, "phase": "Failed", "metadata": {"change": "rollback"}},
        {**HOOK, "metadata": {"change": 7}},
        {**HOOK, "metadata": None},
        {},
        [],
    ],
)
async def test_rollback_is_never_a_yes_by_itself(spent: House, body: Any) -> None:
    async with spent.client("deployer") as api, spent.client(None) as nobody:
        assert (await api.post("/v1/flagger/rollback", json=body)).status_code > YES
        assert (await nobody.post("/v1/flagger/rollback", json=body)).status_code > YES
        assert (await api.post("/v1/flagger/rollback", content=b"{")).status_code > YES
        assert (await api.get("/v1/flagger/rollback")).status_code > YES


async def test_rollback_before_the_first_tick_and_with_a_broken_store_is_no(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.client("deployer") as api:
        assert (await api.post("/v1/flagger/rollback", json=HOOK)).status_code > YES

        def broken(_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(type(house.state.law), "standing", broken)
        assert (await api.post("/v1/flagger/rollback", json=HOOK)).status_code > YES


async def test_a_recorded_decision_rolls_exactly_that_canary_back(spent: House) -> None:
    async with spent.client("deployer") as api:
        made = await api.post(
            "/v1/decisions", json={"service": "checkout", "change": "rollback", "change_id": "7d9f6c"}
        )
        assert made.status_code == 201
        answer = await api.post("/v1/flagger/rollback", json=HOOK)
        assert (answer.status_code, answer.text) == (
            200,
            f"roll back: ledger #{made.json()['id']} by the-deployer",
        )
        for other in ({"checksum": "other"}, {"name": "payments"}, {"metadata": {"environment": "staging"}}):
            assert (await api.post("/v1/flagger/rollback", json=HOOK | other)).status_code > YES
        spent.clock.now += 3600
        assert (await api.post("/v1/flagger/rollback", json=HOOK)).status_code > YES


async def test_a_borrowed_key_rolls_nothing_back(spent: House) -> None:
    async with spent.client("deployer") as api:
        body = {"service": "checkout", "change": "hotfix", "key": "rollback:checkout:production:7d9f6c"}
        assert (await api.post("/v1/decisions", json=body)).status_code == 201
        assert (await api.post("/v1/flagger/rollback", json=HOOK)).status_code > YES


async def test_events_are_taken(spent: House) -> None:
    metadata = {"eventMessage": "New revision", "eventType": "Normal", "timestamp": "1763690000000"}
    async with spent.client("deployer") as api:
        answer = await api.post("/v1/flagger/event", json=HOOK | {"metadata": metadata})
    assert answer.status_code == 200


async def _ask(house: House, query: str) -> Any:
    async with house.client("viewer") as api:
        return (await api.get("/prometheus/api/v1/query", params={"query": query})).json()


async def test_the_prometheus_that_flagger_asks(spent: House) -> None:
    first = await _ask(spent, "vector(1)")
    assert first["status"] == "success"
    assert [row["value"][1] for row in first["data"]["result"]] == ["1"]
    stop = await _ask(spent, 'allowance_gate{service="checkout"}')
    assert stop["data"]["result"][0]["value"] == [spent.clock.now, "0"]
    go = await _ask(spent, ' allowance_gate{service="checkout", change="hotfix"} ')
    assert go["data"]["result"][0]["value"][1] == "1"


async def test_the_worst_budget_stands_last(spent: House) -> None:
    found = await _ask(spent, 'allowance_budget_remaining_ratio{service="checkout"}')
    values = [row["value"][1] for row in found["data"]["result"]]
    assert len(values) == 2
    assert all(isinstance(one, str) for one in values)
    assert [float(one) for one in values] == sorted((float(one) for one in values), reverse=True)
    assert "values" not in str(found["data"]["result"][0])


async def test_what_is_not_known_has_no_value(house: House) -> None:
    assert (await _ask(house, "allowance_budget_remaining_ratio"))["data"]["result"] == []
    assert (await _ask(house, 'allowance_gate{service="nobody"}'))["data"]["result"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "up",
        "sum(allowance_gate)",
        'allowance_gate{a~"b"}',
        "vector(2)",
        "allowance_gate{",
        "allowance_gates",
    ],
)
async def test_what_only_a_prometheus_can_answer_is_refused(spent: House, query: str) -> None:
    async with spent.client("viewer") as api:
        answer = await api.get("/prometheus/api/v1/query", params={"query": query})
    assert (answer.status_code, answer.json()["where"]) == (422, "query.query")
