"""The tables. Instants are whole seconds since 1970; bodies are JSON text, counts are packed integers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slo", Text, nullable=False),
    Column("grp", Text, nullable=False),
    Index("series_by_name", "slo", "grp", unique=True),
)

# Gains in good and total, never sums: late data are one more row, and a bucket's history can be seen.
gains = Table(
    "gains",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tick", BigInteger, nullable=False),
    Column("newest", BigInteger, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

readings = Table(
    "readings",
    metadata,
    Column("source", Text, primary_key=True),
    Column("read_to", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

# What a reading remembers and changes every minute; `shape` is the digest of the body that it belongs to.
reading_numbers = Table(
    "reading_numbers",
    metadata,
    Column("source", Text, primary_key=True),
    Column("shape", Text, nullable=False),
    Column("read_to", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

lives = Table(
    "lives",
    metadata,
    Column("signature", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

events = Table(
    "alert_events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("signature", Text, nullable=False, index=True),
    Column("says", Text, nullable=False),
    Column("body", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("signature", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("outbox_due", "channel", "state", "due"),
    Index("outbox_order", "channel", "signature", "state", "at"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("begins", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False, index=True),
    Column("body", Text, nullable=False),
)
