"""Counting events where they are: the SLIs go to the engine as one query, and only counts come back."""

from __future__ import annotations

import difflib
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast as typed

import numpy as np

from allowance.contract.source import Sql
from allowance.core.buckets import Buckets, Ints, empty, from_arrays
from allowance.core.problem import NOWHERE, Problem, ProblemError, Where, refuse
from allowance.core.time import Instant
from allowance.edges.sql.address import Address, parse_address
from allowance.edges.sql.columns import Clock, clock, column_sql, unit
from allowance.edges.sql.engines import Engine, engine_for
from allowance.edges.sql.session import EngineError, Fault, Session
from allowance.signals import dialects
from allowance.signals.dialects import Dialect
from allowance.signals.event_sql import EventSli, check_sli, count_query
from allowance.signals.measured import Measured, SourceFacts
from allowance.signals.predicate import check_column

MOST_ROWS = 2_000_000
"""Buckets times groups that one answer may hold."""

STATEMENT_SECONDS = 300
"""How long a query may take, unless said otherwise."""


def measure(
    source: Sql,
    slis: Sequence[EventSli],
    *,
    step: int = 60,
    by: str | None = None,
    begin: Instant | None = None,
    end: Instant | None = None,
    timeout: int = STATEMENT_SECONDS,
    where: Where = NOWHERE,
) -> Measured:
    """The counts of every SLI over the events in `[begin, end)`, from one pass over the table.

    `facts.lines` are the events in that span, `first` and `last` their instants. Errors: `Problem` with the code
    `url`, `secret`, `extra`, `connection`, `login`, `permission`, `table`, `column`, `time`, `types`, `timeout`,
    `rows` or `query`.
    """
    try:
        address = parse_address(source)
        engine = engine_for(address)
        try:
            with engine.open_session(address, timeout=timeout) as session:
                return _Question(session, source, slis, step, by, begin, end).answer(engine, address)
        except EngineError as error:
            raise _problem(error, engine, address, source.table, timeout) from None
    except ProblemError as error:
        raise ProblemError(*(_placed(problem, where) for problem in error.problems)) from None


def _placed(problem: Problem, where: Where) -> Problem:
    return replace(problem, where=where) if problem.where == NOWHERE else problem


@dataclass(frozen=True, slots=True)
class _Question:
    session: Session
    source: Sql
    slis: Sequence[EventSli]
    step: int
    by: str | None
    begin: Instant | None
    end: Instant | None

    def answer(self, engine: Engine, address: Address) -> Measured:
        dialect = self.session.dialect
        relation = _relation(self.source.table, dialect)
        types = self._types(relation, address)
        for sli in self.slis:
            check_sli(sli, types)
        if self.by is not None:
            check_column(self.by, types)
        instant = self._with_unit(clock(self.source.time, types, dialect), relation)
        query = count_query(
            self.slis,
            dialect=dialect,
            relation=relation,
            time=instant.sql,
            time_kind=instant.kind,
            step=self.step,
            by=self.by,
            begin=self.begin,
            end=self.end,
            column=column_sql(types, dialect),
            facts=True,
        )
        groups, counts = self._read(f"{query}\nLIMIT {MOST_ROWS + 1}")
        notes = [*_notes(self.source, address, instant), *self._without_instant(relation, instant)]
        return Measured(
            facts=_facts(engine.name, types, counts, tuple(notes)),
            series=self._series(groups, counts),
        )

    def _types(self, relation: str, address: Address) -> dict[str, str]:
        try:
            return self.session.columns(relation)
        except EngineError as error:
            if error.fault != "table":
                raise
            raise _no_table(self.source.table, self.session.tables(), address) from None

    def _with_unit(self, instant: Clock, relation: str) -> Clock:
        if not instant.counted:
            return instant
        ((latest,),) = self.session.rows(f"SELECT MAX({instant.sql}) FROM {relation}")
        return replace(instant, kind=unit(latest if isinstance(latest, int) else 0))

    def _read(self, query: str) -> tuple[list[str], Ints]:
        groups: list[str] = []
        numbers = array("q")
        for bucket, group, *counts in self.session.rows(query):
            if len(groups) == MOST_ROWS:
                raise refuse(
                    "rows",
                    f"the answer holds more than {MOST_ROWS:,} rows",
                    hint="choose a larger step, a shorter span, or a column with fewer groups",
                )
            groups.append(str(group))
            numbers.extend(typed(list[int], [bucket, *counts]))
        width = 4 + 2 * len(self.slis)
        return groups, np.frombuffer(numbers, dtype=np.int64).reshape(-1, width) if groups else np.zeros(
            (0, width), dtype=np.int64
        )

    def _without_instant(self, relation: str, instant: Clock) -> Iterator[Problem]:
        """A span leaves events without an instant out; without a span, somebody should be told of them."""
        if self.begin is not None or self.end is not None:
            return
        ((lost,),) = self.session.rows(f"SELECT COUNT(*) FROM {relation} WHERE {instant.sql} IS NULL")
        if lost:
            yield Problem(
                code="no-instant",
                message=f"{lost} event{'' if lost == 1 else 's'} without {self.source.time} {'is' if lost == 1 else 'are'} not counted",
                severity="warning",
            )

    def _series(self, groups: list[str], counts: Ints) -> dict[tuple[str, str], Buckets]:
        if self.by is None and not groups:
            return {(sli.name, ""): empty(self.step) for sli in self.slis}
        places: dict[str, list[int]] = {}
        for row, group in enumerate(groups):
            places.setdefault(group, []).append(row)
        series: dict[tuple[str, str], Buckets] = {}
        for group in sorted(places):
            rows = counts[places[group]]
            for number, sli in enumerate(self.slis):
                good, total = rows[:, 1 + 2 * number], rows[:, 2 + 2 * number]
                series[sli.name, group] = from_arrays(rows[:, 0], good, total, self.step)
        return series


