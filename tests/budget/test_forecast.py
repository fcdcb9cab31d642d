"""The forecast: what is known comes out exactly, what is guessed holds about as often as it says."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from bench.forecast import Score, generated, histories, measure, measure_moments
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.budget.budget import budget_at
from allowance.budget.forecast import (
    BandPoint,
    Moment,
    NotBefore,
    Renewal,
    Rolling,
    forecast,
    recent_span,
    remaining_ahead,
)
from allowance.budget.forecast_range import look_ahead
from allowance.core.buckets import Buckets, empty
from allowance.core.counts import NO_DATA
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import ProblemError
from allowance.core.time import parse_instant
from allowance.core.window import CalendarWindow, RollingWindow, Window

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
FOUR_WEEKS = RollingWindow(seconds=28 * DAY)
MONTH = CalendarWindow(unit="month", zone=UTC)
TARGET = Fraction(999, 1000)


def hourly(bad: list[int], total: int = 1000, start: int = 0) -> Buckets:
    totals = np.full(len(bad), total, dtype=np.int64)
    return Buckets(start=start, step=HOUR, good=totals - np.array(bad, dtype=np.int64), total=totals)


def order(moment: Moment) -> tuple[bool, int]:
    return (True, moment.at) if isinstance(moment, NotBefore) else (False, moment)


rows = st.integers(0, 12).flatmap(
    lambda total: st.tuples(st.just(total), st.integers(0, total) | st.just(total))
)
stories = st.lists(rows, min_size=1, max_size=24 * 20).map(
    lambda some: Buckets(
        start=parse_instant("2026-03-20"),
        step=HOUR,
        good=np.array([good for _, good in some], dtype=np.int64),
        total=np.array([total for total, _ in some], dtype=np.int64),
    )
)
windows: st.SearchStrategy[Window] = st.sampled_from(
    [RollingWindow(seconds=DAY), RollingWindow(seconds=5 * DAY), RollingWindow(seconds=7 * HOUR), MONTH]
)


def outage() -> Buckets:
    """Hourly traffic from 1 Nov, all good but for one hour on 12 Nov that costs 4/3 of four weeks' budget."""
    bad = [0] * 24 * 30
    bad[24 * 11 + 10] = 896
    return hourly(bad, start=parse_instant("2026-11-01"))


def test_the_day_that_blocks_leaves_the_window() -> None:
    now = parse_instant("2026-11-30T12:00:00Z")
    found = forecast(outage(), TARGET, FOUR_WEEKS, now=now)
    assert found.spending.word == "spent"
    assert isinstance(found.recovery, Rolling)
    (day,) = found.recovery.days
    assert (day.day, day.bad, day.share) == ("2026-11-12", 896, Fraction(4, 3))
    assert (day.leaves.begin, day.leaves.end) == (parse_instant("2026-12-10"), parse_instant("2026-12-11"))
    launch = found.launch
    assert launch.word == "later"
    assert launch.at == launch.earliest == parse_instant("2026-12-10T11:00:00Z")
    assert launch.reason == (
        "the errors of 12 Nov leave the window on 10 Dec and bring back 133 % of the budget: "
        "there is budget again on 10 Dec 11:00 UTC"
    )


def test_words_and_days_are_in_the_zone() -> None:
    found = forecast(outage(), TARGET, FOUR_WEEKS, now=parse_instant("2026-11-30T12:00:00Z"), zone=BERLIN)
    assert "10 Dec 12:00 CET" in found.launch.reason
    assert isinstance(found.recovery, Rolling)
    assert found.recovery.days[0].leaves.begin == parse_instant("2026-12-10") - HOUR


def test_another_year_is_named() -> None:
    bad = [0] * 24 * 30
    bad[24 * 11 + 10] = 896
    buckets = hourly(bad, start=parse_instant("2026-12-01"))
    found = forecast(buckets, TARGET, FOUR_WEEKS, now=buckets.end)
    assert "the errors of 12 Dec leave the window on 9 Jan 2027" in found.launch.reason


