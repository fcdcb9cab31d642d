"""A real server on a real port: many ask at the same time while the loop ticks on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from tests.peers import free_port, wait_until
from tests.web.conftest import TEXTS, House


@pytest.fixture
def address(house: House) -> Iterator[str]:
    house.run_to(100)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.app(open_reading=True), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def test_asking_goes_on_while_the_loop_ticks(house: House, address: str) -> None:
    admin = {"Authorization": f"Bearer {TEXTS['admin']}"}

    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=address) as client:
            body = {"labels": {"service": "payments"}, "end": "2030-01-01T00:00:00Z", "reason": "work"}
            some = [
                client.post("/v1/mutes?preview=true", json=body, headers=admin),
                *(client.get(path) for path in ("/v1/slos", "/v1/alerts", "/metrics", "/readyz")),
                *(
                    client.post(
                        "/v1/alerts/checkout/latency/page/ack", json={"disposition": "test"}, headers=admin
                    )
                    for _ in range(5)
                ),
            ]
            return [answer.status_code for answer in await asyncio.gather(*some)]

    for minute in range(101, 111):
        ticking = threading.Thread(target=house.run_to, args=(minute,))
        ticking.start()
        codes = asyncio.run(ask())
        ticking.join()
        assert codes[1:] == [200] * 9, codes
    taken = house.state.latest_acks(["checkout/latency/page"])
    assert taken["checkout/latency/page"].disposition == "test"


def test_a_body_without_end_is_cut_off(address: str) -> None:
    def drops() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TEXTS['admin']}"}
    answer = httpx.post(f"{address}/v1/mutes", content=drops(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
