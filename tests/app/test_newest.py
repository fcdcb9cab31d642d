"""The newest bucket with events: found from running totals, tick by tick, as by looking at every bucket."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from allowance.app.newest import Newest
from allowance.core.counts import NO_DATA

STEP = 60


class Table:
    """Running totals of some series: row 0 is the edge 0."""

    step = STEP

    def __init__(self, gains: NDArray[np.int64]) -> None:
        self.gains = gains

    def at(self, instant: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        sums = self.gains[: max(0, instant // STEP)].sum(axis=0)
        return sums, sums


@given(st.data())
def test_it_is_what_a_look_at_every_bucket_says(data: st.DataObject) -> None:
    minutes, columns = data.draw(st.integers(2, 60)), data.draw(st.integers(1, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    share = data.draw(st.sampled_from([0.01, 0.2, 0.9]))
    table = Table((rng.random((minutes, columns)) < share).astype(np.int64))
    since = data.draw(st.integers(0, minutes // 2)) * STEP
    series = {(f"slo-{number // 2}", str(number % 2)): number for number in range(columns)}
    found = Newest(series, table, since)
    for minute in sorted(data.draw(st.sets(st.integers(since // STEP + 1, minutes), min_size=1))):
        newest = found.at(minute * STEP)
        for slo in {slo for slo, _ in series}:
            own = [number for (name, _), number in series.items() if name == slo]
            part = table.gains[since // STEP : minute][:, own].any(axis=1)
            expected = (int(part.nonzero()[0][-1]) + 1) * STEP + since if part.any() else NO_DATA
            assert newest[slo] == expected


def test_a_revision_of_an_old_bucket_is_found() -> None:
    gains = np.zeros((10, 1), dtype=np.int64)
    gains[2] = 1
    table = Table(gains)
    found = Newest({("a", ""): 0}, table, 0)
    assert found.at(10 * STEP) == {"a": 3 * STEP}
    gains[5] = 1
    assert found.at(10 * STEP) == {"a": 6 * STEP}
