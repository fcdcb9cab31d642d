"""The gate over HTTP: verdicts asked, recorded once per key, replayed from their evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from allowance.contract.budget_policy import ROLES, ErrorBudgetPolicy, Signature
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.contract.signing import policy_hash
from allowance.governance.roles import Role
from tests.web.conftest import House

pytestmark = pytest.mark.anyio

ASK = {"service": "checkout", "change": "feature", "version": "4.14.0", "commit": "3f9a"}


def signed(policy: ErrorBudgetPolicy = GREEN_YELLOW_RED) -> ErrorBudgetPolicy:
    """A policy with all three signatures."""
    digest = policy_hash(policy)
    given = [Signature(role=role, by=f"the {role}", on=date(2026, 9, 1), hash=digest) for role in ROLES]
    return replace(policy, signatures=tuple(given))


def sign(house: House, policy: ErrorBudgetPolicy | None = None) -> None:
    """Let the house's contract be governed by a signed policy."""
    policy = policy or signed()
    old = house.loop.contract
    house.loop.contract = replace(old, budget_policies=(policy,))


@pytest.fixture
def spent(house: House) -> House:
    """A house whose checkout has spent its budget, under a signed policy."""
    sign(house)
    house.run_to(200)
    return house


async def test_a_spent_budget_stops_features_and_lets_repairs_go(spent: House) -> None:
    async with spent.client("deployer") as api:
        answer = await api.post("/v1/decisions", json=ASK)
        assert answer.status_code == 201, answer.text
        found = answer.json()
        assert (found["verdict"], found["true_verdict"], found["mode"]) == ("stop", "stop", "binding")
        rules = {(one["mark"], one["rule"]) for one in found["reasons"]}
        assert ("against", "policy green-yellow-red §2") in rules
        assert "reliability" in next(one["text"] for one in found["ways"] if one["kind"] == "class")
        bullet = next(one["text"] for one in found["ways"] if one["kind"] == "bullet")
        assert "has 2 of 2 left" in bullet
        for change in ("hotfix", "p0", "security", "rollback", "reliability", "postmortem-action"):
            told = (await api.get(f"/v1/gates/checkout?change={change}")).json()
            assert told["verdict"] == "go", (change, told)


async def test_the_same_key_has_one_answer(spent: House) -> None:
    async with spent.client("deployer") as api:
        first = await api.post("/v1/decisions", json=ASK | {"key": "run-1"})
        again = await api.post("/v1/decisions", json=ASK | {"key": "run-1"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        other = await api.post("/v1/decisions", json=ASK | {"key": "run-1", "version": "5"})
        assert (other.status_code, other.json()["code"]) == (409, "key")
        assert len(spent.state.law.ledger.entries()) == 1


async def test_a_recorded_verdict_replays_whatever_the_contract_says_later(spent: House) -> None:
    async with spent.client("deployer") as api:
        made = (await api.post("/v1/decisions", json=ASK)).json()
        sign(spent, signed(replace(GREEN_YELLOW_RED, clauses=())))
        spent.run_to(400)
        full = (await api.get(f"/v1/decisions/{made['id']}")).json()
    assert full["replays"] is True
    assert full["evidence"]["facts"]["clauses"]["slos"]["checkout/latency"]["remaining"].startswith("-")
    assert {name: full[name] for name in made} == made


async def test_an_unsigned_policy_advises(house: House) -> None:
    house.run_to(200)
    async with house.client("deployer") as api:
        found = (await api.post("/v1/decisions", json=ASK)).json()
    assert (found["verdict"], found["advice"], found["mode"]) == ("go", "stop", "advice")
    assert "only advises stop" in found["sentence"]


async def test_shadow_says_go_and_remembers_the_truth(spent: House) -> None:
    async with spent.client("deployer") as api:
        found = (await api.post("/v1/decisions", json=ASK | {"shadow": True})).json()
    assert (found["verdict"], found["true_verdict"], found["shadow"]) == ("go", "stop", True)


async def test_a_source_in_trouble_holds_what_is_at_risk(house: House) -> None:
    sign(house)
    house.source.history = replace_good(house)
    house.run_to(50)
    house.source.down = True
    house.run_to(51)
    async with house.client("viewer") as api:
        told = (await api.get("/v1/gates/checkout")).json()
        assert (told["verdict"], told["blind"]) == ("hold", True), told
        assert "the server does not answer" in told["sentence"]
        assert (await api.get("/v1/gates/checkout?change=hotfix")).json()["verdict"] == "go"


async def test_a_program_that_no_longer_judges_says_that_it_is_blind(house: House) -> None:
    """The source answers, but nobody has asked it for an hour: what was good then may not be good now."""
    sign(house)
    house.source.history = replace_good(house)
    house.run_to(50)
    async with house.client("viewer") as api:
        assert (await api.get("/v1/gates/checkout")).json()["verdict"] == "go"
        house.clock.now += 3600
        told = (await api.get("/v1/gates/checkout")).json()
        assert (told["verdict"], told["blind"]) == ("hold", True), told
        assert "without data" in told["sentence"] or "the policy says hold" in told["sentence"]
        repair = (await api.get("/v1/gates/checkout?change=hotfix")).json()
        assert (repair["verdict"], repair["blind"]) == ("go", True), "it passes by its class, and says so"


def replace_good(house: House) -> Any:
    """The history before the outage."""
    whole = house.source.history
    return replace(whole, good=whole.good[:90], total=whole.total[:90])


async def test_looking_records_nothing(spent: House) -> None:
    async with spent.client("viewer") as api:
        assert (await api.get("/v1/gates/checkout")).json()["verdict"] == "stop"
    assert spent.state.law.ledger.entries() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/gates/nothing", None, 404),
        ("GET", "/v1/gates/checkout?change=party", None, 422),
        ("GET", "/v1/decisions/1", None, 404),
        ("GET", "/v1/decisions/0", None, 422),
        ("POST", "/v1/decisions", {"service": "nothing"}, 404),
        ("POST", "/v1/decisions", {"service": "checkout", "colour": "red"}, 422),
    ],
)
async def test_what_does_not_fit_is_refused(
    spent: House, method: str, path: str, body: Any, status: int
) -> None:
    async with spent.client("deployer") as api:
        answer = await api.request(method, path, json=body)
    assert (answer.status_code, set(answer.json())) == (
        status,
        {"code", "severity", "message", "where", "hint"},
    )


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("viewer", 403), ("deployer", 201)])
async def test_recording_takes_the_right_to_ask(spent: House, role: Role | None, status: int) -> None:
    async with spent.client(role) as api:
        answer: httpx.Response = await api.post("/v1/decisions", json=ASK)
    assert answer.status_code == status
