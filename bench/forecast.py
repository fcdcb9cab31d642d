"""How often do the 80 % ranges of the forecast hold? Asked of real and made histories at many past instants.

For each history windows of a third and a sixth of its span are taken (and of 28 days where it is long), and at twenty
instants the budget is forecast for an eighth, a quarter, a half and a whole window ahead, from nothing but
what came before. A range holds when what then happened lies in it. The table is for a quarter of a window: a week
of four. "Below" means that less budget was left than the range said.

Histories without one bad event are shown but left out of the figures: nothing can miss there.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from allowance.budget.budget import budget_at
from allowance.budget.forecast import Launch, NotBefore, Spending, forecast, remaining_ahead
from allowance.core.buckets import Buckets, from_rows
from allowance.core.counts import NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.window import RollingWindow

GOAL = "the forecast's 80 % ranges hold in 75 to 85 % of past instants"

ROOT = Path(__file__).resolve().parent.parent
SHARES = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1))
"""Horizons, as shares of the window."""
TABLE = Fraction(1, 4)
INSTANTS = 20
TARGET = Fraction(999, 1000)
"""Coverage does not depend on it: what remains is a straight line of the share of bad events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of `asked` ranges so many held, or what came lay below or above them."""

    asked: int = 0
    below: int = 0
    above: int = 0

    @property
    def held(self) -> float:
        """The share of ranges that held."""
        return 1 - (self.below + self.above) / self.asked if self.asked else math.nan

    def __add__(self, other: Score) -> Score:
        return Score(
            asked=self.asked + other.asked, below=self.below + other.below, above=self.above + other.above
        )


def windows_of(buckets: Buckets) -> list[int]:
    """A third and a sixth of the span, and 28 days where there are three of them."""
    span = len(buckets)
    steps = {max(8, span // 3 // 8 * 8), max(8, span // 6 // 8 * 8)}
    if span * buckets.step >= 3 * 28 * DAY:
        steps.add(28 * DAY // buckets.step)
    return sorted(step * buckets.step for step in steps if step < span)


def measure(buckets: Buckets, share: Fraction, instants: int = INSTANTS) -> Score:
    """How the ranges of what remains, `share` of a window ahead, fared over a history."""
    score = Score()
    for seconds in windows_of(buckets):
        horizon = int(seconds * share) // buckets.step * buckets.step
        for now in _instants(buckets, seconds, horizon, instants):
            score += _ask(buckets, RollingWindow(seconds=seconds), horizon, now)
    return score


def measure_moments(buckets: Buckets, instants: int = INSTANTS) -> tuple[Score, Score]:
    """How the ranges of "when is it spent" and "when can we launch again" fared. "Below" is later than the range.

    The target is one that the history as a whole misses by a little, so that the budget comes and goes. Asked only
    where the history goes on for the whole window that a forecast reaches.
    """
    counts, spent, again = buckets.all(), Score(), Score()
    if not counts.bad or not counts.good:
        return spent, again
    target = 1 - Fraction(counts.bad, counts.total) * Fraction(8, 10)
    for seconds in windows_of(buckets):
        left = _left_over_time(buckets, target, seconds // buckets.step)
        for now in _instants(buckets, seconds, seconds, instants):
            found = forecast(buckets, target, RollingWindow(seconds=seconds), now=now)
            first = (now - buckets.start) // buckets.step + 1
            coming = left[first : first + seconds // buckets.step]
            if found.launch.word == "now":
                spent += _judge(found.spending, np.flatnonzero(coming <= 0), buckets.step, now)
            elif found.launch.word != "no data":
                again += _judge(found.launch, np.flatnonzero(coming > 0), buckets.step, now)
    return spent, again


def _judge(found: Spending | Launch, places: np.ndarray, step: int, now: int) -> Score:
    earliest, latest = (
        math.inf if isinstance(moment, NotBefore) else moment for moment in (found.earliest, found.latest)
    )
    came = now + step * (1 + int(places[0])) if places.size else math.inf
    return Score(asked=1, below=int(came > latest), above=int(came < earliest))


def _left_over_time(buckets: Buckets, target: Fraction, window: int) -> np.ndarray:
    """Above zero where budget is left, at every bucket edge, in whole numbers."""
    edges = np.arange(len(buckets) + 1)
    total, good = (
        sums[edges] - sums[np.maximum(0, edges - window)] for sums in (buckets.total_sum, buckets.good_sum)
    )
    allowed = 1 - target
    return allowed.numerator * total - (total - good) * allowed.denominator


def _instants(buckets: Buckets, window: int, horizon: int, count: int) -> list[int]:
    first, last = window // buckets.step, len(buckets) - horizon // buckets.step
    if first >= last or horizon < buckets.step:
        return []
    return [
        buckets.start + int(place) * buckets.step
        for place in np.unique(np.linspace(first, last, count).astype(int))
    ]


def _ask(buckets: Buckets, window: RollingWindow, horizon: int, now: int) -> Score:
    found = remaining_ahead(buckets, TARGET, window, horizon, now=now)
    came = budget_at(buckets, TARGET, window, now=now + horizon).remaining
    if isinstance(found, NoData) or isinstance(came, NoData):
        return Score()
    # A ten-thousandth of the budget is less than any page prints.
    return Score(asked=1, below=int(came < found.low - 1e-4), above=int(came > found.high + 1e-4))


def generated(seed: int, days: int = 120) -> Iterator[tuple[str, Buckets]]:
    """Hourly histories of known making: steady, diurnal, leaking, with outages, wandering, bursty, sparse, weekly."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24)
    flat, wave = np.full(len(hour), 2000.0), 2000 * (1 + 0.8 * np.sin(2 * np.pi * hour / 24))

    def made(share: np.ndarray, traffic: np.ndarray) -> Buckets:
        total = rng.poisson(traffic).astype(np.int64)
        bad = rng.binomial(total, np.clip(share, 0, 1)).astype(np.int64)
        return Buckets(start=0, step=HOUR, good=total - bad, total=total)

    def outages(quiet: float, every_days: int, length: float, depth: Callable[[], float]) -> np.ndarray:
        share = np.full(len(hour), quiet)
        for begin in np.flatnonzero(rng.random(len(hour)) < 1 / (24 * every_days)):
            share[begin : begin + 1 + rng.geometric(1 / length)] = depth()
        return share

    level = np.exp(np.cumsum(rng.normal(0, 0.25, days)))
    yield "steady", made(np.full(len(hour), 0.0005), flat)
    yield "by day and night", made(0.0005 * wave / 2000, wave)
    yield "sudden leak", made(np.where(hour > 0.4 * len(hour), 0.002, 0.0002), flat)
    yield "slow leak", made(0.0002 + 0.002 * hour / len(hour), flat)
    yield "outages", made(outages(0.0003, 10, 2.5, lambda: rng.uniform(0.05, 1)), wave)
    yield "rare outages", made(outages(0.0001, 30, 5, lambda: 1.0), flat)
    yield "wandering", made(0.0005 * np.repeat(level / np.median(level), 24), flat)
    yield "bursty", made(0.0004 * np.exp(rng.normal(0, 1.2, len(hour))), flat)
    yield "sparse", made(np.full(len(hour), 0.01), np.full(len(hour), 0.7))
    yield "weekly deploy", made(np.where((hour % 168 >= 40) & (hour % 168 < 46), 0.02, 0.0003), wave)
    yield "growing", made(np.full(len(hour), 0.001), 200 * np.exp(2.5 * hour / len(hour)))


