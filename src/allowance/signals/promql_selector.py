"""Selectors of PromQL: which series, by name and labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import promql_parser as pq

from allowance.core.problem import NOWHERE, Where
from allowance.signals.promql_text import Readable, parse, quoted, readable

_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_PLAIN_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Matcher:
    """One condition on a label, as in `code=~"5.."`."""

    name: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.name if _PLAIN_NAME.fullmatch(self.name) else quoted(self.name)}{self.op}{quoted(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Series chosen by name and labels; `metric` is `""` where a matcher on `__name__` names them."""

    metric: str
    matchers: tuple[Matcher, ...] = ()
    offset_ms: int = 0

    def text(self, seconds: int = 0) -> str:
        """The selector as PromQL, with a range of so many seconds unless 0."""
        braces = "{" + ",".join(str(matcher) for matcher in sorted(self.matchers)) + "}"
        window = f"[{seconds}s]" if seconds else ""
        offset = f" offset {self.offset_ms}ms" if self.offset_ms else ""
        return f"{self.metric}{braces if self.matchers else ''}{window}{offset}"

    @property
    def constrained(self) -> frozenset[str]:
        """The labels on which it puts a condition."""
        return frozenset(matcher.name for matcher in self.matchers)


def read_selector(query: str, *, where: Where = NOWHERE) -> Selector:
    """A bare selector. Errors: `Problem` `promql`."""
    text = readable(query, where)
    tree = bare(parse(text))
    if not isinstance(tree, pq.VectorSelector):
        raise text.refuse(
            "a histogram is named by a selector alone", hint='write it as latency_seconds{job="shop"}'
        )
    if tree.at is not None:
        raise text.refuse(
            "the selector is pinned to one instant by @", text.find("@"), hint="leave the @ out"
        )
    return selector_of(tree, text)


def bare(tree: pq.Expr) -> pq.Expr:
    """The query without the brackets around it."""
    while isinstance(tree, pq.ParenExpr):
        tree = tree.expr
    return tree


def selector_of(tree: pq.VectorSelector, text: Readable) -> Selector:
    """A parsed selector as a value. Errors: `Problem` `promql` where it names no metric."""
    if tree.matchers.or_matchers:
        raise text.refuse("`or` between labels is not standard PromQL", hint='write it as label=~"one|two"')
    matchers = tuple(
        Matcher(name=one.name, op=_OPS[str(one.op)], value=one.value) for one in tree.matchers.matchers
    )
    metric = tree.name or ""
    named = [one for one in matchers if one.name == "__name__"]
    if not metric and len(named) == 1 and named[0].op == "=" and _PLAIN_NAME.fullmatch(named[0].value):
        metric, matchers = named[0].value, tuple(one for one in matchers if one is not named[0])
    if not metric and not named:
        raise text.refuse(
            "the query names no metric", hint='write the name before the braces: name{label="value"}'
        )
    offset = (tree.offset or timedelta()) // timedelta(milliseconds=1)
    return Selector(metric=metric, matchers=tuple(sorted(matchers)), offset_ms=offset)
