"""PromQL queries of an SLI: which counters they count, and how each is asked so that the counts are exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import promql_parser as pq

from allowance.core.duration import parse_duration
from allowance.core.problem import NOWHERE, ProblemError, Where
from allowance.signals.promql_selector import Selector, bare, selector_of
from allowance.signals.promql_text import Readable, parse, readable, with_ranges

_RECORDED = re.compile(r":(?:\w*_)?(i?rate|increase|delta)(\d+[smhdw])?$")
_RATES = frozenset({"rate", "irate"})
_INCREASES = frozenset({"rate", "irate", "increase"})
_PER_SAMPLE = frozenset({"count_over_time", "sum_over_time"})
_RUNNING_TOTAL = re.compile(r"_(?:total|count|sum|bucket)$")
_NOT_COUNTS = frozenset((
    "histogram_quantile", "histogram_avg", "histogram_fraction", "histogram_stddev", "histogram_stdvar",
    "quantile_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
    "mad_over_time", "deriv", "predict_linear", "holt_winters", "double_exponential_smoothing", "absent",
    "absent_over_time", "timestamp", "avg", "min", "max", "quantile", "stddev", "stdvar", "topk", "bottomk",
    "count_values", "group", "limitk", "limit_ratio",
))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One counter in a sum: its increments are added (`sign` 1) or taken away (-1).

    With `any_bound`, series that differ only in how they write `le` are one series. `key` tells it from other
    counters, whatever its sign; the labels `ignoring` do not tell its series apart.
    """

    selector: Selector
    sign: Literal[1, -1] = 1
    any_bound: bool = False
    key: str = field(init=False, repr=False, compare=False)
    ignoring: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = self.selector.text() + (" by any text of le" if self.any_bound else "")
        ignoring = frozenset(["__name__"] * bool(self.selector.metric) + ["le"] * self.any_bound)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "ignoring", ignoring)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Counts that follow exactly from the increments of counters."""

    terms: tuple[Term, ...]
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Counts that only the server can work out, one evaluation per bucket; `text` has its windows set to the step.

    `scale` turns an answer into events (the step for rates). `by_sample` says that it counts the samples in
    the bucket, which is exact; the rest is an approximation, because `rate` and `increase` extrapolate.
    """

    text: str
    scale: float
    by_sample: bool
    written: str


