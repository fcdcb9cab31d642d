"""From the sources named on the command line to what they measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.reports.analysis_json import Wording

if TYPE_CHECKING:
    from allowance.contract.indicator import PromHistogram, PromRatio
    from allowance.signals.measured import Measured

Progress = Callable[[int, int], None]

SLI = "sli"
"""The name of the one SLI that a command line asks for."""

SQL_SCHEMES = ("postgresql", "postgres", "clickhouse", "clickhouses", "chdb", "duckdb", "spark", "sc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which SLI over which sources."""

    sources: tuple[str, ...]
    valid: str | None
    good: str | None
    bad: str | None
    latency_ms: Fraction | None
    by: str | None
    step: int
    zone: str
    format: str | None
    time: str | None
    table: str | None
    counters: bool
    begin: Instant | None
    end: Instant | None
    lookback: int


def measure(asked: Asked, progress: Progress) -> tuple[Measured, Wording]:
    """Ask the sources. Errors: `Problem`s that say which source, and what to do."""
    unknown = next((s for s in asked.sources if s.startswith("-") and s != "-"), None)
    if unknown is not None:
        raise refuse("usage", f"there is no option {unknown}", hint="see --help")
    schemes = {_scheme(source) for source in asked.sources}
    if not asked.sources:
        raise refuse("source", "no source was named", hint="allowance analyze access.log, or a URL")
    if len(schemes) > 1:
        raise refuse(
            "source", "files and servers cannot be mixed in one question", hint="ask one after the other"
        )
    scheme = schemes.pop()
    if scheme in ("http", "https"):
        return _from_prometheus(asked, progress)
    if scheme in SQL_SCHEMES:
        return _from_sql(asked)
    return _from_files(asked, progress)


def _scheme(source: str) -> str:
    scheme = urlsplit(source).scheme.split("+")[0].lower() if "://" in source else "file"
    if scheme in ("file", "http", "https", *SQL_SCHEMES):
        return scheme
    raise refuse(
        "source",
        f"{source.split('://')[0]}:// is not a source that can be read",
        hint=f"files, http(s):// (Prometheus), {', '.join(s + '://' for s in SQL_SCHEMES[:3])}",
    )


def _from_files(asked: Asked, progress: Progress) -> tuple[Measured, Wording]:
    from allowance.edges import files

    counters = None
    if asked.counters:
        from allowance.signals.counters import CounterColumns

        counters = CounterColumns(
            good=asked.good, bad=asked.bad, total=asked.valid, series=(asked.by,) if asked.by else ()
        )
    elif asked.bad is not None:
        raise refuse(
            "usage",
            "--bad speaks of counters",
            hint="for events say --good, for example --good 'status < 500'",
        )
    sli, wording = _event_sli(asked)
    measured = files.measure(
        [source.removeprefix("file://") for source in asked.sources],
        [] if counters else [sli],
        step=asked.step,
        by=asked.by,
        format=asked.format,
        time=asked.time,
        zone=asked.zone,
        counters=counters,
        progress=progress,
    )
    if measured.facts.format.endswith("-counts"):
        wording = Wording(valid="every event", good="counted as good in the file", by=asked.by)
    return measured, wording


def _from_sql(asked: Asked) -> tuple[Measured, Wording]:
    from allowance.contract.source import Sql
    from allowance.edges import sql

    if asked.table is None or asked.time is None:
        raise refuse(
            "usage", "a database needs --table and --time", hint="--table requests --time created_at"
        )
    sli, wording = _event_sli(asked)
    (url,) = asked.sources if len(asked.sources) == 1 else (None,)
    if url is None:
        raise refuse("source", "one database at a time", hint="name one URL")
    measured = sql.measure(
        Sql(url=url, table=asked.table, time=asked.time),
        [sli],
        step=asked.step,
        by=asked.by,
        begin=asked.begin,
        end=asked.end,
    )
    return measured, wording


def _event_sli(asked: Asked):  # type: ignore[no-untyped-def]
    from allowance.contract.indicator import Events
    from allowance.signals.event_sql import DEFAULT_GOOD, event_sli

    indicator = Events(good=asked.good, valid=asked.valid, latency_ms=asked.latency_ms)
    good = asked.good or (DEFAULT_GOOD if asked.latency_ms is None else "")
    if asked.latency_ms is not None:
        from allowance.core.ratio import decimal_text

        within = f"duration_ms <= {decimal_text(asked.latency_ms)}"
        good = f"({good}) AND {within}" if good else within
    wording = Wording(valid=asked.valid or "every event", good=good, latency_ms=asked.latency_ms, by=asked.by)
    if asked.counters:
        wording = Wording(
            valid=asked.valid or "", good=asked.good or f"{asked.valid} - ({asked.bad})", by=asked.by
        )
        return None, wording
    return event_sli(SLI, indicator), wording


def _from_prometheus(asked: Asked, progress: Progress) -> tuple[Measured, Wording]:
    import os

    from allowance.contract.source import Prometheus
    from allowance.edges import clock, prometheus

    (url,) = asked.sources if len(asked.sources) == 1 else (None,)
    if url is None:
        raise refuse("source", "one server at a time", hint="name one URL")
    indicator, wording = _prom_indicator(asked)
    end = asked.end if asked.end is not None else clock.now()
    end -= end % asked.step
    begin = asked.begin if asked.begin is not None else end - asked.lookback
    begin -= begin % asked.step
    token, password = "ALLOWANCE_PROMETHEUS_TOKEN", "ALLOWANCE_PROMETHEUS_PASSWORD"
    source = Prometheus(
        url=url,
        bearer_env=token if token in os.environ else None,
        password_env=password if password in os.environ else None,
    )
    measured = prometheus.measure(
        source, {SLI: indicator}, begin=begin, end=end, step=asked.step, by=asked.by, progress=progress
    )
    return measured, wording


def _prom_indicator(asked: Asked) -> tuple[PromRatio | PromHistogram, Wording]:
    from allowance.contract.indicator import PromHistogram, PromRatio

    if asked.valid is None:
        raise refuse(
            "usage",
            "Prometheus needs --valid, the counter of all events",
            hint='--valid \'http_requests_total{job="shop"}\' --bad \'http_requests_total{job="shop",code=~"5.."}\'',
        )
    if asked.latency_ms is not None:
        seconds = asked.latency_ms / 1000
        text = f"{asked.valid} at or below {float(seconds):g}"
        return (
            PromHistogram(selector=asked.valid, threshold=seconds),
            Wording(valid=asked.valid, good=text, latency_ms=asked.latency_ms, by=asked.by),
        )
    if (asked.good is None) == (asked.bad is None):
        raise refuse(
            "usage", "say one of --good and --bad", hint="the counter of good events, or of bad ones"
        )
    good = asked.good if asked.good is not None else f"{asked.valid} - {asked.bad}"
    return (
        PromRatio(total=asked.valid, good=asked.good, bad=asked.bad),
        Wording(valid=asked.valid, good=good, by=asked.by),
    )
