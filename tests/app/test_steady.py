"""A clock that jumps for a moment costs nothing; one that was really moved is followed after a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allowance.app.steady import HOLD, JUMP, Steady

T0 = 1_795_000_000


def test_a_moment_far_away_is_not_acted_on() -> None:
    steady = Steady()
    assert steady.believes(T0, since_boot=50)
    assert not steady.believes(T0 + 400 * 86_400, since_boot=51)
    assert not steady.believes(T0 - 400 * 86_400, since_boot=52)
    assert steady.believes(T0 + 3, since_boot=53)


def test_a_clock_that_stands_by_it_is_believed() -> None:
    steady = Steady()
    assert steady.believes(T0, since_boot=50)
    moved = T0 + 9 * 86_400
    answers = [steady.believes(moved + second, since_boot=51 + second) for second in range(HOLD + 2)]
    assert answers == [False] * HOLD + [True] * 2


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-JUMP // 2, JUMP // 2)), max_size=20))
def test_sleep_and_small_corrections_are_never_doubted(passed: list[tuple[int, int]]) -> None:
    steady, now, boot = Steady(), T0, 0
    for slept, corrected in passed:
        now, boot = now + slept + corrected, boot + slept
        assert steady.believes(now, since_boot=boot)
