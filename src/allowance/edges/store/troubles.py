"""Channels that fail: since when, and why. A channel whose newest try went well has no row."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Table,
    Text,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from allowance.alerting.delivery import Trouble
from allowance.core.time import Instant
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata, outbox

MOST_TEXT = 500

table = Table(
    "channel_troubles",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)


def heard(connection: Connection, channel: str, error: str, *, now: Instant) -> None:
    """What the newest try of a channel said; no error: it works, and whatever was wrong is over."""
    if not error:
        connection.execute(delete(table).where(table.c.channel == channel))
        return
    words = {"last": now, "reason": error[:MOST_TEXT]}
    known = update(table).where(table.c.channel == channel).values(words)
    if not connection.execute(known).rowcount:
        connection.execute(insert(table).values(channel=channel, since=now, **words))


def only(engine: Engine, channels: Collection[str]) -> None:
    """Forget the troubles of channels that there are no more."""
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.channel.not_in(channels)))


def troubles(engine: Engine) -> Sequence[Trouble]:
    """Every channel whose newest try failed, those first that fail the longest."""
    waits = outbox.c.state == "due"
    lost = and_(outbox.c.state.in_(("refused", "expired")), outbox.c.due >= table.c.since)
    query = (
        select(
            table,
            func.count(case((waits, 1))).label("waiting"),
            func.count(case((lost, 1))).label("lost"),
            func.min(case((and_(waits, outbox.c.tries > 0), outbox.c.due))).label("next_try"),
        )
        .select_from(table.outerjoin(outbox, outbox.c.channel == table.c.channel))
        .group_by(*table.c)
        .order_by(table.c.since, table.c.channel)
    )
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return [Trouble(**row) for row in connection.execute(query).mappings()]
