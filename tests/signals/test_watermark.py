"""How far a source is known: one word and a reason for every way in which it can be behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import Problem
from allowance.signals.watermark import Watermark, watermark

NOW = 1_795_000_020
DOWN = Problem(code="prom-reach", message="the server does not answer")


def _at(
    read: int | None, newest: int | None, problem: Problem | None = None, *, silence: bool = False
) -> Watermark:
    """Minutes behind; nothing: never."""
    ago = [NO_DATA if minutes is None else NOW - 60 * minutes for minutes in (read, newest)]
    return watermark(ago[0], ago[1], problem, now=NOW, silence_counts=silence)


def test_each_word_with_its_reason() -> None:
    assert (_at(0, 0).word, _at(2, 2).word) == ("fresh", "fresh")
    assert _at(None, None).reason == "it has never been read"
    assert _at(None, None, DOWN).reason == "it has never been read: the server does not answer"
    assert (_at(0, 0, DOWN).word, _at(0, 0, DOWN).reason) == (
        "late",
        "it could not be read: the server does not answer",
    )
    assert (_at(3, 3).word, _at(3, 3).reason) == ("late", "it was not read for more than 3m")
    assert (_at(15, 15).word, _at(15, 15, DOWN).reason) == (
        "stale",
        "it was not read for more than 15m: the server does not answer",
    )
    assert (_at(0, None).word, _at(0, None).reason) == (
        "no data",
        "it answers, but has never given an event",
    )


def test_silence_says_something_of_a_table_and_nothing_of_a_prometheus() -> None:
    assert _at(0, 60).word == "fresh"
    found = _at(0, 60, silence=True)
    assert (found.word, found.known_to) == ("stale", NOW - 3600)
    assert found.reason == "it answers, but has given no event since 2026-11-18T10:07:00Z"
    assert _at(0, 3, silence=True).word == "late"


minutes = st.none() | st.integers(0, 40)


@given(minutes, minutes, st.booleans(), st.booleans())
def test_only_what_is_fresh_needs_no_reason_and_nothing_is_known_beyond_what_was_read(
    read: int | None, newest: int | None, down: bool, silence: bool
) -> None:
    found = _at(read, newest, DOWN if down else None, silence=silence)
    assert found.is_fresh == (found.reason == "")
    assert isinstance(found.known_to, NoData) == (found.word == "no data")
    if read is not None and not isinstance(found.known_to, NoData):
        assert found.known_to <= NOW - 60 * min(read, newest if newest is not None else 0) or silence


@given(st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_falling_further_behind_never_looks_better(read: int, more: int, silence: bool) -> None:
    order = ["fresh", "late", "stale"]
    words = [_at(behind, behind, silence=silence).word for behind in (read, read + more)]
    assert order.index(words[0]) <= order.index(words[1])
