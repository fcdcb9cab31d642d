"""Statements of the busiest paths: compiled once for an engine, then only executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

Row = Mapping[str, Any]


class Prepared:
    """A statement whose values are plain ones, named like its columns."""

    def __init__(self, statement: ClauseElement, columns: Sequence[str] = ()) -> None:
        self._statement, self._columns = statement, columns
        self._compiled: dict[str, tuple[str, Sequence[str] | None, Row]] = {}

    def run(self, connection: Connection, rows: Sequence[Row] = ()) -> CursorResult[Any]:
        """Execute it, once for each row. Errors: what the database raises."""
        known = self._compiled.get(connection.dialect.name)
        text, order, own = known or self._compile(connection.dialect)
        if not rows:
            return connection.exec_driver_sql(text)
        if own:
            rows = [{**own, **row} for row in rows]
        values: list[Any] = [
            dict(row) if order is None else tuple(row[name] for name in order) for row in rows
        ]
        return connection.exec_driver_sql(text, values if len(values) > 1 else values[0])

    def _compile(self, dialect: Dialect) -> tuple[str, Sequence[str] | None, Row]:
        keys = [*self._columns] or None
        compiled = self._statement.compile(dialect=dialect, column_keys=keys)
        assert isinstance(compiled, SQLCompiler)
        order = [*compiled.positiontup] if compiled.positional and compiled.positiontup else None
        # What the dialect adds by itself, such as an offset of 0.
        own = {name: value for name, value in compiled.params.items() if value is not None}
        found = self._compiled[dialect.name] = (compiled.string, order, own)
        return found
