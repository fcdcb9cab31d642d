"""The reader of the live loop: each kind of source from where it was left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allowance.app.collect import Read
from allowance.contract.model import Slo
from allowance.contract.source import Prometheus, Source
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from allowance.edges.measure import STEP, measure, prom_indicators
from allowance.signals.prom_state import PromState, from_json


def read(
    source: Source, slos: Sequence[Slo], by: str | None, memory: Any, *, begin: Instant, end: Instant
) -> Read:
    """Gains in `[begin, end)`. A Prometheus goes on from its counters; files and tables are asked for the span."""
    if isinstance(source, Prometheus):
        from allowance.edges.prometheus import advance

        if isinstance(memory, _Remembered):
            state = memory.state
        else:
            state = PromState(at=begin, step=STEP, by=by) if memory is None else from_json(memory)
        measured, state = advance(source, prom_indicators(slos), state, end=end)
        return Read(gains=measured.series, memory=_Remembered(state), notes=measured.facts.notes)
    measured = measure(source, slos, begin=begin, end=end, by=by)
    gains = {key: _inside(buckets, begin, end) for key, buckets in measured.series.items()}
    return Read(gains=gains, memory=None, notes=measured.facts.notes)


class _Remembered(dict[str, Any]):
    """A state as plain values for the store, and as it is for the next reading in the same process."""

    def __init__(self, state: PromState) -> None:
        super().__init__(state.as_json())
        self.state = state


def _inside(buckets: Buckets, begin: Instant, end: Instant) -> Buckets:
    low = min(max(0, (begin - buckets.start) // buckets.step), len(buckets))
    high = min(max(low, (end - buckets.start) // buckets.step), len(buckets))
    return Buckets(
        start=buckets.start + low * buckets.step,
        step=buckets.step,
        good=buckets.good[low:high],
        total=buckets.total[low:high],
    )
