"""Signing in by an OpenID Connect provider: authorization code with PKCE, and an ID token that is checked here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from allowance.core.duration import HOUR, MINUTE
from allowance.core.problem import ProblemError, refuse
from allowance.core.time import Instant
from allowance.edges.oidc_file import OidcSettings
from allowance.edges.store.sessions import Guest
from allowance.governance.roles import Role

CODE = "oidc"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key; `none` and shared secrets are never taken."""

LEEWAY = MINUTE
"""So far the clocks of the provider and of this machine may be apart."""

TIMEOUT = 10.0
LONGEST_NAME = 200
KEYS_AGAIN = MINUTE
"""A key that is not known makes us ask for the keys again, at most so often."""

NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sign-in that has begun; the browser itself carries it, in a cookie, to the provider and back."""

    state: str
    nonce: str
    verifier: str
    then: str = "/"


class Provider:
    """A provider; what it publishes about itself is asked for when it is first needed, and again after an hour."""

    def __init__(self, settings: OidcSettings, http: httpx.Client | None = None) -> None:
        self.settings = settings
        self._http = http or httpx.Client(timeout=TIMEOUT)
        self._lock = threading.Lock()
        self._about: tuple[Instant, Mapping[str, Any]] | None = None
        self._keys: tuple[Instant, KeySet] | None = None

    def begin(self, redirect: str, then: str, *, now: Instant) -> tuple[str, Flow]:
        """Where to send the browser, and what it has to bring back. Errors: `Problem` `oidc`."""
        flow = Flow(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            then=then,
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(self.settings.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        address = self._said("authorization_endpoint", now)
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", flow

    def finish(self, came: Mapping[str, str], flow: Flow, redirect: str, *, now: Instant) -> Guest:
        """Who came back with these parameters. Errors: `Problem` `oidc`, which says why nobody was let in."""
        if not hmac.compare_digest(came.get("state", "").encode(), flow.state.encode()):
            raise refuse(CODE, "this sign-in was not begun in this browser", hint="begin again")
        if came.get("iss", self.settings.issuer) != self.settings.issuer:
            raise refuse(CODE, "another provider answered", hint="begin again")
        if "code" not in came:
            said = came.get("error", "no code")[:100]
            raise refuse(CODE, f"the provider did not sign you in: {said}", hint="begin again")
        tokens = self._exchange(came["code"], flow, redirect, now)
        claims = self._checked(tokens.get("id_token"), flow, now)
        return self._guest(self._more(claims, tokens.get("access_token"), now))

    def _exchange(self, code: str, flow: Flow, redirect: str, now: Instant) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": flow.verifier,
        }
        secret = self.settings.client_secret
        login: httpx.BasicAuth | None = None
        if secret is None:
            form["client_id"] = self.settings.client_id
        elif "client_secret_basic" in self._ways(now):
            # RFC 6749 wants both written as in a form before they are joined.
            login = httpx.BasicAuth(quote(self.settings.client_id), quote(secret.reveal()))
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": secret.reveal()}
        return self._json("POST", self._said("token_endpoint", now), data=form, auth=login)

    def _ways(self, now: Instant) -> Sequence[str]:
        found = self._discovered(now).get("token_endpoint_auth_methods_supported")
        return found if isinstance(found, list) else ("client_secret_basic",)

    def _checked(self, text: object, flow: Flow, now: Instant) -> dict[str, Any]:
        """The claims of an ID token, every one of them checked that OpenID Connect Core 3.1.3.7 names."""
        if not isinstance(text, str):
            raise refuse(CODE, "the provider sent no ID token", hint="does the client ask for openid?")
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": flow.nonce},
        )
        try:
            claims = self._decoded(text, now)
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise refuse(
                CODE,
                f"the ID token does not hold: {error}",
                hint="check issuer, client_id and the clock of this machine",
            ) from None
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims.get("azp", self.settings.client_id) != self.settings.client_id or (
            len(audiences) > 1 and "azp" not in claims
        ):
            raise refuse(CODE, "the ID token is for another client", hint="check client_id")
        return claims

    def _decoded(self, text: str, now: Instant) -> dict[str, Any]:
        try:
            return dict(jwt.decode(text, self._key_set(now), algorithms=ALGORITHMS).claims)
        except InvalidKeyIdError:
            # The provider may have changed its keys since.
            return dict(jwt.decode(text, self._key_set(now, again=True), algorithms=ALGORITHMS).claims)

    def _more(self, claims: dict[str, Any], access: object, now: Instant) -> dict[str, Any]:
        """With what only the provider's userinfo says, where a claim that is needed is not in the ID token."""
        wanted = (self.settings.name_claim, self.settings.role_claim)
        address = self._discovered(now).get("userinfo_endpoint")
        if (
            all(one in claims for one in wanted)
            or not isinstance(address, str)
            or not isinstance(access, str)
        ):
            return claims
        said = self._json("GET", address, headers={"Authorization": f"Bearer {access}"})
        if said.get("sub") != claims["sub"]:
            raise refuse(CODE, "the provider speaks of somebody else", hint="begin again")
        return {**said, **claims}

    def _guest(self, claims: Mapping[str, Any]) -> Guest:
        name = claims.get(self.settings.name_claim)
        if (
            not isinstance(name, str)
            or not name.strip()
            or len(name) > LONGEST_NAME
            or not name.isprintable()
        ):
            raise refuse(
                CODE, f"the provider does not say your {self.settings.name_claim}", hint="check name_claim"
            )
        if self.settings.name_claim == "email" and claims.get("email_verified", True) is not True:
            raise refuse(CODE, "your address is not verified by the provider", hint="verify it there")
        role = self._role(claims.get(self.settings.role_claim))
        if role is None:
            raise refuse(CODE, f"{name} has no role here", hint="an admin maps one of your groups to a role")
        return Guest(name=name.strip(), role=role)

    def _role(self, groups: object) -> Role | None:
        has = groups if isinstance(groups, list) else [groups]
        found = (role for group, role in self.settings.roles.items() if group in has)
        return next(found, self.settings.default_role)

    def _said(self, what: str, now: Instant) -> str:
        return str(self._discovered(now)[what])

    def _discovered(self, now: Instant) -> Mapping[str, Any]:
        with self._lock:
            if self._about is None or not 0 <= now - self._about[0] < HOUR:
                self._about = (now, self._ask_about())
            return self._about[1]

    def _ask_about(self) -> Mapping[str, Any]:
        found = self._json("GET", f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.settings.issuer:
            raise refuse(
                CODE,
                f"the provider calls itself {str(found.get('issuer'))[:200]}",
                hint="write issuer exactly so, if it is the right one",
            )
        lacking = [one for one in NEEDED if not isinstance(found.get(one), str)]
        if lacking:
            raise refuse(CODE, f"the provider does not say its {lacking[0]}", hint="is it OpenID Connect?")
        return found

    def _key_set(self, now: Instant, *, again: bool = False) -> KeySet:
        address = self._said("jwks_uri", now)
        with self._lock:
            limit = KEYS_AGAIN if again else HOUR
            if self._keys is None or not 0 <= now - self._keys[0] < limit:
                self._keys = (now, KeySet.import_key_set(self._json("GET", address)))  # type: ignore[arg-type]
            return self._keys[1]

    def _json(self, method: str, address: str, **sent: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(
                method, address, headers={"Accept": "application/json"} | sent.pop("headers", {}), **sent
            )
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._unreached(type(error).__name__) from None
        if answer.status_code != httpx.codes.OK or not isinstance(found, dict):
            said = found.get("error", "") if isinstance(found, dict) else ""
            raise self._unreached(f"{answer.status_code} {str(said)[:100]}".strip())
        return found

    def _unreached(self, why: str) -> ProblemError:
        return refuse(
            CODE,
            f"the provider {self.settings.issuer} cannot be asked: {why}",
            hint="try again; a one-time link works without it (allowance token link)",
        )