def real(cases: Path) -> Iterator[tuple[str, Buckets]]:
    """Histories of real services and machines, from the folder of cases."""
    yield from _monitors(cases / "upptime-curc" / "checks.csv.gz")
    for path in sorted(cases.glob("*/minutes_*.csv.gz")):
        rows = ((_instant(row["minute"]), int(row["good"]), int(row["total"])) for row in _rows(path))
        yield f"{path.parent.name} {path.name.removesuffix('.csv.gz')}", from_rows(rows)
    for name, low, high, step in (
        ("nab/ec2_request_latency_system_failure", -math.inf, 50, 300),
        ("nab/ec2_request_latency_system_failure", -math.inf, 46, 300),
        ("nab/elb_request_count_8c0756", 1, 300, 300),
        ("nab/machine_temperature_system_failure", 60, 100, 300),
        ("ms-cloud-monitoring/outbound-01", 1, 100, HOUR),
        ("ms-cloud-monitoring/outbound-02", -math.inf, 500, HOUR),
        ("ms-cloud-monitoring/api-01", 5, 300, HOUR),
        ("ms-cloud-monitoring/unavail-01", 0, 0, 60),
    ):
        yield f"{name} <= {high}", _gauge(cases / f"{name}.csv.gz", low, high, step)


def _monitors(path: Path) -> Iterator[tuple[str, Buckets]]:
    rows: dict[str, list[tuple[int, int, int]]] = {}
    for row in _rows(path):
        rows.setdefault(row["monitor"], []).append((int(row["epoch_s"]), int(row["state"] == "up"), 1))
    for name, checks in rows.items():
        if len(checks) > 100:
            yield f"upptime-curc {name}", from_rows(checks, HOUR)


