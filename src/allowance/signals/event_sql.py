"""SLIs over events as SQL: which events are valid, which of them good, and one query that counts them all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from allowance.contract.indicator import Events
from allowance.core.problem import NOWHERE, Where
from allowance.core.time import Instant
from allowance.signals import dialects
from allowance.signals.dialects import Dialect, TimeKind
from allowance.signals.predicate import Predicate, check_column, check_columns, parse_predicate

Column = Callable[[str], str]

DURATION = "duration_ms"
"""The column that a latency is measured in: milliseconds; NULL where nothing was measured."""

DEFAULT_GOOD = "status < 500"
"""What is good where an SLI says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSli:
    """An SLI over events. `valid` None means every event; `good` None means that only the latency decides."""

    name: str
    valid: Predicate | None
    good: Predicate | None
    latency_ms: Fraction | None

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it reads."""
        parts = [predicate.columns for predicate in (self.valid, self.good) if predicate is not None]
        return frozenset().union(*parts, {DURATION} if self.latency_ms is not None else set())


def event_sli(name: str, indicator: Events, *, dotted: bool = False, where: Where = NOWHERE) -> EventSli:
    """An indicator with its predicates parsed; `dotted`: names with dots need no quotes. Errors: `Problem` `predicate`."""

    def parsed(text: str | None, part: str) -> Predicate | None:
        path = f"{where.path}.{part}" if where.path else part
        return None if text is None else parse_predicate(text, dotted=dotted, where=replace(where, path=path))

    neither = indicator.good is None and indicator.latency_ms is None
    return EventSli(
        name=name,
        valid=parsed(indicator.valid, "valid"),
        good=parsed(DEFAULT_GOOD if neither else indicator.good, "good"),
        latency_ms=indicator.latency_ms,
    )


def check_sli(sli: EventSli, available: Collection[str], *, where: Where = NOWHERE) -> None:
    """Refuse an SLI over columns that are not there. Errors: `Problem` `column`."""
    for predicate in (sli.valid, sli.good):
        if predicate is not None:
            check_columns(predicate, available, where=where)
    if sli.latency_ms is not None:
        check_column(DURATION, available, where=where)


def valid_sql(sli: EventSli, dialect: Dialect, column: Column | None = None) -> str:
    """Whether an event counts: true or false, never NULL."""
    return _known(_valid(sli, dialect, column))


def good_sql(sli: EventSli, dialect: Dialect, column: Column | None = None) -> str:
    """Whether an event counts and is good: true or false, never NULL."""
    return _known([*_valid(sli, dialect, column), *_good(sli, dialect, column)])


def count_query(
    slis: Sequence[EventSli],
    *,
    dialect: Dialect,
    relation: str,
    time: str,
    step: int,
    by: str | None = None,
    begin: Instant | None = None,
    end: Instant | None = None,
    column: Column | None = None,
    time_kind: TimeKind = "timestamp",
    facts: bool = False,
) -> str:
    """One query that counts any number of SLIs in one pass over `relation` (SQL of a table or of a subquery).

    Its rows are (bucket, group, good_0, total_0, good_1, total_1, ...), in the order of `slis`, ascending by
    bucket and group. `bucket` is the start of `[bucket, bucket + step)` in whole seconds since 1970; `group` is
    the text of the column `by`, `""` for NULL and where nothing is grouped. `time` is the SQL of the column of
    the instant, `time_kind` how it is written. Events in `[begin, end)` are counted; those without an instant
    are not. `facts` adds three columns: all events of the bucket, and the first and the last instant among them
    in whole seconds.
    """
    if by is None:
        group = dialects.text_literal("", dialect)
    else:
        key = column(by) if column else dialects.identifier(by, dialect)
        group = f"COALESCE({dialects.cast(key, 'text', dialect)}, {dialects.text_literal('', dialect)})"
    selected = {
        dialects.identifier("bucket", dialect): dialects.bucket(time, step, time_kind, dialect),
        dialects.identifier("group", dialect): group,
        **_counts(slis, dialect, column),
        **(_facts(time, time_kind, dialect) if facts else {}),
    }
    columns = ",\n  ".join(f"{sql} AS {name}" for name, sql in selected.items())
    span = _span(time, time_kind, begin, end, dialect)
    return f"SELECT\n  {columns}\nFROM {relation}\nWHERE {span}\nGROUP BY 1, 2\nORDER BY 1, 2"


def _counts(slis: Sequence[EventSli], dialect: Dialect, column: Column | None) -> dict[str, str]:
    counts: dict[str, str] = {}
    for number, sli in enumerate(slis):
        valid, good = _valid(sli, dialect, column), _good(sli, dialect, column)
        counts[f"good_{number}"] = _sum([*valid, *good], dialect)
        counts[f"total_{number}"] = _sum(valid, dialect)
    return counts


def _facts(time: str, kind: TimeKind, dialect: Dialect) -> dict[str, str]:
    second = dialects.bucket(time, 1, kind, dialect)
    facts = {"events": "COUNT(*)", "first_second": f"MIN({second})", "last_second": f"MAX({second})"}
    return {name: _whole(sql, dialect) for name, sql in facts.items()}


def _span(time: str, kind: TimeKind, begin: Instant | None, end: Instant | None, dialect: Dialect) -> str:
    bounds = [f"{time} IS NOT NULL"]
    if begin is not None:
        bounds.append(f"{time} >= {dialects.instant_literal(begin, kind, dialect)}")
    if end is not None:
        bounds.append(f"{time} < {dialects.instant_literal(end, kind, dialect)}")
    return " AND ".join(bounds)


def _valid(sli: EventSli, dialect: Dialect, column: Column | None) -> list[str]:
    conditions = [] if sli.valid is None else [sli.valid.condition(dialect, column)]
    if sli.latency_ms is not None:
        conditions.append(f"{_duration(dialect, column)} IS NOT NULL")
    return conditions


def _good(sli: EventSli, dialect: Dialect, column: Column | None) -> list[str]:
    conditions = [] if sli.good is None else [sli.good.condition(dialect, column)]
    if sli.latency_ms is not None:
        conditions.append(_within(_duration(dialect, column), sli.latency_ms, dialect))
    return conditions


def _duration(dialect: Dialect, column: Column | None) -> str:
    return column(DURATION) if column else dialects.identifier(DURATION, dialect)


def _within(duration: str, latency_ms: Fraction, dialect: Dialect) -> str:
    """Exact: a bound that no decimal can write (1/3) is compared as whole numbers."""
    rest = latency_ms.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        return f"{duration} <= {dialects.fraction_literal(latency_ms, dialect)}"
    return f"{duration} * {latency_ms.denominator} <= {latency_ms.numerator}"


def _known(conditions: list[str]) -> str:
    return f"COALESCE({' AND '.join(conditions)}, FALSE)" if conditions else "TRUE"


def _all(conditions: list[str]) -> str:
    return (
        conditions[0] if len(conditions) == 1 else " AND ".join(f"({condition})" for condition in conditions)
    )


def _sum(conditions: list[str], dialect: Dialect) -> str:
    """Of CASE, never of the condition: a sum over NULLs would be NULL."""
    if not conditions:
        return _whole("COUNT(*)", dialect)
    return _whole(f"SUM(CASE WHEN {' AND '.join(conditions)} THEN 1 ELSE 0 END)", dialect)


def _whole(sql: str, dialect: Dialect) -> str:
    return f"toInt64({sql})" if dialect == "clickhouse" else dialects.cast(sql, "integer", dialect)
