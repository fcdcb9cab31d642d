"""Copies of a store while it is written to, and back: every copy is a SQLite file of one moment, checked before it counts."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from allowance.core.problem import ProblemError, refuse
from allowance.edges.store.database import ONLY_READS, address_of, connect
from allowance.edges.store.lease import LEASE_LOCK, lock_file
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.verify import Broken, Verified, verify

ROWS = 500
"""So many rows are copied at a time."""
NOT_COPIED = ("alembic_version", "kept_counts", "lease", "write_trial")
"""What belongs to a database and not to its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds: rows by table, and the ledger up to its head."""

    rows: Mapping[str, int]
    ledger: Verified

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def backup(store: str, file: Path) -> Copied:
    """A copy of a store that may be in use; the file is there whole, or not at all.

    Errors: `Problem` `backup` where the file exists or cannot be written, `backup-broken` where the copy is not sound.
    """
    if file.exists():
        raise refuse("backup", f"{file} exists already", hint="give each backup a name of its own")
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if address_of(store).get_backend_name() == "sqlite":
            _copy_pages(_existing(store), part)
        else:
            _copy_out(store, part)
        copied = inspected(part)
        _put_in_place(part, file)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise refuse(
            "backup",
            f"{file} cannot be written: {_first_line(error)}",
            hint="look at the disk and the rights",
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return copied


def restore(file: Path, store: str, *, force: bool = False) -> Copied:
    """A store with the content of a copy. Nothing that is there is overwritten without `force`.

    Errors: `Problem` `restore` where the store is not empty, `store-in-use` where a program serves from it,
    `backup-broken` where the copy is not sound.
    """
    if not file.is_file():
        raise refuse("restore", f"there is no file {file}", hint="give the file that allowance backup wrote")
    wanted = inspected(file)
    if address_of(store).get_backend_name() == "sqlite":
        _restore_file(file, store, force=force)
    else:
        _restore_rows(file, store, force=force)
    engine = connect(store)
    try:
        found = _counted(engine)
    finally:
        engine.dispose()
    _same(wanted.rows, found.rows)
    return found


def inspected(file: Path) -> Copied:
    """What a copy holds, once every page, every row and the chain of the ledger were looked at.

    The copy itself is not touched: of an older version it is a scratch copy that is brought up to date.
    Errors: `Problem` `backup-broken`.
    """
    scratch = file.with_name(f"{file.name}.check")
    try:
        scratch.unlink(missing_ok=True)
        _copy_pages(file, scratch)
        with closing(sqlite3.connect(scratch)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        if found != ["ok"]:
            raise _broken(f"the file is damaged: {found[0]}")
        engine = connect(str(scratch))
        try:
            return _counted(engine)
        finally:
            engine.dispose()
    except sqlite3.Error as error:
        raise _broken(f"{file} is no copy of a store: {_first_line(error)}") from None
    finally:
        for ending in ("", "-wal", "-shm"):
            Path(f"{scratch}{ending}").unlink(missing_ok=True)


def _counted(engine: Engine) -> Copied:
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in _tables(connection)
        }
    ledger = verify(StoredLedger(engine).rows())
    if isinstance(ledger, Broken):
        raise _broken(f"its ledger is broken at entry {ledger.seq}: {ledger.why}")
    return Copied(rows=rows, ledger=ledger)


def _tables(connection: Connection) -> Sequence[Table]:
    """All tables with content, as the database knows them, in an order in which rows can be put in."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name not in NOT_COPIED]