def _gauge(path: Path, low: float, high: float, step: int) -> Buckets:
    """Each sample is one event, good where its value lies within low and high."""
    samples: dict[int, float] = {}
    for row in _rows(path):
        at, value = (
            next(row[name] for name in names if name in row)
            for names in (("timestamp", "TimeStamp"), ("value", "Value"))
        )
        samples[_instant(at)] = max(float(value), samples.get(_instant(at), -math.inf))
    return from_rows(((at, int(low <= value <= high), 1) for at, value in samples.items()), step)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _instant(text: str) -> int:
    moment = datetime.fromisoformat(text.strip().replace("Z", ""))
    return int(moment.replace(tzinfo=UTC).timestamp())


def histories(quick: bool = False) -> Iterator[tuple[str, list[Buckets]]]:
    """(source, histories): the real ones where the folder of cases is there, then the made ones."""
    cases = Path(os.environ.get("ALLOWANCE_CASES", ROOT.parent / "shared" / "cases"))
    if cases.is_dir():
        yield from ((name, [buckets]) for name, buckets in real(cases))
    else:
        print(f"the folder of real cases is not there ({cases}); set ALLOWANCE_CASES")
    made: dict[str, list[Buckets]] = {}
    for seed in range(1 if quick else 3):
        for name, buckets in generated(seed):
            made.setdefault(f"made: {name}", []).append(buckets)
    yield from made.items()


def main(arguments: Sequence[str] = ()) -> None:
    """Print source, ranges asked, share that held, and the figures over all sources."""
    quick = "--quick" in arguments
    count = 10 if quick else INSTANTS
    totals = {share: Score() for share in SHARES}
    spent, again = Score(), Score()
    means = []
    print(f"{'source':58s} {'n':>5s}  held  below  above")
    for name, some in histories(quick):
        scores = {share: sum((measure(one, share, count) for one in some), Score()) for share in SHARES}
        one, spotless = scores[TABLE], all(not buckets.all().bad for buckets in some)
        note = "  no bad event" if spotless else ""
        print(
            f"{name[:58]:58s} {one.asked:5d}  {one.held:4.0%}  {one.below / one.asked:5.0%}  {one.above / one.asked:5.0%}{note}"
        )
        if spotless:
            continue
        means.append(one.held)
        totals = {share: totals[share] + scores[share] for share in SHARES}
        for buckets in some:
            one_spent, one_again = measure_moments(buckets, count)
            spent, again = spent + one_spent, again + one_again
    print()
    for share, score in totals.items():
        print(f"{share!s:>4s} of a window ahead: {score.held:.1%} of {score.asked} ranges held")
    print(f"mean over sources, {TABLE} of a window ahead: {np.mean(means):.1%}")
    print(f"when it is spent: {spent.held:.1%} of {spent.asked} ranges held")
    print(f"when to launch again: {again.held:.1%} of {again.asked} ranges held")


if __name__ == "__main__":
    main(sys.argv[1:])
