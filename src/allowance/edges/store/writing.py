"""Changes of the store that become durable together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from allowance.alerting.alert import Mute, Muted, Notice
from allowance.alerting.lifecycle import Life
from allowance.alerting.stored import life_to_plain, mute_to_plain, notice_to_plain
from allowance.app.detected import ERRORS_SINCE
from allowance.core.buckets import Buckets, Ints
from allowance.core.minute import Minute
from allowance.core.time import Instant
from allowance.edges.store import tables
from allowance.edges.store.gains import Gains, Ids, Key, Rows, packed, packed_minute, packed_rows
from allowance.edges.store.prepared import Prepared

_GAIN = Prepared(insert(tables.gains), ["tick", "newest", "body"])
_READINGS, _READING_NUMBERS = tables.readings, tables.reading_numbers
_FORGET = [
    Prepared(delete(one).where(one.c.source == bindparam("source"))) for one in (_READINGS, _READING_NUMBERS)
]
_READING = Prepared(insert(_READINGS), ["source", "read_to", "body"])
_NUMBERS = Prepared(insert(_READING_NUMBERS), ["source", "shape", "read_to", "body"])
_NEXT_NUMBERS = Prepared(
    update(_READING_NUMBERS)
    .where(
        _READING_NUMBERS.c.source == bindparam("source_"),
        _READING_NUMBERS.c.shape == bindparam("shape_"),
    )
    .values(read_to=bindparam("read_to_"), body=bindparam("body_"))
)

SOURCES = 64
"""Of so many sources the numbers of series are kept at hand."""


@dataclass(slots=True)
class Memo:
    """What a store need not work out again: it is checked against what is stored, and never believed alone.

    `ids`: the numbers of series, by the object that holds their keys. `bodies`: by source the body that was stored
    last, as an object, with its digest. `numbers`: those of series that were read from the store.
    """

    ids: dict[int, tuple[Sequence[Key], Ids]] = field(default_factory=dict)
    bodies: dict[str, tuple[Any, str]] = field(default_factory=dict)
    numbers: Mapping[Key, int] = field(default_factory=dict)


class Writing:
    """Changes that become durable together."""

    def __init__(self, connection: Connection, memo: Memo | None = None) -> None:
        self._connection, self._memo = connection, memo or Memo()
        self._has_new = False

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
        if isinstance(buckets, Minute):
            self._add_minute(at, buckets)
        else:
            self.add_gains(Gains(tick=at, buckets=buckets))

    def add_rows(self, at: Instant, rows: Rows) -> None:
        """Gains of the tick `at`, where they are few."""
        if rows:
            newest, body = packed_rows(rows, self._remembered(rows))
            _GAIN.run(self._connection, [{"tick": at, "newest": newest, "body": body}])

    def _remembered(self, keys: Collection[Key]) -> Mapping[Key, int]:
        """Numbers of series, new ones included; what is new is believed once it is stored."""
        if all(key in self._memo.numbers for key in keys):
            return self._memo.numbers
        known = self._known()
        self._number([key for key in keys if key not in known], known)
        if not self._has_new:
            self._memo.numbers = known
        return known

    def _add_minute(self, at: Instant, minute: Minute[Key]) -> None:
        """One bucket of many series, as one row."""
        some = minute.total.nonzero()[0]
        if not len(some):
            return
        known = self._memo.ids.get(id(minute.names))
        if known is not None and known[0] is minute.names and int(known[1][some].min()) > 0:
            ids = known[1]
        else:
            ids = self._numbered(minute.names, some)
        bodies = packed_minute(minute, ids, some)
        _GAIN.run(self._connection, [{"tick": at, "newest": minute.start, "body": body} for body in bodies])

    def _numbered(self, names: Sequence[Key], some: Ints) -> Ids:
        """The numbers of series, 0 for one that has never counted; `some` get theirs here."""
        known = self._known()
        new = [names[place] for place in some if names[place] not in known]
        self._number(new, known)
        ids = np.array([known.get(name, 0) for name in names], dtype=np.int32)
        if not new:  # what is new is believed once it is stored
            self._memo.ids = {id(names): (names, ids), **dict(list(self._memo.ids.items())[:SOURCES])}
        return ids

    def _ids(self, keys: Iterable[Key]) -> dict[Key, int]:
        known = self._known()
        self._number([key for key in keys if key not in known], known)
        return known

    def _known(self) -> dict[Key, int]:
        return {(row.slo, row.grp): row.id for row in self._connection.execute(select(tables.series))}

    def _number(self, keys: Iterable[Key], known: dict[Key, int]) -> None:
        for slo, group in keys:
            result = self._connection.execute(insert(tables.series).values(slo=slo, grp=group))
            known[slo, group] = int(result.inserted_primary_key[0])  # type: ignore[index]
            self._has_new = True

    def save_reading(self, source: str, read_to: Instant, body: Any, numbers: bytes | None = None) -> None:
        """Up to where a source was read. With `numbers`, a body that is the same object as the last time, and is
        stored, is not written again: only the numbers are."""
        if numbers is not None:
            known = self._memo.bodies.get(source)
            if known is not None and known[0] is body:
                row = {"source_": source, "shape_": known[1], "read_to_": read_to, "body_": numbers}
                if _NEXT_NUMBERS.run(self._connection, [row]).rowcount == 1:
                    return
        text = json.dumps(body)
        for one in _FORGET:
            one.run(self._connection, [{"source": source}])
        _READING.run(self._connection, [{"source": source, "read_to": read_to, "body": text}])
        if numbers is not None:
            digest = sha256(text.encode()).hexdigest()
            row = {"source": source, "shape": digest, "read_to": read_to, "body": numbers}
            _NUMBERS.run(self._connection, [row])
            self._memo.bodies[source] = body, digest

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
                "body": json.dumps({"title": n.message.title, **_began(n)}),
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


def _began(notice: Notice) -> dict[str, str]:
    since = notice.message.facts.get(ERRORS_SINCE)
    return {} if since is None else {"began": since}
