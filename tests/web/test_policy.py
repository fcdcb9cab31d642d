"""Freezes, states, policies and their signatures over the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from allowance.app.govern import Govern
from allowance.contract.policies import POLICIES
from allowance.contract.signing import policy_hash
from allowance.core.time import iso
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio

OURS = replace(POLICIES["green-yellow-red"], name="shop-budget")
HASH = policy_hash(OURS)


@pytest.fixture
def governed(house: House) -> House:
    """An hour of outage under a policy that nobody has signed yet."""
    contract = house.loop.contract
    services = tuple(replace(one, policy="shop-budget") for one in contract.services)
    house.loop.contract = replace(contract, services=services, budget_policies=(OURS,))
    house.loop.after = (Govern(house.state.law, lambda: house.loop.contract, house.loop.counted),)
    house.run_to(90)
    house.run_to(180)
    return house


async def get(house: House, path: str, **query: Any) -> Any:
    async with house.client() as client:
        answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sign(house: House, role: str, digest: str = HASH) -> Any:
    async with house.client(role) as client:  # type: ignore[arg-type]
        return await client.post("/v1/policies/shop-budget/signatures", json={"hash": digest})


async def test_an_outage_makes_states_and_advice(governed: House) -> None:
    states = {one["subject"]: one["state"] for one in (await get(governed, "/v1/states"))["states"]}
    assert states == dict.fromkeys(
        (
            "checkout",
            "checkout/availability",
            "checkout/latency",
            "payments",
            "payments/charges",
        ),
        "red",
    )
    found = (await get(governed, "/v1/freezes", service="checkout"))["freezes"]
    assert {(one["slo"], one["binding"], one["clause"]) for one in found} == {
        ("checkout/availability", False, 2),
        ("checkout/latency", False, 2),
    }
    one = found[0]
    assert one["begin"] == iso(START + 101 * 60)
    assert one["ends_when"] == f"the budget of {one['slo']} is no longer red"
    assert one["earliest_end"] > one["begin"]
    assert "of the budget left, more than 0 % needed; at the earliest on" in one["progress"]
    ledger = await get(governed, "/v1/ledger", kind="freeze.advised")
    assert len(ledger["entries"]) == 3


async def test_three_signatures_put_it_in_force(governed: House) -> None:
    policy = await get(governed, "/v1/policies/shop-budget")
    assert (policy["in_force"], policy["missing"]) == (False, ["product", "engineering", "business"])
    assert policy["hash"] == HASH
    assert policy["services"] == ["checkout", "payments"]
    assert policy["spec"]["clauses"][1]["deny"] == ["feature", "config", "experiment"]
    assert (await sign(governed, "engineer")).json()["in_force"] is False
    assert (await sign(governed, "tpm")).status_code == 201
    async with governed.client("deployer") as client:
        gate = (await client.get("/v1/gates/checkout")).json()
    assert (gate["verdict"], gate["true_verdict"]) == ("go", "stop"), "two of three only advise"
    last = (await sign(governed, "executive")).json()
    assert (last["role"], last["in_force"]) == ("business", True)
    governed.run_to(181)
    found = (await get(governed, "/v1/freezes", service="checkout"))["freezes"]
    assert [one["binding"] for one in found] == [True, True]
    gate = await get(governed, "/v1/gates/checkout")
    assert gate["verdict"] == "stop"
    assert any(one["rule"].startswith("freeze-") for one in gate["reasons"])
    assert any(one["kind"] == "wait" and one["at"] for one in gate["ways"])
    ended = (await get(governed, "/v1/freezes", which="all"))["freezes"]
    assert [one["end"] for one in ended if not one["binding"]] == [iso(START + 181 * 60)] * 3


@pytest.mark.parametrize(
    ("role", "digest", "status", "code"),
    [
        ("engineer", "abc", 409, "version"),
        ("admin", HASH, 403, "role"),
        ("deployer", HASH, 403, "role"),
    ],
)
async def test_signatures_that_are_refused(
    governed: House, role: str, digest: str, status: int, code: str
) -> None:
    answer = await sign(governed, role, digest)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_party_signs_once(governed: House) -> None:
    assert (await sign(governed, "tpm")).status_code == 201
    again = await sign(governed, "tpm")
    assert (again.status_code, again.json()["code"]) == (409, "signed")


async def test_a_freeze_by_hand(governed: House) -> None:
    async with governed.client("tpm") as client:
        begun = await client.post(
            "/v1/freezes", json={"service": "payments", "reason": "the ledger moves", "model": "soft"}
        )
        assert begun.status_code == 201, begun.text
        id_ = begun.json()["id"]
        assert (begun.json()["ends_when"], begun.json()["by"]) == ("a person ends it", "the-tpm")
        listed = (await client.get("/v1/freezes", params={"service": "payments"})).json()["freezes"]
        assert [one["id"] for one in listed if one["binding"]] == [id_]
        ended = await client.post(f"/v1/freezes/{id_}/end", json={"reason": "it has moved"})
        assert ended.status_code == 200
        assert ended.json()["end"] == iso(governed.clock.now)
        again = await client.post(f"/v1/freezes/{id_}/end", json={"reason": "it has moved"})
        assert (again.status_code, again.json()["code"]) == (409, "ended")
        for body, status in (
            ({"service": "nobody", "reason": "x"}, 404),
            ({"service": "checkout", "reason": " "}, 422),
            ({"service": "checkout", "reason": "x", "until": iso(START)}, 422),
        ):
            assert (await client.post("/v1/freezes", json=body)).status_code == status, body


async def test_a_freeze_of_the_policy_is_not_ended_by_hand(governed: House) -> None:
    for role in ("engineer", "tpm", "executive"):
        await sign(governed, role)
    governed.run_to(181)
    async with governed.client("tpm") as client:
        answer = await client.post("/v1/freezes/freeze-1/end", json={"reason": "we want to"})
    assert (answer.status_code, answer.json()["code"]) == (409, "by-itself")
    assert "silver bullet" in answer.json()["hint"]
