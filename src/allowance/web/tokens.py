"""Who asks: bearer tokens that are compared in constant time, and what their role allows."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import Scope

from allowance.edges.token_file import Token, digest
from allowance.governance.roles import RIGHTS_WITHOUT_TOKEN, ROLES, Right, Role
from allowance.web.problems import Refusal

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Behind a proxy the nearest address says nothing about who asks."""

UNAUTHORIZED = {"WWW-Authenticate": 'Bearer realm="allowance"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the name on the token (`""`: without one), what they may do, and whose rate this counts for."""

    name: str
    role: Role | None
    rights: frozenset[Right]
    rate_key: str


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


def caller(scope: Scope, tokens: Tokens, *, open_reading: bool) -> Caller | Refusal:
    """Who asks, or why they are not let in: a token that is shown must be known, also where none is needed."""
    headers = Headers(scope=scope)
    address = scope["client"][0] if scope.get("client") else ""
    shown = headers.get("authorization")
    if shown is None:
        local = open_reading and from_here(address, headers)
        return Caller(
            name="",
            role=None,
            rights=RIGHTS_WITHOUT_TOKEN if local else frozenset(),
            rate_key=f"address {address}",
        )
    scheme, _, text = shown.partition(" ")
    token = tokens.find(text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        return Refusal(
            HTTPStatus.UNAUTHORIZED,
            "token",
            "this token is not known",
            hint="send Authorization: Bearer <token>; an admin can mint one",
            headers=UNAUTHORIZED,
        )
    return Caller(name=token.name, role=token.role, rights=ROLES[token.role], rate_key=f"token {token.name}")


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


def may(right: Right) -> Any:
    """The dependency of a route that asks for a right: 401 without a token, 403 with one that lacks it."""

    def check(
        request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        who: Caller = request.scope["state"]["caller"]
        if right in who.rights:
            return who
        if not who.name:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "token",
                "this needs a token",
                hint="send Authorization: Bearer <token>",
                headers=UNAUTHORIZED,
            )
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "role",
            f"the role of {who.name} does not allow to {right}",
            hint=f"it takes one of: {', '.join(role for role, rights in ROLES.items() if right in rights)}",
        )

    return Depends(check)
