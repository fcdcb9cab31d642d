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
from allowance.edges.prometheus.connections import Connections


class Reader:
    """Reads every kind of source; connections to PromQL systems are kept from one reading to the next."""

    def __init__(self) -> None:
        self._connections = Connections()

    def __call__(
        self,
        source: Source,
        slos: Sequence[Slo],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read:
        """Gains in `[begin, end)`. A Prometheus goes on from its counters; files and tables are asked for the span."""
        if isinstance(source, Prometheus):
            return self._prometheus(source, slos, by, memory, begin=begin, end=end)
        measured = measure(source, slos, begin=begin, end=end, by=by)
        gains = {key: _inside(buckets, begin, end) for key, buckets in measured.series.items()}
        return Read(gains=gains, memory=None)

    def close(self) -> None:
        """Close what is kept open."""
        self._connections.close()

    def _prometheus(
        self,
        source: Prometheus,
        slos: Sequence[Slo],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read:
        from allowance.edges.prometheus.live import read_on
        from allowance.edges.prometheus.memory import Memory, begun, recalled

        if not isinstance(memory, Memory) or memory.slos is not slos:
            indicators = prom_indicators(slos)
            if memory is None:
                memory = begun(slos, indicators, by=by, begin=begin, step=STEP)
            else:  # as it was stored, or of another reading of the contract: both are in two parts
                memory = recalled(slos, indicators, memory.shape, memory.numbers)
        with self._connections.to(source) as client:
            gains, after = read_on(client, memory, end=end)
        return Read(gains=gains, memory=after)


def _inside(buckets: Buckets, begin: Instant, end: Instant) -> Buckets:
    low = min(max(0, (begin - buckets.start) // buckets.step), len(buckets))
    high = min(max(low, (end - buckets.start) // buckets.step), len(buckets))
    return Buckets(
        start=buckets.start + low * buckets.step,
        step=buckets.step,
        good=buckets.good[low:high],
        total=buckets.total[low:high],
    )
