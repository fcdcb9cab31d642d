"""How seven SQL engines write the same thing: names, texts, numbers, types and buckets of time."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, get_args

from allowance.core.problem import refuse
from allowance.core.ratio import decimal_text
from allowance.core.time import FIRST, LAST, Instant, iso

Dialect = Literal["duckdb", "postgres", "clickhouse", "spark", "trino", "bigquery", "snowflake"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

TimeKind = Literal["timestamp", "timestamptz", "seconds", "millis", "micros", "nanos"]
"""How a table writes instants: as timestamps without zone (read as UTC) or with one, or as whole numbers since 1970."""

PlainType = Literal["integer", "decimal", "double", "text", "boolean", "date", "timestamp"]

_BACKSLASH: frozenset[Dialect] = frozenset({"clickhouse", "spark", "bigquery", "snowflake"})
"""Engines in which a backslash inside a text escapes what follows."""

_BACKTICK: frozenset[Dialect] = frozenset({"clickhouse", "spark", "bigquery"})

_TYPES: dict[Dialect, dict[PlainType, str]] = {
    "duckdb": {"integer": "BIGINT", "double": "DOUBLE", "text": "VARCHAR", "timestamp": "TIMESTAMP"},
    "postgres": {"integer": "BIGINT", "double": "DOUBLE PRECISION", "text": "TEXT", "timestamp": "TIMESTAMP"},
    "clickhouse": {
        "integer": "Nullable(Int64)",
        "double": "Nullable(Float64)",
        "text": "Nullable(String)",
        "boolean": "Nullable(Bool)",
        "date": "Nullable(Date32)",
        "timestamp": "Nullable(DateTime64(6, 'UTC'))",
    },
    "spark": {"integer": "BIGINT", "double": "DOUBLE", "text": "STRING", "timestamp": "TIMESTAMP"},
    "trino": {"integer": "BIGINT", "double": "DOUBLE", "text": "VARCHAR", "timestamp": "TIMESTAMP(6)"},
    "bigquery": {
        "integer": "INT64",
        "double": "FLOAT64",
        "text": "STRING",
        "boolean": "BOOL",
        "timestamp": "TIMESTAMP",
    },
    "snowflake": {"integer": "BIGINT", "double": "DOUBLE", "text": "VARCHAR", "timestamp": "TIMESTAMP_NTZ"},
}


def identifier(name: str, dialect: Dialect) -> str:
    """A column or table name, quoted so that nothing in it can end the quotes."""
    if dialect in ("clickhouse", "bigquery"):
        return f"`{_escaped(name, '`')}`"
    mark = "`" if dialect in _BACKTICK else '"'
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def text_literal(text: str, dialect: Dialect) -> str:
    """A text, quoted so that nothing in it can end the quotes."""
    if dialect in _BACKSLASH:
        return f"'{_escaped(text, chr(39))}'"
    return "'" + text.replace("'", "''") + "'"


def _escaped(text: str, mark: str) -> str:
    doubled = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return doubled.replace("\n", "\\n").replace("\r", "\\r")


def number_literal(text: str, dialect: Dialect) -> str:
    """A plain decimal number as an exact decimal, also where the engine reads `300.1` as a binary float."""
    if "." not in text:
        return text
    if dialect == "bigquery":
        return f"NUMERIC '{text}'"
    if dialect == "clickhouse":
        return f"toDecimal128('{text}', {len(text.partition('.')[2])})"
    return text


def fraction_literal(value: Fraction, dialect: Dialect) -> str:
    """A fraction that ends as a decimal, exactly. Others are compared by multiplication, see `event_sql`."""
    return number_literal(decimal_text(value, places=30), dialect)


def type_name(kind: PlainType, dialect: Dialect, precision: int = 18, scale: int = 3) -> str:
    """The engine's name of a plain type; `precision` and `scale` belong to `decimal`."""
    if kind == "decimal":
        if dialect == "bigquery":
            return "BIGNUMERIC"
        name = f"DECIMAL({precision}, {scale})"
        return f"Nullable({name})" if dialect == "clickhouse" else name
    return _TYPES[dialect].get(kind, kind.upper())


def cast(sql: str, kind: PlainType, dialect: Dialect, precision: int = 18, scale: int = 3) -> str:
    """`CAST(sql AS type)`; NULL stays NULL."""
    return f"CAST({sql} AS {type_name(kind, dialect, precision, scale)})"


_TRY: dict[Dialect, str] = {
    "duckdb": "TRY_CAST({sql} AS {type})",
    "clickhouse": "accurateCastOrNull({sql}, '{type}')",
    "spark": "TRY_CAST({sql} AS {type})",
    "trino": "TRY_CAST({sql} AS {type})",
    "bigquery": "SAFE_CAST({sql} AS {type})",
    "snowflake": "TRY_CAST(CAST({sql} AS VARCHAR) AS {type})",
}

_POSTGRES_READABLE: dict[PlainType, str] = {
    "integer": r"^\s*[-+]?[0-9]{1,18}\s*$",
    "decimal": r"^\s*[-+]?([0-9]{1,15}([.][0-9]*)?|[.][0-9]+)\s*$",
    "double": r"^\s*[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,2})?\s*$",
    "boolean": r"^\s*([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[tTfF10])\s*$",
}


