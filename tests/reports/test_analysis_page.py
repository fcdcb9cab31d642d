"""The report as values: the numbers of the JSON, in words and tables, for any history."""

from __future__ import annotations

import re
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from allowance.budget.analysis import analyse
from allowance.core.buckets import empty
from allowance.core.counts import NoData
from allowance.core.window import CalendarWindow
from allowance.reports.analysis_json import analysis_json
from allowance.reports.analysis_page import analysis_page
from allowance.reports.page import Cell, Figure, Page, Section, Table
from tests.budget.histories import even
from tests.reports.analyses import MADE_AT, Parts, any_parts, grouped_month, month, parts, question, values_in

FORBIDDEN = re.compile(r"\b(NaN|nan|None|null|inf|Infinity|undefined|True|False|NoData)\b|Fraction\(")


def document(made: Parts) -> dict[str, Any]:
    rest = {name: value for name, value in made.items() if name != "made_at"}
    return analysis_json(**rest)


def section(page: Page, name: str) -> Section:
    return next(one for one in page.sections if one.name == name)


def table(one: Section) -> Table:
    return next(block for block in one.blocks if isinstance(block, Table))


def figure(page: Page, name: str) -> Figure:
    blocks = [block for one in page.sections for block in one.blocks]
    return next(block for block in blocks if isinstance(block, Figure) and block.name == name)


def number(text: str) -> tuple[Fraction, Fraction]:
    """A printed number and the most that rounding can have changed it."""
    plain = re.sub(r"[\s%×<>]", "", text).replace("\u2212", "-")
    places = len(plain.partition(".")[2])
    # What is not zero is never printed as zero: `< 0.1 %` may be off by a whole last place.
    slack = Fraction(1 if re.search("[<>]", text) else 2) * Fraction(1, 10**places)
    return Fraction(plain), slack if re.search("[<>]", text) else slack / 4


def agrees(text: str, value: float | None, scale: int = 100) -> bool:
    if value is None:
        return text == "no data"
    shown, slack = number(text)
    return abs(float(shown) - value * scale) <= float(slack) * (1 + 1e-9) + 1e-9 * abs(value * scale)


@settings(max_examples=150)
@given(any_parts())
def test_any_history_makes_a_whole_page_with_the_numbers_of_the_json(made: Parts) -> None:
    page = analysis_page(**made)
    nothing_is_missing(page)
    tables_are_whole_and_anchors_unique(page)
    the_json_says_the_same(page, made)
    bars_add_up_and_the_burn_down_ends_at_the_number(page, made)


def nothing_is_missing(page: Page) -> None:
    texts = [value for value in values_in(page) if isinstance(value, str)]
    for text in texts:
        assert not FORBIDDEN.search(text)
        assert text != "-1"
    for one in page.sections:
        assert one.title
        assert one.short
        assert one.blocks or one.lead
        assert all(one.lead)
    for tile in page.tiles:
        assert tile.label
        assert tile.value
        assert all(tile.notes)
    assert page.headline
    assert all(page.sentences)
    assert all(isfinite(value) for value in values_in(page) if isinstance(value, float))


def tables_are_whole_and_anchors_unique(page: Page) -> None:
    anchors = [one.name for one in page.sections]
    for one in page.sections:
        for block in one.blocks:
            tables = (
                [block.numbers] if isinstance(block, Figure) else [block] if isinstance(block, Table) else []
            )
            anchors += [block.name] if isinstance(block, Figure) else []
            for found in tables:
                assert all(
                    len(row) == len(found.columns)
                    for row in (*found.rows, *([found.foot] if found.foot else []))
                )
                assert all(column.title for column in found.columns)
                assert all(row[0].text or row[0].instant is not None for row in found.rows)
                anchors += [row[0].anchor for row in found.rows if row[0].anchor]
    assert len(anchors) == len(set(anchors))
    assert all(re.fullmatch(r"[\w:-]+", anchor) for anchor in anchors)


