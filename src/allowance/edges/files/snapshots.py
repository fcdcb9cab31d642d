"""Snapshots of cumulative counters: copied first, for increments need all rows of a series in order of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allowance.core.problem import Problem, Where, refuse
from allowance.core.time import iso
from allowance.edges.files.binding import Picks, group_of
from allowance.edges.files.counting import Counting
from allowance.edges.files.engine import Connection
from allowance.edges.files.parquet import ParquetSource
from allowance.edges.files.relation import Wanted
from allowance.edges.files.text import TextSource
from allowance.signals.columns import Column
from allowance.signals.counters import CounterColumns, counter_sums, increments_sql
from allowance.signals.predicate import check_column
from allowance.signals.recognise import Recognised

Source = TextSource | ParquetSource


class Snapshots:
    """The table `snapshots` (us, grp, k0, ..., v0, ...): keys of the series, and values of the counters."""

    def __init__(
        self,
        cursor: Connection,
        counting: Counting,
        sources: Sequence[Source],
        counters: CounterColumns,
        by: str | None,
    ) -> None:
        self._cursor = cursor
        self._counting = counting
        self._by = by
        self._counters = counters
        self._sums = counter_sums(counters, sources[0].found.names)
        self._series = _series_of(counters, sources[0].found, by, self._sums.columns)
        self.notes: list[Problem] = []
        if self._series and not counters.series:
            message = f"series are told apart by {', '.join(self._series)}"
            self.notes.append(Problem(code="series", message=message, severity="info"))
        types = ["us BIGINT", "grp VARCHAR", *(f"{key} VARCHAR" for key in self._keys)]
        types += [f"{value} HUGEINT" for value in self._values]
        cursor.execute(f"CREATE TABLE snapshots ({', '.join(types)})")

    @property
    def _keys(self) -> list[str]:
        return [f"k{n}" for n in range(len(self._series))]

    @property
    def _values(self) -> list[str]:
        return [f"v{n}" for n in range(len(self._sums.columns))]

    def plan(self, source: Source) -> tuple[Wanted, Callable[[str], list[str]]]:
        """What to read of a source, and the statement that copies it. Errors: `Problem` `column`."""
        found = source.found
        sums = counter_sums(self._counters, found.names)
        picks = Picks()
        values = [picks.of(found.column(name), "count") for name in sums.columns]
        keys = []
        for name in self._series:
            column = found.column(check_column(name, found.names, where=Where(file=source.label)))
            keys.append(picks.of(column, "text" if "text" in column.readings else column.readings[0]))
        group, _ = group_of(found, self._by, picks, Where(file=source.label))
        columns = ["us", f"{group} AS grp", *(f"CAST({key.alias} AS VARCHAR)" for key in keys)]
        columns += [value.alias for value in values]
        wanted = Wanted(picks=picks.all, needed=tuple(value.alias for value in values))
        insert = f"INSERT INTO snapshots SELECT {', '.join(columns)} FROM ({{}}) WHERE us IS NOT NULL"
        return wanted, lambda relation: [insert.format(relation)]

    def finish(self) -> None:
        """Count what the counters grew. Errors: `Problem` `counters` where rows of several series are mixed."""
        place = ", ".join(["grp", *self._keys, "us"])
        values = ", ".join(self._values)
        mixed = self._cursor.execute(
            f"SELECT us FROM (SELECT DISTINCT {place}, {values} FROM snapshots) "
            f"GROUP BY {place} HAVING count(*) > 1 ORDER BY us LIMIT 1"
        ).fetchone()
        if mixed is not None:
            raise refuse(
                "counters",
                f"at {iso(mixed[0] // 10**6)} one series has several values: rows of different series are mixed",
                hint="name the columns that tell series apart, or leave them out: texts then do",
            )
        query = increments_sql(
            "snapshots", at="us", values=self._values, series=self._keys, group="grp", sums=self._sums
        )
        self._cursor.execute(self._counting.increments(query))


def _series_of(
    counters: CounterColumns, found: Recognised, by: str | None, values: Sequence[str]
) -> tuple[str, ...]:
    """The columns that tell series apart: as the caller says, else every text that is not the time."""
    if counters.series:
        return tuple(check_column(name, found.names) for name in counters.series)
    texts = [
        column.name
        for column in found.columns
        if column.name == column.field and column.field != found.time.field and _is_text(column, found)
    ]
    keys = [name for name in texts if name not in values]
    return tuple(dict.fromkeys([*keys, *([check_column(by, found.names)] if by else [])]))


def _is_text(column: Column, found: Recognised) -> bool:
    native = next(one.native for one in found.fields if one.name == column.field)
    return column.readings[0] == "text" if native is None else native == "other"
