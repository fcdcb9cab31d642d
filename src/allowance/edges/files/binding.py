"""Which reading of each column an SLI's predicates take, tried out on a sample before anything long is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, islice

import duckdb

from allowance.core.problem import ProblemError, Where, refuse
from allowance.edges.files.engine import Connection
from allowance.edges.files.relation import Pick
from allowance.signals.columns import DURATION, TIME, Column, Kind
from allowance.signals.dialects import Dialect
from allowance.signals.event_sql import EventSli, check_sli, good_sql, valid_sql
from allowance.signals.predicate import check_column, match_column
from allowance.signals.recognise import Recognised

NONE = "(none)"
"""The group of events in which the column of the groups is empty."""

_MOST_TRIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSli:
    """An SLI as SQL over aliases: both are true or false, never NULL."""

    sli: EventSli
    valid: str
    good: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Every SLI over one file's columns, the SQL of the group, the duration if there is one, and all picks."""

    slis: tuple[BoundSli, ...]
    group: str
    duration: str | None
    picks: tuple[Pick, ...]


@dataclass(kw_only=True)
class Picks:
    """Hands out one alias per column and reading."""

    _made: dict[tuple[str, Kind], Pick] = field(default_factory=dict)

    def of(self, column: Column, kind: Kind) -> Pick:
        """The pick of a column in a reading."""
        key = (column.name, kind)
        if key not in self._made:
            self._made[key] = Pick(alias=f"c{len(self._made)}", column=column, kind=kind)
        return self._made[key]

    @property
    def all(self) -> tuple[Pick, ...]:
        """Every pick so far."""
        return tuple(self._made.values())


Sampler = Callable[[tuple[Pick, ...]], None]
"""Fills the temporary table `sample` with `us` and these picks of some events."""


def bind(
    found: Recognised,
    slis: Sequence[EventSli],
    *,
    by: str | None,
    durations: bool,
    label: str,
    cursor: Connection,
    fill: Sampler,
) -> Bound:
    """Choose readings. Errors: `Problem` `column` for a name that is not there, `predicate` for one that cannot be."""
    where = Where(file=label)
    for sli in slis:
        check_sli(sli, found.names, where=where)
    picks = Picks()
    for sli in slis:
        for column in _used(sli, found):
            for kind in column.readings:
                picks.of(column, kind)
    group, group_pick = group_of(found, by, picks, where)
    timed = durations and DURATION in found.names
    duration = picks.of(found.column(DURATION), found.column(DURATION).readings[0]) if timed else None
    fill(picks.all)
    bound = tuple(_bound(sli, found, picks, cursor, where) for sli in slis)
    needed = {pick.alias: pick for one in bound for pick in one.picks}
    needed |= {pick.alias: pick for pick in (group_pick, duration) if pick is not None}
    return Bound(
        slis=bound,
        group=group,
        duration=duration.alias if duration else None,
        picks=tuple(needed.values()),
    )


def _used(sli: EventSli, found: Recognised) -> list[Column]:
    names = {match_column(name, found.names) for name in sli.columns}
    return [column for column in found.columns if column.name in names]


def group_of(found: Recognised, by: str | None, picks: Picks, where: Where) -> tuple[str, Pick | None]:
    """The SQL of the group, over the pick of its column. Errors: `Problem` `column`."""
    if by is None:
        return "''", None
    name = check_column(by, [column.name for column in found.columns], where=where)
    column = found.column(name)
    pick = picks.of(column, "text" if "text" in column.readings else column.readings[0])
    return f"COALESCE(NULLIF(CAST({pick.alias} AS VARCHAR), ''), '{NONE}')", pick


def _bound(sli: EventSli, found: Recognised, picks: Picks, cursor: Connection, where: Where) -> BoundSli:
    """Which events count and which are good may read one column in two ways, so they are tried apart."""
    valid, valid_picks = _tried(replace(sli, good=None), valid_sql, found, picks, cursor, where)
    good, good_picks = _tried(replace(sli, valid=None), good_sql, found, picks, cursor, where)
    used = {pick.alias: pick for pick in (*valid_picks, *good_picks)}
    both = good if valid == "TRUE" else f"({valid}) AND ({good})"
    return BoundSli(sli=sli, valid=valid, good=both, picks=tuple(used.values()))


def _tried(
    sli: EventSli,
    write: Callable[[EventSli, Dialect, Callable[[str], str]], str],
    found: Recognised,
    picks: Picks,
    cursor: Connection,
    where: Where,
) -> tuple[str, tuple[Pick, ...]]:
    """The first combination of readings that the engine takes, likelier readings first."""
    columns = _used(sli, found)
    failure: duckdb.Error | None = None
    for kinds in islice(_combinations(columns), _MOST_TRIES):
        chosen = {column.name: picks.of(column, kind) for column, kind in zip(columns, kinds, strict=True)}
        condition = write(sli, "duckdb", _names(chosen, found))
        try:
            cursor.execute(f"SELECT count_if({condition}) FROM sample").fetchall()
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise
        except duckdb.Error as error:
            failure = failure or error
        else:
            return condition, tuple(chosen.values())
    raise _refused(sli, columns, failure, where)


def _combinations(columns: Sequence[Column]) -> Iterator[tuple[Kind, ...]]:
    """The likeliest reading of every column, then another reading of one column, of two, and of three."""
    others = [(at, kind) for at, column in enumerate(columns) for kind in column.readings[1:]]
    for changes in range(4):
        for chosen in combinations(others, changes):
            places = dict(chosen)
            if len(places) == changes:
                yield tuple(places.get(at, column.readings[0]) for at, column in enumerate(columns))


def _names(chosen: Mapping[str, Pick], found: Recognised) -> Callable[[str], str]:
    def sql(name: str) -> str:
        known = match_column(name, found.names) or name
        return "make_timestamp(us)" if known == TIME else chosen[known].alias

    return sql


def _refused(
    sli: EventSli, columns: Sequence[Column], failure: duckdb.Error | None, where: Where
) -> ProblemError:
    texts = [predicate.text for predicate in (sli.valid, sli.good) if predicate is not None]
    reason = str(failure).partition("\n")[0].partition(": ")[2] or "it cannot be computed"
    examples = ", ".join(
        f"{column.name} is for example {column.example!r}" for column in columns if column.example
    )
    message = f"{' and '.join(repr(text) for text in texts)} does not fit the columns: {reason}"
    hint = (
        f"{examples}; compare texts with 'texts' and numbers with numbers"
        if examples
        else "compare like with like"
    )
    return refuse("predicate", message, hint=hint, where=where)
