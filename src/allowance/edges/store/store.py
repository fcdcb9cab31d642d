"""The store: one transaction per tick, and an outbox from which notices leave at least once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, delete, exists, func, or_, select, update

from allowance.alerting.alert import Mute, Notice
from allowance.alerting.delivery import Due, Settled
from allowance.alerting.lifecycle import Life
from allowance.alerting.stored import (
    life_from_plain,
    mute_from_plain,
    notice_from_plain,
)
from allowance.alerting.word import is_firsthand
from allowance.core.time import Instant
from allowance.edges.store import learned, tables, troubles
from allowance.edges.store.counts import Counts
from allowance.edges.store.counts_of import counts_of, gains_after
from allowance.edges.store.database import ONLY_READS, WITH_NEXT, checkpoint, connect
from allowance.edges.store.gains import Key
from allowance.edges.store.lease import Lease
from allowance.edges.store.prepared import Prepared
from allowance.edges.store.writing import Memo, Writing

_SERIES, _MUTES = tables.series.c, tables.mutes
_NEW_SERIES = Prepared(select(tables.series).where(_SERIES.id > bindparam("after")))
_OPEN_MUTES = Prepared(
    select(_MUTES.c.body).where(_MUTES.c.ends > bindparam("now")).order_by(_MUTES.c.begins)
)

WRITERS_LOCK = 0x7772697465
"""Whoever writes on PostgreSQL holds this advisory lock until the end of the transaction."""


def open_store(url: str) -> Store:
    """The store at a URL or path, with its tables brought up to date. Errors: `Problem` `store`."""
    return Store(connect(url))


class Store:
    """Durable state. Every method is one transaction; `writing` joins several changes into one.

    With a `lease`, `writing` is for its holder only.
    """

    def __init__(self, engine: Engine, lease: Lease | None = None) -> None:
        self._engine, self._lease, self._memo = engine, lease, Memo()
        self._series: dict[Key, int] = {}
        self._newest_series = 0
        self._reads = engine.execution_options(**{ONLY_READS: True})

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def writing(self, *, with_next: bool = False) -> Iterator[Writing]:
        """All or nothing: what is written inside is durable when the block ends. Writers queue, on both engines.

        So the numbers of gains become visible in their order, and who reads those that follow the last one that it
        knows misses none. `with_next`: a kill does not undo it, a power cut may until the next transaction is durable;
        never does that one stay without this one. Errors: `LeaseLost`.
        """
        engine = self._engine.execution_options(**{WITH_NEXT: True}) if with_next else self._engine
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
                if with_next:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            if self._lease is not None:
                self._lease.check(connection)
            yield Writing(connection, self._memo)

    def tidy(self) -> None:
        """What a write would do by itself now and then, and have to wait for."""
        checkpoint(self._engine)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """For what stands in a file of its own and is only read."""
        with self._reads.begin() as connection:
            yield connection

    def totals(self, *, rows: int, step: int) -> Counts:
        """Running totals over so many steps, as far as they were written beside a SQLite file; else made again."""
        return counts_of(self._engine, self._counts_path(), rows=rows, step=step)

    def series(self) -> Mapping[Key, int]:
        """The number of every series that has ever counted something, by (SLO, group).

        Series are never taken away: the same object comes for as long as there is none that is new.
        """
        with self._reads.begin() as connection:
            rows = _NEW_SERIES.run(connection, [{"after": self._newest_series}])
            more = {(row.slo, row.grp): row.id for row in rows}
        if more:
            self._series, self._newest_series = {**self._series, **more}, max(more.values())
        return self._series

    def gains(self, *, after: int, most: int = 64) -> list[tuple[int, bytes]]:
        """(number, packed rows) of the gains that follow number `after`, in order; some at a time."""
        return gains_after(self._engine, after, most=most)

    def _counts_path(self) -> Path | None:
        name = self._engine.url.database
        is_file = self._engine.dialect.name == "sqlite" and name and name != ":memory:"
        return Path(f"{name}.counts") if is_file else None

    def lives(self) -> dict[str, Life]:
        """Every alert that is not quiet."""
        with self._reads.begin() as connection:
            rows = connection.execute(select(tables.lives)).all()
        return {row.signature: life_from_plain(json.loads(row.body)) for row in rows}

    def reading(self, source: str) -> tuple[Instant, Any] | None:
        """Up to where something was read that has no numbers, and what is to be remembered of it."""
        with self._reads.begin() as connection:
            row = connection.execute(
                select(tables.readings).where(tables.readings.c.source == source)
            ).one_or_none()
        return None if row is None else (row.read_to, json.loads(row.body))

    def readings(self) -> dict[str, tuple[Instant, Any, bytes]]:
        """Every source that was read: up to where, and what its reader wants to remember: plain values and numbers."""
        one, two = tables.readings, tables.reading_numbers
        newest = func.coalesce(two.c.read_to, one.c.read_to).label("read_to")
        query = select(one.c.source, one.c.body, newest, two.c.body.label("numbers"))
        query = query.select_from(one.outerjoin(two, one.c.source == two.c.source))
        with self._engine.begin() as connection:
            rows = connection.execute(query).all()
        return {row.source: (row.read_to, json.loads(row.body), row.numbers or b"") for row in rows}

    def otlp_parts(self, *, after: int = 0) -> list[tuple[int, bytes]]:
        """(number, part) of what OTLP receivers have learned after number `after`, oldest first."""
        return learned.parts(self._engine, after=after)

    def mutes(self, *, now: Instant) -> tuple[Mute, ...]:
        """Silences, maintenances and deploys that have not ended."""
        with self._reads.begin() as connection:
            rows = _OPEN_MUTES.run(connection, [{"now": now}]).all()
        return tuple(mute_from_plain(json.loads(row.body)) for row in rows)

    def events(self, *, since: Instant, service: str = "") -> list[dict[str, Any]]:
        """What alerts said and what was held back, oldest first; with `service` only its own."""
        table = tables.events
        query = select(table).where(table.c.at >= since).order_by(table.c.seq)
        if service:
            query = query.where(table.c.signature.startswith(f"{service}/", autoescape=True))
        with self._reads.begin() as connection:
            return [
                {"at": row.at, "signature": row.signature, "says": row.says, **json.loads(row.body)}
                for row in connection.execute(query)
            ]

    def due(self, channel: str, *, now: Instant, most: int = 100) -> list[Due]:
        """Notices that a channel should be given now, oldest first; of one alert only the first that waits.

        So what an alert says arrives in its order: a page that could not be sent yet is not overtaken by its own
        "resolved", which would leave it open for ever.
        """
        table, before = tables.outbox, tables.outbox.alias()
        earlier = exists().where(
            before.c.channel == table.c.channel,
            before.c.signature == table.c.signature,
            before.c.state == "due",
            or_(before.c.at < table.c.at, and_(before.c.at == table.c.at, before.c.key < table.c.key)),
        )
        query = (
            select(table)
            .where(table.c.channel == channel, table.c.state == "due", table.c.due <= now, ~earlier)
            .order_by(table.c.at, table.c.key)
            .limit(most)
        )
        with self._reads.begin() as connection:
            rows = connection.execute(query).all()
        return [
            Due(notice=notice_from_plain(json.loads(row.body)), channel=row.channel, tries=row.tries)
            for row in rows
        ]

    def settle(self, due: Due, settled: Settled) -> None:
        """What became of a try. Only a notice that still waits is touched: a try that ended late changes nothing."""
        table = tables.outbox
        with self._engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.key == due.notice.key, table.c.channel == due.channel, table.c.state == "due")
                .values(
                    state=settled.state,
                    due=settled.next_due,
                    tries=due.tries + 1,
                    last_error=settled.error[:500],
                )
            )
            troubles.heard(connection, due.channel, settled.error, now=settled.at)

    def answered(self, channel: str, error: str, *, now: Instant) -> None:
        """How a channel took what was repeated to it; no error: well."""
        with self._engine.begin() as connection:
            troubles.heard(connection, channel, error, now=now)

    def told(self, channel: str, *, since: Instant) -> list[Notice]:
        """What a channel was told last about each alert that still fires, and about those resolved after `since`.

        Alertmanager forgets alerts that are not repeated: this is what to repeat.
        """
        table = tables.outbox
        query = (
            select(table.c.body)
            .where(table.c.channel == channel, table.c.state == "sent")
            .order_by(table.c.at, table.c.key)
        )
        firing = {s for s, life in self.lives().items() if life.state in ("firing", "recovering")}
        with self._reads.begin() as connection:
            notices = [notice_from_plain(json.loads(row.body)) for row in connection.execute(query)]
        last = {notice.signature: notice for notice in notices if notice.says not in ("taken", "changed")}
        return [
            n for n in last.values() if (n.at >= since if n.says == "resolved" else n.signature in firing)
        ]

    def firing(self) -> list[Notice]:
        """For each alert that fires, the notice that said so last (escalations aside), told already or not."""
        table = tables.outbox
        signatures = [s for s, life in self.lives().items() if life.state in ("firing", "recovering")]
        query = (
            select(table.c.body).where(table.c.signature.in_(signatures)).order_by(table.c.at, table.c.key)
        )
        with self._reads.begin() as connection:
            notices = [notice_from_plain(json.loads(row.body)) for row in connection.execute(query)]
        opening = (n for n in notices if n.says in ("opened", "reopened") and is_firsthand(n))
        return list({n.signature: n for n in opening}.values())

    def outbox_oldest(self) -> dict[str, Instant]:
        """For each channel with notices that wait, the instant of the oldest."""
        table = tables.outbox
        query = select(table.c.channel, func.min(table.c.at).label("at")).where(table.c.state == "due")
        with self._reads.begin() as connection:
            return {row.channel: row.at for row in connection.execute(query.group_by(table.c.channel))}

    def outbox_counts(self) -> dict[tuple[str, str], int]:
        """How many notices are in each (channel, state)."""
        table = tables.outbox
        query = select(table.c.channel, table.c.state, func.count().label("n")).group_by(
            table.c.channel, table.c.state
        )
        with self._reads.begin() as connection:
            return {(row.channel, row.state): row.n for row in connection.execute(query)}

    def prune(self, before: Instant) -> None:
        """Forget gains that no window reaches any more; ended mutes; notices settled long ago."""
        with self._engine.begin() as connection:
            # Not the newest: SQLite would give its number again, and who has read up to it would miss what follows.
            numbers = tables.gains.c.seq
            not_newest = numbers < select(func.max(numbers)).scalar_subquery()
            connection.execute(delete(tables.gains).where(tables.gains.c.newest < before, not_newest))
            connection.execute(delete(tables.mutes).where(tables.mutes.c.ends < before))
            connection.execute(
                delete(tables.outbox).where(tables.outbox.c.state != "due", tables.outbox.c.due < before)
            )
