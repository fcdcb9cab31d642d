"""The kept answer of the gate: the same bytes within a second, and never older than what is known."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import httpx
import pytest

from allowance.governance.ledger import Draft
from allowance.web import gate
from tests.web.conftest import TEXTS, House
from tests.web.test_gate import sign

pytestmark = pytest.mark.anyio


@pytest.fixture
def counted(house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[House, list[Any]]:
    """A house, and every judgement that it makes."""
    sign(house)
    house.run_to(200)
    made: list[Any] = []
    whole = gate.verdict_of

    def watched(*given: Any, **named: Any) -> Any:
        made.append(given[0])
        return whole(*given, **named)

    monkeypatch.setattr(gate, "verdict_of", watched)
    return house, made


async def test_one_judgement_a_second(counted: tuple[House, list[Any]]) -> None:
    house, made = counted
    async with house.client("viewer") as api:
        answers = [await api.get("/v1/gates/checkout") for _ in range(5)]
        assert len({one.content for one in answers}) == 1
        assert len({tuple(sorted(one.headers.items())) for one in answers}) == 1
        assert len(made) == 1
        await api.get("/v1/gates/checkout?change=hotfix")
        assert len(made) == 2
        house.clock.now += 1
        await api.get("/v1/gates/checkout")
        assert len(made) == 3


async def test_many_at_once_are_one_judgement(counted: tuple[House, list[Any]]) -> None:
    house, made = counted
    async with house.client("viewer") as api:
        answers = await asyncio.gather(*(api.get("/v1/gates/checkout") for _ in range(16)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.content for one in answers}) == 1
    assert len(made) == 1


async def test_an_entry_of_the_ledger_and_a_tick_end_it(counted: tuple[House, list[Any]]) -> None:
    house, made = counted
    async with house.client("viewer") as api:
        await api.get("/v1/gates/checkout")
        house.state.law.act(
            lambda standing: [Draft(kind="note", subject="x", actor="a", at=house.clock.now, payload={})]
        )
        await api.get("/v1/gates/checkout")
        assert len(made) == 2
        house.loop.now = copy.copy(house.loop.now)
        await api.get("/v1/gates/checkout")
        assert len(made) == 3


async def test_what_is_kept_is_for_those_who_may_read(counted: tuple[House, list[Any]]) -> None:
    house, _ = counted
    transport = httpx.ASGITransport(house.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as api:
        known = {"Authorization": f"Bearer {TEXTS['viewer']}"}
        assert (await api.get("/v1/gates/checkout", headers=known)).status_code == 200
        assert (await api.get("/v1/gates/checkout")).status_code == 401
        assert (await api.get("/v1/gates/checkout", headers=known)).status_code == 200


async def test_errors_are_not_kept(counted: tuple[House, list[Any]]) -> None:
    house, made = counted
    async with house.client("viewer") as api:
        for _ in range(2):
            assert (await api.get("/v1/gates/nothing")).status_code == 404
    assert len(made) == 2
