"""One SLO after the other or many at once: the source decides which edge is asked."""

from __future__ import annotations

from collections.abc import Sequence

from allowance.contract.indicator import Events, Foreign, PromGauge, PromHistogram, PromRatio, PromShare
from allowance.contract.model import Slo
from allowance.contract.probe import Probe
from allowance.contract.source import CloudEvents, Files, Otlp, Prometheus, Rum, Source, Sql
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.edges import clock
from allowance.signals.event_sql import EventSli, event_sli
from allowance.signals.measured import Measured

STEP = 60


def measure(
    source: Source, slos: Sequence[Slo], *, begin: Instant, end: Instant | None, by: str | None
) -> Measured:
    """Counts of every SLO from its source, by the SLOs' ids. Errors: the `Problem`s of the edge that is asked."""
    match source:
        case Files(paths=paths):
            from allowance.edges import files

            return files.measure(
                paths, _events(slos), step=STEP, by=by, format=source.format, time=source.time
            )
        case Sql():
            from allowance.edges import sql

            return sql.measure(source, _events(slos), step=STEP, by=by, begin=begin, end=end)
        case Otlp(signal=signal):
            raise refuse(
                "otlp-live",
                f"{signal} over OTLP are counted while they arrive; they cannot be asked for afterwards",
                hint="run allowance serve and send to it, or name files of the same events",
            )
        case CloudEvents() | Rum():
            told = "events" if isinstance(source, CloudEvents) else "beacons of browsers"
            raise refuse(
                "told-live",
                f"{told} are counted while they arrive; they cannot be asked for afterwards",
                hint="run allowance serve and send to it, or name files of the same events",
            )
        case Probe(url=url):
            raise refuse(
                "told-live",
                f"{url} is probed while allowance serve runs; what it would have answered before is not known",
                hint="run allowance serve, or allowance probe to probe it now",
            )
        case Prometheus():
            from allowance.edges import prometheus

            until = end if end is not None else clock.now()
            until -= until % STEP
            return prometheus.measure(
                source,
                prom_indicators(slos),
                begin=begin - begin % STEP,
                end=until,
                step=STEP,
                by=by,
            )


def prom_indicators(slos: Sequence[Slo]) -> dict[str, PromRatio | PromHistogram | PromGauge | PromShare]:
    """What each SLO asks of a PromQL system. Errors: `Problem` `indicator` where it asks for something else."""
    return {slo.id: _prom(slo) for slo in slos}


def _events(slos: Sequence[Slo]) -> list[EventSli]:
    found = []
    for slo in slos:
        if not isinstance(slo.indicator, Events):
            raise refuse(
                "indicator",
                f"{slo.id} is measured by PromQL, but its source holds events",
                where=slo.origin.where,
                hint="name a Prometheus as its source, or write good/valid over columns",
            )
        found.append(event_sli(slo.id, slo.indicator, where=slo.origin.where))
    return found


def _prom(slo: Slo) -> PromRatio | PromHistogram | PromGauge | PromShare:
    if isinstance(slo.indicator, Events):
        raise refuse(
            "indicator",
            f"{slo.id} is measured over events, but its source is a Prometheus",
            where=slo.origin.where,
            hint="name files or a table as its source, or write promql",
        )
    if isinstance(slo.indicator, Foreign):
        raise refuse(
            "indicator",
            f"{slo.id} is measured in {slo.indicator.system}, which is not queried",
            where=slo.origin.where,
            hint="write promql, or good and valid over events",
        )
    return slo.indicator
