"""Beacons at the door: whose pages may send, what is taken, and a real browser that measures a page."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from allowance.alerting.plan import Settings as AlertSettings
from allowance.app.serve import Loop
from allowance.contract.read import read
from allowance.edges import clock
from allowance.edges.read import Reader
from allowance.edges.store import Store
from allowance.edges.store.database import connect
from allowance.web.api import build_api
from allowance.web.event_door import EventDoor
from allowance.web.live import LoopState
from allowance.web.state import Settings
from allowance.web.tokens import Tokens
from tests.peers import free_port, need, wait_until

pytestmark = pytest.mark.anyio
CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  slos:
    - {name: web, kind: client, target: 99%, source: {rum: shop, key: pk_1, origins: ['https://shop.test', 'ORIGIN']}}
    - {name: blog, source: {rum: blog, origins: '*'}, good: ok, target: 99%}
"""
FINE = {"site": "shop", "key": "pk_1", "id": "a", "lcp": 1200.5, "ok": True}
SHOP = {"Origin": "https://shop.test"}


class _Watched(EventDoor):
    """Remembers the beacons once they are stored."""

    seen: list[Mapping[str, Any]]

    def take_beacon(self, beacon: Mapping[str, Any]) -> bool:
        new = super().take_beacon(beacon)
        self.seen.append(beacon)
        return new


class Rum:
    """A server over a contract with two sites."""

    def __init__(self, folder: Path, origin: str = "https://www.shop.test") -> None:
        self.engine = connect(str(folder / "allowance.db"))
        store = Store(self.engine)
        contract = read([("shop.yaml", CONTRACT.replace("ORIGIN", origin).encode())]).trusted()
        self.beacons: list[Mapping[str, Any]] = []
        door = _Watched(contract.slos, store, clock.now)
        door.seen = self.beacons
        self.loop = Loop(
            contract=contract,
            store=store,
            reader=Reader(),
            targets=lambda notice, at: (),
            settings=AlertSettings(),
            doors=(door,),
        )
        self.loop.start(now=clock.now())
        state = LoopState(loop=self.loop, store=store, engine=self.engine)
        self.app = build_api(state, Tokens(lambda: []), clock.now, Settings(open_reading=False, rate=1000))

    def total(self, slo: str) -> tuple[int, int]:
        """(good, total) after a tick."""
        self.loop.advance(now=clock.now() + 120)
        evaluation = self.loop.histories.get((slo, ""))
        return (0, 0) if evaluation is None else (evaluation.all().good, evaluation.all().total)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://allowance.test")


@pytest.fixture
def rum(tmp_path: Path) -> Iterator[Rum]:
    found = Rum(tmp_path)
    yield found
    found.engine.dispose()


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {}, 204),
        ({}, SHOP, 204),
        ({}, {"Origin": "https://www.shop.test"}, 204),
        ({}, {"Origin": "http://allowance.test"}, 204),
        ({}, {"Origin": "https://evil.test"}, 403),
        ({}, {"Origin": "https://shop.test.evil.test"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({"key": "pk_2"}, SHOP, 403),
        ({"key": None}, SHOP, 403),
        ({"site": "blog", "key": None}, {"Origin": "https://evil.test"}, 204),
        ({"site": "none"}, SHOP, 404),
        ({"sample": 0}, SHOP, 422),
        ({"sample": 1001}, SHOP, 422),
        ({"sample": 10.0}, SHOP, 204),
        ({"lcp": -1}, SHOP, 422),
        ({"lcp": "1200"}, SHOP, 422),
        ({"ok": "yes"}, SHOP, 422),
        ({"version": "x" * 301}, SHOP, 422),
        ({"unknown": [1, 2]}, SHOP, 204),
    ],
)
async def test_who_may_send_what(
    rum: Rum, changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    async with rum.client() as client:
        answer = await client.post("/v1/rum", json=FINE | changes, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 204:
        assert answer.content == b""
        assert answer.headers.get("access-control-allow-origin") in ("*", headers.get("Origin"))
    else:
        assert answer.json()["message"]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain;charset=UTF-8", b'{"site": "blog"}', 204),
        ("application/json", b'{"site": "blog"}', 204),
        ("application/x-www-form-urlencoded", b"site=blog", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 422),
        ("application/json", b'{"site": "blog", "lcp": NaN}', 422),
        ("application/json", b'{"site": "blog", "page": "' + b"x" * 17_000 + b'"}', 413),
    ],
)
async def test_bodies(rum: Rum, kind: str, body: bytes, status: int) -> None:
    async with rum.client() as client:
        answer = await client.post("/v1/rum", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


async def test_the_question_before_a_beacon(rum: Rum) -> None:
    async with rum.client() as client:
        yes = await client.options("/v1/rum", headers=SHOP)
        assert yes.status_code == 204
        assert yes.headers["access-control-allow-origin"] == "https://shop.test"
        assert yes.headers["access-control-allow-methods"] == "POST"
        assert (await client.options("/v1/rum")).status_code == 403


async def test_what_is_acknowledged_is_counted_once(rum: Rum) -> None:
    async with rum.client() as client:
        for beacon in (FINE, FINE, FINE | {"id": "b", "sample": 10}, FINE | {"id": "c", "lcp": 9000}):
            assert (await client.post("/v1/rum", json=beacon)).status_code == 204
    assert rum.total("shop/web") == (11, 12)


async def test_the_script_is_small_and_for_everybody(rum: Rum) -> None:
    async with rum.client() as client:
        answer = await client.get("/rum/beacon.js", headers={"Origin": "https://anywhere.test"})
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(answer.content) < 2048


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def pages(folder: Path) -> Iterator[str]:
    """A site of its own origin."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


PAGE = """<!doctype html><title>Shop</title><h1>Shop</h1><p style="font-size: 40px">Everything you need.</p>
<script type="module" src="ADDRESS/rum/beacon.js" data-site="shop" data-key="pk_1" data-version="2.14.0"></script>
"""
BROKEN = PAGE + "<script>addEventListener('load', () => { throw new Error('broken'); })</script>"


def test_a_browser_measures_a_page_and_its_beacon_is_counted(tmp_path: Path) -> None:
    chromium = need("/usr/bin/chromium", "chromium")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(PAGE.replace("ADDRESS", address))
    (tmp_path / "site" / "broken.html").write_text(BROKEN.replace("ADDRESS", address))
    with pages(tmp_path / "site") as site:
        rum = Rum(tmp_path, origin=site)
        server = uvicorn.Server(uvicorn.Config(rum.app, port=port, log_level="critical"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        wait_until(lambda: server.started, "the server", 60)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for number, name in enumerate(("index.html", "broken.html"), 1):
                    page = browser.new_page()
                    page.goto(f"{site}/{name}?secret=1", wait_until="networkidle")
                    page.goto("about:blank")
                    wait_until(lambda: len(rum.beacons) == number, f"the beacon of {name}", 60)  # noqa: B023
                browser.close()
            assert rum.total("shop/web") == (1, 2)
        finally:
            server.should_exit = True
            thread.join(30)
            rum.engine.dispose()
    assert [(one["page"], one["ok"]) for one in rum.beacons] == [
        ("/index.html", True),
        ("/broken.html", False),
    ]
    for beacon in rum.beacons:
        assert beacon["version"] == "2.14.0"
        assert 0 < beacon["lcp"] < 60_000
        assert beacon["status"] == 200
