"""Running totals of what a store has gained: as they were left, as far as they can be believed, or made from the gains."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, Integer, bindparam, func, select

from allowance.app.storing import TornTotals
from allowance.core.time import Instant
from allowance.edges.store import tables
from allowance.edges.store.counts import Counts, boot
from allowance.edges.store.counts_kept import StoredRecords
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.prepared import Prepared

_GAINS = tables.gains.c
_AFTER = Prepared(
    select(_GAINS.seq, _GAINS.body)
    .where(_GAINS.seq > bindparam("after"))
    .order_by(_GAINS.seq)
    .limit(bindparam("most", type_=Integer))
)
_AT_ONCE = 4
"""Gains are read so many at a time: one may be some megabytes."""


def gains_after(engine: Engine, after: int, *, most: int) -> list[tuple[int, bytes]]:
    """(number, packed rows) of the gains that follow number `after`, in order."""
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return [(row.seq, row.body) for row in _AFTER.run(connection, [{"after": after, "most": most}])]


def counts_of(engine: Engine, path: Path | None, *, rows: int, step: int) -> Counts:
    """The totals beside a store, without what it has gained since they were left; without a path they are in memory.

    Errors: `OSError` where the disk is full, and those of the database.
    """
    counts = Counts(path, rows=rows, step=step, boot=boot(), records=StoredRecords(engine))
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        last, newest = _newest(connection)
        columns = connection.execute(select(func.max(tables.series.c.id))).scalar_one() or 0
        if counts.seq > last:  # the file is of another database
            counts.clear()
        since = counts.counted_again_from
        if since is not None:
            query = select(_GAINS.body).where(_GAINS.newest >= since, _GAINS.seq <= counts.seq)
            with contextlib.suppress(TornTotals):
                counts.catch_up(connection.execute(query.order_by(_GAINS.seq)).scalars())
    if last and (not counts.seq or counts.is_torn):
        counts.rebuild(_every_gain(engine, last), columns=columns + 1, newest=newest)
    return counts


def _newest(connection: Connection) -> tuple[int, Instant]:
    """Number of the newest gain, and the beginning of the newest bucket that has one; 0 for none."""
    seq, at = connection.execute(select(func.max(_GAINS.seq), func.max(_GAINS.newest))).one()
    return seq or 0, at or 0


def _every_gain(engine: Engine, last: int) -> Iterator[tuple[int, bytes]]:
    after = 0
    while after < last:
        for seq, body in gains_after(engine, after, most=_AT_ONCE):
            after = seq
            if seq <= last:
                yield seq, body
