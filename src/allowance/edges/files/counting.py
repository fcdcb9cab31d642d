"""Counts and durations gathered from any number of relations inside the engine."""

from __future__ import annotations

from collections.abc import Sequence

from allowance.edges.files.binding import Bound
from allowance.edges.files.engine import Connection
from allowance.signals.dialects import bucket
from allowance.signals.event_sql import EventSli

COMPACT_ROWS = 2_000_000
DISTINCT = 200_000
"""Distinct durations of one group that are kept as they are; above, four significant digits remain."""


class Counting:
    """The tables `counts` (bucket, grp, good_i, total_i) and `durs` (grp, ms, n_j).

    `n_j` counts the events with a duration for which the j-th different `valid` holds. Each method that takes a
    relation gives the statement that adds it, for any cursor to run.
    """

    def __init__(self, cursor: Connection, slis: Sequence[EventSli], names: Sequence[str], step: int) -> None:
        self.names = tuple(names)
        self.step = step
        self.coarse = 0
        self._cursor = cursor
        texts = [sli.valid.text if sli.valid is not None else "" for sli in slis]
        self._valids = tuple(dict.fromkeys(texts))
        self._valid_of = tuple(self._valids.index(text) for text in texts)
        columns = ", ".join(f"good_{n} BIGINT, total_{n} BIGINT" for n in range(len(names)))
        cursor.execute(f"CREATE TABLE counts (bucket BIGINT, grp VARCHAR, {columns})")
        sums = "".join(f", n_{n} BIGINT" for n in range(len(self._valids)))
        cursor.execute(f"CREATE TABLE durs (grp VARCHAR, ms DECIMAL(18, 6){sums})")

    @property
    def duration_columns(self) -> tuple[int, ...]:
        """For every SLI, which of the sums of `durations_query` is its own."""
        return self._valid_of

    @property
    def durations_query(self) -> str:
        """(milliseconds, place of the group, sums ...) in order of group and duration, once they are regrouped."""
        sums = "".join(f", n_{n}::BIGINT AS n_{n}" for n in range(len(self._valids)))
        return f"SELECT ms::DOUBLE AS ms, grp::BIGINT AS place{sums} FROM durs ORDER BY place, ms"

    @property
    def bucket(self) -> str:
        """The SQL of the start of the bucket of `us`, in seconds."""
        return f"{bucket('us', self.step, 'micros', 'duckdb')} AS bucket"

    def counts(self, bound: Bound, relation: str) -> str:
        """Events, in one pass for all SLIs."""
        return self._grouped(
            bound.group, [f"count_if({one.good}), count_if({one.valid})" for one in bound.slis], relation
        )

    def given(self, bound: Bound, relation: str) -> str:
        """Rows that hold `good` and `total` already; `valid` says which of them count."""
        return self._grouped(
            bound.group, [f"{_sum('good', one.valid)}, {_sum('total', one.valid)}" for one in bound.slis], relation
        )  # fmt: skip

    def increments(self, query: str) -> str:
        """What counters grew: rows of us, grp, good and total."""
        return self._grouped("grp", ["SUM(good), SUM(total)" for _ in self.names], query)

    def _grouped(self, group: str, sums: Sequence[str], relation: str) -> str:
        return (
            f"INSERT INTO counts SELECT {self.bucket}, {group} AS grp, {', '.join(sums)} FROM ({relation}) "
            "WHERE us IS NOT NULL GROUP BY 1, 2"
        )

    def durations(self, bound: Bound, relation: str) -> str:
        """Durations of valid events."""
        valids = self.first_valids(bound)
        sums = ", ".join(f"count_if({valid})" for valid in valids)
        any_valid = " OR ".join(f"({valid})" for valid in valids)
        return (
            f"INSERT INTO durs SELECT {bound.group} AS grp, TRY_CAST({bound.duration} AS DECIMAL(18, 6)) AS ms, {sums} "
            f"FROM ({relation}) WHERE us IS NOT NULL AND {bound.duration} IS NOT NULL AND ({any_valid}) GROUP BY 1, 2"
        )

    def first_valids(self, bound: Bound) -> list[str]:
        """The SQL of each different `valid`."""
        return [bound.slis[self._valid_of.index(n)].valid for n in range(len(self._valids))]

    def compact(self) -> None:
        """Keep the table of durations small while it grows. Nothing may be added at the same time."""
        (rows,) = self._cursor.execute("SELECT count(*) FROM durs").fetchone() or (0,)
        if rows > COMPACT_ROWS:
            self.fold_durations()

    def fold_durations(self) -> None:
        """Add up equal durations; where one group has too many different ones, keep four digits of all."""
        self._replace("ms")
        most = self._cursor.execute(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM durs GROUP BY grp)"
        ).fetchone()
        if most is not None and (most[0] or 0) > DISTINCT:
            self.coarsen(4)

    def regroup_durations(self) -> None:
        """Put the place of each group (table `groups`) where its name was, and add up."""
        self._cursor.execute(
            "CREATE TABLE placed AS SELECT place::VARCHAR AS grp, durs.* EXCLUDE (grp) FROM durs JOIN groups USING (grp)"
        )
        self._cursor.execute("DROP TABLE durs")
        self._cursor.execute("ALTER TABLE placed RENAME TO durs")
        self.fold_durations()

    def coarsen(self, digits: int) -> None:
        """Keep so many significant digits of each duration."""
        self.coarse = digits
        place = f"{digits - 1} - CAST(floor(log10(ms)) AS INTEGER)"
        rounded = f"CASE WHEN ms > 0 THEN round(CAST(ms AS DOUBLE), {place}) ELSE 0 END"
        self._replace(f"CAST({rounded} AS DECIMAL(18, 6)) AS ms")

    def _replace(self, ms: str) -> None:
        sums = "".join(f", SUM(n_{n}) AS n_{n}" for n in range(len(self._valids)))
        self._cursor.execute(f"CREATE TABLE folded AS SELECT grp, {ms}{sums} FROM durs GROUP BY 1, 2")
        self._cursor.execute("DROP TABLE durs")
        self._cursor.execute("ALTER TABLE folded RENAME TO durs")


def _sum(column: str, condition: str) -> str:
    return f"CAST(SUM(CASE WHEN {condition} THEN {column} ELSE 0 END) AS BIGINT)"
