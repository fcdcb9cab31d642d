"""One SLO at one instant: sums, readings, and the word for its health."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given

from allowance.budget.budget import budget_at
from allowance.budget.evaluate import evaluate
from allowance.budget.replay import replay
from allowance.contract.indicator import Events
from allowance.contract.model import RatioTimeslices, Slo, Timeslices
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets, empty
from allowance.core.window import RollingWindow
from tests.budget.histories import MIN, even, histories

DAY = 86400


def _slo(target: str = "0.999", **changes: object) -> Slo:
    values: dict[str, object] = {
        "name": "availability",
        "service": "shop",
        "indicator": Events(good="status < 500"),
        "target": Fraction(target),
        "window": RollingWindow(seconds=30 * DAY),
        "rules": WORKBOOK,
    }
    return Slo(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("history", "word"),
    [
        (even(600, 100, {}), "ok"),
        (even(600, 100, {range(1): 30}), "ok"),
        (even(600, 100, {range(1): 50}), "watch"),
        (even(600, 100, {range(590, 600): 50}), "broken"),
        (even(9, 100, {range(1): 1}), "too little"),
        (even(9, 100, {range(1): 2}), "broken"),
        (empty(), "no data"),
    ],
)
def test_the_word_for_its_health(history: Buckets, word: str) -> None:
    assert evaluate(_slo(), history, now=600 * MIN).health == word


def test_a_page_puts_a_kept_promise_on_watch() -> None:
    history = even(30 * 1440, 100, {range(30 * 1440 - 10, 30 * 1440): 100})
    found = evaluate(_slo("0.99"), history, now=history.end)
    assert found.budget.met is True
    assert [r.rule.name for r in found.firing] == ["1h/5m"]
    assert found.health == "watch"


@given(histories())
def test_it_reads_what_replay_reads(history: Buckets) -> None:
    slo = _slo()
    trimmed = history.trimmed()
    if not len(trimmed):
        return
    found = evaluate(slo, history, now=trimmed.end)
    played = replay(history, WORKBOOK, slo.target, period=30 * DAY)
    assert [r.word for r in found.readings] == [one.word_at(-1) for one in played.rules]


def test_slices_are_judged_as_slices() -> None:
    history = even(100, 100, {range(10): 10})
    slices = evaluate(
        _slo("0.9", method=Timeslices(slice=300, slice_target=Fraction(95, 100))), history, now=100 * MIN
    )
    assert (slices.budget.counts.good, slices.budget.counts.total) == (18, 20)
    ratios = evaluate(_slo("0.9", method=RatioTimeslices(slice=300)), history, now=100 * MIN)
    assert ratios.budget.counts.sli == Fraction(99, 100)
    assert slices.budget == budget_at(
        slices_of(history), Fraction("0.9"), RollingWindow(seconds=30 * DAY), now=6000
    )


def slices_of(history: Buckets) -> Buckets:
    from allowance.budget.slices import to_slices

    return to_slices(history, 300, Fraction(95, 100))