def _copy_pages(source: Path, target: Path) -> None:
    """SQLite's own online backup: of one moment, while others go on to write."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        there.backup(here)
        here.execute("PRAGMA journal_mode = DELETE")


def _copy_out(store: str, target: Path) -> None:
    source, copy = connect(store), connect(str(target))
    try:
        with _snapshot(source) as there, copy.begin() as here:
            _copy_rows(there, here)
    finally:
        source.dispose()
        copy.dispose()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Everything as of one moment, whoever writes meanwhile."""
    options = (
        {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {ONLY_READS: True}
    )
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _copy_rows(there: Connection, here: Connection) -> None:
    to = {table.name: table for table in _tables(here)}
    for table in _tables(there):
        keys = list(table.primary_key.columns)
        rows = there.execution_options(yield_per=ROWS).execute(select(table).order_by(*keys))
        for some in rows.mappings().partitions(ROWS):
            here.execute(insert(to[table.name]), [dict(row) for row in some])
        if here.dialect.name == "postgresql":
            _go_on_counting(here, to[table.name])


def _go_on_counting(here: Connection, table: Table) -> None:
    """The next number of a table follows on those that were put in."""
    for column in table.primary_key.columns:
        name = here.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        ).scalar_one()
        if name is not None:
            newest = here.execute(select(func.max(column))).scalar_one()
            if newest is not None:
                here.execute(text("SELECT setval(:name, :newest)"), {"name": name, "newest": newest})


def _restore_file(file: Path, store: str, *, force: bool) -> None:
    name = address_of(store).database
    if not name or name == ":memory:":
        raise refuse("restore", "a store in memory cannot be restored to", hint="give a file")
    path = Path(name)
    lock = lock_file(store)
    try:
        if path.exists() and path.stat().st_size and not force and _has_content(store):
            raise _not_empty()
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy_pages(file, part)
        for ending in ("-wal", "-shm", ".counts"):  # what belongs to the former content
            Path(f"{path}{ending}").unlink(missing_ok=True)
        _put_in_place(part, path)
    except (OSError, sqlite3.Error) as error:
        raise refuse(
            "restore",
            f"{path} cannot be written: {_first_line(error)}",
            hint="look at the disk and the rights",
        ) from None
    finally:
        if lock is not None:
            lock.release()


def _restore_rows(file: Path, store: str, *, force: bool) -> None:
    """All or nothing: what was there before goes in the transaction in which the copy comes."""
    engine = connect(store)
    scratch = file.with_name(f"{file.name}.restore")
    scratch.unlink(missing_ok=True)
    _copy_pages(file, scratch)
    source = connect(str(scratch))
    try:
        if not force and _has_content(store):
            raise _not_empty()
        with engine.begin() as here:
            if not here.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({LEASE_LOCK})").scalar_one():
                raise refuse(
                    "store-in-use", "a program serves from this store", hint="stop all replicas, then restore"
                )
            _empty(here)
            with _snapshot(source) as there:
                _copy_rows(there, here)
    finally:
        engine.dispose()
        source.dispose()
        for ending in ("", "-wal", "-shm"):
            Path(f"{scratch}{ending}").unlink(missing_ok=True)


def _empty(here: Connection) -> None:
    """The ledger's triggers refuse this to everybody else: here they are put aside, and back, in one transaction."""
    for table in reversed(_tables(here)):
        here.exec_driver_sql(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
        here.exec_driver_sql(f'DELETE FROM "{table.name}"')
        here.exec_driver_sql(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')


def _has_content(store: str) -> bool:
    engine = connect(store)
    try:
        with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
            return any(
                connection.execute(select(table).limit(1)).first() is not None
                for table in _tables(connection)
            )
    finally:
        engine.dispose()


def _existing(store: str) -> Path:
    path = Path(address_of(store).database or "")
    if not path.is_file():
        raise refuse("store", f"there is no store {path}", hint="name it with --store")
    return path


def _put_in_place(part: Path, file: Path) -> None:
    """The name points to the whole file or to what was there before, also after a power cut."""
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _same(wanted: Mapping[str, int], found: Mapping[str, int]) -> None:
    for table, number in wanted.items():
        if found.get(table) != number:
            raise _broken(f"{table} has {found.get(table)} rows in the store and {number} in the copy")


def _not_empty() -> ProblemError:
    return refuse("restore", "the store is not empty", hint="restore to another one, or lose it by --force")


def _broken(message: str) -> ProblemError:
    return refuse("backup-broken", message, hint="take another backup; this one must not be relied on")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
