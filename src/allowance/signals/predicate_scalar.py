"""What SQL's comparisons, arithmetic and functions say of plain values: NULL-safe, never an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from sqlglot import exp

from allowance.signals.predicate_cast import cast_of, number, text


def compared(one: Any, other: Any) -> int | None:
    """-1, 0 or 1; None where one is absent or the two are of kinds that have no order.

    A text that writes a plain number is that number beside a number. Binary floats decide as doubles do in SQL.
    """
    if one is None or other is None:
        return None
    if isinstance(one, datetime) or isinstance(other, datetime):
        return _as_instants(one, other)
    if type(one) is not type(other):
        if isinstance(one, bool) or isinstance(other, bool):
            return None
        one, other = number(one), number(other)
        if one is None or other is None:
            return None
        if isinstance(one, float) or isinstance(other, float):
            one, other = float(one), float(other)
    return int((one > other) - (one < other))


def _as_instants(one: Any, other: Any) -> int | None:
    first, second = cast_of("timestamp")(one), cast_of("timestamp")(other)
    return None if first is None or second is None else int((first > second) - (first < second))


TESTS: dict[type[exp.Expr], Callable[[int], bool]] = {
    exp.EQ: lambda sign: sign == 0,
    exp.NEQ: lambda sign: sign != 0,
    exp.LT: lambda sign: sign < 0,
    exp.LTE: lambda sign: sign <= 0,
    exp.GT: lambda sign: sign > 0,
    exp.GTE: lambda sign: sign >= 0,
}


def _mod(one: Any, other: Any) -> Any:
    if not other:
        return None
    if isinstance(one, int) and isinstance(other, int):
        return -(abs(one) % abs(other)) if one < 0 else abs(one) % abs(other)
    return math.fmod(one, other) if isinstance(one, float) else one % other


SUMS: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.Add: lambda one, other: one + other,
    exp.Sub: lambda one, other: one - other,
    exp.Mul: lambda one, other: one * other,
    exp.Div: lambda one, other: float(one) / float(other) if other else None,
    exp.Mod: _mod,
}


TEXT_TESTS: dict[type[exp.Expr], Callable[[str, str], bool]] = {
    exp.StartsWith: str.startswith,
    exp.EndsWith: str.endswith,
    exp.Contains: lambda whole, part: part in whole,
}


def of_text(work: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A function of texts, NULL for what has none."""
    return lambda value: None if (found := text(value)) is None else work(found)


def _of_number(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if (found := number(value)) is None or _endless(found) else work(found)


def _endless(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _rounded(value: Any) -> Any:
    return int(Decimal(value).to_integral_value(ROUND_HALF_UP))


def _of_instant(work: Callable[[datetime], int]) -> Callable[[Any], Any]:
    instant = cast_of("timestamp")
    return lambda value: None if (found := instant(value)) is None else work(found)


ONE: dict[type[exp.Expr], Callable[[Any], Any]] = {
    exp.Lower: of_text(str.lower),
    exp.Upper: of_text(str.upper),
    exp.Length: of_text(len),
    exp.Abs: _of_number(abs),
    exp.Floor: _of_number(lambda value: int(Decimal(value).to_integral_value(ROUND_FLOOR))),
    exp.Ceil: _of_number(math.ceil),
    exp.Round: _of_number(_rounded),
    exp.Neg: _of_number(lambda value: -value),
    exp.Year: _of_instant(lambda at: at.year),
    exp.Month: _of_instant(lambda at: at.month),
    exp.Day: _of_instant(lambda at: at.day),
    exp.Hour: _of_instant(lambda at: at.hour),
    exp.Minute: _of_instant(lambda at: at.minute),
    exp.DayOfWeek: _of_instant(lambda at: at.isoweekday() % 7),
    exp.Paren: lambda value: value,
    exp.Not: lambda value: None if not isinstance(value, bool) else not value,
}
