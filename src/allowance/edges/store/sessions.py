"""Sessions of people and one-time links in the database: of each only the digest, so that a copy opens nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, Column, Engine, Row, Table, Text, delete, insert, select

from allowance.core.time import Instant
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata
from allowance.governance.roles import ROLE_NAMES, Role

Via = Literal["link", "oidc"]
"""How a person came in."""

sessions_table = Table(
    "sessions",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False, index=True),
    Column("via", Text, nullable=False),
)

links_table = Table(
    "sign_in_links",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("ends", BigInteger, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who may come in: their name, their role, and the services that they act for (none named: all)."""

    name: str
    role: Role
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A guest who is in, in `[began, ends)`."""

    guest: Guest
    began: Instant
    ends: Instant
    via: Via


class StoredSessions:
    """Every method is one transaction; digests are SHA-256 in hex."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reads = engine.execution_options(**{ONLY_READS: True})

    def begin(self, sha256: str, session: Session) -> None:
        """Let somebody in; sessions that are over are forgotten."""
        with self._engine.begin() as connection:
            connection.execute(delete(sessions_table).where(sessions_table.c.ends <= session.began))
            connection.execute(
                insert(sessions_table).values(
                    sha256=sha256,
                    began=session.began,
                    ends=session.ends,
                    via=session.via,
                    **_plain(session.guest),
                )
            )

    def find(self, sha256: str, *, now: Instant) -> Session | None:
        """The session with this digest, unless it is over."""
        table = sessions_table
        query = select(table).where(table.c.sha256 == sha256, table.c.ends > now)
        with self._reads.begin() as connection:
            row = connection.execute(query).first()
        return None if row is None else _session(row)

    def open(self, *, now: Instant) -> Sequence[Session]:
        """Who is in, by name."""
        table = sessions_table
        query = select(table).where(table.c.ends > now).order_by(table.c.name, table.c.began)
        with self._reads.begin() as connection:
            return [one for row in connection.execute(query) if (one := _session(row)) is not None]

    def end(self, sha256: str) -> None:
        """Show somebody out, at once and on every replica."""
        with self._engine.begin() as connection:
            connection.execute(delete(sessions_table).where(sessions_table.c.sha256 == sha256))

    def end_of(self, name: str) -> int:
        """Show everybody of this name out, and take their links back; how many there were of both."""
        with self._engine.begin() as connection:
            gone = connection.execute(delete(sessions_table).where(sessions_table.c.name == name)).rowcount
            links = connection.execute(delete(links_table).where(links_table.c.name == name)).rowcount
        return gone + links

    def save_link(self, sha256: str, guest: Guest, *, ends: Instant) -> None:
        """A link that lets a guest in once, before it ends."""
        with self._engine.begin() as connection:
            connection.execute(insert(links_table).values(sha256=sha256, ends=ends, **_plain(guest)))

    def take_link(self, sha256: str, *, now: Instant) -> Guest | None:
        """The guest of a link, which is used up by that: of two who come at once, one gets in."""
        table = links_table
        with self._engine.begin() as connection:
            connection.execute(delete(table).where(table.c.ends <= now))
            taken = delete(table).where(table.c.sha256 == sha256).returning(*table.c)
            row = connection.execute(taken).first()
        return None if row is None else _guest(row)


def _plain(guest: Guest) -> dict[str, str]:
    return {"name": guest.name, "role": guest.role, "services": json.dumps(guest.services)}


def _guest(row: Row[Any]) -> Guest | None:
    """A role that this version does not know lets nobody in."""
    if row.role not in ROLE_NAMES:
        return None
    return Guest(name=row.name, role=row.role, services=tuple(json.loads(row.services)))


def _session(row: Row[Any]) -> Session | None:
    guest = _guest(row)
    if guest is None or row.via not in get_args(Via):
        return None
    return Session(guest=guest, began=row.began, ends=row.ends, via=row.via)
