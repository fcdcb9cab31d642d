"""Sessions and one-time links: once, for a while, revocable, and not to be used by pages of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, select, text
from starlette.datastructures import Headers

from allowance.edges.store.database import connect
from allowance.edges.store.sessions import Guest, Session, StoredSessions, links_table, sessions_table
from allowance.edges.token_file import digest
from allowance.web.api import build_api
from allowance.web.door import same_origin
from allowance.web.sessions import LIFETIME, LINK_LIFETIME, Sessions, cookies, new_link
from allowance.web.tokens import Tokens
from tests.web.conftest import KNOWN, TEXTS, House

pytestmark = pytest.mark.anyio
HERE = "http://127.0.0.1:8080"
OURS = {"Sec-Fetch-Site": "same-origin"}
ADA = Guest(name="ada", role="engineer")
ACK = "/v1/alerts/checkout/latency/page/ack"


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without anything at a house where people may sign in."""
    house.run_to(120)
    app = build_api(
        house.state,
        Tokens(lambda: KNOWN),
        house.clock,
        house.settings,
        sessions=Sessions(StoredSessions(house.state.engine), link=HERE),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        yield client


def link(house: House, guest: Guest = ADA) -> str:
    return "/sign-in?token=" + new_link(StoredSessions(house.state.engine), guest, now=house.clock())


async def test_a_link_lets_in_once(house: House, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/sign-in")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    address = link(house)
    answer = await browser.get(address, params=None)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.get("/v1/slos")).status_code == 200
    browser.cookies.clear()
    again = await browser.get(address)
    assert (again.status_code, "not valid" in again.text) == (401, True)
    assert "set-cookie" not in again.headers
    assert (await browser.get("/sign-in?token=guess")).status_code == 401
    assert (await browser.get("/sign-in?token=")).status_code == 200


async def test_links_and_sessions_end(house: House, browser: httpx.AsyncClient) -> None:
    late, good = link(house), link(house)
    house.clock.now += LINK_LIFETIME - 1
    assert (await browser.get(good)).status_code == 303
    house.clock.now += 1
    assert (await browser.get(late)).status_code == 401
    house.clock.now += LIFETIME - 2
    assert (await browser.get("/v1/slos")).status_code == 200
    house.clock.now += 1
    assert (await browser.get("/v1/slos")).status_code == 401


async def test_a_session_is_revoked_at_once_and_a_copy_of_the_store_opens_nothing(
    house: House, browser: httpx.AsyncClient
) -> None:
    await browser.get(link(house))
    text = browser.cookies["allowance-session"]
    stored = StoredSessions(house.state.engine)
    with house.state.engine.begin() as connection:
        (row,) = connection.execute(select(sessions_table)).all()
        assert text not in map(str, row)
        assert row.sha256 == digest(text)
    assert (await browser.get("/v1/slos")).status_code == 200
    assert stored.end_of("ada") == 1
    assert (await browser.get("/v1/slos")).status_code == 401
    browser.cookies.clear()
    browser.cookies.set("allowance-session", row.sha256)
    assert (await browser.get("/v1/slos")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 200),
        ({"Origin": HERE}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8081"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Authorization": f"Bearer {TEXTS['engineer']}", "Origin": "https://evil.example"}, 200),
        ({"Authorization": f"Bearer {TEXTS['viewer']}", **OURS}, 403),
        ({"Authorization": "Bearer wrong", **OURS}, 401),
    ],
)
async def test_pages_of_others_change_nothing(
    house: House, browser: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    await browser.get(link(house))
    answer = await browser.post(ACK, json={}, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 403 and "Authorization" not in headers:
        assert answer.json()["code"] == "origin"
        assert (await browser.post("/sign-out", headers=headers)).status_code == 403
        assert (await browser.get("/v1/slos", headers=headers)).status_code == 200, "reading is no matter"


@pytest.mark.parametrize(
    ("origin", "link", "good"),
    [
        ("https://a.example", "https://a.example/", True),
        ("http://a.example", "https://a.example", False),
        ("http://inside:8787", "https://a.example", False),
        ("http://inside:8787", "http://a.example", True),
        ("http://a.example", "http://a.example", True),
        ("", "", False),
    ],
)
def test_behind_a_proxy_the_outer_address_counts(origin: str, link: str, good: bool) -> None:
    headers = [(b"host", b"inside:8787")] + ([(b"origin", origin.encode())] if origin else [])
    scope: dict[str, Any] = {"type": "http", "method": "POST", "scheme": "http", "headers": headers}
    assert same_origin(scope, link) is good


async def test_a_session_is_a_caller_like_a_token(house: House, browser: httpx.AsyncClient) -> None:
    await browser.get(link(house, Guest(name="eve", role="engineer", services=("payments",))))
    refused = await browser.post(ACK, json={}, headers=OURS)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert (await browser.get("/v1/slos/checkout/latency")).status_code == 200, "reading has no scope"
    mute = {"labels": {"service": "payments"}, "end": "2027-01-01T00:00:00Z", "reason": "x"}
    made = await browser.post("/v1/mutes", json=mute, headers=OURS)
    assert (made.status_code, made.json()["by"]) == (201, "eve")
    for labels in ({"service": "checkout"}, {"region": "eu"}):
        other = await browser.post("/v1/mutes", json={**mute, "labels": labels}, headers=OURS)
        assert other.status_code == 403
    await browser.get(link(house, Guest(name="vic", role="viewer")))
    assert (await browser.post(ACK, json={}, headers=OURS)).json()["code"] == "role"
    out = await browser.post("/sign-out", headers=OURS)
    assert out.status_code == 303
    assert "allowance-session" not in browser.cookies


async def test_a_store_that_is_gone_opens_nothing(house: House, browser: httpx.AsyncClient) -> None:
    await browser.get(link(house))
    with house.state.engine.begin() as connection:
        connection.execute(text("DROP TABLE sessions"))
    answer = await browser.get("/v1/slos")
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
    browser.cookies.clear()
    assert (await browser.get("/healthz")).status_code == 200


def test_of_many_who_take_a_link_one_gets_in(postgres: str, tmp_path: Path) -> None:
    engine = create_engine(
        postgres.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    for url in (str(tmp_path / "a.db"), postgres):
        opened = connect(url)
        stored = StoredSessions(opened)
        stored.save_link("a" * 64, ADA, ends=100)
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda _, them=stored: them.take_link("a" * 64, now=5), range(16)))
        assert [one for one in got if one is not None] == [ADA]
        session = Session(guest=ADA, began=5, ends=10, via="link")
        stored.begin("b" * 64, session)
        assert stored.find("b" * 64, now=9) == session
        assert stored.find("b" * 64, now=10) is None
        stored.begin("c" * 64, Session(guest=ADA, began=10, ends=20, via="oidc"))
        stored.save_link("d" * 64, ADA, ends=30)
        stored.take_link("e" * 64, now=30)
        with opened.begin() as connection:
            assert len(connection.execute(select(sessions_table)).all()) == 1, "what is over is forgotten"
            assert connection.execute(select(links_table)).all() == []
        opened.dispose()


def test_a_role_of_another_version_lets_nobody_in(tmp_path: Path) -> None:
    opened = connect(str(tmp_path / "a.db"))
    stored = StoredSessions(opened)
    stored.save_link("a" * 64, ADA, ends=100)
    stored.begin("b" * 64, Session(guest=ADA, began=1, ends=100, via="link"))
    with opened.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET role = 'king'")
        connection.exec_driver_sql("UPDATE sign_in_links SET role = 'king'")
    assert stored.find("b" * 64, now=2) is None
    assert stored.take_link("a" * 64, now=2) is None
    assert stored.open(now=2) == []
    opened.dispose()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("a=1; allowance-session=x", {"a": "1", "allowance-session": "x"}),
        ("b@d[=1; allowance-session=x", {"allowance-session": "x"}),
        ("", {}),
        (";;=;", {}),
        ("allowance-session=" + "x" * 9000, {}),
    ],
)
def test_cookies_of_others_do_not_hide_ours(header: str, found: dict[str, str]) -> None:
    assert {**found, **cookies(Headers({"cookie": header}))} == cookies(Headers({"cookie": header}))
    assert cookies(Headers({"cookie": header})).get("allowance-session") == found.get("allowance-session")
