"""Up, ready, and why not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.web.conftest import House

pytestmark = pytest.mark.anyio


async def test_up_at_once_but_ready_only_after_a_tick(house: House) -> None:
    async with house.client(None) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["where"]) == (503, "tick")
        house.run_to(1)
        assert (await client.get("/readyz")).status_code == 200


async def test_an_old_tick_is_not_ready(house: House) -> None:
    house.run_to(1)
    async with house.client() as client:
        house.clock.now = (house.state.now.at if house.state.now else 0) + 180
        assert (await client.get("/readyz")).status_code == 200
        house.clock.now += 1
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "tick")
        assert (await client.get("/healthz")).status_code == 200


async def test_a_store_that_takes_no_writes_is_not_ready(house: House) -> None:
    house.run_to(1)
    async with house.client() as client:
        assert (await client.get("/readyz")).status_code == 200
        with house.state.engine.begin() as connection:
            connection.execute(text("DROP TABLE write_trial"))
        assert (await client.get("/readyz")).status_code == 200, "a trial holds for a few seconds"
        house.clock.now += 5
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "store")


async def test_sources_in_trouble_are_named_to_those_who_may_read(house: House) -> None:
    house.run_to(1)
    house.source.down = True
    house.run_to(2)
    async with house.client("viewer") as viewer, house.client(None) as stranger:
        seen = (await viewer.get("/readyz")).json()
        assert (seen["ready"], seen["sources_in_trouble"]) == (True, 2)
        assert seen["sources"][0]["name"].startswith("prometheus http://prometheus.example:9090/base")
        assert (await stranger.get("/readyz")).json()["sources"] == []
