"""A checked predicate tree as the SQL of one engine. Only `predicate` calls it, and only with what it has checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp

from allowance.signals import dialects, patterns
from allowance.signals.dialects import Dialect
from allowance.signals.predicate_words import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    MATCH,
    NO_ILIKE,
    NULL_SPOILS_GREATEST,
    TYPES,
)

Column = Callable[[str], str]

_ATOMS = (
    exp.Column,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Paren,
    exp.Coalesce,
    exp.Greatest,
    exp.Least,
    exp.Substring,
)


_NUMBERS = (*ARITHMETIC, exp.Div, exp.Mod, exp.Neg)


class Writer:
    """Writes nodes for one engine; `column` gives the SQL of a column, complete in itself."""

    def __init__(self, dialect: Dialect, column: Column) -> None:
        self._dialect: Dialect = dialect
        self._column = column

    def write(self, node: exp.Expr) -> str:
        """The SQL of a node."""
        if isinstance(node, exp.Connector):
            word = " AND " if isinstance(node, exp.And) else " OR "
            return word.join(self._term(part) for part in chain(node))
        if type(node) in COMPARISONS:
            return f"{self._value(node.this)} {COMPARISONS[type(node)]} {self._value(node.expression)}"
        if type(node) in FUNCTIONS:
            return self._function(node)
        return self._WRITERS[type(node)](self, node)

    def _operand(self, node: exp.Expr) -> str:
        sql = self.write(node)
        return sql if self._is_atom(node, sql) else f"({sql})"

    def _term(self, node: exp.Expr) -> str:
        """A part of a chain: every engine binds all but AND and OR more tightly."""
        return self._operand(node) if isinstance(node, exp.Connector) else self.write(node)

    def _value(self, node: exp.Expr) -> str:
        """A side of a comparison: every engine binds arithmetic more tightly."""
        return self.write(node) if isinstance(node, _NUMBERS) else self._operand(node)

    def _is_atom(self, node: exp.Expr, sql: str) -> bool:
        if isinstance(node, exp.Cast):
            return not sql.startswith("CASE")
        if isinstance(node, exp.Is):
            return sql.startswith("COALESCE(") and sql.endswith(", FALSE)")
        function = FUNCTIONS.get(type(node))
        if function is not None:
            return function.template(self._dialect).endswith(")")
        return isinstance(node, _ATOMS)

    def _function(self, node: exp.Expr) -> str:
        function = FUNCTIONS[type(node)]
        values = [self._operand(node.args[name]) for name in function.takes]
        return function.template(self._dialect).format(*values)

    def _leaf(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Column):
            return self._column(node.name)
        if isinstance(node, exp.Boolean):
            return "TRUE" if node.this else "FALSE"
        if isinstance(node, exp.Null):
            return "NULL"
        if node.is_string:
            return dialects.text_literal(node.this, self._dialect)
        return dialects.number_literal(node.this, self._dialect)

    def _paren(self, node: exp.Expr) -> str:
        return f"({self.write(node.this)})"

    def _not(self, node: exp.Expr) -> str:
        inner = node.this
        if isinstance(inner, exp.In):
            return self._in(inner, " NOT")
        if (
            isinstance(inner, exp.Is)
            and isinstance(inner.expression, exp.Null)
            and not inner.args.get("negate")
        ):
            return f"{self._operand(inner.this)} IS NOT NULL"
        return f"NOT {self._operand(inner)}"

    def _neg(self, node: exp.Expr) -> str:
        return f"-{self._operand(node.this)}"

    def _arithmetic(self, node: exp.Expr) -> str:
        return f"{self._operand(node.this)} {ARITHMETIC[type(node)]} {self._operand(node.expression)}"

    def _div(self, node: exp.Expr) -> str:
        """Always a division of doubles, by zero NULL: engines differ in both."""
        above = dialects.cast(self.write(node.this), "double", self._dialect)
        return f"{above} / {self._divisor(node.expression, double=True)}"

    def _mod(self, node: exp.Expr) -> str:
        above, below = self._operand(node.this), self._divisor(node.expression, double=False)
        return f"MOD({above}, {below})" if self._dialect == "bigquery" else f"{above} % {below}"

    def _divisor(self, node: exp.Expr, *, double: bool) -> str:
        sql = self.write(node)
        if isinstance(node, exp.Literal) and node.this.isdecimal() and int(node.this):
            return sql
        return f"NULLIF({dialects.cast(sql, 'double', self._dialect) if double else sql}, 0)"

    def _in(self, node: exp.Expr, negation: str = "") -> str:
        return f"{self._value(node.this)}{negation} IN ({', '.join(self.write(item) for item in node.expressions)})"

    def _between(self, node: exp.Expr) -> str:
        low, high = self._value(node.args["low"]), self._value(node.args["high"])
        return f"{self._value(node.this)} BETWEEN {low} AND {high}"

    def _like(self, node: exp.Expr, escape: str = "") -> str:
        pattern = patterns.like(node.expression.this, escape, self._dialect)
        text = self._operand(node.this)
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        if not isinstance(node, exp.ILike):
            return f"{text} {word} {pattern}"
        if self._dialect in NO_ILIKE:
            return f"LOWER({text}) {word} {pattern.lower()}"
        return f"{text} {word.replace('LIKE', 'ILIKE')} {pattern}"

    def _escape(self, node: exp.Expr) -> str:
        return self._like(node.this, node.expression.this)

    def _is(self, node: exp.Expr) -> str:
        negated = bool(node.args.get("negate"))
        value = node.expression
        if isinstance(value, exp.Null):
            return f"{self._operand(node.this)} IS {'NOT ' if negated else ''}NULL"
        condition = self.write(node.this) if value.this else f"NOT {self._operand(node.this)}"
        known = f"COALESCE({condition}, FALSE)"
        return f"NOT {known}" if negated else known

    def _case(self, node: exp.Expr) -> str:
        parts = ["CASE"]
        if node.this:
            parts.append(self._operand(node.this))
        for branch in node.args["ifs"]:
            parts.append(f"WHEN {self.write(branch.this)} THEN {self.write(branch.args['true'])}")
        if node.args.get("default"):
            parts.append(f"ELSE {self.write(node.args['default'])}")
        return " ".join([*parts, "END"])

    def _cast(self, node: exp.Expr) -> str:
        convert = dialects.try_cast if isinstance(node, exp.TryCast) else dialects.cast
        target = node.args["to"]
        sizes = [int(size.name) for size in target.expressions]
        return convert(self.write(node.this), TYPES[target.this], self._dialect, *sizes)

    def _regexp(self, node: exp.Expr) -> str:
        pattern = patterns.regexp(node.expression.this, self._dialect)
        literal = dialects.text_literal(pattern, self._dialect)
        return MATCH[self._dialect].format(self._operand(node.this), literal)

    def _several(self, node: exp.Expr) -> str:
        """COALESCE, GREATEST, LEAST. The last two pass over NULL, also in engines in which NULL wins."""
        values = [self.write(value) for value in (node.this, *node.expressions)]
        name = type(node).__name__.upper()
        if not isinstance(node, exp.Coalesce) and self._dialect in NULL_SPOILS_GREATEST:
            values = [f"COALESCE({value}, {', '.join(values)})" for value in values]
        return f"{name}({', '.join(values)})"

    def _substring(self, node: exp.Expr) -> str:
        name = "substringUTF8" if self._dialect == "clickhouse" else "SUBSTR"
        given = [node.this, node.args["start"], node.args.get("length")]
        return f"{name}({', '.join(self.write(value) for value in given if value)})"

    _WRITERS: ClassVar[dict[type[exp.Expr], Callable[[Writer, exp.Expr], str]]] = {
        **dict.fromkeys((exp.Column, exp.Boolean, exp.Null, exp.Literal), _leaf),
        **dict.fromkeys(ARITHMETIC, _arithmetic),
        **dict.fromkeys((exp.Like, exp.ILike), _like),
        **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
        **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _several),
        exp.Paren: _paren,
        exp.Not: _not,
        exp.Neg: _neg,
        exp.Div: _div,
        exp.Mod: _mod,
        exp.In: _in,
        exp.Between: _between,
        exp.Escape: _escape,
        exp.Is: _is,
        exp.Case: _case,
        exp.RegexpLike: _regexp,
        exp.Substring: _substring,
    }


def chain(node: exp.Expr) -> list[exp.Expr]:
    """The parts of `a AND b AND c` (or of ORs), in order; without recursion, for a chain may be long."""
    parts: list[exp.Expr] = []
    here = node
    while type(here) is type(node):
        parts.append(here.expression)
        here = here.this
    parts.append(here)
    return parts[::-1]
