"""The checks of a predicate's tree: every node is in the list of words, in a form that all engines understand."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from sqlglot import exp

from allowance.core.problem import NOWHERE, ProblemError, Where, refuse
from allowance.signals import patterns
from allowance.signals.predicate_sql import chain
from allowance.signals.predicate_words import ARGUMENTS, ARITHMETIC, FUNCTION_NAMES, FUNCTIONS, TYPES

DEEPEST = 24
"""Levels of nesting; chains of AND and of OR count as one level."""

_ALLOWED = (
    "allowed are columns, texts, numbers, comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, arithmetic, CASE, "
    f"and {', '.join(FUNCTION_NAMES)}"
)
_PLAIN_NUMBER = re.compile(r"\d{1,18}(?:\.\d{1,18})?|\.\d{1,18}")


_PLACES: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.DataType: exp.Cast,
    exp.DataTypeParam: exp.DataType,
    exp.Identifier: exp.Column,
    exp.If: exp.Case,
}
"""Nodes that stand in one place only; sqlglot also reads a bare type or name where a value is wanted."""


def check_tree(tree: exp.Expr) -> frozenset[str]:
    """The columns that a predicate reads. Errors: `Problem` `predicate`."""
    columns: set[str] = set()
    for node, parent in _nodes(tree):
        _check_node(node, parent)
        if isinstance(node, exp.Column):
            columns.add(node.name)
    _need_boolean(tree, "the predicate")
    return frozenset(columns)


def _nodes(tree: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr | None]]:
    """(node, parent) for every node; refuses a tree that is too deep. A chain of ANDs is one level."""
    todo: list[tuple[exp.Expr, exp.Expr | None, int]] = [(tree, None, 0)]
    while todo:
        node, parent, depth = todo.pop()
        if depth > DEEPEST * 2:
            raise too_deep()
        yield node, parent
        children = chain(node) if isinstance(node, exp.Connector) else list(node.iter_expressions())
        todo.extend((child, node, depth + 1) for child in children)


def _check_node(node: exp.Expr, parent: exp.Expr | None) -> None:
    allowed = ARGUMENTS.get(type(node))
    if allowed is None:
        raise not_allowed(_called(node))
    if isinstance(node, tuple(_PLACES)) and not isinstance(parent, _PLACES[type(node)]):
        raise not_allowed(_called(node))
    if any(needed and node.args.get(name) is None for name, needed in node.arg_types.items()):
        raise refuse(
            "predicate",
            f"something is missing in {node.sql('duckdb')!r}",
            hint="write both sides, as status < 500",
        )
    unknown = [name for name, value in node.args.items() if value and name not in allowed]
    if unknown:
        raise _unknown_form(node, unknown)
    if isinstance(node, exp.Literal | exp.Null | exp.Boolean | exp.Column):
        _check_leaf(node, parent)
    elif isinstance(node, exp.Like | exp.ILike | exp.RegexpLike | exp.Escape):
        _check_pattern(node, parent)
    elif isinstance(node, exp.Cast):
        _check_cast(node)
    elif isinstance(node, exp.Substring):
        _check_substring(node)
    elif isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null | exp.Boolean):
        raise refuse(
            "predicate", "IS compares with NULL, TRUE or FALSE only", hint="write = for other values"
        )
    _check_conditions(node)


def _unknown_form(node: exp.Expr, unknown: list[str]) -> ProblemError:
    if isinstance(node, exp.Column):
        dotted = ".".join(part.name for part in node.parts)
        return refuse(
            "predicate",
            f"the dotted name {dotted} is not allowed in a predicate",
            hint=f'if the column is called so, write it in double quotes: "{dotted}"',
        )
    if "query" in unknown:
        return not_allowed("a subquery")
    if isinstance(node, exp.Round):
        return refuse(
            "predicate", "round takes one argument here", hint="compare with floor(x * 100) instead"
        )
    return not_allowed(f"{_called(node)} in this form")


def _check_leaf(node: exp.Expr, parent: exp.Expr | None) -> None:
    if isinstance(node, exp.Literal) and not node.is_string and not _PLAIN_NUMBER.fullmatch(node.this):
        raise refuse(
            "predicate", f"the number {node.this} is not plain", hint="write digits, as 1000 or 0.25"
        )
    if isinstance(node, exp.Column) and (not isinstance(node.this, exp.Identifier) or not node.name):
        raise not_allowed(
            _called(node.this) if not isinstance(node.this, exp.Identifier) else "a column without a name"
        )
    if isinstance(node, exp.Null) and not isinstance(parent, exp.Is | exp.If | exp.Case):
        raise refuse("predicate", "a comparison with NULL is never true", hint="write IS NULL or IS NOT NULL")


def _check_pattern(node: exp.Expr, parent: exp.Expr | None) -> None:
    if isinstance(node, exp.Escape):
        if not isinstance(node.this, exp.Like | exp.ILike) or len(node.expression.name) != 1:
            raise refuse("predicate", "ESCAPE takes one character", hint="write LIKE '10!%' ESCAPE '!'")
    elif not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
        word = "a regular expression" if isinstance(node, exp.RegexpLike) else "the pattern of LIKE"
        raise refuse("predicate", f"{word} must be a text in quotes", hint="for example path LIKE '/api/%'")
    elif isinstance(node, exp.RegexpLike):
        patterns.check_regexp(node.expression.this)
    else:
        patterns.like(
            node.expression.this, parent.expression.name if isinstance(parent, exp.Escape) else "", "duckdb"
        )


def _check_cast(node: exp.Cast) -> None:
    target = node.args["to"]
    sizes = [size.name for size in target.expressions] if isinstance(target, exp.DataType) else []
    plain = isinstance(target, exp.DataType) and target.this in TYPES
    if plain and sizes and TYPES[target.this] == "decimal":
        numbers = [int(size) if size.isdecimal() else -1 for size in (*sizes, "0")[:2]]
        plain = len(sizes) <= 2 and 1 <= numbers[0] <= 38 and 0 <= numbers[1] <= numbers[0]
    elif sizes:
        plain = False
    if not plain:
        raise refuse(
            "predicate",
            f"a cast to {target.sql('duckdb')} is not allowed in a predicate",
            hint="cast to INTEGER, DOUBLE, DECIMAL(18, 3), VARCHAR, BOOLEAN, DATE or TIMESTAMP",
        )


def _check_substring(node: exp.Substring) -> None:
    for name, least in (("start", 1), ("length", 0)):
        value = node.args.get(name)
        if value is None and name == "length":
            continue
        if not isinstance(value, exp.Literal) or not value.this.isdecimal() or int(value.this) < least:
            raise refuse(
                "predicate",
                f"the {name} of substr must be a whole number of at least {least}",
                hint="engines read others differently; write substr(path, 1, 4)",
            )


def _check_conditions(node: exp.Expr) -> None:
    if isinstance(node, exp.Connector | exp.Not):
        parts = chain(node) if isinstance(node, exp.Connector) else [node.this]
        for part in parts:
            _need_boolean(
                part, f"what {type(node).__name__.upper()} joins" if len(parts) > 1 else "what NOT turns"
            )
    if isinstance(node, exp.Case) and not node.this:
        for branch in node.args["ifs"]:
            _need_boolean(branch.this, "what WHEN asks")


def _need_boolean(node: exp.Expr, what: str) -> None:
    inner = node.unnest() if isinstance(node, exp.Paren) else node
    function = FUNCTIONS.get(type(inner))
    number = isinstance(inner, exp.Literal | exp.Div | exp.Mod | exp.Neg | exp.Substring | exp.Null)
    other_cast = isinstance(inner, exp.Cast) and TYPES.get(inner.args["to"].this) != "boolean"
    if number or other_cast or type(inner) in ARITHMETIC or (function is not None and not function.boolean):
        raise refuse(
            "predicate",
            f"{what} must be true or false, and {inner.sql('duckdb')} is a value",
            hint="compare it, for example status < 500",
        )


def _called(node: exp.Expr) -> str:
    """What a reader calls this node."""
    if isinstance(node, exp.Anonymous):
        near = difflib.get_close_matches(node.name.lower(), FUNCTION_NAMES, n=1)
        return f"the function {node.name}{f' (did you mean {near[0]}?)' if near else ''}"
    if isinstance(node, exp.Query | exp.Subquery | exp.Exists):
        return "a subquery"
    if isinstance(node, exp.Window):
        return "a window function"
    if isinstance(node, exp.AggFunc):
        return f"the aggregate {node.sql_name().lower()}"
    if isinstance(node, exp.Placeholder | exp.Parameter):
        return "a parameter"
    if isinstance(node, exp.Star):
        return "*"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Binary):
        return f"the function {node.sql_name().lower()}"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
    return f"the SQL form {words!r}"


def not_allowed(what: str) -> ProblemError:
    """What is refused, and what is allowed."""
    return refuse("predicate", f"{what} is not allowed in a predicate", hint=_ALLOWED)


def too_deep(where: Where = NOWHERE) -> ProblemError:
    """The refusal of a text that is nested too deeply."""
    return refuse(
        "predicate",
        f"the predicate is nested more than {DEEPEST} levels deep",
        hint="use IN (...) or a shorter form",
        where=where,
    )
