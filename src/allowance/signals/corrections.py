"""Corrections: spans that are taken out of an SLI, or counted as good, with who and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from allowance.core.buckets import Buckets
from allowance.core.problem import refuse
from allowance.core.time import iso, parse_instant
from allowance.core.window import Span

CorrectionKind = Literal["exclude", "count-good"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """`exclude` removes a span from good and total; `count-good` keeps total and counts all of it good."""

    kind: CorrectionKind
    span: Span
    who: str = ""
    why: str = ""


def corrected(buckets: Buckets, corrections: Sequence[Correction]) -> Buckets:
    """The history with its corrections; where both kinds meet, `exclude` wins. A bucket is corrected when any
    part of it lies in the span."""
    good, total = buckets.good.copy(), buckets.total.copy()
    for one in sorted(corrections, key=lambda c: c.kind == "exclude"):
        low = max(0, (one.span.begin - buckets.start) // buckets.step)
        high = max(0, -(-(one.span.end - buckets.start) // buckets.step))
        if one.kind == "exclude":
            good[low:high] = 0
            total[low:high] = 0
        else:
            good[low:high] = total[low:high]
    return Buckets(start=buckets.start, step=buckets.step, good=good, total=total)


def parse_span(text: str) -> Span:
    """`2026-11-21T10:00:00Z/2026-11-21T11:30:00Z` to a span. Errors: `Problem` `span`."""
    begin, slash, end = text.partition("/")
    if not slash:
        raise refuse("span", f"{text!r} is not a span of time", hint="write it as BEGIN/END, two instants")
    span = Span(begin=parse_instant(begin), end=parse_instant(end))
    if span.end <= span.begin:
        raise refuse("span", f"the span ends at {iso(span.end)}, not after it begins", hint="write BEGIN/END")
    return span
