"""Traffic with a known truth: events, the scrapes that reveal them, and the counters that a server would hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from allowance.core.buckets import Buckets, from_rows

MIN = 60
BEGIN = 1_790_000_000 // 3600 * 3600

Labels = tuple[tuple[str, str], ...]
Sample = tuple[float, Labels, float]
"""(instant, labels with `__name__`, value)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One life of a process: from when to when it runs, and when it is scraped."""

    instance: str
    begin: float
    end: float
    scrapes: Sequence[float]


@dataclass(slots=True)
class Recorded:
    """What a server holds, and what is true: (minute, good, total) rows by instance of the events that scrapes reveal."""

    samples: list[Sample] = field(default_factory=list)
    truth: dict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))

    def buckets(
        self, begin: int, end: int, instances: Iterable[str] | None = None, step: int = MIN
    ) -> Buckets:
        """The true counts in `[begin, end)`."""
        rows = [
            row for name, rows in self.truth.items() if instances is None or name in instances for row in rows
        ]
        frame = [(begin, 0, 0), (end - step, 0, 0)]
        return from_rows([*frame, *(row for row in rows if begin <= row[0] < end)], step)

    def openmetrics(self) -> str:
        """All samples as OpenMetrics text with timestamps, series after series."""
        lines = [
            f"{_series(labels)} {value:g} {at:.3f}"
            if value % 1
            else f"{_series(labels)} {value:.0f} {at:.3f}"
            for at, labels, value in self._sorted()
        ]
        return "\n".join([*lines, "# EOF", ""])

    def exposition(self) -> str:
        """All samples as Prometheus text with timestamps in milliseconds."""
        return "".join(
            f"{_series(labels)} {value!r} {round(at * 1000)}\n" for at, labels, value in self._sorted()
        )

    def _sorted(self) -> list[Sample]:
        return sorted(self.samples, key=lambda sample: (sample[1], sample[0]))


def _series(labels: Labels) -> str:
    name = dict(labels)["__name__"]
    return name + "{" + ",".join(f'{key}="{text}"' for key, text in labels if key != "__name__") + "}"


def scrapes(
    begin: float,
    end: float,
    every: float = 15,
    phase: float = 3.2,
    pauses: Sequence[tuple[float, float]] = (),
) -> list[float]:
    """The instants of scrapes, without those inside of pauses."""
    instants = np.arange(begin + phase, end, every)
    return [float(at) for at in instants.round(3) if not any(low <= at < high for low, high in pauses)]


def record(
    lives: Iterable[Life],
    seed: int,
    *,
    job: str = "shop",
    rate: float = 2.0,
    error_share: float = 0.02,
    known: Sequence[str] = (),
) -> Recorded:
    """Random requests over lives of processes, with counters `http_requests_total{job,instance,code}`.

    A series appears with its first event. The first scrape of an instance reveals nothing, because nobody knows
    when its events happened, unless it is `known` already; events after the last scrape of a life are never seen.
    """
    rng = np.random.default_rng(seed)
    recorded = Recorded()
    seen = set(known)
    for life in sorted(lives, key=lambda life: life.begin):
        at = life.begin + np.sort(rng.random(rng.poisson(rate * (life.end - life.begin)))) * (
            life.end - life.begin
        )
        bad = rng.random(at.size) < error_share
        codes = np.where(bad, "500", np.where(rng.random(at.size) < 0.1, "404", "200"))
        before: dict[str, int] = {}
        for scrape in life.scrapes:
            now = {
                code: int(np.count_nonzero((at <= scrape) & (codes == code)))
                for code in ("200", "404", "500")
            }
            for code, count in now.items():
                if count:
                    labels = (
                        ("__name__", "http_requests_total"),
                        ("code", code),
                        ("instance", life.instance),
                        ("job", job),
                    )
                    recorded.samples.append((scrape, labels, count))
            if life.instance in seen:
                new = {code: count - before.get(code, 0) for code, count in now.items()}
                minute = int(-(-scrape // MIN) - 1) * MIN
                recorded.truth[life.instance].append((minute, new["200"] + new["404"], sum(new.values())))
            if any(now.values()):
                seen.add(life.instance)
            before = now
    return recorded


def shop(begin: int = BEGIN, seed: int = 7) -> Recorded:
    """Six hours: one instance restarts, one is not scraped for a while, one comes later, one goes, one lives briefly."""
    end = begin + 6 * 3600
    restart = begin + 7_777.0
    return record(
        [
            Life(instance="a:80", begin=begin - 3_000, end=restart, scrapes=scrapes(begin - 2_990, restart)),
            Life(instance="a:80", begin=restart + 4, end=end, scrapes=scrapes(restart + 12, end, phase=1.7)),
            Life(
                instance="b:80",
                begin=begin - 50_000,
                end=end,
                scrapes=scrapes(begin - 600, end, pauses=[(begin + 9_000.0, begin + 10_300.0)]),
            ),
            Life(instance="c:80", begin=begin + 4_000, end=end, scrapes=scrapes(begin + 4_010, end, phase=9)),
            Life(
                instance="d:80",
                begin=begin - 900,
                end=begin + 12_345,
                scrapes=scrapes(begin - 880, begin + 12_345),
            ),
            Life(
                instance="e:80",
                begin=begin + 13_000,
                end=begin + 13_150,
                scrapes=scrapes(begin + 13_005, begin + 13_150),
            ),
        ],
        seed,
    )


def latencies(begin: int = BEGIN, seed: int = 11) -> Iterator[Sample]:
    """Six hours of a classic histogram with bounds written in several ways."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(4, dtype=np.int64)
    for at in scrapes(begin, begin + 6 * 3600, phase=5):
        counts += rng.integers(0, 30, 4)
        below = np.cumsum(counts)
        labels = (("instance", "a:80"), ("job", "shop"))
        for bound, count in zip(("0.25", "0.30", "1.0", "+Inf"), below, strict=True):
            yield (
                at,
                (("__name__", "latency_seconds_bucket"), *labels[:1], *labels[1:], ("le", bound)),
                int(count),
            )
        yield at, (("__name__", "latency_seconds_count"), *labels), int(below[-1])
