"""What the OTLP receiver has learned, part by part; a part is written with the counts that it belongs to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Table,
    delete,
    func,
    insert,
    select,
)

from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata

table = Table(
    "otlp_learned",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("body", LargeBinary, nullable=False),
)

_NEWEST, _APPEND = select(func.max(table.c.seq)), insert(table)
"""Made once: making one costs more than executing it."""


def parts(engine: Engine, *, after: int = 0) -> list[tuple[int, bytes]]:
    """(number, part) of every part that follows number `after`, oldest first."""
    query = select(table.c.seq, table.c.body).where(table.c.seq > after).order_by(table.c.seq)
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return [(row.seq, row.body) for row in connection.execute(query)]


def newest(connection: Connection) -> int:
    """The number of the newest part; 0 for none."""
    return connection.execute(_NEWEST).scalar_one() or 0


def append(connection: Connection, body: bytes) -> int:
    """One more part, in the transaction of its counts; its number."""
    result = connection.execute(_APPEND, {"body": body})
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def replace(connection: Connection, body: bytes) -> int:
    """All parts by one that says the same; its number."""
    connection.execute(delete(table))
    return append(connection, body)
