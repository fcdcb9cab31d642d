"""Sketches of latencies by service, route and five minutes, and what was seen of whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from allowance.core.time import Instant
from allowance.edges.store.tables import metadata
from allowance.signals.sightings import Sighting, SketchKey
from allowance.signals.sketch import Sketch, from_bytes, merged

sketches = Table(
    "latency_sketches",
    metadata,
    Column("service", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, index=True),
    Column("body", LargeBinary, nullable=False),
)

sightings = Table(
    "telemetry_seen",
    metadata,
    Column("service", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False, index=True),
    Column("events", BigInteger, nullable=False),
)


def add_sketches(connection: Connection, found: Mapping[SketchKey, Sketch]) -> None:
    """Add to what is stored. Writers queue, so nobody adds in between."""
    table = sketches
    for (service, route, source, at), sketch in found.items():
        here = (
            table.c.service == service,
            table.c.route == route,
            table.c.source == source,
            table.c.at == at,
        )
        old = connection.execute(select(table.c.body).where(*here)).scalar_one_or_none()
        if old is None:
            row = {"service": service, "route": route, "source": source, "at": at, "body": sketch.as_bytes()}
            connection.execute(insert(table).values(row))
        else:
            body = merged((from_bytes(old), sketch)).as_bytes()
            connection.execute(update(table).where(*here).values(body=body))


def latencies(
    connection: Connection, service: str, *, begin: Instant, end: Instant, route: str | None = None
) -> dict[SketchKey, Sketch]:
    """What a service took in buckets that begin in `[begin, end)`, of one route or of all."""
    table = sketches
    query = select(table).where(table.c.service == service, table.c.at >= begin, table.c.at < end)
    if route is not None:
        query = query.where(table.c.route == route)
    rows = connection.execute(query.order_by(table.c.at, table.c.route, table.c.source))
    return {(row.service, row.route, row.source, row.at): from_bytes(row.body) for row in rows}


def see(connection: Connection, found: Iterable[Sighting]) -> None:
    """Add to what was seen."""
    is_postgres = connection.dialect.name == "postgresql"
    into = postgresql.insert if is_postgres else sqlite.insert
    highest = func.greatest if is_postgres else func.max
    for one in found:
        row = into(sightings).values(
            service=one.service,
            what=one.what,
            name=one.name,
            first=one.first,
            last=one.last,
            events=one.items,
        )
        more = {
            "last": highest(sightings.c.last, row.excluded.last),
            "events": sightings.c.events + row.excluded.events,
        }
        connection.execute(row.on_conflict_do_update(index_elements=["service", "what", "name"], set_=more))


def seen(connection: Connection, *, since: Instant) -> list[Sighting]:
    """What was seen at or after an instant, by service, kind and name."""
    table = sightings
    query = select(table).where(table.c.last >= since).order_by(table.c.service, table.c.what, table.c.name)
    return [
        Sighting(
            service=row.service,
            what=row.what,
            name=row.name,
            first=row.first,
            last=row.last,
            items=row.events,
        )
        for row in connection.execute(query)
    ]


def forget(connection: Connection, before: Instant) -> None:
    """What is older than an instant."""
    connection.execute(delete(sketches).where(sketches.c.at < before))
    connection.execute(delete(sightings).where(sightings.c.last < before))
