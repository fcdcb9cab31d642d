"""Cumulative counters in a table: what they grew between two rows, also across a restart from zero."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from allowance.core.problem import refuse
from allowance.signals.predicate import check_column

_TERM = re.compile(r'\s*(?:"([^"]+)"|([^\s"+]+))\s*(?:(\+)|$)')


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterColumns:
    """Which columns count what: sums of columns, such as `2xx + 5xx`. `total` and one of `good` and `bad` are needed.

    `series` are the columns that tell series apart (a server zone, an instance). Left out, every column that is
    neither the time nor a number is one.
    """

    total: str | None
    good: str | None = None
    bad: str | None = None
    series: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSums:
    """The columns of each sum, by their exact names. Only one of `good` and `bad` is not empty."""

    total: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every counter, once."""
        return tuple(dict.fromkeys((*self.total, *self.good, *self.bad)))


def counter_sums(columns: CounterColumns, available: Collection[str]) -> CounterSums:
    """The sums with their columns checked. Errors: `Problem` `counters` for a sum that cannot be read, `column`."""
    if columns.total is None or (columns.good is None) == (columns.bad is None):
        raise refuse(
            "counters",
            "counters need the sum of all events, and one of the good or of the bad ones",
            hint="for example --valid '2xx + 5xx' --bad 5xx",
        )

    def names(text: str | None) -> tuple[str, ...]:
        return tuple(check_column(name, available) for name in _terms(text)) if text is not None else ()

    return CounterSums(total=names(columns.total), good=names(columns.good), bad=names(columns.bad))


def _terms(text: str) -> tuple[str, ...]:
    """`a + "b c"` to its column names."""
    found: list[str] = []
    position = 0
    more = True
    while more:
        term = _TERM.match(text, position)
        if term is None or (term.group(1) or term.group(2)) in found:
            raise refuse(
                "counters",
                f"{text!r} is not a sum of different columns",
                hint="write it as 2xx + 3xx, with odd names in double quotes",
            )
        found.append(term.group(1) or term.group(2))
        position, more = term.end(), term.group(3) is not None
    return tuple(found)


def increments_sql(
    relation: str, *, at: str, values: Sequence[str], series: Sequence[str], group: str, sums: CounterSums
) -> str:
    """DuckDB's query of (us, grp, good, total) increments over rows of snapshots.

    Rows are sorted by time within a series, exact duplicates dropped. A value below the one before is a restart, and
    counts whole. The first row of a series counts nothing. An increment belongs to the instant of the later row.
    `values` are the SQL of `sums.columns`, in that order; `at`, `series` and `group` are SQL over `relation`.
    """
    keys = [f"k{n}" for n in range(len(series))]
    names = [f"v{n}" for n in range(len(values))]
    picked = [f"{at} AS us", f"{group} AS grp"]
    picked += [f"{sql} AS {name}" for sql, name in zip((*series, *values), (*keys, *names), strict=True)]
    window = f"(PARTITION BY {', '.join(['grp', *keys])} ORDER BY {', '.join(['us', *names])})"
    grown = [
        f"CASE WHEN lag({v}) OVER w IS NULL THEN 0 WHEN {v} < lag({v}) OVER w THEN {v}"
        f" ELSE {v} - lag({v}) OVER w END AS {v}"
        for v in names
    ]
    place = dict(zip(sums.columns, names, strict=True))

    def added(columns: Sequence[str]) -> str:
        return " + ".join(place[column] for column in columns)

    good = added(sums.good) if sums.good else f"({added(sums.total)}) - ({added(sums.bad)})"
    return (
        f"SELECT us, grp, {good} AS good, {added(sums.total)} AS total FROM ("
        f"SELECT us, grp, {', '.join(grown)} FROM (SELECT DISTINCT {', '.join(picked)} FROM {relation}) "
        f"WINDOW w AS {window})"
    )
