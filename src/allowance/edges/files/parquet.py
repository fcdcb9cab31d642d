"""Parquet files of one schema, read by the engine as they are: no copy, only the columns that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from allowance.core.problem import Problem, Where, refuse
from allowance.edges.files.engine import Connection, Engine, blaming
from allowance.edges.files.found import Found
from allowance.edges.files.relation import Pick, Wanted, table_relation
from allowance.edges.files.tally import MOST_SAMPLES, Tally
from allowance.signals.columns import Sampled
from allowance.signals.dialects import identifier, text_literal
from allowance.signals.log_formats import Row
from allowance.signals.recognise import SAMPLE, Recognised, from_fields
from allowance.signals.time_forms import EARLIEST, LATEST, TimeForm, micros_sql

_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_MOMENTS: dict[str, TimeForm] = {
    "TIMESTAMP": "timestamp", "TIMESTAMP_NS": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_S": "timestamp",
    "DATE": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz",
}  # fmt: skip
_DEEPEST = 8


@dataclass(kw_only=True)
class ParquetSource:
    """Files with the same columns. `raw` is the SQL of each field; those of structs have dotted names."""

    files: Sequence[Found]
    found: Recognised
    raw: dict[str, str]
    zone: str
    schema: tuple[tuple[str, str], ...]
    rows: tuple[int, ...] = ()
    _safe: list[Path] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What people call it."""
        return (
            self.files[0].label
            if len(self.files) == 1
            else f"{self.files[0].label} and {len(self.files) - 1} more"
        )

    @property
    def table(self) -> str:
        """The SQL of all rows."""
        return _reader(self._safe)

    def pieces(self, rows: int) -> Iterator[str]:
        """The SQL of all rows in tables of at most so many rows."""
        for path, count in zip(self._safe, self.rows, strict=True):
            for begin in range(0, count, rows):
                numbered = _reader([path], ", file_row_number = true")
                end = begin + rows
                yield f"(SELECT * FROM {numbered} WHERE file_row_number >= {begin} AND file_row_number < {end})"

    def sample(self, cursor: Connection, picks: tuple[Pick, ...]) -> None:
        """Fill the temporary table `sample` with some events."""
        wanted = Wanted(picks=picks, counted=self.found.counted)
        relation = self.relation(wanted, f"(SELECT * FROM {self.table} LIMIT {SAMPLE})")
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE sample AS {relation}")

    def relation(self, wanted: Wanted, table: str | None = None) -> str:
        """The SQL of the events."""
        return table_relation(self.found, wanted, zone=self.zone, table=table or self.table, raw=self.raw)

    def count_lines(self, cursor: Connection, wanted: Wanted, tally: Tally) -> bool:
        """Add all rows to the tally; whether every row is sound by the statistics of its time alone."""
        if self._statistics and not wanted.needed and wanted.counted is None:
            raw = self.raw[self.found.time.field]
            first, last = (
                micros_sql(f"{name}({raw})", self.found.time.form, self.zone) for name in ("min", "max")
            )
            query = f"SELECT count(*), count({raw}), {first}, {last} FROM {self.table}"
            lines, times, low, high = cursor.execute(query).fetchone() or (0, 0, None, None)
            if lines == times and low is not None and low >= EARLIEST * 10**6 and high < LATEST * 10**6:
                tally.add(0, lines=lines, malformed=0, first=low, last=high)
                return True
        query = f"SELECT count(*), count(us), min(us), max(us) FROM ({self.relation(wanted)})"
        lines, parsed, low, high = cursor.execute(query).fetchone() or (0, 0, None, None)
        tally.add(
            0,
            lines=lines,
            malformed=lines - parsed,
            first=low,
            last=high,
            samples=self._malformed(cursor, wanted),
        )
        return False

    @property
    def _statistics(self) -> bool:
        """Whether the smallest and the largest raw value are the first and the last instant: not so for texts."""
        return next(one for one in self.found.fields if one.name == self.found.time.field).native is not None

    def _malformed(self, cursor: Connection, wanted: Wanted) -> list[Problem]:
        """The first rows that could not be read, by their number in the file."""
        problems: list[Problem] = []
        for file, path in zip(self.files, self._safe, strict=True):
            numbered = f"(SELECT * FROM {_reader([path], ', file_row_number = true')})"
            relation = self.relation(replace(wanted, row_number=True), numbered)
            rows = cursor.execute(
                f"SELECT n, CAST(raw_time AS VARCHAR) FROM ({relation}) WHERE us IS NULL ORDER BY n LIMIT {MOST_SAMPLES}"
            ).fetchall()
            for n, text in rows[: MOST_SAMPLES - len(problems)]:
                shown = (
                    "no time" if text is None else f"the time {text} or the counts beside it cannot be read"
                )
                where = Where(file=file.label, line=n + 1)
                problems.append(
                    Problem(
                        code="malformed", message=f"row {n + 1}: {shown}", where=where, severity="warning"
                    )
                )
        return problems


