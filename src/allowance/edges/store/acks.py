"""What came in from people and pipelines: acknowledgements with dispositions, and events, each once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from allowance.core.time import Instant
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata

Disposition = Literal[
    "actionable_automated",
    "actionable_manual",
    "noise_flapping",
    "noise_threshold",
    "duplicate",
    "false_positive",
    "test",
    "missed_then_found",
]
"""What an alert turned out to be, for the audit of alerts."""

acks_table = Table(
    "acks",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("signature", Text, nullable=False, index=True),
    Column("opened", BigInteger),
    Column("by", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("disposition", Text),
)

arrivals_table = Table(
    "arrivals",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

write_trial = Table(
    "write_trial",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Somebody has seen an alert, or says what it was.

    `opened`: when that alert began (nothing: it is not open). `by` is who they say they are, `token` the name of
    the token that was shown.
    """

    signature: str
    at: Instant
    by: str
    token: str = ""
    opened: Instant | None = None
    note: str = ""
    disposition: Disposition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event from outside: (source, id) is its identity, `body` its whole text as JSON."""

    source: str
    id: str
    type: str
    at: Instant
    body: str


def save_ack(engine: Engine, ack: Ack) -> None:
    """Durable when it returns; nothing is overwritten, so that who said what stays."""
    with engine.begin() as connection:
        connection.execute(
            insert(acks_table).values(
                at=ack.at,
                signature=ack.signature,
                opened=ack.opened,
                by=ack.by,
                token=ack.token,
                note=ack.note,
                disposition=ack.disposition,
            )
        )


def acks(engine: Engine, *, since: Instant) -> list[Ack]:
    """Everything acknowledged at or after `since`, oldest first."""
    query = select(acks_table).where(acks_table.c.at >= since).order_by(acks_table.c.seq)
    with _reading(engine) as connection:
        return [_ack(row) for row in connection.execute(query)]


def latest_acks(engine: Engine, signatures: Sequence[str]) -> dict[str, Ack]:
    """The newest acknowledgement of each of these alerts."""
    newest = select(func.max(acks_table.c.seq)).group_by(acks_table.c.signature)
    query = select(acks_table).where(
        acks_table.c.seq.in_(newest.where(acks_table.c.signature.in_(signatures)))
    )
    with _reading(engine) as connection:
        return {row.signature: _ack(row) for row in connection.execute(query)}


def acknowledged_at(engine: Engine, signature: str, opened: Instant) -> Instant | None:
    """When somebody first took the alert that began at `opened`; what is said of it later does not move that."""
    table = acks_table
    query = select(func.min(table.c.at)).where(table.c.signature == signature, table.c.opened == opened)
    with _reading(engine) as connection:
        found: Instant | None = connection.execute(query).scalar_one()
        return found


def first_ack(engine: Engine, signature: str, opened: Instant) -> Ack | None:
    """Who first took the alert that began at `opened`; nothing where nobody has."""
    table = acks_table
    query = select(table).where(table.c.signature == signature, table.c.opened == opened)
    with _reading(engine) as connection:
        row = connection.execute(query.order_by(table.c.seq).limit(1)).first()
    return None if row is None else _ack(row)


def unseen(engine: Engine, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those that have not been here before, each once."""
    fresh: dict[tuple[str, str], Arrival] = {}
    with _reading(engine) as connection:
        for one in arrivals:
            if not _known(connection, one):
                fresh.setdefault((one.source, one.id), one)
    return list(fresh.values())


def remember(connection: Connection, arrivals: Sequence[Arrival], *, now: Instant) -> list[Arrival]:
    """Events that were dealt with, in the transaction of what they caused; those that were not there before.

    One that is there already stays as it is, also where two come at once.
    """
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    fresh = []
    for one in arrivals:
        row = into(arrivals_table).values(
            source=one.source, id=one.id, type=one.type, at=one.at, received=now, body=one.body
        )
        stored = row.on_conflict_do_nothing().returning(arrivals_table.c.id)
        if connection.execute(stored).first() is not None:
            fresh.append(one)
    return fresh


def forget(engine: Engine, before: Instant) -> None:
    """Forget events received before an instant; a repetition after that is a new event."""
    with engine.begin() as connection:
        connection.execute(delete(arrivals_table).where(arrivals_table.c.received < before))


def try_write(engine: Engine, *, now: Instant) -> None:
    """A small durable write. Errors: what the database raises where it cannot (full, read-only, gone)."""
    with engine.begin() as connection:
        connection.execute(delete(write_trial))
        connection.execute(insert(write_trial).values(id=1, at=now))


def _reading(engine: Engine) -> AbstractContextManager[Connection]:
    return engine.execution_options(**{ONLY_READS: True}).begin()


def _known(connection: Connection, one: Arrival) -> bool:
    table = arrivals_table
    query = select(table.c.id).where(table.c.source == one.source, table.c.id == one.id)
    return connection.execute(query).first() is not None


def _ack(row: Row[Any]) -> Ack:
    return Ack(
        signature=row.signature,
        at=row.at,
        by=row.by,
        token=row.token,
        opened=row.opened,
        note=row.note,
        disposition=row.disposition,
    )