def test_a_steady_leak_spends_the_budget_when_counting_says() -> None:
    buckets = hourly([0] * 24 * 40 + [3] * 24 * 3)
    found = forecast(buckets, TARGET, FOUR_WEEKS, now=buckets.end)
    going_on = hourly([0] * 24 * 40 + [3] * 24 * 31)
    spent = next(
        at
        for at in range(buckets.end + HOUR, going_on.end + 1, HOUR)
        if budget_at(going_on, TARGET, FOUR_WEEKS, now=at).left <= 0
    )
    assert found.recent == DAY
    assert found.recent_burn == 3
    assert (found.spending.word, found.spending.at) == ("ahead", spent)
    assert "burn rate 3" in found.spending.reason


def test_a_quiet_service_keeps_its_budget() -> None:
    found = forecast(hourly([0] * 24 * 60), TARGET, FOUR_WEEKS, now=60 * DAY)
    assert (found.spending.word, found.spending.at) == ("not in sight", NotBefore(at=88 * DAY))
    assert (found.launch.word, found.launch.at) == ("now", 60 * DAY)
    assert found.band[-1].at == 88 * DAY
    assert {(one.likely, one.high) for one in found.band} == {(1.0, 1.0)}
    # 1.4 million events without a failure: a first one is possible, and is a small part of the budget.
    assert 0.99 < min(one.low for one in found.band) < 1


def test_a_calendar_budget_is_new_at_the_end_of_its_period() -> None:
    start = parse_instant("2026-11-01")
    bad = [0] * 24 * 20
    bad[24 * 12] = 1000
    buckets = hourly([2] * 24 * 20, start=start)
    found = forecast(buckets, TARGET, MONTH, now=buckets.end)
    december = parse_instant("2026-12-01")
    assert found.recovery == Renewal(at=december)
    assert (found.launch.word, found.launch.at, found.launch.latest) == ("later", december, december)
    assert "new period" in found.launch.reason
    assert found.band[-1].at == december
    diluted = hourly(bad, 4000, start=start)
    assert forecast(diluted, TARGET, MONTH, now=start + 14 * DAY).launch.word == "now"
    early = forecast(diluted, TARGET, MONTH, now=start + 12 * DAY + HOUR)
    assert early.launch.word == "now"


def test_good_events_make_up_for_bad_ones_within_a_period() -> None:
    start = parse_instant("2026-11-01")
    buckets = hourly([0] * 24 * 5 + [200], start=start)
    found = forecast(buckets, TARGET, MONTH, now=buckets.end)
    assert found.launch.word == "later"
    # 200 bad events are within 0.1 % once there are more than 200 000 events: after 200 hours.
    assert found.launch.earliest == start + 201 * HOUR
    assert "good events make up" in found.launch.reason


def test_after_a_single_outage_the_range_reaches_from_calm_to_another_one() -> None:
    bad = [1] * 24 * 40
    bad[24 * 35] = 600
    buckets = hourly(bad)
    found = remaining_ahead(buckets, TARGET, FOUR_WEEKS, 7 * DAY, now=buckets.end)
    assert isinstance(found, BandPoint)
    allowed = 672
    calm, another = 1 - (671 + 600) / allowed, 1 - (671 + 2 * 600) / allowed
    assert found.likely == pytest.approx(calm, abs=0.01)
    assert found.high >= calm
    assert another - 0.5 <= found.low <= another


def test_at_the_edge_of_two_periods_the_new_one_begins() -> None:
    start = parse_instant("2026-11-01")
    buckets = hourly([2] * 24 * 30, start=start)
    found = forecast(buckets, TARGET, MONTH, now=buckets.end)
    assert found.spending.word == "spent"
    assert (found.launch.word, found.launch.reason) == ("now", "a new period begins now")


@pytest.mark.parametrize("window", [FOUR_WEEKS, MONTH])
def test_no_data_stays_no_data(window: Window) -> None:
    found = forecast(empty(HOUR), TARGET, window, now=60 * DAY)
    assert (found.spending.word, found.launch.word, found.band) == ("no data", "no data", ())
    assert found.recent_burn is NO_DATA
    assert remaining_ahead(empty(HOUR), TARGET, window, DAY, now=60 * DAY) is NO_DATA
    old = forecast(hourly([1] * 48), TARGET, window, now=400 * DAY)
    assert (old.spending.word, old.launch.word) == ("no data", "no data")
    assert remaining_ahead(hourly([1] * 48), TARGET, window, DAY, now=4000 * DAY) is NO_DATA


