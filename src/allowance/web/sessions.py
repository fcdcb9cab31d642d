"""Sessions of people: a cookie that scripts cannot read, twelve hours, revocable at any moment."""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response

from allowance.core.duration import HOUR, MINUTE
from allowance.core.time import Instant
from allowance.edges.store.sessions import Guest, Session, StoredSessions, Via
from allowance.edges.token_file import digest

LIFETIME = 12 * HOUR
LINK_LIFETIME = 15 * MINUTE
LONGEST_COOKIES = 8192
"""Longer headers of cookies are not looked at."""


class Sessions:
    """Who is in. `link` is the address by which people come: with https the cookie never travels otherwise."""

    def __init__(self, stored: StoredSessions, *, link: str = "") -> None:
        self._stored, self.link = stored, link.rstrip("/")
        self.secure = link.startswith("https://")

    @property
    def cookie(self) -> str:
        """The name of the cookie; with `__Host-` no other host of the domain can set it."""
        return "__Host-allowance" if self.secure else "allowance-session"

    def begin(self, guest: Guest, via: Via, response: Response, *, now: Instant) -> None:
        """Let a guest in: the response carries the cookie."""
        text = secrets.token_urlsafe(32)
        session = Session(guest=guest, began=now, ends=now + LIFETIME, via=via)
        self._stored.begin(digest(text), session)
        self.set_cookie(response, self.cookie, text, LIFETIME)

    def shown(self, headers: Headers) -> str:
        """The digest of the session that a request shows; `""` without one."""
        text = cookies(headers).get(self.cookie, "")
        return digest(text) if text else ""

    def find(self, sha256: str, *, now: Instant) -> Session | None:
        """The session with this digest, unless it is over or was revoked."""
        return self._stored.find(sha256, now=now)

    def end(self, sha256: str, response: Response) -> None:
        """Show somebody out; the response takes the cookie back."""
        self._stored.end(sha256)
        self.set_cookie(response, self.cookie, "", 0)

    def take_link(self, text: str, *, now: Instant) -> Guest | None:
        """The guest of a one-time link, once."""
        return self._stored.take_link(digest(text), now=now)

    def set_cookie(
        self,
        response: Response,
        name: str,
        value: str,
        seconds: int,
        *,
        same_site: Literal["lax", "strict"] = "lax",
    ) -> None:
        """Set a cookie of ours, or take it back with 0 seconds."""
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite=same_site
        )


def new_link(stored: StoredSessions, guest: Guest, *, now: Instant) -> str:
    """The text of a new one-time token for a guest: the end of the address `/sign-in?token=...`."""
    text = secrets.token_urlsafe(32)
    stored.save_link(digest(text), guest, ends=now + LINK_LIFETIME)
    return text


def cookies(headers: Headers) -> dict[str, str]:
    """The cookies of a request; none where they cannot be read."""
    header = "; ".join(headers.getlist("cookie"))
    if len(header) > LONGEST_COOKIES:
        return {}
    found: SimpleCookie = SimpleCookie()
    for part in header.split(";"):
        try:
            found.load(part.strip())
        except CookieError:
            continue  # one bad cookie of somebody else on this host says nothing about ours
    return {name: morsel.value for name, morsel in found.items()}