Expression = Counters | Evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A query to sample once per bucket: at its very end, or at its last millisecond.

    A sample at the edge belongs to the next bucket; an increment up to the edge, to the one that ends there.
    """

    text: str
    at_end: bool


def read_counts(query: str, *, step: int, where: Where = NOWHERE) -> Expression:
    """What a query counts: sums and differences of counters exactly, anything else by evaluating it per step.

    Ranges such as `[5m]` and `{{.window}}` do not matter for counters. Errors: `Problem` `promql` (not PromQL,
    with line and column) and `promql-counts` (PromQL that gives no counts, such as a ratio).
    """
    text = readable(query, where)
    tree = parse(text)
    _must_be_vector(tree, text)
    _must_count(tree, text)
    terms = _terms(tree, 1, text)
    if len({plain for _, plain in terms}) == 2:
        raise _no_counts(
            text, "mixes bare counters with rates", hint="write rate(...) around all of them, or none"
        )
    for term, _ in terms:
        if term.selector.metric.endswith("_bucket") and "le" not in term.selector.constrained:
            raise _no_counts(
                text, "counts each observation once per bucket", hint='choose one, as in le="0.3"'
            )
    if terms:
        return Counters(terms=tuple(term for term, _ in terms), written=query)
    return _evaluated(tree, text, step)


def read_gauge(query: str, *, step: int, where: Where = NOWHERE) -> Sampled:
    """How to sample a query once per bucket.

    A bare selector becomes the last sample inside the bucket; other queries keep their ranges, and their window
    variables are set to the step. Errors: `Problem` `promql`.
    """
    text = readable(query, where)
    tree = parse(text)
    _must_be_vector(tree, text)
    plain = bare(tree)
    if isinstance(plain, pq.VectorSelector):
        return Sampled(text=f"last_over_time({selector_of(plain, text).text(step)})", at_end=False)
    at_end = any(_function(part) in _INCREASES for part in _walk(tree))
    return Sampled(text=with_ranges(query, step, every=False), at_end=at_end)


def hides_samples(query: str) -> bool:
    """Whether a readable query ends in a comparison that drops samples instead of judging them."""
    tree = bare(parse(readable(query)))
    return (
        isinstance(tree, pq.BinaryExpr)
        and str(tree.op) in ("==", "!=", ">", "<", ">=", "<=")
        and not (tree.modifier and tree.modifier.return_bool)
    )


def _must_be_vector(tree: pq.Expr, text: Readable) -> None:
    if any(
        isinstance(one, pq.VectorSelector | pq.SubqueryExpr) and one.at is not None for one in _walk(tree)
    ):
        raise text.refuse("the query is pinned to one instant by @", text.find("@"), hint="leave the @ out")
    kind = _kind(tree)
    if kind == "vector":
        return
    hints = {
        "range vector": "leave the range out, or write increase(...) around it",
        "scalar": "name a counter, such as http_requests_total",
        "string": "name a counter, without quotes around it",
    }
    raise text.refuse(f"the query gives a {kind}, and series are needed", hint=hints[kind])


def _kind(tree: pq.Expr) -> str:
    tree = bare(tree)
    if isinstance(tree, pq.StringLiteral):
        return "string"
    if isinstance(tree, pq.MatrixSelector | pq.SubqueryExpr):
        return "range vector"
    if isinstance(tree, pq.NumberLiteral):
        return "scalar"
    if isinstance(tree, pq.Call):
        return "scalar" if tree.func.return_type == pq.ValueType.Scalar else "vector"
    if isinstance(tree, pq.UnaryExpr):
        return _kind(tree.expr)
    if isinstance(tree, pq.BinaryExpr):
        return "vector" if "vector" in (_kind(tree.lhs), _kind(tree.rhs)) else "scalar"
    return "vector"


def _must_count(tree: pq.Expr, text: Readable) -> None:
    for part in _walk(tree):
        if isinstance(part, pq.BinaryExpr) and str(part.op) == "/" and _kind(part.rhs) == "vector":
            raise _no_counts(text, "divides two vectors: that is a ratio, and counts are needed", "/")
        name = _function(part)
        if name in _NOT_COUNTS:
            raise _no_counts(text, f"uses {name}, which does not give counts", name)
        if isinstance(part, pq.SubqueryExpr):
            raise _no_counts(
                text, "holds a subquery, whose windows overlap", "[", hint="leave the subquery out"
            )
        if isinstance(part, pq.VectorSelector) and ":" in (part.name or "") and "ratio" in (part.name or ""):
            raise _no_counts(
                text, f"reads {part.name}, a recorded ratio, and counts are needed", part.name or ""
            )


_TWO_QUERIES = "give good (or bad) and total as two queries, each a counter of events"


def _no_counts(text: Readable, what: str, about: str = "", *, hint: str = _TWO_QUERIES) -> ProblemError:
    return text.refuse(f"the query {what}", text.find(about), hint=hint, code="promql-counts")


def _function(part: pq.Expr) -> str:
    if isinstance(part, pq.Call):
        return str(part.func.name)
    return str(part.op) if isinstance(part, pq.AggregateExpr) else ""


def _walk(tree: pq.Expr) -> Iterator[pq.Expr]:
    yield tree
    children: list[pq.Expr] = []
    if isinstance(tree, pq.BinaryExpr):
        children = [tree.lhs, tree.rhs]
    elif isinstance(tree, pq.Call):
        children = list(tree.args)
    elif isinstance(tree, pq.MatrixSelector):
        children = [tree.vector_selector]
    elif isinstance(tree, pq.AggregateExpr | pq.ParenExpr | pq.UnaryExpr | pq.SubqueryExpr):
        children = [tree.expr]
    for child in children:
        yield from _walk(child)


def _terms(tree: pq.Expr, sign: Literal[1, -1], text: Readable) -> list[tuple[Term, bool]]:
    """The counters of a linear query, each with whether it stands bare; none where it is not linear."""
    tree = bare(tree)
    if isinstance(tree, pq.AggregateExpr) and str(tree.op) == "sum":
        return _terms(tree.expr, sign, text)
    if isinstance(tree, pq.UnaryExpr):
        return _terms(tree.expr, -1 if sign == 1 else 1, text)
    if isinstance(tree, pq.VectorSelector):
        return (
            []
            if _RECORDED.search(tree.name or "")
            else [(Term(selector=selector_of(tree, text), sign=sign), True)]
        )
    if (
        isinstance(tree, pq.Call)
        and tree.func.name in _INCREASES
        and isinstance(tree.args[0], pq.MatrixSelector)
    ):
        selector = selector_of(tree.args[0].vector_selector, text)
        return [(Term(selector=selector, sign=sign), False)]
    if isinstance(tree, pq.BinaryExpr):
        return _of_two(tree, sign, text)
    return []


def _of_two(tree: pq.BinaryExpr, sign: Literal[1, -1], text: Readable) -> list[tuple[Term, bool]]:
    op = str(tree.op).lower()
    left = _terms(tree.lhs, sign, text)
    if op == "or" and _is_zero(tree.rhs):
        return left
    if op not in ("+", "-") or (tree.modifier and tree.modifier.card != pq.VectorMatchCardinality.OneToOne):
        return []
    right = _terms(tree.rhs, sign if op == "+" else (-1 if sign == 1 else 1), text)
    return [*left, *right] if left and right else []


def _is_zero(tree: pq.Expr) -> bool:
    tree = bare(tree)
    inner = bare(tree.args[0]) if isinstance(tree, pq.Call) and tree.func.name == "vector" else None
    return isinstance(inner, pq.NumberLiteral) and inner.val == 0


def _evaluated(tree: pq.Expr, text: Readable, step: int) -> Evaluated:
    parts = list(_walk(tree))
    calls = {name for part in parts if (name := _function(part))}
    recorded = [found for part in parts if (found := _recorded(part))]
    rates = bool(calls & _RATES) or any(kind.endswith("rate") for kind, _ in recorded)
    others = bool(calls & {"increase", "delta", "idelta", *_PER_SAMPLE})
    windows = {window for kind, window in recorded if not kind.endswith("rate")}
    if (rates and (others or windows)) or len(windows) > 1:
        raise _no_counts(text, "mixes rates with counts, whose units differ")
    if rates and any(_scales(part) for part in parts):
        raise _no_counts(
            text, "scales a rate, so that it is unclear what it counts", hint="leave the factor out"
        )
    if not (rates or others or windows or "count" in calls):
        _no_running_totals(parts, text)
    scale: float = step if rates else 1
    if windows:
        scale = step / parse_duration(windows.pop() or f"{step}s")
    return Evaluated(
        text=with_ranges(text.written, step, every=True),
        scale=scale,
        by_sample=bool(calls & _PER_SAMPLE) and calls <= {"sum", *_PER_SAMPLE},
        written=text.written,
    )


def _scales(part: pq.Expr) -> bool:
    return (
        isinstance(part, pq.BinaryExpr)
        and str(part.op) in ("*", "/")
        and "scalar" in (_kind(part.lhs), _kind(part.rhs))
    )


def _no_running_totals(parts: list[pq.Expr], text: Readable) -> None:
    for part in parts:
        if isinstance(part, pq.VectorSelector) and _RUNNING_TOTAL.search(part.name or ""):
            raise _no_counts(
                text,
                f"reads {part.name}, a running total, in a way that gives no increments",
                part.name or "",
                hint="write increase(...) around the counter",
            )


def _recorded(part: pq.Expr) -> tuple[str, str] | None:
    found = _RECORDED.search(part.name or "") if isinstance(part, pq.VectorSelector) else None
    return (found.group(1), found.group(2) or "") if found else None
