"""Who asks: a token or a session, what its role allows, and for which services."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import Scope

from allowance.core.time import Instant
from allowance.edges.token_file import Token, digest
from allowance.governance.roles import RIGHTS_WITHOUT_TOKEN, ROLES, Right, Role
from allowance.web.problems import Refusal

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Behind a proxy the nearest address says nothing about who asks."""

UNAUTHORIZED = {"WWW-Authenticate": 'Bearer realm="allowance"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the name on the token (`""`: without one), what they may do, and whose rate this counts for.

    Everything but reading is for `services` only (none named: for all). `via`: what was shown. `session` is the digest
    of the session.
    """

    name: str
    role: Role | None
    rights: frozenset[Right]
    rate_key: str
    services: tuple[str, ...] = ()
    via: Literal["", "token", "session"] = ""
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody who is not let in, and why; `name` is known where their token has expired."""

    refusal: Refusal
    name: str = ""


class Tokens:
    """The tokens that are known; `known` is asked at every request, so that a revoked token ends at once."""

    def __init__(self, known: Callable[[], Sequence[Token]]) -> None:
        self._known = known

    def find(self, text: str) -> Token | None:
        """The token with this text. Every token is compared, so that the time taken tells nothing."""
        presented = digest(text)
        found = None
        for token in self._known():
            if hmac.compare_digest(token.sha256.encode(), presented.encode()):
                found = token
        return found


def caller(
    scope: Scope, tokens: Tokens, *, open_reading: bool, now: Instant, session: Caller | None = None
) -> Caller | Stranger:
    """Who asks, or why they are not let in: a token that is shown must be known, also where none is needed.

    `session` is who comes by a cookie; a token counts before it.
    """
    headers = Headers(scope=scope)
    shown = headers.get("authorization")
    if shown is not None:
        return _holder(shown, tokens, now)
    if session is not None:
        return session
    address = address_of(scope)
    local = open_reading and from_here(address, headers)
    rights = RIGHTS_WITHOUT_TOKEN if local else frozenset[Right]()
    return Caller(name="", role=None, rights=rights, rate_key=f"address {address}")


def address_of(scope: Scope) -> str:
    """Where a request comes from; `""` where the server does not say."""
    return scope["client"][0] if scope.get("client") else ""


def _holder(shown: str, tokens: Tokens, now: Instant) -> Caller | Stranger:
    scheme, _, text = shown.partition(" ")
    token = tokens.find(text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        return Stranger(refusal=_unauthorized("this token is not known", "an admin can make one"))
    if token.has_expired(now=now):
        return Stranger(
            refusal=_unauthorized("this token has expired", "an admin can make a new one"), name=token.name
        )
    return Caller(
        name=token.name,
        role=token.role,
        rights=ROLES[token.role],
        rate_key=f"token {token.name}",
        services=token.services,
        via="token",
    )


def _unauthorized(message: str, hint: str) -> Refusal:
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "token",
        message,
        hint=f"send Authorization: Bearer <token>; {hint}",
        headers=UNAUTHORIZED,
    )


def covers(who: Caller, service: str) -> bool:
    """Whether a caller may act for a service: true, or 403 for one whose token is for other services.

    A route that changes something of a service calls it, after `may`.
    """
    if not who.services or service in who.services:
        return True
    raise Refusal(
        HTTPStatus.FORBIDDEN,
        "scope",
        f"{who.name} acts for {', '.join(who.services)}, not for {service[:100]}",
        hint="an admin can make a token for this service",
    )


def covers_all(who: Caller) -> bool:
    """Whether a caller may do what touches every service: true, or 403 for one who is bound to some."""
    if not who.services:
        return True
    raise Refusal(
        HTTPStatus.FORBIDDEN,
        "scope",
        f"{who.name} acts for {', '.join(who.services)}, and this touches all services",
        hint="name a service, or use a token that is bound to none",
    )


def from_here(address: str, headers: Headers) -> bool:
    """Whether a request comes from this machine by itself: no proxy between, and called by a local name.

    The name matters because a page of a stranger can lead its own name to this machine's address.
    """
    if any(name in headers for name in FORWARDED):
        return False
    host = headers.get("host", "")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return _is_loopback(address) and (name == "localhost" or _is_loopback(name))


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


_bearer = HTTPBearer(auto_error=False, description="a token, as `allowance serve` showed it once")


@dataclass(frozen=True, slots=True)
class Asking:
    """What a route asks of who comes: a right."""

    right: Right

    async def __call__(
        self, request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        """Who asks. Errors: `Refusal` 401 without a token, 403 with one that lacks the right."""
        who: Caller = request.scope["state"]["caller"]
        if self.right in who.rights:
            return who
        if not who.name:
            raise _unauthorized("this needs a token", "people sign in at /sign-in")
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "role",
            f"the role of {who.name} does not allow to {self.right}",
            hint=f"it takes one of: {', '.join(role for role, rights in ROLES.items() if self.right in rights)}",
        )


def may(right: Right) -> Any:
    """The dependency of a route that asks for a right: 401 without a token, 403 with one that lacks it."""
    return Depends(Asking(right))
