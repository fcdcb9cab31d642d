"""Made-up telemetry: exactly the share that was asked for, and the same event for the same number."""

from __future__ import annotations

from fractions import Fraction

import orjson
from hypothesis import given
from hypothesis import strategies as st

from allowance.signals.made_up import Scene, body_of, event


@given(st.fractions(0, 1, max_denominator=1000), st.integers(0, 400))
def test_of_the_first_n_exactly_floor_n_times_the_share_is_bad(share: Fraction, n: int) -> None:
    scene = Scene(service="a", run="r", errors=share)
    assert sum(event(scene, number, now=0).bad for number in range(n)) == n * share // 1


def test_latencies_spread_around_the_one_that_was_asked_for() -> None:
    scene = Scene(service="a", run="r", latency_ms=Fraction(120))
    spread = [event(scene, number, now=0).latency_us for number in range(101)]
    assert (min(spread), max(spread)) == (60_000, 180_000)
    assert sum(spread) == 101 * 120_000


def test_ids_are_of_the_trial_and_the_number() -> None:
    one = Scene(service="a", run="r")
    ids = {
        orjson.loads(body_of("otlp", scene, [event(scene, number, now=5)]))["resourceSpans"][0]["scopeSpans"][
            0
        ]["spans"][0]["spanId"]
        for scene in (one, one, Scene(service="a", run="s"))
        for number in (1, 2)
    }
    assert len(ids) == 4
