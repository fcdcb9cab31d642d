"""From what was measured to the first SLOs of a contract, each with the reason for its numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from fractions import Fraction

from allowance.budget.targets import CannotPromise, nice_target, suggested_targets
from allowance.contract import defaults
from allowance.contract.indicator import Events, Indicator, PromHistogram
from allowance.contract.model import Kind, Tier
from allowance.contract.starter import FirstSlo
from allowance.core.buckets import Buckets
from allowance.core.counts import Counts, NoData
from allowance.core.ratio import percent_text
from allowance.core.time import iso
from allowance.signals.measured import Durations
from allowance.signals.percentiles import USUAL, nearest_rank

MET_BY = Fraction(95, 100)
"""A target is proposed that so many of the past windows would have met."""
FAST_SHARE = Fraction(95, 100)
"""A threshold of latency is proposed that so many of the events kept."""
SAID = tuple(
    Fraction(digit) * Fraction(10) ** power
    for power in range(-1, 5)
    for digit in (1, Fraction(3, 2), 2, 3, 5, Fraction(15, 2))
)
"""Milliseconds that people say: 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, ... 75,000."""


def availability(
    buckets: Buckets, indicator: Indicator, tier: Tier, *, name: str = "availability"
) -> FirstSlo:
    """The SLO that the history of good and bad events supports, no tighter than the tier needs."""
    target, remarks = _promise("availability", buckets, tier)
    return FirstSlo(
        name=name,
        kind="availability",
        indicator=indicator,
        target=target,
        remarks=("Did requests succeed?", *remarks),
    )


def latency(durations: Durations, buckets: Buckets) -> FirstSlo | None:
    """The SLO over measured durations: a round threshold that most events kept, and the share that kept it.

    `None` where no duration was measured.
    """
    total = sum(durations.counts)
    typical = nearest_rank(durations, FAST_SHARE * 100)
    if isinstance(typical, NoData):
        return None
    threshold = SAID[min(bisect_left(SAID, Fraction(typical)), len(SAID) - 1)]
    fast = sum(
        count
        for value, count in zip(durations.values_ms, durations.counts, strict=True)
        if value <= threshold
    )
    target, doubt = _latency_target(Fraction(fast, total), buckets)
    spread = ", ".join(f"p{float(at):g} {_milliseconds(nearest_rank(durations, at))}" for at in USUAL)
    return FirstSlo(
        name="latency",
        kind="latency",
        indicator=Events(latency_ms=threshold),
        target=target,
        remarks=(
            "Were requests fast enough?",
            f"Seen: {spread}; {percent_text(Fraction(fast, total))} within {_milliseconds(float(threshold))}.",
            *doubt,
        ),
    )


def histogram_latency(selector: str, measured: Mapping[Fraction, Buckets]) -> FirstSlo | None:
    """The SLO over a histogram: the smallest of its bounds that most events kept. `None` without any event."""
    shares = {bound: buckets.all().sli for bound, buckets in sorted(measured.items())}
    known = {bound: share for bound, share in shares.items() if isinstance(share, Fraction)}
    if not known:
        return None
    bound = next((bound for bound, share in known.items() if share >= FAST_SHARE), max(known))
    target, doubt = _latency_target(known[bound], measured[bound])
    spread = ", ".join(f"{percent_text(share, 2)} within {float(at):g}" for at, share in known.items())
    return FirstSlo(
        name="latency",
        kind="latency",
        indicator=PromHistogram(selector=selector, threshold=bound),
        target=target,
        remarks=("Were requests fast enough?", f"Seen: {spread}.", *doubt),
    )


def seen(what: str, counts: Counts, buckets: Buckets) -> str:
    """One sentence about what was looked at."""
    filled = buckets.trimmed()
    if not len(filled):
        return f"Seen in {what}: nothing."
    bad = f", {counts.bad:,} of them bad" if counts.bad else ", none of them bad"
    return f"Seen in {what}: {counts.total:,} events{bad}, from {iso(filled.start)} to {iso(filled.end)}."


def _promise(kind: Kind, buckets: Buckets, tier: Tier) -> tuple[Fraction | None, tuple[str, ...]]:
    usual = defaults.default_target(kind, tier)
    history = suggested_targets(buckets, defaults.WINDOW, now=buckets.end, shares=(MET_BY,))
    if isinstance(history, NoData):
        return None, ("Nothing was seen; the target is that of the tier.",)
    (found,) = history.suggestions
    if isinstance(found.nice, CannotPromise):
        return None, (f"{found.nice.reason.capitalize()}; the target is that of the tier.", f"({history})")
    supports = f"The history supports {percent_text(found.nice)} ({history})"
    if found.nice > usual:
        return usual, (f"{supports}; tier {tier} needs no more than {percent_text(usual)}.",)
    if found.nice < usual:
        return found.nice, (f"{supports}; tier {tier} usually promises {percent_text(usual)}.",)
    return found.nice, (f"{supports}.",)


def _latency_target(share: Fraction, buckets: Buckets) -> tuple[Fraction, tuple[str, ...]]:
    nice = nice_target(share, _events_per_window(buckets))
    if isinstance(nice, CannotPromise):
        return FAST_SHARE, (f"{nice.reason.capitalize()}; {percent_text(FAST_SHARE)} is only a beginning.",)
    return min(nice, defaults.QUALITY_TARGET), ()


def _events_per_window(buckets: Buckets) -> Fraction:
    filled = buckets.trimmed()
    if not len(filled):
        return Fraction(0)
    length = defaults.WINDOW.at(filled.end).seconds
    return Fraction(filled.all().total * length, filled.end - filled.start)


def _milliseconds(value: float | NoData) -> str:
    return str(value) if isinstance(value, NoData) else f"{value:g} ms"
