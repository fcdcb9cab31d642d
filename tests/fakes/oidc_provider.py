"""An OpenID Connect provider over real HTTP: discovery, authorization with PKCE, tokens, keys, userinfo."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.fakes.receiver import Reply, Request, receiving

CLIENT, SECRET = "allowance", "s3cret:/+ %"


@dataclass(slots=True)
class FakeProvider:
    """What it says can be bent by a test: `bend` changes the claims of every ID token."""

    clock: Callable[[], int]
    url: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u1", "email": "ada@example.com"})
    userinfo: dict[str, Any] = field(default_factory=dict)
    ways: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    bend: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    sign: Callable[[dict[str, Any]], str] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    broken: bool = False
    asked: list[str] = field(default_factory=list)
    key: RSAKey | ECKey = field(default_factory=lambda: new_key("first"))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """One request."""
        path = urlsplit(request.path)
        self.asked.append(path.path)
        if self.broken:
            return Reply(status=500, body="oops")
        if path.path == "/.well-known/openid-configuration":
            return _json(self._configuration())
        if path.path == "/jwks":
            return _json(dict(KeySet([self.key]).as_dict(private=False)))
        if path.path == "/authorize":
            return self._authorize({name: some[0] for name, some in parse_qs(path.query).items()})
        if path.path == "/token":
            form = {name: some[0] for name, some in parse_qs(request.body.decode()).items()}
            return self._token(form, request.headers)
        if path.path == "/userinfo" and request.headers.get("authorization") == "Bearer access":
            return _json(self.userinfo)
        return Reply(status=404)

    def _configuration(self) -> dict[str, Any]:
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint_auth_methods_supported": self.ways,
        }
        if self.userinfo:
            found["userinfo_endpoint"] = f"{self.url}/userinfo"
        return {**found, **self.about}

    def _authorize(self, asked: dict[str, str]) -> Reply:
        good = (
            asked.get("response_type") == "code"
            and asked.get("client_id") == CLIENT
            and asked.get("code_challenge_method") == "S256"
            and "openid" in asked.get("scope", "").split()
        )
        if not good:
            return Reply(status=400, body=json.dumps(asked))
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return Reply(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> Reply:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if not self._known(form, headers):
            return _json({"error": "invalid_client"}, 401)
        if (
            asked is None
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge.decode().rstrip("=") != asked["code_challenge"]
        ):
            return _json({"error": "invalid_grant"}, 400)
        now = self.clock()
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return _json(
            {
                "access_token": "access",
                "token_type": "Bearer",
                "id_token": self._signed({**claims, **self.person}),
            }
        )

    def _signed(self, claims: dict[str, Any]) -> str:
        bent = self.bend(claims)
        if self.sign is not None:
            return self.sign(bent)
        algorithm = "ES256" if isinstance(self.key, ECKey) else "RS256"
        header = {"alg": algorithm, "kid": self.key.kid}
        return jwt.encode(header, bent, self.key, algorithms=[algorithm])

    def _known(self, form: dict[str, str], headers: dict[str, str]) -> bool:
        if "client_secret_post" in self.ways:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if "none" in self.ways:
            return form.get("client_id") == CLIENT and "authorization" not in headers
        text = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
        return tuple(unquote(part) for part in text.split(":")) == (CLIENT, SECRET)


def new_key(name: str, *, rsa: bool = False) -> RSAKey | ECKey:
    """A key of the provider; elliptic curves are made faster."""
    parameters: Any = {"kid": name, "use": "sig"}
    return RSAKey.generate_key(2048, parameters) if rsa else ECKey.generate_key("P-256", parameters)


@contextlib.contextmanager
def providing(clock: Callable[[], int]) -> Iterator[FakeProvider]:
    """A provider on the loopback that lives as long as the block."""
    provider = FakeProvider(clock=clock)
    with receiving(provider.answer) as receiver:
        provider.url = receiver.url
        yield provider


def _json(body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body), headers={"Content-Type": "application/json"})
