"""Beacons that came, by their ids, for as long as a browser might repeat one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete
from sqlalchemy.dialects import postgresql, sqlite

from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.edges.store.tables import metadata

REPEATED_WITHIN = HOUR

table = Table(
    "beacons",
    metadata,
    Column("site", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("received", BigInteger, nullable=False, index=True),
)


def is_new(connection: Connection, site: str, beacon: str, *, now: Instant) -> bool:
    """Whether a beacon has not been here before; from now on it has, if the transaction is kept."""
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = into(table).values(site=site, id=beacon, received=now).on_conflict_do_nothing()
    return connection.execute(row.returning(table.c.id)).first() is not None


def forget(connection: Connection, *, now: Instant) -> None:
    """Those that nobody will repeat any more."""
    connection.execute(delete(table).where(table.c.received < now - REPEATED_WITHIN))
