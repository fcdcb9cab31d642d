"""Signing in at a real provider over HTTP: the way through, and everything that must not let anybody in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from allowance.core.problem import ProblemError
from allowance.edges.oidc_file import OidcSettings, read_oidc
from allowance.edges.store.sessions import StoredSessions
from allowance.web.api import build_api
from allowance.web.oidc import Provider
from allowance.web.sessions import Sessions
from allowance.web.tokens import Tokens
from tests.fakes.oidc_provider import CLIENT, SECRET, FakeProvider, new_key, providing
from tests.web.conftest import KNOWN, House

pytestmark = pytest.mark.anyio
HERE = "http://127.0.0.1:8080"

FILE = """
issuer: {url}
client_id: allowance
client_secret_env: OIDC_SECRET
role_claim: groups
roles:
  sre: engineer
  heads: executive
"""


@pytest.fixture
def provider(house: House) -> Iterator[FakeProvider]:
    house.run_to(120)
    with providing(house.clock) as found:
        found.person["groups"] = ["staff", "sre"]
        yield found


def settings(provider: FakeProvider, tmp_path: Path) -> OidcSettings:
    path = tmp_path / "oidc.yaml"
    path.write_text(FILE.format(url=provider.url))
    return read_oidc(path, {"OIDC_SECRET": SECRET})


def browser(house: House, found: OidcSettings, link: str = "") -> httpx.AsyncClient:
    app = build_api(
        house.state,
        Tokens(lambda: KNOWN),
        house.clock,
        house.settings,
        sessions=Sessions(StoredSessions(house.state.engine), link=link),
        provider=Provider(found),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=link or HERE)


async def to_provider(client: httpx.AsyncClient, then: str = "/v1/slos") -> str:
    """The address on our side that the provider sends the browser back to."""
    sent = await client.get("/sign-in/oidc", params={"next": then})
    assert sent.status_code == 303, sent.text
    async with httpx.AsyncClient() as outside:
        back = await outside.get(sent.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


async def signed_in(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(await to_provider(client))


async def test_a_person_signs_in_and_acts_under_their_name(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    async with browser(house, settings(provider, tmp_path)) as client:
        assert (await client.get("/v1/slos")).status_code == 401
        answer = await signed_in(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/v1/slos")
        cookie = next(one for one in answer.headers.get_list("set-cookie") if "half-way" not in one)
        assert {"HttpOnly", "SameSite=lax", "Max-Age=43200"} <= {part.strip() for part in cookie.split(";")}
        assert (await client.get("/v1/slos")).status_code == 200
        body = {"note": "mine"}
        path = "/v1/alerts/checkout/latency/page/ack"
        ours = {"Sec-Fetch-Site": "same-origin"}
        taken = await client.post(path, json=body, headers=ours)
        assert (taken.status_code, taken.json()["by"]) == (200, "ada@example.com")
        body = {"labels": {"service": "checkout"}, "end": "2030-01-01T00:00:00Z", "reason": "x"}
        out = await client.post("/sign-out", headers=ours)
        assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
        assert (await client.get("/v1/slos")).status_code == 401


async def test_behind_https_the_cookie_is_bound_to_it(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    async with browser(house, settings(provider, tmp_path), link="https://allowance.example") as client:
        back = await to_provider(client)
        assert back.startswith("https://allowance.example/sign-in/oidc/callback?")
        answer = await client.get(back)
        cookies = answer.headers.get_list("set-cookie")
        assert any(one.startswith("__Host-allowance=") and "Secure" in one for one in cookies)


async def test_the_first_of_the_roles_counts_and_who_has_none_stays_out(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    found = settings(provider, tmp_path)
    sessions = StoredSessions(house.state.engine)
    for groups, role in (
        (["heads"], "executive"),
        (["heads", "sre"], "engineer"),
        ("sre", "engineer"),
        (["staff"], None),
        ([], None),
        (None, None),
        ([["sre"]], None),
    ):
        provider.person["groups"] = groups
        async with browser(house, found) as client:
            answer = await signed_in(client)
            assert answer.status_code == (401 if role is None else 303), groups
            if role is not None:
                (session,) = sessions.open(now=house.clock())
                assert session.guest.role == role
                sessions.end_of("ada@example.com")
    provider.person["groups"] = []
    async with browser(house, replace(found, default_role="viewer")) as client:
        assert (await signed_in(client)).status_code == 303


@pytest.mark.parametrize(
    ("bend", "word"),
    [
        (lambda c: {**c, "iss": "https://evil.example"}, "iss"),
        (lambda c: {**c, "aud": "somebody"}, "aud"),
        (lambda c: {**c, "aud": ["somebody"]}, "aud"),
        (lambda c: {**c, "aud": [CLIENT, "somebody"]}, "another client"),
        (lambda c: {**c, "azp": "somebody"}, "another client"),
        (lambda c: {**c, "exp": c["iat"] - 61}, "exp"),
        (lambda c: {**c, "iat": c["iat"] + 61}, "future"),
        (lambda c: {**c, "nonce": "other"}, "nonce"),
        (lambda c: {name: value for name, value in c.items() if name != "nonce"}, "nonce"),
        (lambda c: {name: value for name, value in c.items() if name != "exp"}, "exp"),
        (lambda c: {name: value for name, value in c.items() if name != "sub"}, "sub"),
        (lambda c: {**c, "email": "a\nb"}, "email"),
        (lambda c: {**c, "email": 7}, "email"),
        (lambda c: {**c, "email_verified": False}, "verified"),
        (lambda c: {**c, "email_verified": "true"}, "verified"),
    ],
)
async def test_an_id_token_that_does_not_hold_lets_nobody_in(
    house: House,
    provider: FakeProvider,
    tmp_path: Path,
    bend: Callable[[dict[str, Any]], dict[str, Any]],
    word: str,
) -> None:
    provider.bend = bend
    async with browser(house, settings(provider, tmp_path)) as client:
        answer = await signed_in(client)
        assert answer.status_code == 401
        assert word in answer.text
        assert (await client.get("/v1/slos")).status_code == 401
    assert StoredSessions(house.state.engine).open(now=house.clock()) == []


async def test_signatures_of_others_let_nobody_in(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    found = settings(provider, tmp_path)
    stranger = new_key("first")
    secret = OctKey.import_key(SECRET.encode() * 4, {"kid": "first"})

    def unsigned(claims: dict[str, Any]) -> str:
        text = jwt.encode({"alg": "ES256", "kid": "first"}, claims, stranger, algorithms=["ES256"])
        return f"eyJhbGciOiJub25lIn0.{text.split('.')[1]}."

    signs: list[Callable[[dict[str, Any]], str]] = [
        lambda c: jwt.encode({"alg": "ES256", "kid": "first"}, c, stranger, algorithms=["ES256"]),
        lambda c: jwt.encode({"alg": "HS256", "kid": "first"}, c, secret, algorithms=["HS256"]),
        unsigned,
        lambda c: "no token",
        lambda c: "a.b.c",
    ]
    for sign in signs:
        provider.sign = sign
        async with browser(house, found) as client:
            answer = await signed_in(client)
            assert answer.status_code == 401
            assert "does not hold" in answer.text


async def test_a_sign_in_belongs_to_the_browser_that_began_it(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    found = settings(provider, tmp_path)
    async with browser(house, found) as one, browser(house, found) as other:
        back = await to_provider(one)
        await to_provider(other)
        assert (await other.get(back)).status_code == 401, "a code of somebody else"
        async with browser(house, found) as nobody:
            assert (await nobody.get(back)).status_code == 401
        back = await to_provider(one)
        assert (await one.get(back.replace("state=", "state=x"))).status_code == 401
        back = await to_provider(one)
        assert (await one.get(back.replace("iss=", "iss=x"))).status_code == 401
        back = await to_provider(one)
        assert (await one.get(back)).status_code == 303
        assert (await one.get(back)).status_code == 401, "a code counts once"
        code = parse_qs(urlsplit(back).query)["code"][0]
        await to_provider(one)
        denied = await one.get("/sign-in/oidc/callback", params={"error": "access_denied", "code": code})
        assert denied.status_code == 401


async def test_nobody_is_led_to_another_site(house: House, provider: FakeProvider, tmp_path: Path) -> None:
    async with browser(house, settings(provider, tmp_path)) as client:
        for then in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"):
            answer = await client.get(await to_provider(client, then))
            assert answer.headers["location"] == "/", then


async def test_new_keys_of_the_provider_are_asked_for(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    async with browser(house, settings(provider, tmp_path)) as client:
        assert (await signed_in(client)).status_code == 303
        provider.key = new_key("second", rsa=True)
        assert (await signed_in(client)).status_code == 401, "not more than once a minute"
        house.clock.now += 61
        assert (await signed_in(client)).status_code == 303
        assert provider.asked.count("/jwks") == 2
        assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_groups_may_stand_in_the_userinfo(house: House, provider: FakeProvider, tmp_path: Path) -> None:
    found = settings(provider, tmp_path)
    del provider.person["groups"]
    provider.userinfo = {"sub": "u1", "groups": ["heads"], "email": "mallory@example.com"}
    async with browser(house, found) as client:
        assert (await signed_in(client)).status_code == 303
    (session,) = StoredSessions(house.state.engine).open(now=house.clock())
    assert (session.guest.name, session.guest.role, session.via) == ("ada@example.com", "executive", "oidc")
    provider.userinfo["sub"] = "u2"
    async with browser(house, found) as client:
        answer = await signed_in(client)
        assert (answer.status_code, "somebody else" in answer.text) == (401, True)


@pytest.mark.parametrize("way", ["client_secret_post", "none"])
async def test_other_ways_of_naming_the_client(
    house: House, provider: FakeProvider, tmp_path: Path, way: str
) -> None:
    provider.ways = [way]
    found = settings(provider, tmp_path)
    found = replace(found, client_secret=None) if way == "none" else found
    async with browser(house, found) as client:
        assert (await signed_in(client)).status_code == 303


async def test_a_provider_in_trouble_is_said_so_and_its_secret_is_not(
    house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    found = settings(provider, tmp_path)
    async with browser(house, found) as client:
        back = await to_provider(client)
        provider.broken = True
        answer = await client.get(back)
        assert (answer.status_code, "cannot be asked" in answer.text) == (401, True)
        assert "s3cret" not in answer.text
    async with browser(house, found) as client:
        assert (await client.get("/sign-in/oidc")).status_code == 401
        provider.broken = False
        provider.about = {"issuer": "https://evil.example"}
        assert "calls itself" in (await client.get("/sign-in/oidc")).text
        provider.about = {"jwks_uri": None}
        assert "jwks_uri" in (await client.get("/sign-in/oidc")).text
    assert SECRET not in repr(found)
    gone = replace(found, issuer="http://127.0.0.1:9")
    async with browser(house, gone) as client:
        assert (await client.get("/sign-in/oidc")).status_code == 401


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("issuer: http://id.example\nclient_id: a\ndefault_role: viewer", "not https"),
        ("issuer: https://id.example\ndefault_role: viewer", "client_id"),
        ("issuer: https://id.example\nclient_id: a", "roles"),
        ("issuer: https://id.example\nclient_id: a\nroles: {sre: king}", "king"),
        (
            "issuer: https://id.example\nclient_id: a\nroles: {sre: engineer}\nclient_secret: x",
            "client_secret",
        ),
        ("issuer: https://id.example\nclient_id: a\ndefault_role: viewer\nclient_secret_env: NO", "not set"),
        (
            "issuer: https://id.example\nclient_id: a\ndefault_role: viewer\nclient_secret_file: no",
            "cannot be read",
        ),
        ("- 1", "one map"),
        ("issuer: [", ""),
    ],
)
def test_a_wrong_file_is_refused_before_anything_runs(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "oidc.yaml"
    path.write_text(text)
    with pytest.raises(ProblemError) as caught:
        read_oidc(path, {})
    assert word in str(caught.value)
    with pytest.raises(ProblemError):
        read_oidc(tmp_path / "absent", {})


def test_a_secret_may_stand_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("abc\n")
    path = tmp_path / "oidc.yaml"
    path.write_text(
        "issuer: https://id.example\nclient_id: a\ndefault_role: viewer\nclient_secret_file: secret\n"
        "name_claim: sub\nscopes: [openid, groups]"
    )
    found = read_oidc(path, {})
    assert found.client_secret is not None
    assert found.client_secret.reveal() == "abc"
    assert (found.name_claim, found.scopes) == ("sub", ("openid", "groups"))
