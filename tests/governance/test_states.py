"""States: only legal edges, never within the margin, never before the dwell is over."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.contract.budget_policy import STATES, BudgetState, Thresholds
from allowance.core.counts import NO_DATA, NoData
from allowance.governance.states import EDGES, next_state, worst
from allowance.governance.verdict_clauses import state_of

LEGAL = {(edge.begin, edge.end) for edge in EDGES}
shares = st.fractions(Fraction(-1), Fraction(1), max_denominator=20)
thresholds = st.builds(
    lambda red, gap, margin, dwell: Thresholds(
        red_at=red, yellow_below=red + gap, margin=margin, dwell=dwell * 60
    ),
    st.fractions(Fraction(-1, 2), Fraction(1, 2), max_denominator=10),
    st.fractions(Fraction(1, 10), Fraction(1, 2), max_denominator=10),
    st.fractions(Fraction(0), Fraction(1, 4), max_denominator=10),
    st.integers(0, 4),
)
readings = st.lists(st.one_of(shares, shares, shares, st.just(NO_DATA)), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(thresholds, readings)
def test_every_change_is_an_edge_of_the_table_and_was_asked_for_long_enough(
    limits: Thresholds, remaining: list[Fraction | NoData]
) -> None:
    state: BudgetState | None = None
    since: object = {}
    entered = 0
    for minute, left in enumerate(remaining):
        step = next_state(limits, state, left, since, now=minute * 60, entered=entered * 60)  # type: ignore[arg-type]
        if isinstance(left, NoData):
            assert step.state == state
            assert not step.since
        elif state is None:
            assert step.state == state_of(limits, left)
            entered = minute
        elif step.state != state:
            assert (state, step.state) in LEGAL
            held = remaining[minute - limits.dwell // 60 : minute + 1]
            worse = STATES.index(step.state) > STATES.index(state)  # type: ignore[arg-type]
            assert worse or minute - entered >= limits.dwell // 60, "better is asked for from this state on"
            for one in held:
                assert not isinstance(one, NoData)
                if worse:
                    assert one < limits.yellow_below
                else:
                    assert one > limits.red_at + limits.margin
                if step.state == "red":
                    assert one <= limits.red_at
                if step.state == "green":
                    assert one >= limits.yellow_below + limits.margin
            entered = minute
        state, since = step.state, step.since


@settings(max_examples=200, deadline=None)
@given(thresholds, st.sampled_from(STATES), readings)
def test_inside_the_margin_nothing_gets_better(
    limits: Thresholds, state: BudgetState, remaining: list[Fraction | NoData]
) -> None:
    if state == "green":
        return
    limit = limits.yellow_below if state == "yellow" else limits.red_at
    inside = [
        one for one in remaining if not isinstance(one, NoData) and limit <= one < limit + limits.margin
    ]
    since: object = {}
    for minute, left in enumerate(inside):
        step = next_state(limits, state, left, since, now=minute * 60)  # type: ignore[arg-type]
        assert step.state == state
        since = step.since


@settings(max_examples=200, deadline=None)
@given(thresholds, st.sampled_from(STATES), shares)
def test_a_reading_that_stays_ends_in_a_state_that_stays(
    limits: Thresholds, state: BudgetState, left: Fraction
) -> None:
    since: object = {}
    found: list[BudgetState] = []
    for minute in range(30):
        step = next_state(limits, state, left, since, now=minute * 60)  # type: ignore[arg-type]
        assert step.state is not None
        if step.state != state:
            found.append(step.state)
        state, since = step.state, step.since
    assert len(found) <= 2
    plain = state_of(limits, left)
    assert plain is not None
    assert STATES.index(state) >= STATES.index(plain), "never better than the budget says"


def test_worse_at_once_better_step_by_step() -> None:
    limits = Thresholds(margin=Fraction(1, 20))
    assert next_state(limits, "green", Fraction(-3), {}, now=0).state == "red"
    assert next_state(limits, "red", Fraction(1), {}, now=0).state == "yellow"
    assert next_state(limits, "red", Fraction(1, 20), {}, now=0).state == "red"
    assert next_state(limits, "yellow", Fraction(1, 2), {}, now=0).state == "yellow"
    assert next_state(limits, "yellow", Fraction(11, 20), {}, now=0).state == "green"


def test_the_worst_budget_is_the_state_of_the_service() -> None:
    assert worst(["green", "red", None, "yellow"]) == "red"
    assert worst([None]) is None
