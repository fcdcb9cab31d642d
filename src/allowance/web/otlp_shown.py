"""What OTLP telemetry shows beside its counts: errors with samples, latencies, and who sends what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.edges.samples_file import SampleSettings
from allowance.edges.store import errors, seen
from allowance.signals.error_samples import Catalogue, Sample, Taken
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_memory import Known
from allowance.signals.otlp_points import Failure
from allowance.signals.otlp_tally import Latencies, Limits
from allowance.signals.sightings import Sightings

FLUSH = 10
"""Seconds after which samples, latencies and sightings are stored with the counts of a request."""
_SECOND = 1_000_000_000


class Shown:
    """Holds what is not stored yet. Not for several threads at once: the door's lock guards it."""

    def __init__(self, settings: SampleSettings, connection: Connection) -> None:
        self.settings = settings
        self._catalogue = Catalogue(errors.known(connection), rules=settings.rules)
        self._sightings = Sightings(settings.rules)
        self._samples: dict[tuple[str, str], Sample] = {}
        self._flushed: Instant = 0
        self._pruned: Instant = 0

    def take(self, batches: Iterable[Batch], memory: Known, limits: Limits, *, now: Instant) -> Taken:
        """The errors of requests that are in time and were not counted before. Nothing changes before `learn`."""
        first, last = (now - limits.lateness) * _SECOND, (now + limits.skew) * _SECOND
        inside = [one for batch in batches for one in batch.failures if first <= one.start < last]
        fresh: dict[bytes, Failure] = {one.ids: one for one in reversed(inside)}
        if len(fresh) == len(inside) and memory.knows_none(set(fresh)):  # nearly always
            return self._catalogue.take(inside)
        return self._catalogue.take([one for one in reversed(fresh.values()) if one.ids not in memory])

    def see(self, batch: Batch, latencies: Iterable[Latencies], *, now: Instant) -> None:
        """A request was stored: take in what it shows beside its errors."""
        self._sightings.add(batch, now=now)
        self._sightings.measured(latencies)

    def learn(self, taken: Taken, *, now: Instant) -> None:
        """Errors were stored: know them from now on."""
        self._catalogue.learn(taken)
        self._sightings.sensitive(taken.sensitive, now=now)
        for one in taken.samples:
            self._samples[one.signature, one.span] = one
        if len(self._samples) > self._most_samples():
            self._samples = dict(self._newest())

    def _most_samples(self) -> int:
        return 20 * self._catalogue.limits.signatures

    def _newest(self) -> Sequence[tuple[tuple[str, str], Sample]]:
        """Of each signature as many as are kept at all."""
        kept: dict[str, int] = {}
        found = []
        for key, one in sorted(self._samples.items(), key=lambda item: -item[1].at):
            kept[key[0]] = kept.get(key[0], 0) + 1
            if kept[key[0]] <= self._catalogue.limits.samples:
                found.append((key, one))
        return found[: self._most_samples() // 2]

    def is_due(self, *, now: Instant) -> bool:
        """Whether what is held should be stored with the next request."""
        return now >= self._flushed + FLUSH

    def write(self, connection: Connection, *, now: Instant) -> None:
        """Store what is held; `settle` when the transaction is through."""
        errors.keep_samples(connection, self._samples.values(), most=self._catalogue.limits.samples)
        seen.add_sketches(connection, self._sightings.sketches())
        seen.see(connection, self._sightings.sightings())
        if now >= self._pruned + HOUR:
            errors.forget(connection, now - self.settings.keep)
            seen.forget(connection, now - self.settings.keep)

    def settle(self, *, now: Instant) -> None:
        """What was held is stored."""
        self._samples = {}
        self._sightings.settle()
        self._flushed = now
        if now >= self._pruned + HOUR:
            self._pruned = now
