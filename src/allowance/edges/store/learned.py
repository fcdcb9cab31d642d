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
    insert,
    select,
)

from allowance.edges.store.tables import metadata

table = Table(
    "otlp_learned",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("body", LargeBinary, nullable=False),
)


def parts(engine: Engine) -> list[bytes]:
    """Every part, oldest first."""
    with engine.begin() as connection:
        return [row.body for row in connection.execute(select(table.c.body).order_by(table.c.seq))]


def append(connection: Connection, body: bytes) -> None:
    """One more part, in the transaction of its counts."""
    connection.execute(insert(table).values(body=body))


def replace(connection: Connection, body: bytes) -> None:
    """All parts by one that says the same."""
    connection.execute(delete(table))
    connection.execute(insert(table).values(body=body))
