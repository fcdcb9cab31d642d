"""Errors by signature: counts by minute, written with the counts of their request, and the newest samples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Row, Table, Text, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from allowance.core.time import Instant
from allowance.edges.store.prepared import Prepared
from allowance.edges.store.tables import metadata
from allowance.signals.error_samples import Sample, Signature, Taken, folded

signatures = Table(
    "error_signatures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("exception", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False, index=True),
)

counts = Table(
    "error_counts",
    metadata,
    Column("signature", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, index=True),
    Column("events", BigInteger, nullable=False),
)

samples = Table(
    "error_samples",
    metadata,
    Column("signature", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("body", Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A signature with what is known of it: errors in a period, by minute, and the newest samples, newest first."""

    signature: Signature
    first: Instant
    last: Instant
    minutes: Mapping[Instant, int]
    samples: tuple[Sample, ...]

    @property
    def events(self) -> int:
        """Errors in the period."""
        return sum(self.minutes.values())


def known(connection: Connection) -> list[tuple[Signature, Instant]]:
    """Every signature, and when it was last seen."""
    return [(_signature(row), row.last) for row in connection.execute(select(signatures))]


def add(connection: Connection, taken: Taken) -> None:
    """Counts and signatures of a request, in its transaction."""
    for id_, signature in taken.folded.items():
        _fold(connection, id_, folded(signature.service))
    if not taken.counts:
        return
    times: dict[str, list[Instant]] = {}
    for id_, at in taken.counts:
        times.setdefault(id_, []).append(at)
    adding = _adding(connection.dialect.name)
    adding.signatures.run(
        connection, [_row(taken.signatures[id_], min(at), max(at)) for id_, at in times.items()]
    )
    adding.counts.run(
        connection,
        [{"signature": id_, "at": at, "events": events} for (id_, at), events in taken.counts.items()],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adding:
    """Statements that add to what is stored."""

    signatures: Prepared
    counts: Prepared


@cache
def _adding(dialect: str) -> _Adding:
    is_postgres = dialect == "postgresql"
    into = postgresql.insert if is_postgres else sqlite.insert
    lowest, highest = (func.least, func.greatest) if is_postgres else (func.min, func.max)
    one, more = into(signatures), into(counts)
    return _Adding(
        signatures=Prepared(
            one.on_conflict_do_update(
                index_elements=["id"],
                set_={
                    "first": lowest(signatures.c.first, one.excluded.first),
                    "last": highest(signatures.c.last, one.excluded.last),
                },
            ),
            [column.name for column in signatures.c],
        ),
        counts=Prepared(
            more.on_conflict_do_update(
                index_elements=["signature", "at"], set_={"events": counts.c.events + more.excluded.events}
            ),
            [column.name for column in counts.c],
        ),
    )


def _row(one: Signature, first: Instant, last: Instant) -> dict[str, Any]:
    return {
        "id": one.id,
        "service": one.service,
        "place": one.place,
        "kind": one.kind,
        "error": one.error,
        "exception": one.exception,
        "first": first,
        "last": last,
    }


def _fold(connection: Connection, id_: str, other: Signature) -> None:
    """One signature less: its errors are counted under `(other)` from now on."""
    adding = _adding(connection.dialect.name)
    old = connection.execute(select(counts).where(counts.c.signature == id_)).all()
    span = connection.execute(select(signatures).where(signatures.c.id == id_)).first()
    if span is not None:
        adding.signatures.run(connection, [_row(other, span.first, span.last)])
    if old:
        rows = [{"signature": other.id, "at": found.at, "events": found.events} for found in old]
        adding.counts.run(connection, rows)
    for table, column in ((counts, counts.c.signature), (samples, samples.c.signature)):
        connection.execute(delete(table).where(column == id_))
    connection.execute(delete(signatures).where(signatures.c.id == id_))


def keep_samples(connection: Connection, found: Iterable[Sample], *, most: int) -> None:
    """Samples, of which the newest `most` of each signature stay."""
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    touched = set()
    for one in found:
        row = into(samples).values(
            signature=one.signature, span=one.span, at=one.at, body=json.dumps(asdict(one))
        )
        connection.execute(row.on_conflict_do_nothing())
        touched.add(one.signature)
    for signature in touched:
        newest = (
            select(samples.c.span)
            .where(samples.c.signature == signature)
            .order_by(samples.c.at.desc(), samples.c.span.desc())
            .limit(most)
        )
        connection.execute(
            delete(samples).where(samples.c.signature == signature, samples.c.span.not_in(newest))
        )


def of_service(connection: Connection, service: str, *, begin: Instant, end: Instant) -> list[Counted]:
    """The signatures of a service with errors in `[begin, end)`, most errors first."""
    ours = signatures.c.service == service
    rows = connection.execute(select(signatures).where(ours)).all()
    minutes: dict[str, dict[Instant, int]] = {}
    joined = select(counts).join(signatures, signatures.c.id == counts.c.signature)
    for row in connection.execute(joined.where(ours, counts.c.at >= begin, counts.c.at < end)):
        minutes.setdefault(row.signature, {})[row.at] = row.events
    kept: dict[str, list[Sample]] = {}
    joined = select(samples).join(signatures, signatures.c.id == samples.c.signature)
    for row in connection.execute(joined.where(ours).order_by(samples.c.at.desc(), samples.c.span.desc())):
        kept.setdefault(row.signature, []).append(Sample(**json.loads(row.body)))
    found = [
        Counted(
            signature=_signature(row),
            first=row.first,
            last=row.last,
            minutes=dict(sorted(minutes[row.id].items())),
            samples=tuple(kept.get(row.id, ())),
        )
        for row in rows
        if row.id in minutes
    ]
    return sorted(found, key=lambda one: (-one.events, one.signature))


def by_service(connection: Connection, *, begin: Instant, end: Instant) -> dict[str, int]:
    """Errors in `[begin, end)` by service."""
    query = (
        select(signatures.c.service, func.sum(counts.c.events).label("sum"))
        .join(signatures, signatures.c.id == counts.c.signature)
        .where(counts.c.at >= begin, counts.c.at < end)
        .group_by(signatures.c.service)
    )
    return {row.service: int(row.sum) for row in connection.execute(query)}


def forget(connection: Connection, before: Instant) -> None:
    """Counts before an instant, and signatures and samples last seen before it."""
    connection.execute(delete(counts).where(counts.c.at < before))
    connection.execute(delete(samples).where(samples.c.at < before))
    connection.execute(delete(signatures).where(signatures.c.last < before))


def _signature(row: Row[Any]) -> Signature:
    return Signature(
        service=row.service, place=row.place, kind=row.kind, error=row.error, exception=row.exception
    )
