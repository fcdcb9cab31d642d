"""The parts of pages: filters that survive the address, bars that add up, lanes that name everything."""

from __future__ import annotations

import re
from fractions import Fraction
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.budget import Budget
from allowance.budget.spend import days_within
from allowance.changes.deploys import Deploy
from allowance.core.buckets import Buckets
from allowance.core.window import Span
from allowance.reports.pages.drawings import strip
from allowance.reports.pages.filters import KEYS, Filter, parse_filter
from allowance.reports.pages.lane import LaneEvent, lane, lane_events
from allowance.reports.pages.rows import about
from allowance.reports.pages.view import query_text
from allowance.reports.palette import EDGE, GROUND, contrast
from tests.budget.histories import histories, targets

VALUES = st.text(alphabet=st.characters(exclude_characters='"', exclude_categories=("Cs",)), max_size=20)
KEYED = st.tuples(st.sampled_from(sorted(KEYS)), VALUES)
UTC = ZoneInfo("UTC")


@given(st.lists(KEYED, max_size=6, unique=True))
def test_a_filter_is_its_own_text(terms: list[tuple[str, str]]) -> None:
    wanted = Filter(terms=tuple(terms))
    assert parse_filter(str(wanted)) == wanted


@given(st.text(max_size=80))
def test_every_text_is_a_filter(text: str) -> None:
    found = parse_filter(text)
    assert parse_filter(str(found)) == found
    for term in found.terms:
        assert term not in found.without(term).terms
        assert found.also("team", "x").terms[-1] == ("team", "x")


@given(st.text(max_size=40))
def test_an_address_holds_any_text(text: str) -> None:
    shown = query_text(q=text)
    readable = text.encode("utf-8", "replace").decode()
    assert parse_qs(shown.removeprefix("?"), keep_blank_values=True).get("q", [""]) == [readable]
    assert re.fullmatch(r"(\?q=[-.~%\w]+)?", shown, re.ASCII)


@given(histories(longest=4000), targets)
def test_the_bars_of_a_window_add_up_to_what_is_spent(history: Buckets, target: Fraction) -> None:
    span = Span(begin=history.start - 7200, end=history.end + 3600)
    days = days_within(history, target, span, UTC)
    budget = Budget(target=target, counts=history.all())
    assert sum(day.counts.bad for day in days) == budget.spent
    if budget.counts.total:
        assert sum(day.share for day in days) == 1 - budget.remaining  # type: ignore[operator]
    assert [day.span.begin for day in days[1:]] == [day.span.end for day in days[:-1]]
    assert (days[0].span.begin, days[-1].span.end) == (span.begin, span.end)
    drawn = strip(days, target).markup
    assert drawn.count("M") == len(days)
    assert not re.search("nan|inf|None", drawn)


def _deploy(at: int, number: int, service: str = "shop") -> Deploy:
    return Deploy(
        id=str(number),
        service=service,
        version=f"v{number}",
        commit="",
        environment="production",
        at=at,
        state="ok",
        source="ci",
    )


@given(st.lists(st.integers(0, 100_000), max_size=30))
def test_the_lane_names_every_event_once(instants: list[int]) -> None:
    span = Span(begin=0, end=100_001)
    deploys = [_deploy(at, number) for number, at in enumerate(instants)]
    found = lane_events("shop", span, deploys=[*deploys, _deploy(5, 999, "other")])
    assert len(found) == len(instants)
    drawn = lane(found, span).markup
    for deploy in deploys:
        assert len(re.findall(rf"\b{deploy.version},", drawn)) == 1
    more = [int(one) for one in re.findall(r"\+(\d+)</text>", drawn)]
    assert drawn.count("<text") + sum(more) == len(instants)


def test_a_name_in_the_lane_is_no_markup() -> None:
    event = LaneEvent(kind="note", at=5, end=5, name='"><script>x</script>', href='/ledger/1"onclick="')
    drawn = lane((event,), Span(begin=0, end=10), paths=frozenset({"/ledger/{n}"})).markup
    assert "<script>" not in drawn
    assert '"onclick' not in drawn
    assert "<a " not in lane((event,), Span(begin=0, end=10)).markup, "a page that is not there is not linked"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "119 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_how_long_is_said_in_one_unit(seconds: int, said: str) -> None:
    assert about(seconds).replace("\u00a0", " ") == said


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_can_be_used_has_an_edge_that_can_be_seen(theme: str) -> None:
    for colour in EDGE.values():
        for ground in GROUND.values():
            assert contrast(getattr(colour, theme), getattr(ground, theme)) >= 3
