"""Deploys in the database: each once, by its source and id."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Engine, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

from allowance.changes.deploys import Deploy
from allowance.core.time import Instant
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata

deploys_table = Table(
    "deploys",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("state", Text, nullable=False),
)


def save_deploys(engine: Engine, deploys: Sequence[Deploy]) -> None:
    """Durable when it returns. The first word about a deploy is kept, but a success after a failure replaces it."""
    if not deploys:
        return
    into = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    table = deploys_table
    with engine.begin() as connection:
        for one in deploys:
            row = into(table).values(
                source=one.source,
                id=one.id,
                service=one.service,
                version=one.version,
                commit=one.commit,
                environment=one.environment,
                at=one.at,
                state=one.state,
            )
            better = (table.c.state == "failed") & (row.excluded.state == "ok")
            connection.execute(
                row.on_conflict_do_update(
                    index_elements=[table.c.source, table.c.id],
                    set_={"state": row.excluded.state, "at": row.excluded.at},
                    where=better,
                )
            )


def deploys(
    engine: Engine, *, begin: Instant, end: Instant, service: str | None = None, most: int | None = None
) -> list[Deploy]:
    """Those in `[begin, end)`, oldest first; with `most` the newest so many of them."""
    table = deploys_table
    query = select(table).where(table.c.at >= begin, table.c.at < end)
    if service is not None:
        query = query.where(table.c.service == service)
    query = query.order_by(table.c.at.desc(), table.c.source, table.c.id)
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        rows = connection.execute(query if most is None else query.limit(most)).all()
    return [
        Deploy(
            id=row.id,
            service=row.service,
            version=row.version,
            commit=row.commit,
            environment=row.environment,
            at=row.at,
            state=row.state,
            source=row.source,
        )
        for row in reversed(rows)
    ]
