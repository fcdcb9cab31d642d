"""What the OTLP receiver has learned, part by part; a part is written with the counts that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from allowance.edges.store.prepared import Prepared
from allowance.edges.store.tables import metadata
from allowance.signals.otlp_learned import Learned, from_bytes

table = Table(
    "otlp_learned",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("body", LargeBinary, nullable=False),
)

_NEWEST = Prepared(select(func.max(table.c.seq)))
_APPEND = Prepared(insert(table).returning(table.c.seq), ["body"])


def parts(engine: Engine, *, after: int = 0) -> list[tuple[int, bytes]]:
    """(number, part) of every part that follows number `after`, oldest first."""
    query = select(table.c.seq, table.c.body).where(table.c.seq > after).order_by(table.c.seq)
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return [(row.seq, row.body) for row in connection.execute(query)]


def newest(connection: Connection) -> int:
    """The number of the newest part; 0 for none."""
    return _NEWEST.run(connection).scalar_one() or 0


def append(connection: Connection, body: bytes) -> int:
    """One more part, in the transaction of its counts; its number."""
    return int(_APPEND.run(connection, [{"body": body}]).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A part that holds ids and nothing else, and how many."""

    seq: int
    ids: int


def gather(
    connection: Connection, kept: Sequence[Kept], standing: Learned, *, most: int
) -> tuple[int, list[Kept]]:
    """What was learned since the last time as one part; its number, and the parts of ids that there are then.

    Ids are never written again: each time, those since the last time become a part that stays until `most` newer ones
    have come. `standing` is all the rest. Errors: `Problem` `otlp-memory`.
    """
    there = {row.seq for row in connection.execute(select(table.c.seq))}
    old = [one for one in kept if one.seq in there]
    rest = select(table.c.body).where(table.c.seq.not_in([one.seq for one in old])).order_by(table.c.seq)
    ids = [one for row in connection.execute(rest) for one in from_bytes(row.body).ids]
    stays: list[Kept] = []
    newer = len(ids)
    for one in reversed(old):
        if newer < most:
            stays.insert(0, one)
        newer += one.ids
    if ids:
        stays.append(Kept(seq=append(connection, Learned(ids=tuple(ids)).as_bytes()), ids=len(ids)))
    # New parts first: numbers must rise, and SQLite gives the number of a deleted last row again.
    newest_ = append(connection, standing.as_bytes())
    connection.execute(delete(table).where(table.c.seq.not_in([newest_, *(one.seq for one in stays)])))
    return newest_, stays
