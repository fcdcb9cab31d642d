"""A classic histogram as the two counters that it is made of, and back."""

from __future__ import annotations

import re

from allowance.contract.amounts import number_text, parse_number
from allowance.contract.indicator import PromHistogram, PromRatio
from allowance.core.problem import ProblemError

_GOOD = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)_bucket\{(?:([^{}]*),)?le="([0-9.]{1,30})"\}')


def counters_of(histogram: PromHistogram) -> PromRatio:
    """`x{job="shop"}` at 0.3 to `x_bucket{job="shop",le="0.3"}` and `x_count{job="shop"}`."""
    name, brace, rest = histogram.selector.partition("{")
    matchers = rest.rstrip().removesuffix("}").strip().rstrip(",") if brace else ""
    limit = f'le="{number_text(histogram.threshold)}"'
    good = f"{name.strip()}_bucket{{{','.join(part for part in (matchers, limit) if part)}}}"
    return PromRatio(
        good=good, total=f"{name.strip()}_count{{{matchers}}}" if brace else f"{name.strip()}_count"
    )


def histogram_of(ratio: PromRatio) -> PromHistogram | None:
    """The histogram whose counters these are, exactly as `counters_of` writes them; else `None`."""
    match = _GOOD.fullmatch(ratio.good or "")
    if match is None:
        return None
    name, matchers, limit = match.groups()
    try:
        threshold = parse_number(limit)
    except ProblemError:
        return None
    for selector in (f"{name}{{{matchers}}}", name) if matchers else (name, f"{name}{{}}"):
        histogram = PromHistogram(selector=selector, threshold=threshold)
        if counters_of(histogram) == ratio:
            return histogram
    return None
