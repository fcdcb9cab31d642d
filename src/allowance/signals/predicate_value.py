"""A checked predicate decided in plain Python over one event's values, as SQL would: NULL-safe, never an error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlglot import exp

from allowance.signals import patterns
from allowance.signals.predicate_cast import cast_of, number, text
from allowance.signals.predicate_scalar import ONE, SUMS, TESTS, TEXT_TESTS, compared, of_text
from allowance.signals.predicate_sql import chain
from allowance.signals.predicate_words import ARITHMETIC, COMPARISONS, TYPES

Value: TypeAlias = str | int | float | Decimal | bool | date | datetime | None
Row: TypeAlias = Callable[[str], Value]
"""The value of a column, by its name as the predicate writes it; None where the event has none."""
Term: TypeAlias = Callable[[Row], Any]

_LATE = re.compile(r"\\(.)", re.DOTALL)


def term_of(node: exp.Expr) -> Term:
    """The meaning of a node of a checked tree: a function from an event's values to a value."""
    kind = type(node)
    if kind in COMPARISONS:
        return _comparison(term_of(node.this), term_of(node.expression), TESTS[kind])
    if kind in ARITHMETIC or kind in (exp.Div, exp.Mod):
        return _numbers(term_of(node.this), term_of(node.expression), SUMS[kind])
    if kind in TEXT_TESTS:
        return _text_test(term_of(node.this), term_of(node.expression), TEXT_TESTS[kind])
    if kind in ONE:
        return _one(term_of(node.this), ONE[kind])
    return _MEANINGS[kind](node)


def _comparison(one: Term, other: Term, test: Callable[[int], bool]) -> Term:
    def decide(row: Row) -> bool | None:
        sign = compared(one(row), other(row))
        return None if sign is None else test(sign)

    return decide


def _numbers(one: Term, other: Term, work: Callable[[Any, Any], Any]) -> Term:
    def value(row: Row) -> Any:
        first, second = number(one(row)), number(other(row))
        if first is None or second is None:
            return None
        if isinstance(first, float) or isinstance(second, float):
            first, second = float(first), float(second)
        try:
            return work(first, second)
        except (ArithmeticError, ValueError):
            return None

    return value


def _text_test(one: Term, other: Term, test: Callable[[str, str], bool]) -> Term:
    def decide(row: Row) -> bool | None:
        first, second = text(one(row)), text(other(row))
        return None if first is None or second is None else test(first, second)

    return decide


def _one(inner: Term, work: Callable[[Any], Any]) -> Term:
    return lambda row: work(inner(row))


def _column(node: exp.Expr) -> Term:
    name = node.name

    def value(row: Row) -> Any:
        found = row(name)
        return None if isinstance(found, float) and math.isnan(found) else found

    return value


def _constant(value: Any) -> Term:
    return lambda _: value


def _literal(node: exp.Expr) -> Term:
    written = str(node.this)
    if node.is_string:
        return _constant(written)
    return _constant(Decimal(written) if "." in written else int(written))


def _all(node: exp.Expr) -> Term:
    parts = [term_of(part) for part in chain(node)]
    decided = isinstance(node, exp.Or)

    def decide(row: Row) -> bool | None:
        unknown = False
        for part in parts:
            found: object = part(row)
            if found is decided:
                return decided
            unknown = unknown or not isinstance(found, bool)
        return None if unknown else not decided

    return decide


def _in(node: exp.Expr) -> Term:
    value, items = term_of(node.this), [term_of(item) for item in node.expressions]

    def decide(row: Row) -> bool | None:
        one = value(row)
        signs = [compared(one, item(row)) for item in items]
        return True if 0 in signs else None if None in signs else False

    return decide


def _between(node: exp.Expr) -> Term:
    value, low, high = term_of(node.this), term_of(node.args["low"]), term_of(node.args["high"])

    def decide(row: Row) -> bool | None:
        one = value(row)
        below, above = compared(one, low(row)), compared(one, high(row))
        if (below is not None and below < 0) or (above is not None and above > 0):
            return False
        return None if below is None or above is None else True

    return decide


def _like(node: exp.Expr, escape: str = "") -> Term:
    pieces: list[str] = []
    chars = iter(str(node.expression.this))
    for char in chars:
        if escape and char == escape:
            pieces.append(re.escape(next(chars, "")))
        else:
            pieces.append({"%": ".*", "_": "."}.get(char, re.escape(char)))
    flags = re.DOTALL | (re.IGNORECASE if isinstance(node, exp.ILike) else 0)
    return _matching(node, re.compile("".join(pieces), flags).fullmatch, bool(node.args.get("negate")))


def _regexp(node: exp.Expr) -> Term:
    portable = patterns.regexp(node.expression.this, "spark")
    python = _LATE.sub(lambda found: r"\Z" if found[1] == "z" else found[0], portable)
    return _matching(node, re.compile(python).search, False)


def _matching(node: exp.Expr, match: Callable[[str], object], negated: bool) -> Term:
    inner = term_of(node.this)

    def decide(row: Row) -> bool | None:
        found = text(inner(row))
        return None if found is None else (match(found) is None) == negated

    return decide


def _is(node: exp.Expr) -> Term:
    inner, wanted = term_of(node.this), node.expression
    negated = bool(node.args.get("negate"))
    if isinstance(wanted, exp.Null):
        return lambda row: (inner(row) is None) != negated
    truth = bool(wanted.this)
    return lambda row: (inner(row) is truth) != negated


def _case(node: exp.Expr) -> Term:
    subject = term_of(node.this) if node.this else None
    branches = [(term_of(branch.this), term_of(branch.args["true"])) for branch in node.args["ifs"]]
    default = term_of(node.args["default"]) if node.args.get("default") else _constant(None)

    def value(row: Row) -> Any:
        for when, then in branches:
            hit = when(row) is True if subject is None else compared(subject(row), when(row)) == 0
            if hit:
                return then(row)
        return default(row)

    return value


def _cast(node: exp.Expr) -> Term:
    target = node.args["to"]
    return _one(
        term_of(node.this), cast_of(TYPES[target.this], *(int(size.name) for size in target.expressions))
    )


def _several(node: exp.Expr) -> Term:
    parts = [term_of(part) for part in (node.this, *node.expressions)]
    sign = 1 if isinstance(node, exp.Greatest) else -1

    def value(row: Row) -> Any:
        best: Any = None
        for part in parts:
            found = part(row)
            if isinstance(node, exp.Coalesce) and found is not None:
                return found
            if best is None or compared(found, best) == sign:
                best = found
        return best

    return value


def _nullif(node: exp.Expr) -> Term:
    one, other = term_of(node.this), term_of(node.expression)

    def value(row: Row) -> Any:
        found = one(row)
        return None if compared(found, other(row)) == 0 else found

    return value


def _substring(node: exp.Expr) -> Term:
    first = int(node.args["start"].this) - 1
    length = node.args.get("length")
    last = None if length is None else first + int(length.this)
    return _one(term_of(node.this), of_text(lambda found: found[first:last]))


_MEANINGS: dict[type[exp.Expr], Callable[[Any], Term]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: lambda node: _constant(bool(node.this)),
    exp.Null: lambda node: _constant(None),
    exp.And: _all,
    exp.Or: _all,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Escape: lambda node: _like(node.this, str(node.expression.this)),
    exp.RegexpLike: _regexp,
    exp.Is: _is,
    exp.Case: _case,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Coalesce: _several,
    exp.Greatest: _several,
    exp.Least: _several,
    exp.Nullif: _nullif,
    exp.Substring: _substring,
}
