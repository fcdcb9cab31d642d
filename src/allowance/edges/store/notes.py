"""Notes in the database: what people wrote beside a period of a service or of one promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, Column, Engine, Integer, Table, Text, insert, or_, select

from allowance.core.time import Instant
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata

notes_table = Table(
    "notes",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("begin", BigInteger, nullable=False, index=True),
    Column("end", BigInteger, nullable=False),
    Column("service", Text, nullable=False, index=True),
    Column("slo", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark on `[begin, end]` of a service, or of one of its SLOs by name (`""`: of all). `at`: when it was written.

    `seq` counts notes; 0 before it is saved.
    """

    begin: Instant
    end: Instant
    service: str
    text: str
    by: str
    at: Instant
    slo: str = ""
    seq: int = 0

    @property
    def id(self) -> str:
        """`note-12`, as it stands in addresses."""
        return f"note-{self.seq}"


def save_note(engine: Engine, note: Note) -> Note:
    """Durable when it returns. Nothing is overwritten: who said what stays."""
    row = insert(notes_table).values(
        begin=note.begin,
        end=note.end,
        service=note.service,
        slo=note.slo,
        text=note.text,
        by=note.by,
        at=note.at,
    )
    with engine.begin() as connection:
        seq: int = connection.execute(row.returning(notes_table.c.seq)).scalar_one()
    return replace(note, seq=seq)


def notes(
    engine: Engine,
    *,
    begin: Instant,
    end: Instant,
    service: str | None = None,
    slo: str | None = None,
    most: int = 1000,
) -> Sequence[Note]:
    """Those that touch `[begin, end)`, oldest first; of too many the newest. With `slo`, those of its service too."""
    table = notes_table
    query = select(table).where(table.c.begin < end, table.c.end >= begin)
    if service is not None:
        query = query.where(table.c.service == service)
    if slo is not None:
        query = query.where(or_(table.c.slo == slo, table.c.slo == ""))
    query = query.order_by(table.c.begin.desc(), table.c.seq.desc()).limit(most)
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        rows = connection.execute(query).all()
    return [
        Note(
            begin=row.begin,
            end=row.end,
            service=row.service,
            slo=row.slo,
            text=row.text,
            by=row.by,
            at=row.at,
            seq=row.seq,
        )
        for row in reversed(rows)
    ]
