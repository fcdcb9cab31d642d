"""The columns of a table, by their types: how instants are written, and which numbers are not what they print."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from allowance.core.problem import refuse
from allowance.signals import dialects
from allowance.signals.dialects import Dialect, TimeKind
from allowance.signals.predicate import check_column

Role = Literal["timestamp", "timestamptz", "date", "integer", "real", "number", "other"]

_ROLES: tuple[tuple[str, Role], ...] = (
    (r"timestamp.*with time zone|timestamptz.*|timestamp_ltz|datetime(64)?(\(.*\))?", "timestamptz"),
    (r"timestamp.*", "timestamp"),
    (r"date(32)?", "date"),
    (r"u?(tiny|small|big|huge)?int(eger)?\d*", "integer"),
    (r"real|float4|float32", "real"),
    (r"double|double precision|float8|float64|(decimal|numeric).*", "number"),
)

_UNITS: tuple[tuple[int, TimeKind], ...] = (
    (100_000_000_000, "seconds"),
    (100_000_000_000_000, "millis"),
    (100_000_000_000_000_000, "micros"),
)
"""Below so much, a number since 1970 is in this unit: all three bounds lie in the year 5138."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The SQL of the instant of an event, and how it is written. `counted` says that it is a plain number."""

    sql: str
    kind: TimeKind
    counted: bool = False


def role(type_name: str, dialect: Dialect) -> Role:
    """What a type is here, from the engine's own word for it."""
    word = type_name.strip().lower()
    while wrapped := re.fullmatch(r"(?:nullable|lowcardinality)\((.*)\)", word):
        word = wrapped.group(1)
    if dialect == "spark" and word == "timestamp":
        return "timestamptz"
    if dialect in ("duckdb", "spark") and word == "float":
        return "real"
    return next((found for pattern, found in _ROLES if re.fullmatch(pattern, word)), "other")


def clock(name: str, types: Mapping[str, str], dialect: Dialect) -> Clock:
    """How to read the column of the instant. Of numbers, the unit is still to be found: see `unit`.

    Errors: `Problem` `column` where it is not there, `time` where it holds no instants.
    """
    found = check_column(name, types)
    sql = dialects.identifier(found, dialect)
    kind = role(types[found], dialect)
    if kind == "timestamp" or kind == "timestamptz":
        return Clock(sql=sql, kind=kind)
    if kind == "date":
        instant = dialects.cast(sql, "timestamp", dialect)
        return Clock(sql=instant, kind="timestamptz" if dialect == "spark" else "timestamp")
    if kind == "integer":
        return Clock(sql=sql, kind="seconds", counted=True)
    if kind in ("real", "number"):
        return Clock(sql=dialects.cast(f"FLOOR({sql})", "integer", dialect), kind="seconds", counted=True)
    raise refuse(
        "time",
        f"the column {found!r} has the type {types[found]}, which is no instant",
        hint="name a column of timestamps or of numbers since 1970, or make a view that casts it",
    )


def unit(latest: int) -> TimeKind:
    """The unit of numbers since 1970, from the largest of them."""
    return next((kind for bound, kind in _UNITS if abs(latest) < bound), "nanos")


def column_sql(types: Mapping[str, str], dialect: Dialect) -> Callable[[str], str]:
    """The SQL of a column by the name that a predicate uses.

    A 32-bit float is read through its text: 300.1 in such a column is 300.1, and not 300.1000061.
    """

    def sql(name: str) -> str:
        found = check_column(name, types)
        quoted = dialects.identifier(found, dialect)
        if role(types[found], dialect) == "real":
            return dialects.cast(dialects.cast(quoted, "text", dialect), "double", dialect)
        return quoted

    return sql
