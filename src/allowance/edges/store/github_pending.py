"""GitHub deployments that wait for the gate; they survive a restart."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import BigInteger, Column, Engine, Integer, Table, Text, select, update
from sqlalchemy.dialects import postgresql, sqlite

from allowance.app.protection import Pending
from allowance.core.time import Instant
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata
from allowance.governance.verdict import ask_json, ask_of

pending_table = Table(
    "github_pending",
    metadata,
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("ask", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("installation", BigInteger, nullable=False),
    Column("begin", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("said", Text, nullable=False),
    Column("notes", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
)


def save(engine: Engine, pending: Pending) -> None:
    """A new one; one that is there already stays as it is."""
    into = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    with engine.begin() as connection:
        row = into(pending_table).values(
            id=pending.id,
            service=pending.ask.service,
            ask=json.dumps(ask_json(pending.ask), sort_keys=True),
            callback=pending.callback,
            installation=pending.installation,
            begin=pending.begin,
            due=pending.due,
            state=pending.state,
            said=pending.said,
            notes=pending.notes,
            tries=pending.tries,
        )
        connection.execute(row.on_conflict_do_nothing())


def settle(engine: Engine, pending: Pending) -> None:
    """What has become of one: its state, when it is due again, what was said."""
    table = pending_table
    change = update(table).where(table.c.id == pending.id)
    with engine.begin() as connection:
        connection.execute(
            change.values(
                due=pending.due,
                state=pending.state,
                said=pending.said,
                notes=pending.notes,
                tries=pending.tries,
            )
        )


def due(engine: Engine, *, now: Instant) -> list[Pending]:
    """Those that wait and are to be looked at, oldest first."""
    table = pending_table
    query = select(table).where(table.c.state == "waiting", table.c.due <= now)
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        rows = connection.execute(query.order_by(table.c.begin, table.c.id)).all()
    found = []
    for row in rows:
        one = Pending(
            id=row.id,
            ask=ask_of(json.loads(row.ask)),
            callback=row.callback,
            installation=row.installation,
            begin=row.begin,
            due=row.due,
        )
        found.append(replace(one, state=row.state, said=row.said, notes=row.notes, tries=row.tries))
    return found
