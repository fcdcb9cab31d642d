"""What a PromQL query says, as far as lint looks: its metrics, and what is done to each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser

from allowance.contract.indicator import Indicator, PromGauge, PromHistogram, PromRatio, PromShare

LONGEST, DEEPEST, MOST_OPERATORS = 10_000, 60, 300
"""Queries beyond these are not looked at: the parser is recursive, and no person could read them."""

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_VARIABLE = re.compile(r"\{\{[^{}]*\}\}|\$\{\w+\}|\$\w+")
_OPERATOR = re.compile(r"[-+*/%^<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)

RATES = frozenset({"rate", "irate", "increase"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One metric in a query. `steps` is what is done to it, innermost first: `("[range]", "rate", "sum")`.

    `window` is whether its range is the variable that stands for a bucket; `equals` are the exact label matchers.
    """

    metric: str
    steps: tuple[str, ...]
    equals: frozenset[tuple[str, str]]
    labels: frozenset[str]
    ranged: bool

    def through(self, *steps: str) -> bool:
        """Whether any of these is done to it."""
        return any(step in self.steps for step in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of an indicator. `role` is `total`, `good`, `bad`, `histogram`, `gauge` or `share`.

    `fault` is what the parser says where it cannot read the query; `uses` is empty then. `divided` are pairs of
    metrics of which one is divided by the other, `operators` the binary operators in it.
    """

    role: str
    text: str
    fault: str = ""
    uses: tuple[Use, ...] = ()
    divided: tuple[tuple[str, str], ...] = ()
    has_window: bool = False
    filled: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of its metrics."""
        return tuple(dict.fromkeys(use.metric for use in self.uses if use.metric))


def queries(indicator: Indicator) -> tuple[Query, ...]:
    """The queries of an indicator; none where it is not measured by PromQL."""
    if isinstance(indicator, PromRatio):
        parts = (("total", indicator.total), ("good", indicator.good), ("bad", indicator.bad))
        return tuple(read_query(role, text) for role, text in parts if text is not None)
    if isinstance(indicator, PromHistogram):
        return (read_query("histogram", indicator.selector),)
    if isinstance(indicator, PromGauge):
        return (read_query("gauge", indicator.query),)
    if isinstance(indicator, PromShare):
        return (read_query("share", indicator.query),)
    return ()


def read_query(role: str, text: str) -> Query:
    """What a query says; one that is too long or cannot be read has a `fault`."""
    has_window = bool(_VARIABLE.search(_TEXT.sub("", text)))
    fault = _too_much(text)
    if fault:
        return Query(role=role, text=text, fault=fault, has_window=has_window)
    try:
        expression = promql_parser.parse(_VARIABLE.sub("5m", text))
    except ValueError as error:
        return Query(role=role, text=text, fault=" ".join(str(error).split())[:200], has_window=has_window)
    return Query(
        role=role,
        text=text,
        uses=tuple(_uses(expression, ())),
        divided=tuple(_divided(expression)),
        has_window=has_window,
        filled=any(call == "vector" for call in _calls(expression)),
    )


def _too_much(text: str) -> str:
    code = _TEXT.sub('""', text)
    depth = deepest = 0
    for char in code:
        depth += char in "([{"
        depth -= char in ")]}"
        deepest = max(deepest, depth)
    if len(text) > LONGEST or deepest > DEEPEST or len(_OPERATOR.findall(code)) > MOST_OPERATORS:
        return "it is too long or too deep to be read"
    return ""


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    """(what this node does to the child, child) pairs."""
    if isinstance(node, promql_parser.AggregateExpr):
        yield str(node.op), node.expr
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield node.func.name, argument
    elif isinstance(node, promql_parser.BinaryExpr):
        yield str(node.op), node.lhs
        yield str(node.op), node.rhs
    elif isinstance(node, promql_parser.MatrixSelector):
        yield "[range]", node.vector_selector
    elif isinstance(node, promql_parser.SubqueryExpr):
        yield "[subquery]", node.expr
    elif isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        yield "", node.expr


def _uses(node: Any, outer: tuple[str, ...]) -> Iterator[Use]:
    if isinstance(node, promql_parser.VectorSelector):
        yield _use(node, outer)
        return
    for step, child in _children(node):
        yield from _uses(child, (step, *outer) if step else outer)


def _use(selector: Any, steps: tuple[str, ...]) -> Use:
    matchers = selector.matchers.matchers
    equal = {(m.name, m.value) for m in matchers if m.op == promql_parser.MatchOp.Equal}
    named = next((value for name, value in equal if name == "__name__"), "")
    return Use(
        metric=selector.name or named,
        steps=steps,
        equals=frozenset(pair for pair in equal if pair[0] != "__name__"),
        labels=frozenset(m.name for m in matchers if m.name != "__name__"),
        ranged="[range]" in steps,
    )


def _calls(node: Any) -> Iterator[str]:
    if isinstance(node, promql_parser.Call):
        yield node.func.name
    for _, child in _children(node):
        yield from _calls(child)


def _divided(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, promql_parser.BinaryExpr) and str(node.op) == "/":
        above, below = list(_uses(node.lhs, ())), list(_uses(node.rhs, ()))
        yield from ((a.metric, b.metric) for a in above for b in below)
    for _, child in _children(node):
        yield from _divided(child)
