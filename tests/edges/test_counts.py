"""Running totals in a mapped file say what the gains say, whatever order they come in."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.edges.store.counts import Counts
from allowance.edges.store.gains import ROW

STEP = 60
ROWS = 50
START = 1_000_000


def packed(rows: list[tuple[int, int, int, int]]) -> bytes:
    """(series, instant, good, total) rows as the store keeps them."""
    return np.array(rows, dtype=ROW).tobytes()


gain = st.tuples(st.integers(0, 90), st.integers(0, 40), st.integers(0, 5), st.integers(0, 5))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.lists(gain, max_size=8), st.integers(0, 3)), min_size=1, max_size=12))
def test_any_window_is_the_sum_of_its_gains(
    batches: list[tuple[list[tuple[int, int, int, int]], int]],
) -> None:
    counts = Counts(None, rows=ROWS, step=STEP)
    known: list[tuple[int, int, int, int]] = []
    minute = START
    for number, (gains, passed) in enumerate(batches, 1):
        minute += passed
        rows = [(series, (minute - back) * STEP, good, good + bad) for series, back, good, bad in gains]
        counts.apply([(number, packed(rows))], until=minute * STEP)
        oldest = min([at // STEP for _, at, _, _ in rows], default=counts.tail)
        assert counts.tail <= max(oldest, counts.head - ROWS + 1)
        # What was too old when it came is in no window, and stays out of all.
        known += [row for row in rows if row[1] // STEP + 1 > counts.tail]
    for begin in range(counts.tail, counts.head + 1):
        good, total = (
            a - b for a, b in zip(counts.at(counts.head * STEP), counts.at(begin * STEP), strict=True)
        )
        for series in {row[0] for row in known}:
            inside = [row for row in known if row[0] == series and row[1] // STEP >= begin]
            assert (int(good[series]), int(total[series])) == (
                sum(row[2] for row in inside),
                sum(row[3] for row in inside),
            )
    for series in {row[0] for row in known}:
        history = counts.history(series, counts.tail * STEP)
        mine = [row for row in known if row[0] == series and row[1] // STEP >= counts.tail]
        assert history.all().total == sum(row[3] for row in mine)


def test_a_file_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    counts = Counts(path, rows=ROWS, boot="one")
    counts.apply([(7, packed([(3, START * STEP, 4, 5)]))], until=(START + 5) * STEP)
    again = Counts(path, rows=ROWS, boot="one")
    assert (again.seq, again.head) == (7, START + 5)
    assert int(again.at((START + 5) * STEP)[1][3]) == 5
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_trusted_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    Counts(path, rows=ROWS, boot="one").apply([(7, packed([(3, START * STEP, 4, 5)]))], until=START * STEP)
    assert Counts(path, rows=ROWS, boot="two").seq == 0, (
        "after a restart of the machine nothing is known of the disk"
    )
    Counts(path, rows=ROWS, boot="one").apply([(8, packed([(3, START * STEP, 4, 5)]))], until=START * STEP)
    whole = bytearray(path.read_bytes())
    assert Counts(path, rows=ROWS + 1, boot="one").seq == 0, "another shape"
    whole[64] = 1
    path.write_bytes(whole)
    assert Counts(path, rows=ROWS, boot="one").seq == 0, "it was being written"
    path.write_bytes(b"not counts" * 1000)
    assert Counts(path, rows=ROWS, boot="one").seq == 0


def test_a_long_sleep_keeps_what_the_windows_reach() -> None:
    counts = Counts(None, rows=ROWS)
    counts.apply([(1, packed([(0, START * STEP, 1, 2)]))], until=(START + 1) * STEP)
    counts.apply([], until=(START + 10 * ROWS) * STEP)
    assert counts.head - counts.tail == ROWS - 1
    good, total = counts.at(counts.head * STEP)
    before = counts.at(counts.tail * STEP)
    assert np.array_equal(good, before[0])
    assert np.array_equal(total, before[1])


def test_a_full_disk_is_an_error_that_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counts(tmp_path / "counts", rows=ROWS)
    counts.apply([(1, packed([(0, START * STEP, 1, 2)]))], until=(START + 1) * STEP)
    later = packed([(0, (START + 30) * STEP, 1, 2)])

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match="No space"):
            counts.apply([(2, later)], until=(START + 31) * STEP)
    assert (counts.seq, counts.head) == (1, START + 1)
    counts.apply([(2, later)], until=(START + 31) * STEP)
    again = Counts(tmp_path / "counts", rows=ROWS)
    assert again.seq == 2
    assert again.history(0, 0).all().total == 4


def test_room_is_reserved_before_it_is_written(tmp_path: Path) -> None:
    """Pages of a mapped file that the disk has no room for would end the process."""
    counts = Counts(tmp_path / "counts", rows=5000)
    counts.apply([(1, packed([(0, START * STEP, 1, 2)]))], until=(START + 4000) * STEP)
    written = 4000 * 16 * counts.columns
    assert (tmp_path / "counts").stat().st_blocks * 512 >= written
    counts.apply([], until=(START + 9000) * STEP)
    assert counts.head - counts.tail == 4999