def test_a_threshold_above_zero_asks_for_more() -> None:
    bad = [0] * 24 * 30
    bad[24 * 11 + 10] = 400
    buckets = hourly(bad)
    now = buckets.end
    assert forecast(buckets, TARGET, FOUR_WEEKS, now=now).launch.word == "now"
    found = forecast(buckets, TARGET, FOUR_WEEKS, now=now, threshold=Fraction(1, 2)).launch
    assert (found.word, found.at) == ("later", (11 + 28) * DAY + 11 * HOUR)


@given(buckets=stories, window=windows, past=st.integers(0, 200), percent=st.sampled_from([50, 90, 99]))
def test_what_comes_back_is_what_was_spent(buckets: Buckets, window: Window, past: int, percent: int) -> None:
    now, target = buckets.end - past * HOUR, Fraction(percent, 100)
    found = forecast(buckets, target, window, now=now, zone=BERLIN)
    if isinstance(found.recovery, Renewal):
        assert found.recovery.at >= now
        return
    spent = found.budget.spent / found.budget.allowed if found.budget.allowed else 0
    assert sum(day.share for day in found.recovery.days) == spent
    assert sum(day.bad for day in found.recovery.days) == found.budget.spent
    for day in found.recovery.days:
        assert now < day.leaves.end <= now + window.at(now).seconds
        before, after = (
            budget_at(buckets, target, window, now=at) for at in (day.leaves.begin, day.leaves.end)
        )
        assert before.spent - after.spent <= day.bad
        came = buckets.between(day.leaves.begin, day.leaves.end).bad
        assert after.spent == before.spent - day.bad + came


@given(buckets=stories, window=windows, past=st.integers(0, 200), percent=st.sampled_from([50, 90, 99]))
def test_ranges_are_in_order_and_see_nothing_of_the_future(
    buckets: Buckets, window: Window, past: int, percent: int
) -> None:
    now, target = buckets.end - past * HOUR, Fraction(percent, 100)
    found = forecast(buckets, target, window, now=now)
    for one in (found.spending, found.launch):
        assert order(one.earliest) <= order(one.at) <= order(one.latest)
    for point in found.band:
        assert point.low - 1e-9 <= point.likely <= point.high + 1e-9
        assert point.high <= 1
        assert point.low >= 1 - 1 / (1 - float(target)) - 1e-9
    assert [point.at for point in found.band] == sorted({point.at for point in found.band})
    known = max(0, len(buckets) - past)
    if known:
        cut = Buckets(start=buckets.start, step=HOUR, good=buckets.good[:known], total=buckets.total[:known])
        assert forecast(cut, target, window, now=now) == found


@given(buckets=stories, percent=st.integers(50, 98), seconds=st.sampled_from([DAY, 5 * DAY]))
def test_a_looser_target_and_a_lower_threshold_never_launch_later(
    buckets: Buckets, percent: int, seconds: int
) -> None:
    window, now = RollingWindow(seconds=seconds), buckets.end
    strict = forecast(buckets, Fraction(percent + 1, 100), window, now=now).launch
    loose = forecast(buckets, Fraction(percent, 100), window, now=now).launch
    wary = forecast(buckets, Fraction(percent, 100), window, now=now, threshold=Fraction(1, 4)).launch
    if loose.word == "no data":
        return
    for other in (strict, wary):
        assert order(loose.at) <= order(other.at)
        assert order(loose.earliest) <= order(other.earliest)
        assert order(loose.latest) <= order(other.latest)


@given(buckets=stories, shift=st.integers(1, 1000))
def test_the_clock_does_not_matter(buckets: Buckets, shift: int) -> None:
    later = Buckets(start=buckets.start + shift * HOUR, step=HOUR, good=buckets.good, total=buckets.total)
    window = RollingWindow(seconds=3 * DAY)
    found = remaining_ahead(buckets, TARGET, window, DAY, now=buckets.end)
    shifted = remaining_ahead(later, TARGET, window, DAY, now=later.end)
    if isinstance(found, BandPoint) and isinstance(shifted, BandPoint):
        assert shifted.at == found.at + shift * HOUR
        assert (shifted.low, shifted.likely, shifted.high) == (found.low, found.likely, found.high)
    else:
        assert found is shifted is NO_DATA


