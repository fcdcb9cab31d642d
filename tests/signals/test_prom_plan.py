from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.window import Span
from allowance.signals.prom_answer import Series
from allowance.signals.prom_counts import gains, sums, witnesses
from allowance.signals.prom_plan import (
    BLOCK,
    LOOKBACK,
    MOST_POINTS,
    MOST_SAMPLES,
    block_seconds,
    blocks,
    chunks,
    doubtful,
    halves,
    merged,
    spliced,
)

BEGIN = 1_790_000_040 // 60 * 60


def test_answers_stay_below_what_servers_give() -> None:
    month = Span(begin=0, end=30 * 86_400)
    assert [piece.seconds // 60 for piece in chunks(month, 60, 3)] == [MOST_POINTS] * 4
    many = chunks(month, 60, 10_000)
    assert all(piece.seconds // 60 * 10_000 <= MOST_SAMPLES for piece in many)
    assert sum(piece.seconds for piece in many) == month.seconds
    assert len(chunks(month, 60, 10**9)) == 43_200 / 60
    assert chunks(Span(begin=60, end=60), 60, 1) == []


def test_halves_lie_on_an_edge() -> None:
    assert halves(Span(begin=0, end=180), 60) == (Span(begin=0, end=60), Span(begin=60, end=180))
    assert halves(Span(begin=0, end=60), 60) is None


@pytest.mark.parametrize("step", [10, 60, 420, 3600, 7200])
def test_blocks_cover_the_span_on_bucket_edges(step: int) -> None:
    begin = BEGIN // step * step
    span = Span(begin=begin, end=begin + 11 * step)
    pieces = blocks(span, step)
    assert (pieces[0].begin, pieces[-1].end) == (span.begin, span.end)
    assert all(one.end == two.begin for one, two in pairwise(pieces))
    assert all(piece.end % block_seconds(step) == 0 for piece in pieces[:-1])


def test_blocks_that_follow_each_other_are_asked_at_once_if_they_fit() -> None:
    pieces = [Span(begin=hour * BLOCK, end=(hour + 1) * BLOCK) for hour in (0, 1, 2, 5)]
    assert merged(pieces, 1) == [Span(begin=0, end=3 * BLOCK), pieces[3]]
    assert merged(pieces, 10**6) == pieces


@st.composite
def lives(draw: st.DrawFn) -> list[Series]:
    """Counters scraped every 15 s that begin, end, pause, are reset, and run fast or slowly."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = []
    for instance in range(draw(st.integers(1, 2))):
        at = BEGIN - 600 + rng.uniform(0, 15) + 15.0 * np.arange(draw(st.integers(100, 900)))
        for low in rng.uniform(at[0], at[-1], draw(st.integers(0, 2))):
            at = at[(at < low) | (at > low + rng.choice([20, 200, 2000]))]
        at = at[rng.integers(0, 300) * (rng.random() < 0.5) :]
        for code in ("200", "500")[: draw(st.integers(1, 2))]:
            mine = at[rng.integers(0, max(len(at), 1)) * (code == "500") :]
            rise = rng.poisson(draw(st.sampled_from([0.01, 1, 50])), len(mine))
            values = np.cumsum(rise)
            for place in rng.integers(0, max(len(mine), 1), draw(st.integers(0, 3))):
                values[place:] -= values[place : place + 1] - rng.integers(0, 3)
            labels = {"job": "j", "instance": str(instance), "code": code}
            found.append(Series(labels=labels, at=mine, values=np.maximum(values, 0).astype(float)))
    return found


def at_edges(series: Series, span: Span, step: int, *, marks_ends: bool) -> Series:
    """What a query over a range shows: at each edge the last value of the last five minutes.

    With `marks_ends` the server knows when a series was not there in a scrape.
    """
    edges = np.arange(span.begin + step, span.end + 1, step, dtype=float)
    index = np.searchsorted(series.at, edges, side="right") - 1
    age = (
        edges - np.where(index >= 0, series.at[np.maximum(index, 0)], -np.inf)
        if series.at.size
        else np.full(len(edges), np.inf)
    )
    shown = age < (16 if marks_ends else LOOKBACK)
    return Series(labels=series.labels, at=edges[shown], values=series.values[index[shown]])


def resets(series: Series, span: Span, step: int) -> Series:
    """What `resets(x[65m])` gives at the end of every block."""
    block = block_seconds(step)
    ends = np.arange((span.begin // block + 1) * block, -(-span.end // block) * block + 1, block, dtype=float)
    at, values = [], []
    for end in ends:
        inside = series.values[(series.at > end - block - LOOKBACK) & (series.at <= end)]
        if inside.size:
            at.append(end)
            values.append(float(np.count_nonzero(np.diff(inside) < 0)))
    return Series(labels=series.labels, at=np.array(at), values=np.array(values))


@given(lives(), st.sampled_from([30, 60, 120, 600]), st.booleans())
def test_edges_and_doubtful_blocks_tell_as_much_as_every_sample(
    lives: list[Series], step: int, marks_ends: bool
) -> None:
    begin = -(-BEGIN // step) * step
    span = Span(begin=begin, end=begin + 14_400)
    before = gains(lives, {}, Span(begin=0, end=begin), step)
    known = {gain.identity: gain.last for gain in before.series}
    raw = [
        Series(labels=one.labels, at=one.at[inside], values=one.values[inside])
        for one in lives
        for inside in [(one.at > span.begin) & (one.at <= span.end)]
    ]
    edges = [at_edges(one, span, step, marks_ends=marks_ends) for one in lives]
    wrong = doubtful(edges, [resets(one, span, step) for one in lives], known, span, step)
    pieces = [
        Series(labels=one.labels, at=one.at[inside], values=one.values[inside])
        for piece in wrong
        for one in raw
        for inside in [(one.at > piece.begin) & (one.at <= piece.end)]
    ]
    mixed = spliced(edges, pieces, wrong)
    told = []
    for series in (raw, mixed):
        found = gains(series, known, span, step)
        seen = witnesses([(found, known)], frozenset({"code"}))
        told.append(sums([(1, found)], seen, span.seconds // step, "code"))
    assert told[0].keys() == told[1].keys()
    for group, values in told[0].items():
        assert values.tolist() == told[1][group].tolist()


def test_quiet_hours_are_not_read_again() -> None:
    span = Span(begin=0, end=86_400)
    edges = np.arange(60.0, 86_401, 60)
    values = np.arange(float(len(edges)))
    values[500:] -= 500
    series = Series(labels={"a": "b"}, at=edges, values=values)
    clean = Series(labels={"a": "b"}, at=np.arange(3600.0, 86_401, 3600), values=np.zeros(24))
    known = gains([series], {}, Span(begin=0, end=60), 60).series[0]
    assert doubtful([series], [clean], {known.identity: known.last}, span, 60) == [
        Span(begin=8 * 3600, end=9 * 3600)
    ]
