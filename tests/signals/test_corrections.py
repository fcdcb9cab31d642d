"""Corrections: what is taken out, and what is counted as good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.buckets import Buckets
from allowance.core.counts import Counts
from allowance.core.problem import ProblemError
from allowance.core.window import Span
from allowance.signals.corrections import Correction, corrected, parse_span
from tests.budget.histories import MIN, even, histories


def test_a_maintenance_counts_neither_good_nor_bad() -> None:
    history = even(10, 100, {range(4, 6): 50})
    maintenance = Correction(kind="exclude", span=Span(begin=4 * MIN, end=6 * MIN), who="mira", why="move")
    assert corrected(history, [maintenance]).all() == Counts(good=800, total=800)


def test_an_excused_incident_keeps_its_total() -> None:
    history = even(10, 100, {range(4, 6): 50})
    excused = Correction(kind="count-good", span=Span(begin=4 * MIN, end=5 * MIN))
    assert corrected(history, [excused]).all() == Counts(good=950, total=1000)


def test_excluding_wins_whatever_the_order() -> None:
    history = even(3, 10, {range(3): 5})
    both = [
        Correction(kind="exclude", span=Span(begin=0, end=60)),
        Correction(kind="count-good", span=Span(begin=0, end=120)),
    ]
    assert corrected(history, both) == corrected(history, both[::-1])
    assert corrected(history, both).all() == Counts(good=15, total=20)


@given(histories(), st.integers(-100, 400), st.integers(1, 400), st.sampled_from(["exclude", "count-good"]))
def test_what_lies_outside_a_correction_does_not_change(
    history: Buckets, after: int, minutes: int, kind: str
) -> None:
    begin = history.start + after * MIN
    span = Span(begin=begin, end=begin + minutes * MIN)
    result = corrected(history, [Correction(kind=kind, span=span)])  # type: ignore[arg-type]
    before = Span(begin=history.start, end=max(history.start, min(begin, history.end)))
    assert result.between(before.begin, before.end) == history.between(before.begin, before.end)
    inside, was = result.between(span.begin, span.end), history.between(span.begin, span.end)
    assert inside == (
        Counts(good=0, total=0) if kind == "exclude" else Counts(good=was.total, total=was.total)
    )


@pytest.mark.parametrize("text", ["", "2026-01-01", "2026-01-02/2026-01-01", "x/y", "2026-01-01/2026-01-01"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ProblemError):
        parse_span(text)
