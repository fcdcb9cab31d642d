"""PostgreSQL: one read-only transaction in UTC, with a limit on the time of each statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allowance.edges.sql.address import Address
from allowance.edges.sql.session import EngineError, Fault, Session
from allowance.signals.dialects import Dialect

if TYPE_CHECKING:
    import psycopg

_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")
_CONNECT_SECONDS = 10

_FAULTS: dict[str, Fault] = {
    "57014": "timeout",
    "42P01": "table",
    "3F000": "table",
    "42501": "permission",
    "42883": "types",
    "42804": "types",
    "22P02": "types",
    "28000": "login",
    "28P01": "login",
    "3D000": "connection",
}
"""SQLSTATE to fault: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

_TABLES = """
SELECT CASE WHEN n.nspname = ANY (current_schemas(false)) THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1
"""


@contextmanager
def open_session(address: Address, *, timeout: int) -> Iterator[Session]:
    """`postgresql://user@host:5432/database?sslmode=verify-full`."""
    try:
        import psycopg
        from psycopg.conninfo import make_conninfo
    except ImportError:
        raise EngineError("extra", "postgres") from None
    address.allow(_OPTIONS)
    given = {
        "host": address.host,
        "port": str(address.port or ""),
        "user": address.user,
        "password": address.password,
        "dbname": address.database,
        "connect_timeout": str(_CONNECT_SECONDS),
        "application_name": "allowance",
        # Of a server without an encoding, texts would come back as bytes.
        "client_encoding": "UTF8",
    }
    parts = {name: value for name, value in {**given, **address.options}.items() if value}
    with _reporting():
        connection = psycopg.connect(make_conninfo("", **parts))
    try:
        with _reporting():
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute(f"SET LOCAL statement_timeout = {int(timeout) * 1000}".encode())
            connection.execute("SET LOCAL TimeZone = 'UTC'")
            connection.execute("SET LOCAL standard_conforming_strings = on")
        yield _Postgres(connection)
    finally:
        connection.close()


class _Postgres:
    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return "postgres"

    def columns(self, relation: str) -> dict[str, str]:
        # A failed statement ends the transaction; the savepoint keeps it for the question after it.
        with _reporting(), self._connection.transaction():
            cursor = self._connection.execute(f"SELECT * FROM {relation} LIMIT 0".encode())
            return {column.name: column.type_display for column in cursor.description or ()}

    def tables(self) -> list[str]:
        return [str(name) for (name,) in self.rows(_TABLES)]

    def rows(self, query: str) -> Iterator[tuple[object, ...]]:
        with _reporting():
            yield from self._connection.execute(query.encode())


@contextmanager
def _reporting() -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        state = error.sqlstate
        text = error.diag.message_primary or str(error)
        if state is None:
            raise EngineError("login" if "password" in text else "connection", text) from None
        fault: Fault = "connection" if state.startswith(("08", "53", "57P")) else "query"
        raise EngineError(_FAULTS.get(state, fault), text) from None
