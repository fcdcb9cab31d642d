"""Metrics that look like requests, and the SLI that each suggests: names and labels in, indicators out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.contract.indicator import PromHistogram, PromRatio
from allowance.signals.promql_selector import Matcher

_EVENTS = re.compile(
    r"(?:^|_)(?:requests?|http|grpc|rpc|api|quer(?:y|ies)|calls?|messages?|jobs?|tasks?|orders?|payments?|logins?"
    r"|checkouts?|operations?|transactions?|events?|commands?|handled|responses?|uploads?|deliver(?:y|ies))(?:_|$)"
)
_NO_EVENTS = re.compile(r"_(?:bytes|seconds|cpu|info|created|size|retries|sum)(?:_total)?$")
_TIMES = re.compile(r"_(?:seconds|duration|latency|milliseconds|ms|time)(?:_|$)")
_OF_THE_TOOLS = re.compile(
    r"^(?:prometheus|promhttp|go|vm|vmagent|process|scrape|net_conntrack|alertmanager|cortex|thanos|loki)_"
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FAILED = ("errors", "failures", "failed", "error", "failure")

STATUS_LABELS = (
    "code", "status", "status_code", "http_status", "http_status_code", "http_response_status_code", "response_code",
    "status_class", "grpc_code", "grpc_status", "rpc_grpc_status_code", "outcome", "result", "error", "success",
)  # fmt: skip
"""Labels that often say whether an event was good, the most common first."""

_GRPC_BAD = ("Unknown", "DeadlineExceeded", "Unimplemented", "Internal", "Unavailable", "DataLoss")
_GRPC_BAD_NUMBERS = ("2", "4", "12", "13", "14", "15")
_BAD_WORDS = frozenset(
    (
        "error",
        "errors",
        "failure",
        "failed",
        "fail",
        "exception",
        "timeout",
        "server_error",
        "critical",
        "rejected",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A metric that could carry an SLI, with its labels.

    `status` is the label that says how an event ended (`""` if none does) with its values; `bad` is the selector
    of bad events that they suggest, or that of a counter of failures beside it. A histogram has its `bounds`.
    """

    kind: Literal["counter", "histogram"]
    name: str
    labels: tuple[str, ...] = ()
    status: str = ""
    values: tuple[str, ...] = ()
    bad: str = ""
    bounds: tuple[Fraction, ...] = ()


def metrics_like_requests(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(counters, histograms) among the names of metrics that look like requests; a histogram without `_bucket`.

    Those of the monitoring itself come last.
    """
    plain = {name for name in names if _PLAIN.fullmatch(name)}
    every = sorted(plain, key=lambda name: (bool(_OF_THE_TOOLS.match(name)), name))
    counters = [
        name
        for name in every
        if name.endswith("_total")
        and _EVENTS.search(name.removesuffix("_total"))
        and not _NO_EVENTS.search(name)
        and not _is_of_failures(name)
    ]
    histograms = [
        stem
        for name in every
        if name.endswith("_bucket")
        for stem in [name.removesuffix("_bucket")]
        if _TIMES.search(stem)
    ]
    return tuple(counters), tuple(histograms)


def _is_of_failures(name: str) -> bool:
    return any(f"_{word}" in name for word in _FAILED)


def counter_of_failures(name: str, names: Iterable[str]) -> str:
    """The counter of failures that stands beside a counter by its name, or `""`."""
    stem = name.removesuffix("_total")
    stems = (stem, stem.removesuffix("s"), stem.removesuffix("_requests"))
    known = set(names)
    likely = (f"{one}_{word}_total" for one in stems for word in _FAILED)
    return next((one for one in likely if one in known), "")


def status_label(labels: Iterable[str]) -> str:
    """The label that says how an event ended, or `""`."""
    have = set(labels)
    return next((label for label in STATUS_LABELS if label in have), "")


def bad_values(label: str, values: Sequence[str]) -> str:
    """The condition for bad events on a status label, as PromQL writes it, or `""` where its values say nothing."""
    if any(re.fullmatch(r"[1-5]\d\d", value) for value in values):
        return str(Matcher(name=label, op="=~", value="5.."))
    if any(re.fullmatch(r"[1-5]xx", value) for value in values):
        return str(Matcher(name=label, op="=", value="5xx"))
    if "grpc" in label and any(value.isdigit() for value in values):
        return _any_of(label, _GRPC_BAD_NUMBERS)
    if "OK" in values and ("grpc" in label or set(values) & {*_GRPC_BAD, "NotFound", "Canceled"}):
        return _any_of(label, _GRPC_BAD)
    if label in ("error", "success") and set(values) <= {"true", "false"}:
        return str(Matcher(name=label, op="=", value="true" if label == "error" else "false"))
    return _any_of(label, sorted(value for value in values if value.lower() in _BAD_WORDS))


def _any_of(label: str, values: Sequence[str]) -> str:
    if not values:
        return ""
    return str(Matcher(name=label, op="=~" if len(values) > 1 else "=", value="|".join(values)))


def suggestion(candidate: Candidate, threshold: Fraction | None = None) -> PromRatio | PromHistogram | None:
    """The indicator that a candidate suggests; none where nothing tells good from bad.

    A histogram needs a threshold among its bounds; without one, the middle bound is taken as a start.
    """
    if candidate.kind == "histogram":
        if not candidate.bounds:
            return None
        middle = candidate.bounds[len(candidate.bounds) // 2]
        return PromHistogram(selector=candidate.name, threshold=middle if threshold is None else threshold)
    return PromRatio(total=candidate.name, bad=candidate.bad) if candidate.bad else None
