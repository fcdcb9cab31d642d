"""What is drawn is what is known: bars, burn rates, fixed decimals, colours, small drawings."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.budget.analysis import analyse
from allowance.budget.burn import burn_rate
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import Span
from allowance.reports import glyphs, tabular
from allowance.reports.burn_lines import burn_line, even_edges, fired_spans
from allowance.reports.health import WORDS
from allowance.reports.palette import FILL, GROUND, ROLES, TEXT, contrast
from allowance.reports.slots import slots_of
from tests.budget.histories import histories, targets
from tests.reports.analyses import any_parts, month, question

MIN = 60


@settings(max_examples=60)
@given(any_parts())
def test_bars_are_the_window_cut_into_parts(made: dict[str, object]) -> None:
    whole = made["whole"]
    slots = slots_of(whole)  # type: ignore[arg-type]
    if slots is None:
        return
    budget = slots.answer.budget
    assert slots.spent == Fraction(budget.spent) / budget.allowed
    assert sum(bar.counts.total for bar in slots.bars) == budget.counts.total
    ends = [bar.span.end for bar in slots.bars]
    assert [bar.span.begin for bar in slots.bars[1:]] == ends[:-1]
    assert len({bar.name for bar in slots.bars}) == len(slots.bars) <= 400
    if slots.leaving is not None:
        bar, gone = slots.leaving
        assert bar.counts.bad
        assert not slots.answer.window.at(gone).begin < bar.span.end


@settings(max_examples=80)
@given(histories(longest=200), targets, st.integers(1, 40), st.integers(1, 5), st.integers(1, 50))
def test_no_spike_is_lost_in_drawing(
    history: Buckets, target: Fraction, short: int, times: int, parts: int
) -> None:
    rule = BurnRule(severity="page", share=Fraction(1, 10), long=MIN * short * times, short=MIN * short)
    span = Span(begin=history.start, end=history.end)
    line = burn_line(history, rule, target, edges=even_edges(span, MIN, parts))
    assert len(line.edges) - 1 <= parts
    for drawn, window in ((line.long, rule.long), (line.short, rule.short)):
        instants = range(history.start + MIN, history.end + MIN, MIN)
        rates = [burn_rate(history.between(at - window, at), target) for at in instants]
        known = [float(rate) for rate in rates if not isinstance(rate, NoData)]
        assert max((value for value in drawn if value is not None), default=None) == (
            pytest.approx(max(known)) if known else None
        )
        if all(isinstance(rate, NoData) for rate in rates):
            assert set(drawn) == {None}


def test_a_rule_that_fired_for_one_bucket_is_seen() -> None:
    whole = analyse(month(), question())
    for one in whole.replay.rules:
        edges = even_edges(Span(begin=whole.buckets.start, end=whole.buckets.end), 60, 100)
        spans = fired_spans(one.firing, one.start, one.step, edges=edges)
        assert bool(spans) == bool(one.firing_buckets)
        for episode in one.episodes:
            assert any(span.begin < episode.first <= span.end for span in spans)


@given(st.fractions(-1000, 1000), st.integers(0, 4))
def test_fixed_decimals(value: Fraction, places: int) -> None:
    text = tabular.fixed(value, places)
    assert len(text.partition(".")[2]) == places
    shown = Fraction(text.replace(tabular.MINUS, "-").replace("\u202f", ""))
    assert abs(shown - value) <= Fraction(1, 2 * 10**places)
    assert not (shown == 0 and text.startswith(tabular.MINUS))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 5), "20.0 %"),
        (Fraction(0), "0.0 %"),
        (Fraction(1, 10**6), "< 0.1 %"),
        (Fraction(-1, 10**6), "> \u22120.1 %"),
        (Fraction(-5, 4), "\u2212125.0 %"),
        (Fraction(12345), "1\u202f234\u202f500.0 %"),
        (NO_DATA, "no data"),
    ],
)
def test_percent(value: Fraction | NoData, text: str) -> None:
    assert tabular.percent(value).replace("\u00a0", " ") == text


@given(st.fractions(0, 1), targets)
def test_a_measured_ratio_never_looks_like_a_target_that_it_misses(value: Fraction, target: Fraction) -> None:
    text = tabular.sli_percent(value, target).replace("\u00a0%", "").replace("<", "").strip()
    shown = Fraction(text) / 100
    if abs(value - target) > Fraction(1, 10**10) and len(str(target)) < 8:
        assert (shown < target) == (value < target)
    if 1 - value > Fraction(1, 10**8):
        assert shown < 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_contrast(theme: str) -> None:
    grounds = [getattr(colour, theme) for colour in GROUND.values()]
    for roles, least in ((TEXT, 4.5), (FILL, 3.0)):
        for name, colour in roles.items():
            for ground in grounds:
                assert contrast(getattr(colour, theme), ground) >= least, (name, ground)


def test_every_role_has_its_own_light_value_so_that_a_page_can_map_it() -> None:
    values = [colour.light for name, colour in ROLES.items() if name not in GROUND]
    assert all(one != other for one, other in combinations(values, 2))
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_small_drawings_are_well_formed_and_escape_what_comes_from_outside() -> None:
    days = analyse(month(), question()).spend
    drawings = [
        *(glyphs.state_glyph(state) for state in WORDS),
        *(glyphs.state_icon(state) for state in WORDS),
        glyphs.day_strip(days, question().target, "<script>&\"'"),
        glyphs.spark([1.0, None, 3.0, 2.0], "<b>"),
        glyphs.spark([None, None], "nothing"),
        glyphs.spark([0.0], "one"),
        glyphs.budget_bar(Fraction(-7), "broken", "spent"),
        glyphs.budget_bar(Fraction(1, 3), "ok", "left"),
        glyphs.cost_bar(Fraction(3, 2)),
        glyphs.duration_bar(12.5, 300.0, None),
    ]
    for drawing in drawings:
        assert "<script" not in drawing.markup
        assert "style=" not in drawing.markup
        assert ET.fromstring(drawing.markup).tag.endswith("svg")