def the_json_says_the_same(page: Page, made: Parts) -> None:
    told = document(made)
    if told["windows"]:
        rows = table(section(page, "windows")).rows
        for row, window in zip(rows, told["windows"], strict=True):
            texts = [cell.text for cell in row]
            assert row[1].instant is not None
            assert texts[2] == {True: "kept", False: "broken", None: "no data"}[window["met"]]
            assert agrees(texts[3], window["sli"])
            assert [int(number(t)[0]) for t in texts[4:6]] == [window["good"], window["total"]]
            if window["budget"]:
                assert agrees(texts[6], float(Fraction(window["budget"]["allowed"])), 1)
                assert int(number(texts[7])[0]) == window["budget"]["spent"]
                assert agrees(texts[8], float(Fraction(window["budget"]["left"])), 1)
                assert agrees(texts[9], window["budget"]["remaining"])
    whole = made["whole"]
    if whole.headline is not None:
        budget = whole.headline.budget
        assert agrees(
            page.tiles[0].value, None if isinstance(budget.counts.sli, NoData) else float(budget.counts.sli)
        )
        assert agrees(
            page.tiles[1].value, None if isinstance(budget.remaining, NoData) else float(budget.remaining)
        )


def bars_add_up_and_the_burn_down_ends_at_the_number(page: Page, made: Parts) -> None:
    answer = made["whole"].headline
    if answer is None or not answer.budget.counts.total:
        assert not any(one.name == "spend" for one in page.sections)
        return
    found = figure(page, "spend-chart").numbers
    rows = figure(page, "spend-chart").chart.wide["data"]["values"]
    assert sum(int(number(row[2].text)[0]) for row in found.rows) == answer.budget.spent
    assert sum(row["share"] for row in rows) == pytest.approx(
        float(answer.budget.spent / answer.budget.allowed)
    )
    assert len(rows) == len(found.rows)
    if isinstance(answer.window, CalendarWindow):
        last = figure(page, "burn-down").chart.wide["layer"][-1]["data"]["values"]
        assert last[0]["text"] == page.tiles[1].value


def test_a_month_by_region() -> None:
    made = grouped_month()
    page, told = analysis_page(**made), document(made)
    assert [one.name for one in page.sections] == [
        "remarks", "spend", "burn", "alerts", "ahead", "groups", "windows", "latency", "targets", "source", "sums",
    ]  # fmt: skip
    days = figure(page, "spend-chart").numbers
    for row, day in zip(days.rows, told["spend_by_day"], strict=True):
        assert row[0].anchor == f"day-{day['day']}"
        assert [int(number(cell.text)[0]) for cell in row[1:3]] == [day["total"], day["bad"]]
        assert agrees(row[3].text, day["share"]) or row[3].text == "no data"
    sent = table(section(page, "alerts")).rows
    assert len(sent) == sum(len(severity["detections"]) for severity in told["policy"])
    groups = {row[0].text: row for row in table(section(page, "groups")).rows}
    assert len(groups) == len(told["groups"])
    for group in told["groups"]:
        row = groups[group["group"] or "(empty)"]
        assert agrees(row[3].text, group["windows"][0]["budget"]["remaining"])
    slow = {row[0].text: row[1].text for row in table(section(page, "latency")).rows}
    assert agrees(slow["50 %"].replace("ms", ""), told["percentiles_ms"]["p50"], 1)
    ahead = figure(page, "ahead-chart").numbers
    assert len(ahead.rows) == len(made["whole"].forecast.band)


def test_groups_stand_worst_first() -> None:
    page = analysis_page(**grouped_month())
    rows = table(section(page, "groups")).rows
    words = [row[1].state.word for row in rows if row[1].state is not None]
    order = ["BROKEN", "WATCH", "NO DATA", "TOO LITTLE", "OK"]
    assert [order.index(word) for word in words] == sorted(order.index(word) for word in words)


