"""The charts of a promise: where the burn-down leads, what was taken out, what stands on the lane, what is asked."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.analysis import Analysis, analyse
from allowance.budget.forecast import Forecast, Launch, NotBefore, Spending
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo
from allowance.core.counts import Counts
from allowance.core.time import parse_instant
from allowance.core.window import CalendarWindow, RollingWindow, Span
from allowance.reports.ahead_words import ends_words
from allowance.reports.analysis_alerts import burn_section
from allowance.reports.analysis_left import burn_down
from allowance.reports.analysis_view import View
from allowance.reports.burn_charts import LOWEST
from allowance.reports.charts import excluded_of, spend_chart
from allowance.reports.left_charts import burn_down_chart
from allowance.reports.page import Figure
from allowance.reports.pages.lane import PLURALS, Kind, LaneEvent, lane
from allowance.reports.pages.slo_asked import slo_asked
from allowance.reports.slots import Slot, Slots, slots_of
from allowance.signals.measured import Durations
from tests.reports.analyses import month, parts, question

HOUR, DAY = 3600, 86400
SLO = Slo(
    name="orders",
    service="shop",
    indicator=PromRatio(total="a", good="b"),
    target=Fraction("0.999"),
    window=RollingWindow(seconds=28 * DAY),
)


def _view(window: str, *, left: bool = True) -> View:
    whole: Analysis = analyse(month(), question("0.999", window))
    made = parts(whole)
    return View(
        facts=made["facts"],
        wording=made["wording"],
        whole=whole,
        durations=Durations(),
        groups={},
        made_at=made["made_at"],
        slots=slots_of(whole),
        left=left,
    )


@pytest.mark.parametrize("window", ["7d", "month"])
def test_the_burn_down_ends_at_the_number_and_leads_on(window: str) -> None:
    view = _view(window)
    answer = view.whole.headline
    assert answer is not None
    down = burn_down(view)
    assert down.points[0] == (answer.span.begin, 1)
    assert down.points[-1] == (answer.span.end, answer.budget.remaining)
    assert [one.at for one in down.band] == sorted(one.at for one in down.band)
    assert all(answer.span.end < one.at <= down.axis.end for one in down.band)
    if isinstance(answer.window, CalendarWindow):
        assert down.axis == answer.window.whole(answer.at)
    else:
        assert down.axis.end <= answer.span.end + answer.window.seconds // 4
    layers = burn_down_chart(down, width=400)["layer"]
    bands = [one for one in layers if one["mark"].get("type") == "area"]
    assert len(bands) == bool(down.band)
    assert [one for one in layers if one["mark"].get("strokeWidth") == 2.4], "the line at zero is heavy"


def test_the_window_before_lies_under_this_one() -> None:
    view = _view("7d")
    slots, answer = view.slots, view.whole.headline
    assert slots is not None
    assert answer is not None
    earlier = replace(
        answer, at=answer.at - 7 * DAY, span=Span(begin=answer.at - 14 * DAY, end=answer.at - 7 * DAY)
    )
    before = Slots(answer=earlier, each="day", even=slots.even, bars=slots.bars[:-1])
    down = burn_down(replace(view, before=before))
    assert down.before[0] == (answer.span.begin, 1)
    assert down.before[-1][0] == answer.span.end
    rows = spend_chart(slots, Fraction("0.999"), {}, width=300, before=before)["data"]["values"]
    assert [row["before"] for row in rows] == [None, *(float(one.share) for one in slots.bars[:-1])]


NOW = parse_instant("2026-11-21T12:00:00Z")
LATER = NotBefore(at=parse_instant("2026-12-20T00:00:00Z"))


@pytest.mark.parametrize(
    ("word", "earliest", "latest", "said"),
    [
        ("ahead", "2026-11-26T10:00:00Z", "2026-11-29T10:00:00Z", "spent between 26 and 29 Nov"),
        ("ahead", "2026-11-28T10:00:00Z", "2026-12-02T10:00:00Z", "spent between 28 Nov and 2 Dec"),
        ("ahead", "2026-11-21T13:00:00Z", "2026-11-21T15:10:00Z", "spent on 21 Nov between 13:00 and 15:10"),
        ("ahead", "2026-11-21T13:00:00Z", "2026-11-21T13:00:00Z", "spent on 21 Nov at 13:00"),
        ("not in sight", "2026-11-26T10:00:00Z", "", "spent on 26 Nov at the earliest"),
        ("not in sight", "", "", "not spent before 20 Dec"),
        ("spent", "2026-12-01T10:00:00Z", "2026-12-03T10:00:00Z", "back above zero between 1 and 3 Dec"),
        ("no data", "", "", ""),
    ],
)
def test_the_end_of_the_band_in_words(word: str, earliest: str, latest: str, said: str) -> None:
    first, last = (parse_instant(one) if one else LATER for one in (earliest, latest))
    made = _view("7d").whole.forecast
    assert isinstance(made, Forecast)
    spending = Spending(word=word, at=first, earliest=first, latest=last, reason="")  # type: ignore[arg-type]
    launch = Launch(word="later", at=first, earliest=first, latest=last, reason="")
    ahead = replace(made, spending=spending, launch=launch, tested=True)
    assert ends_words(ahead).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("excluded", "said"),
    [
        ([], ""),
        ([(-HOUR, 0)], ""),
        ([(-HOUR, HOUR)], "1 h"),
        ([(0, 2 * HOUR), (HOUR, 3 * HOUR)], "3 h"),
        ([(0, 5 * HOUR), (HOUR, 2 * HOUR), (23 * HOUR, 99 * HOUR)], "6 h"),
    ],
)
def test_time_taken_out_counts_once(excluded: list[tuple[int, int]], said: str) -> None:
    bar = Slot(
        name="x", anchor="x", span=Span(begin=0, end=DAY), counts=Counts(good=1, total=1), share=Fraction(0)
    )
    spans = [Span(begin=begin, end=end) for begin, end in excluded]
    assert excluded_of(bar, spans).replace("\u00a0", " ") == said


def test_zero_has_a_gutter_below_the_logarithm() -> None:
    section = burn_section(_view("7d"))
    assert section is not None
    (figure,) = (one for one in section.blocks if isinstance(one, Figure))
    for panel in figure.chart.wide["vconcat"]:
        first = panel["layer"][0]
        axis = first["encoding"]["y"]
        assert axis["scale"]["type"] == "log"
        assert axis["scale"]["domain"][0] == axis["axis"]["values"][0] < LOWEST == axis["axis"]["values"][1]
        assert any(row["short"] == 0 for row in panel["data"]["values"]), "the data stay what they are"
        assert f"< {LOWEST} ? {axis['scale']['domain'][0]} :" in first["transform"][0]["calculate"]


@given(st.lists(st.tuples(st.sampled_from(sorted(PLURALS)), st.integers(-50, 1050)), max_size=12))
def test_every_sign_of_the_lane_leads_to_an_anchor(made: list[tuple[Kind, int]]) -> None:
    events = [LaneEvent(kind=kind, at=at, end=at, name="x") for kind, at in made]
    drawn = lane(events, Span(begin=0, end=1000), width=300, anchored=True).markup
    anchors = {one.anchor for one in events}
    led = {part.split('"')[0] for part in drawn.split('href="#')[1:]}
    assert led <= anchors
    assert bool(led) == bool(events)
    assert drawn.count("<a ") == drawn.count("<text")


@given(
    st.sampled_from(["", "7d", "month", "quarter"]),
    st.sampled_from(["", "2026-11-12T00:00:00Z"]),
    st.sampled_from(["", "prev"]),
    st.sets(st.sampled_from(sorted(PLURALS.values())), max_size=3),
    st.sampled_from(["", "burn-down"]),
    st.sampled_from([("", ""), ("2026-11-12T14:00", "2026-11-12T18:00")]),
)
def test_an_address_is_read_as_it_was_written(
    window: str, end: str, compare: str, show: set[str], chart: str, period: tuple[str, str]
) -> None:
    query = {"w": window, "end": end, "cmp": compare, "show": ",".join(show), "chart": chart}
    query |= {"from": period[0], "to": period[1]}
    asked = slo_asked(query, SLO, newest=NOW)
    assert asked.remarks == ()
    again = slo_asked(dict(asked.fields), SLO, newest=NOW)
    assert again == replace(asked, chosen=None)
    assert (asked.chosen is not None) == bool(period[0])
    assert asked.chosen is None or asked.chosen.seconds == 4 * HOUR


def test_a_period_that_is_none_is_said_so() -> None:
    asked = slo_asked({"from": "2026-11-12T14:00", "to": "2026-11-12T14:00"}, SLO, newest=NOW)
    assert asked.chosen is None
    assert "is not before" in asked.remarks[0]
