"""Opening the database: SQLite in one file by default, PostgreSQL by its URL; brought to the newest tables."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from allowance.core.problem import refuse

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x616C6C6F77
PAUSE = 7
"""Seconds between two statements of a transaction after which a PostgreSQL gives it up."""
PATIENCE = 10
"""Seconds that a writer waits for the others of a SQLite file."""
CONNECT = 10
"""Seconds that a connection to a PostgreSQL may take."""
ONLY_READS = "allowance_only_reads"
"""The execution option of connections that write nothing."""
WITH_NEXT = "allowance_with_next"
"""The execution option of connections whose commits are synced by the next one that is."""
LOG_PAGES = 4000
"""So many pages (16 MB) a SQLite file's log may have before a commit puts them where they belong; `checkpoint` is sooner."""


_LEVEL = "allowance_synchronous"


def connect(url: str) -> Engine:
    """An engine whose transactions are durable when they return.

    `url` is `sqlite:///allowance.db`, `postgresql://user@host/name`, or a path of a SQLite file.
    Errors: `Problem` `store` where it cannot be opened, or is of a newer version of this program.
    """
    engine = _engine(url)
    try:
        _migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise refuse(
            "store",
            f"the store cannot be opened: {_first_line(error)}",
            hint="check its address and its rights",
        ) from None
    except CommandError:
        engine.dispose()
        raise refuse(
            "store",
            "the store was written by a newer version of this program",
            hint="run that version, or give another store",
        ) from None
    return engine


def address_of(url: str) -> URL:
    """The address of a store; a path is a SQLite file. Errors: `Problem` `store`."""
    try:
        return make_url(url if "://" in url else f"sqlite:///{url}")
    except ArgumentError:
        raise refuse(
            "store",
            "the address of the store cannot be read",
            hint="sqlite:///allowance.db or postgresql://...",
        ) from None


def postgresql(url: str, options: str, **more: Any) -> Engine:
    """An engine of a PostgreSQL whose sessions have some server options (`-c name=value`) on top of the URL's."""
    parsed = address_of(url).set(drivername="postgresql+psycopg")
    given = parsed.query.get("options", "")
    joined = " ".join([given if isinstance(given, str) else " ".join(given), options]).strip()
    try:
        return create_engine(
            parsed, pool_pre_ping=True, connect_args={"options": joined, "connect_timeout": CONNECT}, **more
        )
    except ModuleNotFoundError:
        raise refuse(
            "store", "the driver for PostgreSQL is not installed", hint="install allowance[postgres]"
        ) from None


def _engine(url: str) -> Engine:
    parsed = address_of(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed)
        event.listen(engine, "connect", _durable_sqlite)
        event.listen(engine, "begin", _begin)
        return engine
    if parsed.get_backend_name() == "postgresql":
        # Who is paused in the middle of a transaction must not keep the others waiting for its locks.
        return postgresql(url, f"-c idle_in_transaction_session_timeout={PAUSE * 1000}")
    raise refuse(
        "store", f"{parsed.get_backend_name()} is not a store", hint="use SQLite (a file) or PostgreSQL"
    )


def _durable_sqlite(connection: Any, _: object) -> None:
    """WAL so that readers never wait, full sync (see `_begin`) so that a commit survives a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
    _write_ahead(cursor)
    cursor.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """The change to WAL does not queue as other writes do: two that open a new file at once would fail."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)


def checkpoint(engine: Engine) -> None:
    """Put the log of a SQLite file where it belongs, as far as nobody is in the way; nothing to do elsewhere."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")


def _begin(connection: Connection) -> None:
    """Writers queue at the door, a read that turns into a write would fail half-way; who only reads never waits."""
    options = connection.get_execution_options()
    if options.get(ONLY_READS, False):
        connection.exec_driver_sql("BEGIN")
        return
    level = "NORMAL" if options.get(WITH_NEXT, False) else "FULL"
    if connection.info.get(_LEVEL, "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.info[_LEVEL] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Replicas that start together would both create the tables; on SQLite BEGIN IMMEDIATE is this lock.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