def parquet_sources(
    files: Sequence[Found], engine: Engine, *, wanted: str | None, time: str | None, zone: str
) -> tuple[list[ParquetSource], list[Problem]]:
    """The files grouped by their columns, and those without rows. Errors: `Problem` `file`, `time`, `format`."""
    cursor = engine.cursor()
    empty: list[Problem] = []
    groups: dict[tuple[tuple[str, str], ...], list[tuple[Found, Path, int]]] = {}
    for number, file in enumerate(files):
        path = _safe_path(file, engine.folder / f"table{number}.parquet")
        with blaming(file.label):
            described = cursor.execute(f"DESCRIBE SELECT * FROM {_reader([path])}").fetchall()
            (count,) = cursor.execute(f"SELECT count(*) FROM {_reader([path])}").fetchone() or (0,)
        if not count:
            where = Where(file=file.label)
            empty.append(Problem(code="empty", message="there are no rows", where=where))
            continue
        schema = tuple((row[0], row[1]) for row in described)
        groups.setdefault(schema, []).append((file, path, count))
    sources = [
        _source(schema, members, cursor, wanted=wanted, time=time, zone=zone)
        for schema, members in groups.items()
    ]
    return sources, empty


def _source(
    schema: tuple[tuple[str, str], ...],
    members: Sequence[tuple[Found, Path, int]],
    cursor: Connection,
    *,
    wanted: str | None,
    time: str | None,
    zone: str,
) -> ParquetSource:
    paths = [path for _, path, _ in members]
    relation = cursor.sql(f"SELECT * FROM {_reader(paths)} LIMIT 0")
    leaves = [leaf for name, kind in zip(relation.columns, relation.types, strict=True) for leaf in _leaves(name, identifier(name, "duckdb"), kind)]  # fmt: skip
    raw = {name: sql for name, sql, _ in leaves}
    label = members[0][0].label
    with blaming(label):
        fields, rows = _sampled(cursor, leaves, _reader(paths))
    if wanted is not None and not wanted.startswith("parquet"):
        raise refuse(
            "format",
            f"this is Parquet, not {wanted}",
            hint="leave --format out: it is recognised",
            where=Where(file=label),
        )
    found = from_fields(fields, name=label, kind="parquet-events", time=time, zone=zone, rows=rows)
    return ParquetSource(
        files=[file for file, _, _ in members],
        found=found,
        raw=raw,
        zone=zone,
        schema=schema,
        rows=tuple(count for _, _, count in members),
        _safe=paths,
    )


def _leaves(
    name: str, sql: str, kind: duckdb.sqltypes.DuckDBPyType, depth: int = 0
) -> Iterator[tuple[str, str, str]]:
    """(dotted name, SQL, type) of a column, or of every leaf of a struct."""
    if kind.id == "struct" and depth < _DEEPEST:
        for child, inner in kind.children:
            yield from _leaves(f"{name}.{child}", f"{sql}.{identifier(child, 'duckdb')}", inner, depth + 1)  # type: ignore[arg-type]
    else:
        yield name, sql, str(kind)


def _sampled(
    cursor: Connection, leaves: Sequence[tuple[str, str, str]], table: str
) -> tuple[list[Sampled], tuple[Row, ...]]:
    columns = ", ".join(
        f"CAST({_in_utc(sql, kind)} AS VARCHAR) AS v{n}" for n, (_, sql, kind) in enumerate(leaves)
    )
    rows = cursor.execute(f"SELECT {columns} FROM (SELECT * FROM {table} LIMIT {SAMPLE})").fetchall()
    fields = []
    for n, (name, _, kind) in enumerate(leaves):
        values = tuple(row[n] for row in rows if row[n] is not None and row[n] != "")
        native = (
            None
            if kind == "VARCHAR"
            else "number"
            if kind in _WHOLE or kind.startswith("DECIMAL")
            else "other"
        )
        native = "float" if kind in ("DOUBLE", "FLOAT") else native
        moment = _MOMENTS.get(kind)
        fields.append(Sampled(name=name, values=values, native=native, moment=moment))  # type: ignore[arg-type]
    names = [name for name, _, _ in leaves]
    return fields, tuple(dict(zip(names, row, strict=True)) for row in rows)


def _in_utc(sql: str, kind: str) -> str:
    return f"timezone('UTC', {sql})" if kind == "TIMESTAMP WITH TIME ZONE" else sql


def _reader(paths: Sequence[Path], options: str = "") -> str:
    listed = ", ".join(text_literal(str(path), "duckdb") for path in paths)
    return f"read_parquet([{listed}]{options})"


def _safe_path(file: Found, link: Path) -> Path:
    """The engine takes *, ? and [ in a name for wildcards: such a file is read through a link."""
    if not any(mark in str(file.path) for mark in "*?[{"):
        return file.path.absolute()
    link.symlink_to(file.path.absolute())
    return link
