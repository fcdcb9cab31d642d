"""Where predicates cut the values of a column: between two cuts all values are the same to every predicate.

`status < 500 AND duration_ms <= 300` sees three kinds of status and of duration (absent ones included), however many
values there are. So many SLIs over many events can be decided once per combination of kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import sqlglot
from sqlglot import exp

from allowance.signals.dialects import text_literal
from allowance.signals.event_sql import DURATION, EventSli
from allowance.signals.predicate import Predicate

_MOST_DECIMALS, _LARGEST = 11, Decimal(10) ** 20

Boundary = tuple[Decimal, bool]
"""A number, and whether it lies below the boundary itself: (5, False) cuts `< 5` from `>= 5`, (5, True) `<= 5` from `> 5`."""


@dataclass(kw_only=True)
class Cuts:
    """What is asked of one column: compared with numbers, or with texts for equality. Never both."""

    numbers: set[Boundary] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    @property
    def mixed(self) -> bool:
        """Whether it is compared with texts and numbers; no kinds can be told then."""
        return bool(self.numbers) and bool(self.texts)

    def code_sql(self, column: str) -> str:
        """DuckDB's number of a value's kind, from 0 (absent) up."""
        if self.texts:
            listed = ", ".join(text_literal(text, "duckdb") for text in sorted(self.texts))
            return f"CASE WHEN {column} IS NULL THEN 0 ELSE COALESCE(list_position([{listed}], {column}), 0) + 1 END"
        branches = "".join(
            f" WHEN {column} {'<=' if inside else '<'} {number:f} THEN {place}"
            for place, (number, inside) in enumerate(sorted(self.numbers), 1)
        )
        return f"CASE WHEN {column} IS NULL THEN 0{branches} ELSE {len(self.numbers) + 1} END"

    def examples(self) -> list[str]:
        """One value of each kind, as SQL, in the order of their numbers."""
        if self.texts:
            # No text that is asked for: the longest of them, and more.
            other = max(self.texts, key=len) + "x"
            return ["NULL::VARCHAR", *(text_literal(text, "duckdb") for text in (other, *sorted(self.texts)))]
        if not self.numbers:
            return ["NULL::DECIMAL(38, 12)", "0::DECIMAL(38, 12)"]
        ordered = sorted(self.numbers)
        (first, _), (last, inside) = ordered[0], ordered[-1]
        values = [first - 1]
        values += [(a + b) / 2 if a_inside else a for (a, a_inside), (b, _) in pairwise(ordered)]
        values.append(last + 1 if inside else last)
        return ["NULL::DECIMAL(38, 12)", *(f"{value:f}::DECIMAL(38, 12)" for value in values)]


def cuts_of(sli: EventSli, *, good: bool = True) -> dict[str, Cuts] | None:
    """Column, as written, to its cuts; None where a predicate asks for more than comparisons with plain values.

    `good` False leaves out what decides only whether an event is good.
    """
    found: dict[str, Cuts] = {}
    for predicate in (sli.valid, sli.good if good else None):
        if predicate is not None and not _collect(predicate, found):
            return None
    if sli.latency_ms is not None:
        latency = Decimal(sli.latency_ms.numerator) / Decimal(sli.latency_ms.denominator)
        if not _plain(latency) or latency * sli.latency_ms.denominator != sli.latency_ms.numerator:
            return None
        found.setdefault(DURATION, Cuts()).numbers.add((latency, True))
    return None if any(cuts.mixed for cuts in found.values()) else found


def merge_cuts(parts: Mapping[str, Cuts], into: dict[str, Cuts]) -> None:
    """Add the cuts of some columns to others."""
    for name, cuts in parts.items():
        target = into.setdefault(name, Cuts())
        target.numbers |= cuts.numbers
        target.texts |= cuts.texts


def _collect(predicate: Predicate, found: dict[str, Cuts]) -> bool:
    return _walk(sqlglot.parse_one(predicate.text, dialect="duckdb", into=exp.Condition), found)


def _walk(node: exp.Expr, found: dict[str, Cuts]) -> bool:
    if isinstance(node, exp.And | exp.Or):
        return all(_walk(part, found) for part in node.flatten())
    if isinstance(node, exp.Paren | exp.Not):
        return _walk(node.this, found)
    return _atom(node, found)


def _atom(node: exp.Expr, found: dict[str, Cuts]) -> bool:
    """A comparison of one column with plain values."""
    column = node.this
    values: list[tuple[exp.Expr, type[exp.Expr]]] = []
    if isinstance(node, exp.Between):
        values = [(node.args["low"], exp.GTE), (node.args["high"], exp.LTE)]
    elif isinstance(node, exp.In):
        values = [(value, exp.EQ) for value in node.expressions]
    elif type(node) in _TURNED:
        values = [(node.expression, type(node))]
        if isinstance(node.expression, exp.Column):
            column, values = node.expression, [(node.this, _TURNED[type(node)])]
    elif not (isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)):
        return False
    if not isinstance(column, exp.Column):
        return False
    cuts = found.setdefault(column.name, Cuts())
    return all(_cut(value, how, cuts) for value, how in values)


_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.GTE: exp.LTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip


def _cut(value: exp.Expr, how: type[exp.Expr], cuts: Cuts) -> bool:
    sign = 1
    if isinstance(value, exp.Neg):
        sign, value = -1, value.this
    if not isinstance(value, exp.Literal):
        return False
    equal = how in (exp.EQ, exp.NEQ)
    if value.is_string:
        cuts.texts.add(value.this)
        return equal and sign == 1
    number = sign * Decimal(value.this)
    if equal or how in (exp.LT, exp.GTE):
        cuts.numbers.add((number, False))
    if equal or how in (exp.GT, exp.LTE):
        cuts.numbers.add((number, True))
    return _plain(number)


def _plain(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= _MOST_DECIMALS and abs(number) < _LARGEST
