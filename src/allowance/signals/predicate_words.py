"""The words that an SLI predicate may use, and how each engine says them: what is not here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from allowance.signals.dialects import Dialect, PlainType


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """An allowed function: its arguments by sqlglot's names, and one template per engine.

    Templates number the arguments; `*` stands for every engine that is not named.
    """

    name: str
    takes: tuple[str, ...]
    sql: Mapping[str, str]
    boolean: bool = False

    def template(self, dialect: Dialect) -> str:
        """The engine's way to call it."""
        return self.sql.get(dialect, self.sql["*"])


def _calendar(field: str, clickhouse: str) -> Mapping[str, str]:
    return {"*": f"EXTRACT({field} FROM {{0}})", "clickhouse": f"{clickhouse}({{0}}, 'UTC')"}


_ONE = ("this",)
_TWO = ("this", "expression")

FUNCTIONS: dict[type[exp.Expr], Function] = {
    exp.Lower: Function(name="lower", takes=_ONE, sql={"*": "LOWER({0})", "clickhouse": "lowerUTF8({0})"}),
    exp.Upper: Function(name="upper", takes=_ONE, sql={"*": "UPPER({0})", "clickhouse": "upperUTF8({0})"}),
    exp.Length: Function(name="length", takes=_ONE, sql={"*": "LENGTH({0})", "clickhouse": "lengthUTF8({0})"}),
    exp.Abs: Function(name="abs", takes=_ONE, sql={"*": "ABS({0})"}),
    exp.Floor: Function(name="floor", takes=_ONE, sql={"*": "FLOOR({0})"}),
    exp.Ceil: Function(name="ceil", takes=_ONE, sql={"*": "CEIL({0})"}),
    exp.Round: Function(
        name="round",
        takes=_ONE,
        # Engines differ at halves; this rounds them away from zero everywhere.
        sql={"*": "CASE WHEN {0} < 0 THEN CEIL({0} - 0.5) ELSE FLOOR({0} + 0.5) END"},
    ),
    exp.Nullif: Function(name="nullif", takes=_TWO, sql={"*": "NULLIF({0}, {1})"}),
    exp.StartsWith: Function(
        name="starts_with",
        takes=_TWO,
        sql={"*": "STARTS_WITH({0}, {1})", "clickhouse": "startsWith({0}, {1})", "spark": "STARTSWITH({0}, {1})",
             "snowflake": "STARTSWITH({0}, {1})"},
        boolean=True,
    ),
    exp.EndsWith: Function(
        name="ends_with",
        takes=_TWO,
        sql={"*": "ENDS_WITH({0}, {1})", "postgres": "STARTS_WITH(REVERSE({0}), REVERSE({1}))",
             "clickhouse": "endsWith({0}, {1})", "spark": "ENDSWITH({0}, {1})",
             "trino": "STARTS_WITH(REVERSE({0}), REVERSE({1}))", "snowflake": "ENDSWITH({0}, {1})"},
        boolean=True,
    ),
    exp.Contains: Function(
        name="contains",
        takes=_TWO,
        sql={"*": "STRPOS({0}, {1}) > 0", "duckdb": "CONTAINS({0}, {1})", "clickhouse": "position({0}, {1}) > 0",
             "spark": "CONTAINS({0}, {1})", "snowflake": "CONTAINS({0}, {1})"},
        boolean=True,
    ),
    exp.Year: Function(name="year", takes=_ONE, sql=_calendar("YEAR", "toYear")),
    exp.Month: Function(name="month", takes=_ONE, sql=_calendar("MONTH", "toMonth")),
    exp.Day: Function(name="day", takes=_ONE, sql=_calendar("DAY", "toDayOfMonth")),
    exp.Hour: Function(name="hour", takes=_ONE, sql=_calendar("HOUR", "toHour")),
    exp.Minute: Function(name="minute", takes=_ONE, sql=_calendar("MINUTE", "toMinute")),
    exp.DayOfWeek: Function(
        name="dayofweek",
        takes=_ONE,
        # Sunday is 0 everywhere.
        sql={"*": "EXTRACT(DOW FROM {0})", "clickhouse": "toDayOfWeek({0}, 0, 'UTC') % 7",
             "spark": "DAYOFWEEK({0}) - 1", "trino": "DAY_OF_WEEK({0}) % 7",
             "bigquery": "EXTRACT(DAYOFWEEK FROM {0}) - 1", "snowflake": "DAYOFWEEKISO({0}) % 7"},
    ),
}  # fmt: skip

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}

MATCH: dict[Dialect, str] = {
    "duckdb": "REGEXP_MATCHES({0}, {1})",
    "postgres": "{0} ~ {1}",
    "clickhouse": "match({0}, {1})",
    "spark": "{0} RLIKE {1}",
    "trino": "REGEXP_LIKE({0}, {1})",
    "bigquery": "REGEXP_CONTAINS({0}, {1})",
    "snowflake": "REGEXP_INSTR({0}, {1}) > 0",
}

NO_ILIKE: frozenset[Dialect] = frozenset({"trino", "bigquery"})
NULL_SPOILS_GREATEST: frozenset[Dialect] = frozenset({"clickhouse", "trino", "bigquery", "snowflake"})

TYPES: dict[exp.DType, PlainType] = {
    exp.DType.TINYINT: "integer", exp.DType.SMALLINT: "integer", exp.DType.INT: "integer", exp.DType.BIGINT: "integer",
    exp.DType.DECIMAL: "decimal", exp.DType.FLOAT: "double", exp.DType.DOUBLE: "double",
    exp.DType.TEXT: "text", exp.DType.VARCHAR: "text", exp.DType.BOOLEAN: "boolean", exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp", exp.DType.TIMESTAMPNTZ: "timestamp",
}  # fmt: skip

_BINARY: tuple[type[exp.Expr], ...] = (exp.And, exp.Or, exp.Mod, *COMPARISONS, *ARITHMETIC)
_UNARY: tuple[type[exp.Expr], ...] = (exp.Not, exp.Neg, exp.Paren, exp.Null, exp.Boolean)

ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    **{kind: frozenset(_TWO) for kind in _BINARY},
    **{kind: frozenset(function.takes) for kind, function in FUNCTIONS.items()},
    **{kind: frozenset(_ONE) for kind in _UNARY},
    exp.Div: frozenset({*_TWO, "typed", "safe"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Like: frozenset({*_TWO, "negate"}),
    exp.ILike: frozenset({*_TWO, "negate"}),
    exp.Escape: frozenset(_TWO),
    exp.Is: frozenset({*_TWO, "negate"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe", "requires_string"}),
    exp.RegexpLike: frozenset(_TWO),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.Column: frozenset({"this"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: frozenset({"this"}),
}
"""Every kind of node that a predicate may hold, with the arguments that may be set on it."""

FUNCTION_NAMES: tuple[str, ...] = tuple(
    sorted(
        {function.name for function in FUNCTIONS.values()}
        | {"coalesce", "greatest", "least", "substr", "regexp_matches", "cast", "try_cast"}
    )
)