def test_no_data_says_what_to_check() -> None:
    page = analysis_page(**parts(analyse(empty(), question())))
    assert page.state.word == "NO DATA"
    assert page.tiles == ()
    assert any("Usual causes" in text for text in page.sentences)
    assert not page.has_charts


def test_a_window_without_events_is_no_data_too() -> None:
    made = parts(
        analyse(month(days=2, quiet=True), question(instants=(MADE_AT - MADE_AT % 60 - 400 * 86400,)))
    )
    page = analysis_page(**made)
    assert page.state.word == "NO DATA"
    assert [tile.value for tile in page.tiles] == ["no data", "no data"]
    assert "ask at another instant" in page.sentences[1]


def test_long_lists_say_what_they_leave_out() -> None:
    whole = month(days=1, quiet=True)
    asked = question(instants=tuple(whole.end - i * 60 for i in range(100)))
    found = table(section(analysis_page(**parts(analyse(whole, asked))), "windows"))
    assert len(found.rows) == 60
    assert "40" in found.rest
    wording = grouped_month()["wording"]
    made = parts(analyse(whole, question()), wording=wording)
    made["groups"] = {f"g{i}": (analyse(whole, question()), made["durations"]) for i in range(70)}
    assert "10" in table(section(analysis_page(**made), "groups")).rest


def test_a_short_history_is_drawn_in_hours_or_minutes() -> None:
    day = figure(analysis_page(**parts(analyse(month(days=1, quiet=True), question()))), "spend-chart")
    assert len(day.numbers.rows) == 24
    assert day.numbers.columns[0].title == "hour"
    whole = month(days=1, quiet=True)
    half = slice(600, 640)
    short = type(whole)(start=whole.start + 36000, step=60, good=whole.good[half], total=whole.total[half])
    minute = figure(analysis_page(**parts(analyse(short, question()))), "spend-chart")
    assert minute.numbers.columns[0].title == "minute"


def test_years_are_drawn_several_days_to_a_bar() -> None:
    days = np.full(900 * 24, 50)
    whole = type(month())(start=0, step=3600, good=days, total=days)
    asked = question("0.99", "36500d")
    asked = type(asked)(
        target=asked.target,
        windows=asked.windows,
        instants=(),
        rules=(),
        period=asked.period,
        zone=asked.zone,
    )
    found = figure(analysis_page(**parts(analyse(whole, asked))), "spend-chart")
    assert found.numbers.columns[0].title == "3 days"
    assert len(found.numbers.rows) == 300


def test_cells_know_their_state_by_word_and_shape() -> None:
    rows = figure(analysis_page(**grouped_month()), "spend-chart").numbers.rows
    states = [cell.state for row in rows for cell in row if isinstance(cell, Cell) and cell.state is not None]
    assert states
    assert all(state.word and state.glyph.markup.startswith("<svg") for state in states)


def test_many_messages_stand_behind_the_costliest() -> None:
    bad = {range(i * 200 + 100, i * 200 + 104): 60 + i for i in range(20)}
    page = analysis_page(**parts(analyse(even(4200, 100, bad), question("0.99"))))
    first, behind = section(page, "alerts").blocks
    assert isinstance(first, Table)
    assert isinstance(behind, Table)
    assert len(first.rows) == 10
    assert behind.fold
    assert len(behind.rows) > 15
    costs = [number(row[6].text)[0] for row in first.rows]
    assert costs == sorted(costs, reverse=True)
    sent = [row[0].instant or 0 for row in behind.rows]
    assert sent == sorted(sent)


def test_strips_of_groups_share_the_days_of_the_whole() -> None:
    made = grouped_month()
    late = month(4, quiet=True, days=10)
    made["groups"]["late"] = (analyse(late, question()), made["durations"])
    rows = {row[0].text: row[-1].svg for row in table(section(analysis_page(**made), "groups")).rows}
    cells = {name: svg.markup.count("<rect") for name, svg in rows.items() if svg is not None}
    assert set(cells.values()) == {30}
    assert rows["late"] is not None
    assert rows["late"].markup.count('class="no-data"') == 20