@given(bad=st.integers(0, 50), more=st.integers(1, 50))
def test_a_worse_service_has_less_left(bad: int, more: int) -> None:
    better, worse = hourly([bad] * 240), hourly([bad + more] * 240)
    window = RollingWindow(seconds=5 * DAY)
    found, less = (remaining_ahead(one, TARGET, window, DAY, now=one.end) for one in (better, worse))
    assert isinstance(found, BandPoint)
    assert isinstance(less, BandPoint)
    assert less.likely < found.likely
    assert less.low < found.low


def test_now_is_taken_back_to_a_bucket_edge() -> None:
    buckets = hourly([1] * 24 * 40)
    late = forecast(buckets, TARGET, FOUR_WEEKS, now=buckets.end + 1234)
    assert late.now == buckets.end
    assert late == forecast(buckets, TARGET, FOUR_WEEKS, now=buckets.end)


def test_a_window_off_the_grid_is_refused() -> None:
    with pytest.raises(ProblemError, match="edge"):
        forecast(hourly([1] * 48), TARGET, RollingWindow(seconds=DAY + 60), now=2 * DAY)


def test_data_that_stopped_do_not_stop_the_forecast() -> None:
    buckets = hourly([3] * 24 * 40)
    found = forecast(buckets, TARGET, FOUR_WEEKS, now=buckets.end + 5 * DAY)
    assert found.recent_burn is NO_DATA
    assert found.launch.word in ("later", "not in sight")


def test_a_history_too_short_to_test_says_so() -> None:
    found = forecast(hourly([1]), TARGET, FOUR_WEEKS, now=HOUR)
    assert not found.tested
    assert forecast(hourly([1] * 24 * 5), TARGET, FOUR_WEEKS, now=5 * DAY).tested
    ahead = look_ahead(hourly([1]), now=HOUR, window=DAY, horizon=HOUR)
    assert not isinstance(ahead, type(NO_DATA))
    assert (ahead.bad_at(0, np.array([HOUR]))[0], ahead.bad_at(2, np.array([HOUR]))[0]) == (0, 1000)


@pytest.mark.parametrize(
    ("window", "step", "recent"),
    [
        (28 * DAY, 60, DAY),
        (30 * DAY, 60, DAY),
        (90 * DAY, 60, 3 * DAY),
        (7 * DAY, 60, 6 * HOUR),
        (DAY, 60, 3060),
        (HOUR, 60, 120),
        (60, 60, 60),
    ],
)
def test_recent_is_a_round_part_of_the_window(window: int, step: int, recent: int) -> None:
    assert recent_span(window, step) == recent


def coverage(sources: list[tuple[str, list[Buckets]]]) -> Score:
    return sum(
        (measure(one, Fraction(1, 4), 12) for _, some in sources for one in some if one.all().bad), Score()
    )


def test_ranges_hold_on_made_histories() -> None:
    score = coverage([(name, [buckets]) for seed in (11, 12) for name, buckets in generated(seed, days=90)])
    assert score.asked > 500
    assert 0.72 <= score.held <= 0.90


@pytest.mark.usefixtures("cases")
def test_ranges_hold_on_real_histories() -> None:
    score = coverage([(name, some) for name, some in histories(quick=True) if not name.startswith("made")])
    assert score.asked > 400
    assert 0.72 <= score.held <= 0.90


@settings(max_examples=5)
@given(seed=st.integers(100, 200))
def test_moments_lie_in_their_ranges(seed: int) -> None:
    scores = [measure_moments(buckets, 6) for _, buckets in generated(seed, days=60)]
    spent = sum((one for one, _ in scores), Score())
    again = sum((one for _, one in scores), Score())
    assert spent.asked > 20
    assert again.asked > 20
    assert spent.held >= 0.5
    assert again.held >= 0.7
