"""The ledger in the database: appended under one lock; triggers refuse every change of what is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError

from allowance.app.law import Asked
from allowance.core.problem import refuse
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.prepared import Prepared
from allowance.edges.store.tables import metadata
from allowance.governance.ledger import GENESIS, Draft, Entry, canonical, seal
from allowance.governance.verify import Unreadable

ROWS = 2_000
"""So many rows are fetched at a time when all of them are read."""

LEDGER_LOCK = 0x6C6564676572
"""Whoever appends on PostgreSQL holds this advisory lock until the end of the transaction."""

ledger_table = Table(
    "ledger",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("payload", Text, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

_NEWEST = select(func.max(ledger_table.c.seq)).scalar_subquery()
_LAST = Prepared(select(ledger_table.c.seq, ledger_table.c.hash).where(ledger_table.c.seq == _NEWEST))
_AFTER = Prepared(
    select(ledger_table).where(ledger_table.c.seq > bindparam("after")).order_by(ledger_table.c.seq)
)
_APPEND = Prepared(insert(ledger_table), list(ledger_table.c.keys()))


class StoredLedger:
    """The ledger of a store. Every method is one transaction; `writing` holds the lock until its block ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reads = engine.execution_options(**{ONLY_READS: True})

    def entries(self, *, after: int = 0, most: int | None = None) -> list[Entry]:
        """Entries that follow number `after`, in order."""
        with self._reads.begin() as connection:
            return _entries(connection, after, most)

    def find(self, asked: Asked) -> list[Entry]:
        """The entries that fit, oldest first; with `newest` the last ones of them."""
        seq = ledger_table.c.seq
        query = select(ledger_table).where(*_conditions(asked))
        query = query.order_by(seq.desc() if asked.newest else seq).limit(asked.most)
        with self._reads.begin() as connection:
            found = [_entry(row) for row in connection.execute(query)]
        return found[::-1] if asked.newest else found

    def rows(self, *, after: int = 0) -> Iterator[Entry | Unreadable]:
        """Every row as it stands, for those who doubt it, a few at a time and all of one moment.

        Errors: `Problem` `ledger` where the database itself cannot make sense of a row.
        """
        query = select(ledger_table).where(ledger_table.c.seq > after).order_by(ledger_table.c.seq)
        last = after
        try:
            with self._reads.begin() as connection:
                for row in connection.execution_options(yield_per=ROWS).execute(query):
                    yield _doubted(row)
                    last = row.seq
        except DBAPIError as error:
            raise refuse(
                "ledger",
                f"the database cannot read the ledger beyond entry {last}: {error.orig}",
                hint="somebody wrote into the file; compare it with a backup",
            ) from None

    @contextmanager
    def writing(self) -> Iterator[LedgerWriting]:
        """Nobody else appends inside; what is appended is durable when the block ends, or not at all."""
        with self._engine.begin() as connection:
            yield LedgerWriting(connection)


class LedgerWriting:
    """Appending within a transaction. On SQLite the transaction itself is the lock (`BEGIN IMMEDIATE`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: tuple[int, str] | None = None
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LEDGER_LOCK})")

    def entries(self, *, after: int) -> list[Entry]:
        """Entries that follow number `after`, in order."""
        return [] if self._newest()[0] == after else _entries(self._connection, after, None)

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Seal and write some drafts."""
        seq, prev = self._newest()
        sealed: list[Entry] = []
        for draft in drafts:
            sealed.append(seal(draft, seq=seq + len(sealed) + 1, prev=sealed[-1].hash if sealed else prev))
        if sealed:
            _APPEND.run(self._connection, [_row(entry) for entry in sealed])
            self._last = sealed[-1].seq, sealed[-1].hash
        return sealed

    def _newest(self) -> tuple[int, str]:
        """Number and hash of the newest entry; asked once, because nobody else writes meanwhile."""
        if self._last is None:
            row = _LAST.run(self._connection).first()
            self._last = (row.seq, row.hash) if row is not None else (0, GENESIS)
        return self._last


def _entries(connection: Connection, after: int, most: int | None) -> list[Entry]:
    if most is None:  # asked at every tick
        return [_entry(row) for row in _AFTER.run(connection, [{"after": after}])]
    table = ledger_table
    query = select(table).where(table.c.seq > after).order_by(table.c.seq).limit(most)
    return [_entry(row) for row in connection.execute(query)]


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    table = ledger_table.c
    found = [table.seq > asked.after]
    for column, word, divider in ((table.kind, asked.kind, "."), (table.subject, asked.subject, "/")):
        if word:
            found.append(or_(column == word, column.startswith(word + divider, autoescape=True)))
    if asked.actor:
        found.append(table.actor == asked.actor)
    if asked.since is not None:
        found.append(table.at >= asked.since)
    if asked.until is not None:
        found.append(table.at < asked.until)
    return found


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        subject=row.subject,
        payload=json.loads(row.payload),
        schema=row.schema,
        prev=row.prev,
        hash=row.hash,
    )


def _doubted(row: Row[Any]) -> Entry | Unreadable:
    """An entry, unless its payload is not the one text that its value has: others could read it otherwise."""
    try:
        entry = _entry(row)
        same = canonical(entry.payload).decode() == row.payload
    except (RecursionError, TypeError, ValueError) as error:
        return Unreadable(seq=row.seq, why=f"its payload is no JSON of ours: {error}")
    return entry if same else Unreadable(seq=row.seq, why="its payload is not written in the canonical form")


def _row(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "kind": entry.kind,
        "subject": entry.subject,
        "payload": canonical(entry.payload).decode(),
        "schema": entry.schema,
        "prev": entry.prev,
        "hash": entry.hash,
    }
