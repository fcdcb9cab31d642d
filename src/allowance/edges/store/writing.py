"""Changes of the store that become durable together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from allowance.alerting.alert import Mute, Muted, Notice
from allowance.alerting.lifecycle import Life
from allowance.alerting.stored import life_to_plain, mute_to_plain, notice_to_plain
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from allowance.edges.store import tables
from allowance.edges.store.gains import Gains, Key, packed


class Writing:
    """Changes that become durable together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_gains(self, gains: Gains) -> None:
        """Counts of a tick; new series get their number here."""
        keys = [key for key, buckets in gains.buckets.items() if buckets.with_data()]
        if not keys:
            return
        ids = self._ids(keys)
        some = Gains(tick=gains.tick, buckets={key: gains.buckets[key] for key in keys})
        rows = [{"tick": gains.tick, "newest": newest, "body": body} for newest, body in packed(some, ids)]
        self._connection.execute(insert(tables.gains), rows)

    @property
    def connection(self) -> Connection:
        """For what stands in a file of its own and belongs to the same transaction."""
        return self._connection

    def add(self, at: Instant, buckets: Mapping[Key, Buckets]) -> None:
        """Gains of the tick `at`."""
        self.add_gains(Gains(tick=at, buckets=buckets))

    def _ids(self, keys: Iterable[Key]) -> dict[Key, int]:
        known = {(row.slo, row.grp): row.id for row in self._connection.execute(select(tables.series))}
        for slo, group in keys:
            if (slo, group) not in known:
                result = self._connection.execute(insert(tables.series).values(slo=slo, grp=group))
                known[slo, group] = int(result.inserted_primary_key[0])  # type: ignore[index]
        return known

    def save_reading(self, source: str, read_to: Instant, body: Any) -> None:
        """Up to where a source was read."""
        self._connection.execute(delete(tables.readings).where(tables.readings.c.source == source))
        self._connection.execute(
            insert(tables.readings).values(source=source, read_to=read_to, body=json.dumps(body))
        )

    def save_lives(self, lives: Mapping[str, Life]) -> None:
        """Every alert that is not quiet; all others are forgotten."""
        self._connection.execute(delete(tables.lives))
        if lives:
            rows = [{"signature": s, "body": json.dumps(life_to_plain(life))} for s, life in lives.items()]
            self._connection.execute(insert(tables.lives), rows)

    def tell(self, notices: Sequence[Notice], channels: Mapping[str, Sequence[str]], *, now: Instant) -> None:
        """Queue notices: `channels` names by notice key who is told. A key that is queued already stays as it is."""
        for notice in notices:
            body = json.dumps(notice_to_plain(notice))
            for channel in channels.get(notice.key, ()):
                exists = self._connection.execute(
                    select(tables.outbox.c.key).where(
                        tables.outbox.c.key == notice.key, tables.outbox.c.channel == channel
                    )
                ).first()
                if exists is None:
                    self._connection.execute(
                        insert(tables.outbox).values(
                            key=notice.key,
                            channel=channel,
                            signature=notice.signature,
                            at=notice.at,
                            state="due",
                            due=now,
                            tries=0,
                            last_error="",
                            body=body,
                        )
                    )

    def log(self, notices: Sequence[Notice], muted: Sequence[Muted], *, now: Instant) -> None:
        """What was said and what was held back, with its reason."""
        rows = [
            {
                "at": now,
                "signature": n.signature,
                "says": n.says,
                "body": json.dumps({"title": n.message.title}),
            }
            for n in notices
        ]
        rows += [
            {
                "at": now,
                "signature": m.signature,
                "says": m.says,
                "body": json.dumps({"muted_by": m.kind, "why": m.why, "until": m.until}),
            }
            for m in muted
        ]
        if rows:
            self._connection.execute(insert(tables.events), rows)

    def save_mute(self, mute: Mute) -> None:
        """A new or changed silence, maintenance or deploy."""
        self._connection.execute(delete(tables.mutes).where(tables.mutes.c.id == mute.id))
        self._connection.execute(
            insert(tables.mutes).values(
                id=mute.id, begins=mute.begin, ends=mute.end, body=json.dumps(mute_to_plain(mute))
            )
        )
