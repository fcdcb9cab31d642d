"""Indicators: how an SLI is measured. Every kind ends as good and total counts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Comparison = Literal["lt", "lte", "gt", "gte"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Over single events (log lines, rows): SQL predicates on their columns.

    `valid` says which events count (all, if left out), `good` which of those are good; `latency_ms` demands a
    measured duration of at most so many milliseconds as well. At least one of `good` and `latency_ms` is there.
    """

    good: str | None = None
    valid: str | None = None
    latency_ms: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromRatio:
    """Over two PromQL counters: `total`, and either `good` or `bad`.

    A query is a counter or an aggregation of counters (`sum(requests_total)`); or it holds `{{.window}}`, which
    stands for the length of a bucket, and gives what happened in it (`sum(increase(x[{{.window}}]))`, or `rate`).
    """

    total: str
    good: str | None = None
    bad: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromHistogram:
    """Over a classic histogram: good are the observations at or below `threshold` (in the metric's own unit).

    `selector` names the histogram without `_bucket`: `http_request_duration_seconds{job="shop"}`.
    """

    selector: str
    threshold: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PromGauge:
    """Over a PromQL expression sampled once per bucket: good where `value op bound` holds.

    Each series of the answer is one event in the bucket; a bucket without a sample has no event.
    """

    query: str
    op: Comparison
    bound: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PromShare:
    """Over a PromQL expression that already is a share from 0 to 1, sampled once per bucket.

    `of` says whether it is the share of good or of bad events. The share hides how many events it stands for, so
    every bucket weighs the same; two counters are better, and lint says so.
    """

    query: str
    of: Literal["good", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Over a system that is not queried here (Datadog, CloudWatch): kept, shown and written back, never measured.

    `metrics` is the specification as it was written, as JSON with sorted keys.
    """

    system: str
    metrics: str


Indicator = Events | PromRatio | PromHistogram | PromGauge | PromShare | Foreign
