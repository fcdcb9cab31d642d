"""Finds the metrics of a PromQL system that could carry an SLI."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from allowance.contract.source import Prometheus
from allowance.core.duration import DAY
from allowance.core.problem import ProblemError
from allowance.core.ratio import parse_decimal
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.edges import clock
from allowance.edges.prometheus.client import Client
from allowance.edges.prometheus.fetch import Fetcher
from allowance.signals.prom_candidates import (
    Candidate,
    bad_values,
    counter_of_failures,
    metrics_like_requests,
    status_label,
)
from allowance.signals.promql_selector import Selector

MOST = 40
"""Of counters, and of histograms, that are looked into."""


def discover(
    source: Prometheus, *, now: Instant | None = None, sleep: Callable[[float], None] = time.sleep
) -> list[Candidate]:
    """Counters of requests and histograms of durations seen in the day before `now`, the most telling first.

    Errors: those of the server, as for `advance`.
    """
    until = clock.now() if now is None else now
    span = Span(begin=until - DAY, end=until)
    with Client(source, sleep=sleep) as client:
        fetcher = Fetcher(client=client)
        names = fetcher.values_of("__name__", None, span)
        counters, histograms = metrics_like_requests(names)
        found = [_counter(fetcher, name, names, span) for name in counters[:MOST]]
        found += [_histogram(fetcher, name, span) for name in histograms[:MOST]]
    return sorted(found, key=lambda one: not (one.bad or one.bounds))


def _counter(fetcher: Fetcher, name: str, names: tuple[str, ...], span: Span) -> Candidate:
    metric = Selector(metric=name)
    labels = fetcher.labels_of(metric, span)
    candidate = Candidate(kind="counter", name=name, labels=labels)
    status = status_label(labels)
    values = tuple(sorted(fetcher.values_of(status, metric, span))) if status else ()
    condition = bad_values(status, values) if status else ""
    bad = f"{name}{{{condition}}}" if condition else counter_of_failures(name, names)
    return replace(candidate, status=status, values=values, bad=bad)


def _histogram(fetcher: Fetcher, name: str, span: Span) -> Candidate:
    buckets = Selector(metric=f"{name}_bucket")
    labels = tuple(label for label in fetcher.labels_of(buckets, span) if label != "le")
    bounds = set()
    for text in fetcher.values_of("le", buckets, span):
        try:
            bounds.add(parse_decimal(text))
        except ProblemError:
            continue  # +Inf is no threshold
    return Candidate(kind="histogram", name=name, labels=labels, bounds=tuple(sorted(bounds)))
