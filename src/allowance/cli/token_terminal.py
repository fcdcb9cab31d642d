"""Tokens and sessions on a terminal and as JSON; never more of a token than its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from allowance.cli.terminal import console, table
from allowance.core.time import Instant, iso
from allowance.edges.store.sessions import Session
from allowance.edges.token_file import Token


def show(tokens: Sequence[Token], people: Sequence[Session], *, now: Instant) -> None:
    """One row for each of both."""
    out = console()
    rows = table("name", "what", "role", "services", "holds until")
    for token in tokens:
        ends = "it is revoked" if token.expires is None else iso(token.expires)
        note = " (expired)" if token.has_expired(now=now) else ""
        rows.add_row(escape(token.name), "token", token.role, _only(token.services), ends + note)
    for one in people:
        guest = one.guest
        rows.add_row(
            escape(guest.name), f"session by {one.via}", guest.role, _only(guest.services), iso(one.ends)
        )
    out.print(rows)


def tokens_json(tokens: Sequence[Token], people: Sequence[Session], *, now: Instant) -> dict[str, Any]:
    """Both as plain JSON."""
    return {
        "tokens": [
            {
                "name": token.name,
                "role": token.role,
                "services": list(token.services),
                "expires": None if token.expires is None else iso(token.expires),
                "expired": token.has_expired(now=now),
            }
            for token in tokens
        ],
        "sessions": [
            {
                "name": one.guest.name,
                "role": one.guest.role,
                "services": list(one.guest.services),
                "via": one.via,
                "began": iso(one.began),
                "ends": iso(one.ends),
            }
            for one in people
        ],
    }


def _only(services: Sequence[str]) -> str:
    return ", ".join(services) or "all"
