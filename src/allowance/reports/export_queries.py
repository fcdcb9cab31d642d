"""An SLI as PromQL over any window: how many events there were, and how many of them were bad.

Both are sums of counts, never means of ratios. Each answer has one element per group and no other labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import promql_parser

from allowance.contract.indicator import Comparison, PromGauge, PromHistogram, PromRatio
from allowance.contract.model import Method, Occurrences, Timeslices
from allowance.core.duration import MINUTE, short
from allowance.core.problem import NOWHERE, Where
from allowance.core.ratio import decimal_text
from allowance.signals.prom_histogram import good_and_total, read_histogram
from allowance.signals.prom_sli import PromIndicator, Ratio, plan
from allowance.signals.promql import Counters, Evaluated, Expression, Term, read_counts, read_gauge
from allowance.signals.promql_selector import Selector

_FAILS: dict[Comparison, str] = {"lt": ">=", "lte": ">", "gt": "<=", "gte": "<"}
_RECORDED = re.compile(r"[A-Za-z_]\w*:\w")
_GO_EXPONENT = 6
_SIMPLE = (
    promql_parser.VectorSelector,
    promql_parser.Call,
    promql_parser.AggregateExpr,
    promql_parser.ParenExpr,
)

ForWindow = Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQueries:
    """PromQL for a window of so many seconds: all events, bad events, and 1 where nothing was measured."""

    total: ForWindow
    bad: ForWindow
    absent: ForWindow


def event_queries(indicator: PromIndicator, by: Sequence[str], *, where: Where = NOWHERE) -> EventQueries:
    """The queries of an indicator, by the labels of its groups. Errors: `Problem` `promql`, `promql-counts`."""
    if isinstance(indicator, PromHistogram):
        return _of_histogram(indicator, by, where)
    if isinstance(indicator, PromRatio):
        return _of_ratio(indicator, by, where)
    if isinstance(indicator, PromGauge):
        sampled = read_gauge(indicator.query, step=MINUTE, where=where)
        # NaN is no event, and it is not above minus infinity either.
        seen = f"({_operand(sampled.text)} >= -Inf)"
        return _of_samples(seen, f"({seen} {_FAILS[indicator.op]} bool {number(indicator.bound)})", by)
    sampled = read_gauge(indicator.query, step=MINUTE, where=where)
    seen = f"({_operand(sampled.text)} >= 0 <= 1)"
    return _of_samples(seen, seen if indicator.of == "bad" else f"(1 - {seen})", by)


def by_method(queries: EventQueries, method: Method) -> EventQueries:
    """The events that the budget counts: requests, or slices of time, which lie on whole multiples of their length.

    Slices without events are left out, whatever the method says about them.
    """
    if isinstance(method, Occurrences):
        return queries
    length = method.slice
    seen = f"({_operand(queries.total(length))} > 0)"
    ratio = f"{_operand(queries.bad(length))} / {seen}"
    if isinstance(method, Timeslices):
        ratio = f"({ratio}) > bool {number(1 - method.slice_target)}"
    return EventQueries(
        total=lambda window: _per("count_over_time", seen, window, length),
        bad=lambda window: _per("sum_over_time", f"({ratio})", window, length),
        absent=queries.absent,
    )


def number(value: Fraction) -> str:
    """A decimal with so many places that the nearest float is the same as that of the fraction."""
    return decimal_text(value, 30)


def _operand(text: str) -> str:
    """A query that can stand beside an operator, in brackets where it must."""
    # A comment at its end would swallow the closing bracket.
    simple = isinstance(promql_parser.parse(text), _SIMPLE) and "#" not in text
    return text if simple else f"({text}\n)" if "#" in text else f"({text})"


def _sum(by: Sequence[str], inner: str) -> str:
    return f"sum by ({', '.join(by)}) ({inner})" if by else f"sum({inner})"


def _ranged(selector: Selector, seconds: int) -> str:
    offset = f" offset {selector.offset_ms}ms" if selector.offset_ms else ""
    return f"{replace(selector, offset_ms=0).text()}[{short(seconds)}]{offset}"


def _per(function: str, inner: str, window: int, step: int = MINUTE) -> str:
    """A function over one value per step; a second less than the window, so that no end is counted twice."""
    return f"{function}({inner}[{max(window - 1, 1)}s:{short(step)}])"


def _of_samples(seen: str, bad: str, by: Sequence[str]) -> EventQueries:
    return EventQueries(
        total=lambda window: _sum(by, _per("count_over_time", seen, window)),
        bad=lambda window: _sum(by, _per("sum_over_time", bad, window)),
        absent=lambda window: f"sum({_per('absent_over_time', seen, window)})",
    )


def _of_histogram(indicator: PromHistogram, by: Sequence[str], where: Where) -> EventQueries:
    histogram = read_histogram(indicator.selector, where=where)
    good, total = good_and_total(histogram, indicator.threshold, bounds(indicator.threshold))

    def bad(window: int) -> str:
        # A bound that is not there is missing data, not a slow answer: nothing stands in for it.
        return f"clamp_min({_counters(total, by, window)} - {_counters(good, by, window)}, 0)"

    return EventQueries(
        total=lambda window: _counters(total, by, window),
        bad=bad,
        absent=lambda window: _absent(total, window),
    )


def bounds(threshold: Fraction) -> tuple[str, ...]:
    """How client libraries write a bound in the label `le`: `1` and `1.0`, `1000000`, `1000000.0` and `1e+06`."""
    plain = number(threshold)
    found = [plain] if "." in plain else [plain, f"{plain}.0"]
    exponent = Decimal(plain).adjusted()
    if plain != "0" and (exponent < -4 or exponent >= _GO_EXPONENT):
        digits = str(abs(Decimal(plain)).scaleb(-exponent).normalize())
        found.append(f"{'-' if plain.startswith('-') else ''}{digits}e{exponent:+03d}")
    return tuple(found)


def _of_ratio(indicator: PromRatio, by: Sequence[str], where: Where) -> EventQueries:
    planned = plan(indicator, step=MINUTE, where=where)
    assert isinstance(planned, Ratio)
    part_query = (indicator.good if planned.part_is == "good" else indicator.bad) or ""

    def total(window: int) -> str:
        return _counts(planned.total, indicator.total, by, window)

    def bad(window: int) -> str:
        every = _operand(total(window))
        # No failure was ever counted, so there is no series of failures: that is zero, as long as there is traffic.
        part = f"{_counts(planned.part, part_query, by, window)} or 0 * {every}"
        return part if planned.part_is == "bad" else f"clamp_min({every} - ({part}), 0)"

    return EventQueries(total=total, bad=bad, absent=lambda window: _absent(planned.total, window))


def _counts(one: Expression, query: str, by: Sequence[str], window: int) -> str:
    if isinstance(one, Counters):
        return _counters(one, by, window)
    wide = read_counts(query, step=window)
    assert isinstance(wide, Evaluated)
    if wide.text != one.text and not _RECORDED.search(wide.text):
        return _sum(by, _scaled(wide))
    return _sum(by, _per("sum_over_time", f"({_scaled(one)})", window))


def _scaled(one: Evaluated) -> str:
    text = _operand(one.text)
    return text if one.scale == 1 else f"{text} * {number(Fraction(one.scale))}"


def _counters(one: Counters, by: Sequence[str], window: int) -> str:
    terms = sorted(one.terms, key=lambda term: -term.sign)
    parts = [_sum(by, f"increase({_ranged(term.selector, window)})") for term in terms]
    if len(terms) == 1 and terms[0].sign == 1:
        return parts[0]
    return " ".join(_term(index, terms, parts) for index in range(len(terms)))


def _term(index: int, terms: Sequence[Term], parts: Sequence[str]) -> str:
    """One counter of a sum; where it has no series, it counts as zero beside the others."""
    others = " or ".join(part for place, part in enumerate(parts) if place != index)
    filled = f"({parts[index]} or 0 * {_operand(others)})" if others else parts[index]
    sign = "+" if terms[index].sign == 1 else "-"
    return filled if index == 0 and sign == "+" else f"{sign} {filled}"


def _absent(one: Expression, window: int) -> str:
    if isinstance(one, Evaluated):
        return f"sum({_per('absent_over_time', f'({_operand(one.text)})', window)})"
    return " and ".join(f"sum(absent_over_time({_ranged(term.selector, window)}))" for term in one.terms)
