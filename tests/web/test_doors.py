"""Who may do what, how often, and how much: every route by every role, and every error in one shape."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import text
from starlette.datastructures import Headers

from allowance.core.problem import refuse
from allowance.core.time import iso
from allowance.edges.store.acks import Disposition
from allowance.governance.roles import ROLE_NAMES, ROLES, Right, Role
from allowance.web.api import build_api
from allowance.web.door import Rate
from allowance.web.state import Settings
from allowance.web.tokens import Tokens, from_here
from tests.conftest import ROOT
from tests.web.conftest import KNOWN, START, TEXTS, House

pytestmark = pytest.mark.anyio
SHAPE = {"code", "severity", "message", "where", "hint"}
EVENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t"}
MUTE = {"labels": {"service": "checkout"}, "end": iso(START + 86400), "reason": "work"}
NOTE = {"service": "checkout", "begin": iso(START), "text": "x"}
CORRECTION = {
    "slo": "checkout/latency",
    "kind": "exclude",
    "begin": iso(START - 600),
    "end": iso(START),
    "reason": "x",
}
BULLET = {"service": "checkout", "change": "PR-1", "reason": "the sale begins"}
WAIVER = {"slo": "checkout/latency", "dependency": "mail", "reason": "it was down", "hours": 1}
BANKRUPTCY = {
    "service": "none",
    "reason": "a new start",
    "sprint": [{"what": "tests", "owner": "ada", "due": iso(START + 86400)}],
}

ROUTES: list[tuple[str, str, Right | None, dict[str, Any]]] = [
    ("POST", "/v1/rum", None, {"json": {"site": "nothing"}}),
    ("GET", "/rum/beacon.js", None, {}),
    ("GET", "/healthz", None, {}),
    ("GET", "/readyz", None, {}),
    ("GET", "/v1/openapi.json", None, {}),
    ("GET", "/metrics", "read", {}),
    ("GET", "/v1/slos", "read", {}),
    ("GET", "/v1/slos/checkout/latency", "read", {}),
    ("GET", "/v1/alerts", "read", {}),
    ("GET", "/v1/alerts/events", "read", {}),
    ("POST", "/v1/alerts/checkout/latency/page/ack", "acknowledge", {"json": {"note": "x"}}),
    ("GET", "/v1/ledger", "read", {}),
    ("GET", "/v1/ledger/1", "read", {}),
    ("GET", "/v1/ledger/verification", "read", {}),
    ("POST", "/v1/decisions", "ask", {"json": {"service": "checkout"}}),
    ("GET", "/v1/decisions/1", "read", {}),
    ("GET", "/v1/gates/checkout", "read", {}),
    ("GET", "/v1/states", "read", {}),
    ("GET", "/v1/freezes", "read", {}),
    ("POST", "/v1/freezes", "freeze", {"json": {"service": "checkout", "reason": "x"}}),
    ("POST", "/v1/freezes/freeze-0/end", "freeze", {"json": {"reason": "x"}}),
    ("GET", "/v1/policies", "read", {}),
    ("GET", "/v1/policies/green-yellow-red", "read", {}),
    ("POST", "/v1/policies/green-yellow-red/signatures", "sign", {"json": {"hash": "abc"}}),
    ("GET", "/v1/deploys", "read", {}),
    ("GET", "/v1/adherence", "read", {}),
    ("GET", "/v1/argo/gates/checkout", "read", {}),
    ("GET", "/v1/argo/kayenta/canaryConfig", "read", {}),
    ("POST", "/v1/argo/kayenta/canary/feature?application=checkout", "read", {"json": {}}),
    ("GET", "/v1/argo/kayenta/canary/none", "read", {}),
    ("POST", "/v1/flagger/confirm-rollout", "read", {"json": {"name": "checkout"}}),
    ("POST", "/v1/flagger/event", "read", {"json": {"name": "checkout"}}),
    ("POST", "/v1/flagger/rollback", "read", {"json": {"name": "checkout"}}),
    ("GET", "/prometheus/api/v1/query?query=vector(1)", "read", {}),
    ("POST", "/v1/github", None, {"json": {}}),
    ("GET", "/v1/exceptions", "read", {}),
    ("GET", "/v1/bullets", "read", {}),
    ("POST", "/v1/bullets", "sign", {"json": BULLET | {"dry_run": True}}),
    ("POST", "/v1/bullets/bullet-0/approve", "spend", {}),
    ("GET", "/v1/overrides", "read", {}),
    ("POST", "/v1/overrides", "sign", {"json": BULLET}),
    ("POST", "/v1/overrides/override-0/approve", "override", {}),
    ("GET", "/v1/releases", "read", {}),
    (
        "POST",
        "/v1/releases",
        "sign",
        {"json": {"service": "none", "change": "PR-1", "plan": "off by default"}},
    ),
    ("POST", "/v1/releases/release-0/approve", "release", {}),
    ("POST", "/v1/releases/release-0/evidence", "ask", {"json": {"condition": "x", "evidence": "y"}}),
    ("POST", "/v1/releases/release-0/withdraw", "sign", {"json": {"reason": "x"}}),
    ("GET", "/v1/waivers", "read", {}),
    ("POST", "/v1/waivers", "waive", {"json": WAIVER}),
    ("POST", "/v1/waivers/waiver-0/end", "waive", {"json": {"reason": "x"}}),
    ("GET", "/v1/attribution/checkout/latency", "read", {}),
    ("GET", "/v1/bankruptcies", "read", {}),
    ("POST", "/v1/bankruptcies", "bankrupt", {"json": BANKRUPTCY}),
    ("POST", "/v1/bankruptcies/bankruptcy-0/signatures", "sign", {}),
    ("GET", "/v1/obligations", "read", {}),
    ("POST", "/v1/obligations/bullet-0.postmortem/done", "sign", {"json": {"evidence": "x"}}),
    ("GET", "/v1/risk/checkout", "read", {}),
    ("GET", "/v1/coverage", "read", {}),
    ("GET", "/v1/errors/checkout", "read", {}),
    ("GET", "/v1/latency/checkout", "read", {}),
    ("GET", "/v1/mutes", "read", {}),
    ("POST", "/v1/mutes", "mute", {"json": MUTE}),
    ("POST", "/v1/mutes?preview=true", "mute", {"json": MUTE}),
    ("DELETE", "/v1/mutes/none", "mute", {}),
    ("GET", "/v1/notes", "read", {}),
    ("POST", "/v1/notes", "annotate", {"json": NOTE}),
    ("GET", "/v1/corrections", "read", {}),
    ("POST", "/v1/corrections", "correct", {"json": CORRECTION}),
    ("POST", "/v1/corrections?preview=true", "correct", {"json": CORRECTION}),
    ("POST", "/v1/corrections/correction-0/revoke", "correct", {"json": {"reason": "x"}}),
    ("POST", "/v1/reload", "administer", {}),
    (
        "POST",
        "/v1/events",
        "report",
        {"content": json.dumps(EVENT), "headers": {"Content-Type": "application/cloudevents+json"}},
    ),
]


@pytest.fixture
def ready(house: House) -> House:
    house.run_to(120)
    return house


@pytest.mark.parametrize("role", [None, *ROLE_NAMES])
async def test_each_route_by_each_role(ready: House, role: Role | None) -> None:
    async with ready.client(role) as client:
        for method, path, right, extra in ROUTES:
            answer = await client.request(method, path, **extra)
            if right is None or (role is not None and right in ROLES[role]):
                assert answer.status_code in (200, 201, 404, 409), (method, path, answer.text)
            else:
                assert answer.status_code == (401 if role is None else 403), (method, path)
                assert set(answer.json()) == SHAPE


def _template(method: str, path: str, described: set[tuple[str, str]]) -> str:
    """The described address that a path belongs to: the one with the fewest gaps."""

    def fits(template: str) -> bool:
        parts = re.split(r"\{\w+\}", template)
        return re.fullmatch("(.+)".join(re.escape(part) for part in parts), path) is not None

    found = [template for m, template in described if m == method and fits(template)]
    return min(found, key=lambda template: template.count("{"), default=path)


async def test_every_route_is_in_the_table_above(house: House) -> None:
    async with house.client(None) as client:
        document = (await client.get("/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    described = {(m.upper(), p) for p, found in document["paths"].items() for m in found}
    known = {(m, _template(m, p.partition("?")[0], described)) for m, p, _, _ in ROUTES}
    known.discard(("GET", "/v1/openapi.json"))
    assert described == known
    page = (ROOT / "docs" / "api.md").read_text()
    assert [one for one in described if f"`{one[0]} {one[1]}`" not in page] == []


def test_roles_and_dispositions_are_documented_as_they_are() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    rows = re.findall(
        r"^\| `(\w+)` \| [^|`\n]+ \|(" + r"[^|\n]*\|" * len(ROLE_NAMES) + ")$", page, re.MULTILINE
    )
    told = {right: [word.strip() for word in words.split("|")[:-1]] for right, words in rows}
    assert told == {
        right: ["yes" if right in ROLES[role] else "" for role in ROLE_NAMES] for right in get_args(Right)
    }
    assert [one for one in get_args(Disposition) if f"`{one}`" not in page] == []


async def test_the_own_machine_may_read_and_nothing_more(ready: House) -> None:
    async with ready.client(None, open_reading=True) as client:
        for method, path, right, extra in ROUTES:
            answer = await client.request(method, path, **extra)
            expected = (200, 404, 409) if right in (None, "read") else (401,)
            assert answer.status_code in expected, (method, path)
        wrong = await client.get("/v1/slos", headers={"Authorization": "Bearer alw_wrong"})
        assert wrong.status_code == 401, "a token that is shown must be right"
        proxied = await client.get("/v1/slos", headers={"X-Forwarded-For": "203.0.113.9"})
        assert proxied.status_code == 401
        rebound = await client.get("/v1/slos", headers={"Host": "evil.example:8080"})
        assert rebound.status_code == 401


@pytest.mark.parametrize(
    ("address", "host", "open_"),
    [
        ("127.0.0.1", "localhost:8080", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "[::1]:8080", True),
        ("::ffff:127.0.0.1", "localhost", True),
        ("10.0.0.7", "localhost", False),
        ("127.0.0.1", "allowance.example", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "[::1", True),
        ("127.0.0.1", "[evil.example]", False),
        ("", "localhost", False),
    ],
)
def test_what_comes_from_here(address: str, host: str, open_: bool) -> None:
    assert from_here(address, Headers({"host": host})) is open_


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Basic YTpi", "alw_admin-secret", "bearer  nobody", "Bearer caf\xe9"]
)
async def test_what_is_no_token(ready: House, shown: str) -> None:
    async with ready.client(None) as client:
        answer = await client.get("/v1/slos", headers={"Authorization": shown.encode("latin-1")})  # type: ignore[dict-item]
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert set(answer.json()) == SHAPE


async def test_no_token_is_logged_or_told(ready: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ready.client("viewer") as client:
        for method, path, _, extra in ROUTES:
            answer = await client.request(method, path, **extra)
            assert "secret" not in answer.text
    ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    assert not any(TEXTS["viewer"] in one.getMessage() for one in ours)


async def test_tokens_that_cannot_be_read_let_nobody_in(ready: House) -> None:
    def broken() -> list[Any]:
        raise refuse("tokens", "the file of tokens is damaged")

    app = build_api(ready.state, Tokens(broken), ready.clock, Settings())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/v1/slos", headers={"Authorization": "Bearer x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "tokens")
        assert (await client.get("/healthz")).status_code == 200


async def test_too_many_requests_wait_and_others_do_not(ready: House) -> None:
    app = build_api(ready.state, Tokens(lambda: KNOWN), ready.clock, Settings(rate=0.5, burst=3))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        hasty = {"Authorization": f"Bearer {TEXTS['viewer']}"}
        codes = [(await client.get("/v1/slos", headers=hasty)).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        answer = await client.get("/v1/slos", headers=hasty)
        assert (answer.headers["retry-after"], answer.json()["code"]) == ("2", "rate")
        calm = {"Authorization": f"Bearer {TEXTS['admin']}"}
        assert (await client.get("/v1/slos", headers=calm)).status_code == 200
        ready.clock.now += 2
        assert (await client.get("/v1/slos", headers=hasty)).status_code == 200
        guesses = [{"Authorization": f"Bearer {n}"} for n in range(4)]
        assert [(await client.get("/v1/slos", headers=g)).status_code for g in guesses] == [
            401,
            401,
            401,
            429,
        ]


def test_a_clock_that_jumps_back_takes_nothing_away() -> None:
    rate = Rate(1, 2)
    assert [rate.wait("a", now=100) for _ in range(3)] == [0, 0, 1]
    assert rate.wait("a", now=10) == 1
    assert rate.wait("a", now=11) == 0


async def test_bodies_have_a_limit_with_and_without_a_length(ready: House) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with ready.client("admin", most_body=1000) as client:
        for path, kind in (
            ("/v1/events", "application/cloudevents+json"),
            ("/v1/mutes", "application/json"),
        ):
            headers = {"Content-Type": kind}
            for content in (b"x" * 1001, drops()):
                answer = await client.post(path, content=content, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
            answer = await client.post(path, content=b"x" * 1000, headers=headers)
            assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "extra", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/docs", {}, 404),
        ("GET", "/redoc", {}, 404),
        ("GET", "/v1/slos/", {}, 404),
        ("GET", "/v1/slos/checkout/nothing", {}, 404),
        ("DELETE", "/v1/slos", {}, 405),
        ("PUT", "/healthz", {}, 405),
        ("GET", "/v1/slos?limit=many", {}, 422),
        ("GET", "/v1/slos?state=fine", {}, 422),
        ("POST", "/v1/mutes", {"content": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", "/v1/mutes", {"content": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", "/v1/mutes", {}, 415),
        ("POST", "/v1/mutes", {"json": []}, 422),
        ("POST", "/v1/mutes", {"content": "[" * 9999, "headers": {"Content-Type": "application/json"}}, 400),
    ],
)
async def test_every_error_has_the_one_shape(
    ready: House, method: str, path: str, extra: dict[str, Any], status: int
) -> None:
    async with ready.client("admin") as client:
        answer = await client.request(method, path, **extra)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == SHAPE
    assert answer.headers["x-content-type-options"] == "nosniff"
    if status == 405:
        assert answer.headers["allow"]


async def test_a_fault_shows_no_traceback(ready: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object, *, now: int) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(ready.state), "mutes", broken)
    async with ready.client("admin") as client:
        answer = await client.get("/v1/mutes")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "detail" not in answer.text


async def test_a_store_that_is_gone_is_said_so(ready: House) -> None:
    with ready.state.engine.begin() as connection:
        connection.execute(text("DROP TABLE acks"))
    async with ready.client("admin") as client:
        answer = await client.get("/v1/alerts")
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
