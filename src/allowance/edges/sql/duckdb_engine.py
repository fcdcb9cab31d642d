"""DuckDB: a database file on this machine, opened for reading."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from allowance.edges.sql.address import Address
from allowance.edges.sql.session import EngineError, Fault, Session
from allowance.signals.dialects import Dialect

_FAULTS: tuple[tuple[type[duckdb.Error], Fault], ...] = (
    (duckdb.InterruptException, "timeout"),
    (duckdb.CatalogException, "table"),
    (duckdb.BinderException, "types"),
    (duckdb.ConversionException, "types"),
    (duckdb.IOException, "connection"),
    (duckdb.PermissionException, "permission"),
)
_BATCH = 10_000


@contextmanager
def open_session(address: Address, *, timeout: int) -> Iterator[Session]:
    """`duckdb:///events.db` below the working directory, `duckdb:////data/events.db` from the root."""
    address.allow(())
    with _reporting():
        connection = duckdb.connect(str(_file(address)), read_only=True)
    try:
        with _reporting():
            connection.execute("SET TimeZone = 'UTC'")
        yield _DuckDb(connection, timeout)
    finally:
        connection.close()


def _file(address: Address) -> Path:
    near, far = Path(f"{address.host}{address.path}".removeprefix("/")), Path(address.path)
    for place in (near, far):
        if place.is_file():
            return place
    raise EngineError("connection", f"there is no file {near}")


class _DuckDb:
    def __init__(self, connection: duckdb.DuckDBPyConnection, timeout: int) -> None:
        self._connection = connection
        self._timeout = timeout

    @property
    def dialect(self) -> Dialect:
        return "duckdb"

    def columns(self, relation: str) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def tables(self) -> list[str]:
        listed = "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
        return [str(name) if schema == "main" else f"{schema}.{name}" for schema, name in self.rows(listed)]

    def rows(self, query: str) -> Iterator[tuple[object, ...]]:
        alarm = threading.Timer(self._timeout, self._connection.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            with _reporting():
                result = self._connection.execute(query)
                while batch := result.fetchmany(_BATCH):
                    yield from batch
        finally:
            alarm.cancel()


@contextmanager
def _reporting() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        fault: Fault = next((fault for kind, fault in _FAULTS if isinstance(error, kind)), "query")
        raise EngineError(fault, str(error)) from None