def try_cast(sql: str, kind: PlainType, dialect: Dialect, precision: int = 18, scale: int = 3) -> str:
    """Like `cast`, with NULL for what cannot be read. PostgreSQL has none: there a pattern decides first.

    Errors: `Problem` `predicate` for dates and timestamps on PostgreSQL.
    """
    if kind == "text":
        return cast(sql, kind, dialect)
    if dialect != "postgres":
        name = type_name(kind, dialect, precision, scale).removeprefix("Nullable(")
        if dialect == "clickhouse":
            name = type_name(kind, dialect, precision, scale)[len("Nullable(") : -1].replace("'", "\\'")
        return _TRY[dialect].format(sql=sql, type=name)
    pattern = _POSTGRES_READABLE.get(kind)
    if pattern is None:
        raise refuse(
            "predicate",
            f"PostgreSQL cannot try a cast to {kind}",
            hint="store the column as a timestamp, or use CAST where every value can be read",
        )
    as_text = f"CAST({sql} AS TEXT)"
    return f"CASE WHEN {as_text} ~ '{pattern}' THEN {cast(as_text, kind, dialect, precision, scale)} END"


_MICROS: dict[Dialect, str] = {
    "duckdb": "epoch_us({time})",
    "postgres": "CAST(EXTRACT(EPOCH FROM {time}) * 1000000 AS BIGINT)",
    "clickhouse": "toUnixTimestamp64Micro(toDateTime64({time}, 6, 'UTC'))",
    "spark": "unix_micros(CAST({time} AS TIMESTAMP))",
    "bigquery": "UNIX_MICROS(TIMESTAMP({time}))",
    "snowflake": "DATE_PART(EPOCH_MICROSECOND, {time})",
}

_WHOLE_DIVISION: dict[Dialect, str] = {
    "duckdb": "({number}) // {by}",
    "postgres": "({number}) / {by}",
    "clickhouse": "intDiv({number}, {by})",
    "spark": "({number}) DIV {by}",
    "trino": "({number}) / {by}",
    "bigquery": "DIV({number}, {by})",
    "snowflake": "TRUNC(({number} - MOD({number}, {by})) / {by})",
}

_PER_SECOND: dict[TimeKind, int] = {
    "timestamp": 1_000_000,
    "timestamptz": 1_000_000,
    "seconds": 1,
    "millis": 1_000,
    "micros": 1_000_000,
    "nanos": 1_000_000_000,
}


def bucket(time: str, step: int, kind: TimeKind, dialect: Dialect) -> str:
    """The start of the bucket of an instant, in whole seconds since 1970: integers only, no time zones.

    Engines divide integers towards zero. So the years before 1970 are lifted above zero first, by a whole number
    of steps, and lowered again afterwards.
    """
    ticks, per_second = _ticks(time, kind, dialect)
    # Nanoseconds of 2,000 years do not fit into 64 bits; they reach back to 1830, all others to the year 1.
    reach = 4_417_977_600 if kind == "nanos" else -FIRST
    lift = -(-reach // step) * step
    number = f"{ticks} + {lift * per_second}"
    quotient = _WHOLE_DIVISION[dialect].format(number=number, by=step * per_second)
    return f"{quotient}{'' if step == 1 else f' * {step}'} - {lift}"


def _ticks(time: str, kind: TimeKind, dialect: Dialect) -> tuple[str, int]:
    if kind not in ("timestamp", "timestamptz"):
        return time, _PER_SECOND[kind]
    if dialect == "trino":
        return f"date_diff('second', {instant_literal(0, kind, dialect)}, date_trunc('second', {time}))", 1
    return _MICROS[dialect].format(time=time), _PER_SECOND[kind]


_INSTANTS: dict[Dialect, tuple[str, str]] = {
    "duckdb": ("TIMESTAMP '{moment}'", "TIMESTAMPTZ '{moment}+00'"),
    "postgres": ("TIMESTAMP '{moment}'", "TIMESTAMPTZ '{moment}+00'"),
    "clickhouse": ("toDateTime64('{moment}', 0, 'UTC')", "toDateTime64('{moment}', 0, 'UTC')"),
    "spark": ("TIMESTAMP_NTZ '{moment}'", "TIMESTAMP '{moment}Z'"),
    "trino": ("TIMESTAMP '{moment}'", "TIMESTAMP '{moment} UTC'"),
    "bigquery": ("DATETIME '{moment}'", "TIMESTAMP '{moment}+00'"),
    "snowflake": ("'{moment}'::TIMESTAMP_NTZ", "'{moment} +00:00'::TIMESTAMP_TZ"),
}


def instant_literal(instant: Instant, kind: TimeKind, dialect: Dialect) -> str:
    """An instant in the form that a column of this kind is compared with, so that an index on it is used."""
    if kind not in ("timestamp", "timestamptz"):
        return str(instant * _PER_SECOND[kind])
    if not FIRST <= instant <= LAST:
        raise refuse("instant", f"{iso(instant)} is outside the calendar", hint="choose a nearer instant")
    moment = iso(instant).replace("T", " ").removesuffix("Z")
    return _INSTANTS[dialect][kind == "timestamptz"].format(moment=moment)