def _facts(engine: str, types: dict[str, str], counts: Ints, notes: tuple[Problem, ...]) -> SourceFacts:
    events, first, last = counts[:, -3], counts[:, -2], counts[:, -1]
    some = len(counts) > 0
    return SourceFacts(
        format=engine,
        lines=int(events.sum()),
        first=int(first.min()) if some else None,
        last=int(last.max()) if some else None,
        notes=notes,
        columns=tuple(types),
    )


def _notes(source: Sql, address: Address, instant: Clock) -> Iterator[Problem]:
    if address.written_password:
        yield Problem(
            code="secret",
            message=f"the password of {address.shown} stands in its URL",
            hint="name an environment variable in password_env instead",
            severity="warning",
        )
    if instant.counted:
        yield Problem(
            code="time",
            message=f"{source.time} was read as {_UNIT_WORDS[instant.kind]} since 1970",
            severity="info",
        )


_UNIT_WORDS = {
    "seconds": "seconds",
    "millis": "milliseconds",
    "micros": "microseconds",
    "nanos": "nanoseconds",
}
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^".\s]+)')


def _relation(table: str, dialect: Dialect) -> str:
    """`events`, `shop.events` or `"odd.name"` as a quoted name. Errors: `Problem` `table`."""
    parts: list[str] = []
    position = 0
    while found := _NAME.match(table, position):
        parts.append(found.group(2) or found.group(1).replace('""', '"'))
        position = found.end()
        if position == len(table):
            return ".".join(dialects.identifier(part, dialect) for part in parts)
        if table[position] != ".":
            break
        position += 1
    raise refuse(
        "table", f"{table!r} is not the name of a table", hint='write events, shop.events or "odd.name"'
    )


def _no_table(table: str, tables: list[str], address: Address) -> ProblemError:
    near = difflib.get_close_matches(table, tables, n=2)
    shown = ", ".join(tables[:30]) + (f" and {len(tables) - 30} more" if len(tables) > 30 else "")
    question = f"did you mean {' or '.join(near)}? " if near else ""
    return refuse(
        "table",
        f"there is no table {table!r} in {address.shown}",
        hint=f"{question}tables: {shown}" if tables else "no table there is visible to this user",
    )


def _problem(error: EngineError, engine: Engine, address: Address, table: str, timeout: int) -> ProblemError:
    """An engine's fault as a sentence that says what to do next; never with a secret in it."""
    said = address.scrub(" ".join(error.text.split()))[:300]
    place = address.shown
    sentences: dict[Fault, tuple[str, str]] = {
        "connection": (
            f"{engine.name} cannot be reached at {place}: {said}",
            "check the URL, and that it runs",
        ),
        "login": (f"{engine.name} at {place} refused the login: {said}", "check the user and password_env"),
        "permission": (
            f"{engine.name} at {place} refused to read {table}: {said}",
            "grant SELECT to the user",
        ),
        "table": (f"{engine.name} at {place} has no such table: {said}", "check the name of the table"),
        "timeout": (
            f"{engine.name} at {place} did not answer within {timeout} s",
            "ask for a shorter span, or put an index on the column of the instant",
        ),
        "types": (
            f"{engine.name} at {place} cannot compare these types: {said}",
            "say the type, for example TRY_CAST(status AS INTEGER) < 500",
        ),
        "query": (f"{engine.name} at {place} refused the query: {said}", "check the predicates of the SLIs"),
        "extra": (
            f"{engine.name} needs packages that are not installed",
            f"pip install 'allowance[{error.text}]'",
        ),
    }
    message, hint = sentences[error.fault]
    return refuse(error.fault, message, hint=hint)
