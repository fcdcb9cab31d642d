"""What `init` sees when it looks at a source before it proposes targets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from allowance.core.duration import DAY
from allowance.core.problem import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from allowance.contract.indicator import PromHistogram, PromRatio
    from allowance.contract.model import Tier
    from allowance.contract.source import Files, Prometheus, Source
    from allowance.contract.starter import FirstSlo
    from allowance.core.buckets import Buckets
    from allowance.signals.prom_candidates import Candidate

STEP = 60
LOOKBACK = 7 * DAY
"""How much of a Prometheus' history is read for a first target."""
MOST_BOUNDS = 20
OTHERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A source that was looked at: what it can carry, and what was seen."""

    source: Source
    slos: tuple[FirstSlo, ...]
    remarks: tuple[str, ...]


def look(text: str, *, good: str | None, tier: Tier) -> Seen:
    """Look at a file or a Prometheus. Errors: `Problem`s of the source, `seen` where nothing can be promised."""
    from allowance.cli.contracts import source_named
    from allowance.contract.source import Files, Prometheus

    source = source_named(text)
    if isinstance(source, Prometheus):
        return _prometheus(source, tier)
    return _files(Files(paths=(text.removeprefix("file://"),)), good, tier)


def _files(source: Files, good: str | None, tier: Tier) -> Seen:
    from allowance.app import propose
    from allowance.cli.terminal import progress
    from allowance.contract.indicator import Events
    from allowance.core.buckets import add
    from allowance.edges import files
    from allowance.signals.event_sql import DEFAULT_GOOD, event_sli
    from allowance.signals.percentiles import merged

    indicator = Events(good=DEFAULT_GOOD if good is None else good)
    with progress("reading") as moved:
        measured = files.measure(source.paths, [event_sli("sli", indicator)], step=STEP, progress=moved)
    buckets = add(measured.series.values(), STEP)
    if not buckets.with_data():
        raise refuse(
            "seen",
            f"there is no event with a time in {', '.join(source.paths)}",
            hint="see what is in it with allowance analyze, or leave --from out",
        )
    slow = propose.latency(merged(measured.durations.values()), buckets)
    slos = (propose.availability(buckets, indicator, tier), *(() if slow is None else (slow,)))
    remarks = [propose.seen(", ".join(source.paths), buckets.all(), buckets)]
    if measured.facts.malformed:
        remarks.append(f"{measured.facts.malformed:,} of {measured.facts.lines:,} lines could not be read.")
    return Seen(source=source, slos=slos, remarks=tuple(remarks))


def _prometheus(named: Prometheus, tier: Tier) -> Seen:
    from allowance.edges import prometheus

    source = _with_secrets_that_are_there(named)
    candidates = prometheus.discover(source)
    counters = [one for one in candidates if one.kind == "counter" and one.bad]
    histograms = [one for one in candidates if one.kind == "histogram" and one.bounds]
    if not counters and not histograms:
        raise refuse(
            "seen",
            f"{source.url} has no counter that tells good from bad, and no histogram of durations",
            hint="name the metrics yourself: write a contract without --from, and promql: {good: ..., total: ...}",
        )
    slos, remarks = _measured(source, counters[:1], histograms[:1], tier)
    remarks += _others("counters with failures", counters) + _others("histograms", histograms)
    return Seen(source=source, slos=slos, remarks=tuple(remarks))


def _measured(
    source: Prometheus, counters: Sequence[Candidate], histograms: Sequence[Candidate], tier: Tier
) -> tuple[tuple[FirstSlo, ...], list[str]]:
    from allowance.app import propose
    from allowance.cli.terminal import progress
    from allowance.contract.indicator import PromHistogram, PromRatio
    from allowance.edges import clock, prometheus

    ratios = {one.name: PromRatio(total=one.name, bad=one.bad) for one in counters}
    bounds = {
        (one.name, bound): PromHistogram(selector=one.name, threshold=bound)
        for one in histograms
        for bound in _spread(one.bounds)
    }
    indicators: dict[str, PromRatio | PromHistogram] = {**ratios}
    indicators |= {f"{name} {bound}": found for (name, bound), found in bounds.items()}
    end = clock.now() - clock.now() % STEP
    with progress("reading") as moved:
        series = prometheus.measure(
            source, indicators, begin=end - LOOKBACK, end=end, step=STEP, progress=moved
        ).series
    slos: list[FirstSlo] = []
    remarks: list[str] = []
    for name, ratio in ratios.items():
        buckets = _buckets(series.get((name, "")))
        slos.append(propose.availability(buckets, ratio, tier))
        remarks.append(propose.seen(f"{name} at {source.url}", buckets.all(), buckets))
    for one in histograms:
        found = {bound: _buckets(series.get((f"{one.name} {bound}", ""))) for _, bound in bounds}
        slow = propose.histogram_latency(one.name, found)
        slos += [] if slow is None else [slow]
    return tuple(slos), remarks


def _buckets(found: Buckets | None) -> Buckets:
    from allowance.core.buckets import empty

    return empty(STEP) if found is None else found


def _spread(bounds: Sequence[Fraction]) -> Sequence[Fraction]:
    """At most so many bounds, evenly chosen, the last one always among them."""
    stride = -(-len(bounds) // MOST_BOUNDS)
    return tuple(reversed(tuple(reversed(bounds))[::stride]))


def _with_secrets_that_are_there(source: Prometheus) -> Prometheus:
    """Only those variables are written down that this machine has."""
    import os
    from dataclasses import replace

    bearer, password = source.bearer_env, source.password_env
    return replace(
        source,
        bearer_env=bearer if bearer in os.environ else None,
        password_env=password if password in os.environ else None,
    )


def _others(what: str, candidates: Sequence[Candidate]) -> list[str]:
    more = [one.name for one in candidates[1 : 1 + OTHERS]]
    return [f"Other {what}: {', '.join(more)}."] if more else []
