"""How do we ask a PromQL system for counts? Prometheus, VictoriaMetrics, Mimir and Thanos answer alike."""

from __future__ import annotations

from collections.abc import Mapping

from allowance.contract.source import Prometheus
from allowance.core.time import Instant
from allowance.edges.prometheus.discovery import discover
from allowance.edges.prometheus.reading import Progress, advance
from allowance.signals.measured import Measured
from allowance.signals.prom_sli import PromIndicator
from allowance.signals.prom_state import PromState

__all__ = ["advance", "discover", "measure"]


def measure(
    source: Prometheus,
    indicators: Mapping[str, PromIndicator],
    *,
    begin: Instant,
    end: Instant,
    step: int = 60,
    by: str | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Counts per bucket in `[begin, end)` by (name, value of the label `by`), the group `""` without `by`.

    `begin` and `end` lie on edges of `step`. Counts are exact where queries are counters, or sums and differences
    of counters; notes say where they are not, and which query returned nothing. `progress` is told (questions
    answered, questions in all). Errors: those of `advance`.
    """
    state = PromState(at=begin, step=step, by=by)
    return advance(source, indicators, state, end=end, progress=progress)[0]
