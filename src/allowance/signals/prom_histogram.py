"""Histograms: which text of the `le` label is the threshold, and which counters are good and total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from allowance.core.problem import NOWHERE, ProblemError, Where, refuse
from allowance.core.ratio import decimal_text, parse_decimal
from allowance.signals.promql import Counters, Term
from allowance.signals.promql_selector import Matcher, Selector, read_selector

_SHOWN = 12


def read_histogram(selector: str, *, where: Where = NOWHERE) -> Selector:
    """The selector of a histogram, without `_bucket` or `_count` if it was written. Errors: `Problem` `promql`."""
    found = read_selector(selector, where=where)
    if "le" in found.constrained:
        raise refuse(
            "promql", "the selector of a histogram names le", where=where, hint="give the bound as threshold"
        )
    if not found.metric:
        raise refuse(
            "promql", "the selector of a histogram names no metric", where=where, hint="write the name first"
        )
    return replace(found, metric=found.metric.removesuffix("_bucket").removesuffix("_count"))


def buckets_of(histogram: Selector) -> Selector:
    """The counters of observations per bound."""
    return replace(histogram, metric=f"{histogram.metric}_bucket")


def matching_bounds(
    texts: Iterable[str], threshold: Fraction, histogram: Selector, *, where: Where = NOWHERE
) -> tuple[str, ...]:
    """The texts among `texts` that write the threshold: `0.3`, `0.30` and `3e-1` are one number.

    Errors: `Problem` `prom-bound` with the nearest bounds, where there are bounds and none is the threshold.
    """
    known = {text: number for text in texts if (number := _number(text)) is not None}
    same = tuple(sorted(text for text, number in known.items() if number == threshold))
    if same or not known:
        return same
    numbers = sorted(set(known.values()))
    near = [
        *[number for number in numbers if number < threshold][-1:],
        *[n for n in numbers if n > threshold][:1],
    ]
    nearest = " and ".join(decimal_text(number) for number in near)
    every = ", ".join(decimal_text(number) for number in numbers[:_SHOWN])
    raise refuse(
        "prom-bound",
        f"the histogram {histogram.text()} has no bound {decimal_text(threshold)}; the nearest: {nearest}",
        hint=f"choose one of its bounds as threshold: {every}" + (", ..." if len(numbers) > _SHOWN else ""),
        where=where,
    )


def _number(text: str) -> Fraction | None:
    try:
        return parse_decimal(text)
    except ProblemError:
        return None


def good_and_total(
    histogram: Selector, threshold: Fraction, bounds: tuple[str, ...]
) -> tuple[Counters, Counters]:
    """Good and total of a histogram: observations at or below the bound, and all of them.

    `bounds` are the texts that write the threshold; none are known where there is no series yet.
    """
    bounds = bounds or (decimal_text(threshold),)
    if len(bounds) == 1:
        bound = Matcher(name="le", op="=", value=bounds[0])
    else:
        bound = Matcher(
            name="le",
            op="=~",
            value="|".join(text.replace(".", "\\.").replace("+", "\\+") for text in bounds),
        )
    good = replace(buckets_of(histogram), matchers=tuple(sorted((*histogram.matchers, bound))))
    total = replace(histogram, metric=f"{histogram.metric}_count")
    return (
        Counters(terms=(Term(selector=good, any_bound=True),), written=good.text()),
        Counters(terms=(Term(selector=total),), written=total.text()),
    )
