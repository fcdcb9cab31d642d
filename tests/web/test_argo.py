"""What Argo Rollouts reads: JSON on every status, three verdicts, no NaN; and the three calls of Kayenta."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from sqlalchemy import text

from allowance.core.time import iso
from tests.web.conftest import START, House
from tests.web.test_gate import replace_good, sign

pytestmark = pytest.mark.anyio

SCOPE = {"scope": "s", "location": "l", "step": 60}


@pytest.fixture
def spent(house: House) -> House:
    sign(house)
    house.run_to(200)
    return house


def _measured(verdict: str) -> str:
    """Argo's rule for both conditions together: failure wins, and neither is inconclusive."""
    if verdict == "stop":
        return "Failed"
    return "Successful" if verdict == "go" else "Inconclusive"


async def test_the_three_verdicts_are_three_phases(house: House) -> None:
    sign(house)
    house.source.history = replace_good(house)
    house.run_to(50)
    async with house.client("viewer") as api:
        found = [(await api.get("/v1/argo/gates/checkout")).json()["verdict"]]
        house.source.down = True
        house.run_to(51)
        found.append((await api.get("/v1/argo/gates/checkout")).json()["verdict"])
    assert [_measured(one) for one in found] == ["Successful", "Inconclusive"]


async def test_a_spent_budget_fails_the_measurement(spent: House) -> None:
    async with spent.client("viewer") as api:
        answer = await api.get("/v1/argo/gates/checkout")
    assert _measured(answer.json()["verdict"]) == "Failed"
    assert "policy green-yellow-red §2" in answer.json()["reasons"][0]


async def test_json_on_every_status_and_no_nan(spent: House) -> None:
    async with spent.client("viewer") as api, spent.client(None) as nobody:
        answers = [
            await api.get("/v1/argo/gates/checkout"),
            await api.get("/v1/argo/gates/nothing"),
            await api.get("/v1/argo/gates/checkout?change=party"),
            await api.post("/v1/argo/gates/checkout"),
            await nobody.get("/v1/argo/gates/checkout"),
        ]
        spent.loop.now = None
        answers.append(await api.get("/v1/argo/gates/checkout"))
    assert [one.status_code for one in answers] == [200, 404, 422, 405, 401, 200]
    for one in answers:
        assert one.headers["content-type"].startswith("application/json")
        json.loads(one.text, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


async def test_a_ledger_that_is_gone_pauses_and_does_not_abort(spent: House) -> None:
    with spent.state.engine.begin() as connection:
        connection.execute(text("DROP TABLE ledger"))
    async with spent.client("viewer") as api:
        answer = await api.get("/v1/argo/gates/checkout")
    assert (answer.status_code, answer.json()["verdict"]) == (200, "hold")


async def test_it_answers_within_a_second(spent: House) -> None:
    async with spent.client("viewer") as api:
        await api.get("/v1/argo/gates/checkout")
        before = time.process_time()
        for _ in range(5):
            await api.get("/v1/argo/gates/checkout")
        assert (time.process_time() - before) / 5 < 1


async def _score(house: House, config: str, thresholds: dict[str, Any]) -> float:
    """The three calls, as Argo makes them."""
    async with house.client("viewer") as api:
        listed = await api.get(
            "/v1/argo/kayenta/canaryConfig",
            params={"application": "checkout", "configurationAccountName": "a"},
        )
        (known,) = [one for one in listed.json() if one["Name"] == config]
        assert known["Applications"] == ["checkout"]
        end = house.clock.now + 90
        scopes = {
            "default": {
                "controlScope": {**SCOPE, "start": iso(START), "end": iso(end)},
                "experimentScope": {**SCOPE, "start": iso(START), "end": iso(end)},
            }
        }
        started = await api.post(
            f"/v1/argo/kayenta/canary/{known['Id']}",
            params={
                "application": "checkout",
                "metricsAccountName": "m",
                "configurationAccountName": "a",
                "storageAccountName": "s",
            },
            json={"scopes": scopes, "thresholds": thresholds},
        )
        assert started.status_code == 200
        execution = started.json()["canaryExecutionId"]
        early = (await api.get(f"/v1/argo/kayenta/canary/{execution}")).json()
        assert early == {"complete": False}
        house.clock.now = end
        done = (await api.get(f"/v1/argo/kayenta/canary/{execution}")).json()
        assert done["complete"] is True
        score = done["result"]["judgeResult"]["score"]["score"]
        assert isinstance(score, float)
        assert math.isfinite(score)
        return score


async def test_a_canary_analysis_of_kayenta(spent: House) -> None:
    thresholds = {"pass": 95, "marginal": 75}
    assert int(await _score(spent, "feature", thresholds)) < 75
    assert int(await _score(spent, "hotfix", thresholds)) >= 95


async def test_hold_is_marginal_and_not_passed(house: House) -> None:
    sign(house)
    house.source.history = replace_good(house)
    house.run_to(50)
    house.source.down = True
    house.run_to(51)
    assert 60 <= int(await _score(house, "feature", {"pass": 90, "marginal": 59.5})) < 90


@pytest.mark.parametrize("id_", ["x", "e30", "bnVsbA", "WzFd", "a" * 2001])
async def test_an_analysis_that_nobody_began(spent: House, id_: str) -> None:
    async with spent.client("viewer") as api:
        answer = await api.get(f"/v1/argo/kayenta/canary/{id_}")
    assert answer.status_code in (404, 422)


@pytest.mark.parametrize("body", ["", "[]", '{"scopes": {"a": {"b": {"end": "soon"}}}}'])
async def test_an_analysis_that_makes_no_sense(spent: House, body: str) -> None:
    async with spent.client("viewer") as api:
        answer = await api.post("/v1/argo/kayenta/canary/feature?application=checkout", content=body)
    assert answer.status_code == 400
