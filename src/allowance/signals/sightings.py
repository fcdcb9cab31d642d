"""Who sends what: latencies by service and route, and what was seen of whom, added up until they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from allowance.core.duration import HOUR, MINUTE
from allowance.core.time import Instant
from allowance.signals.error_samples import OTHER, route_of
from allowance.signals.otlp_columns import Batch, Spans
from allowance.signals.otlp_points import About, Log, Metric
from allowance.signals.otlp_tally import Latencies
from allowance.signals.redaction import DEFAULT, Rules, clean
from allowance.signals.sketch import MOST_PLACES, Sketch, merged, places_of

What = Literal["spans", "metrics", "logs", "route", "attribute", "sensitive"]
SketchKey: TypeAlias = tuple[str, str, str, Instant]
"""Service, route, `spans` or `metrics`, start of the bucket."""

BUCKET = 5 * MINUTE
ENTRIES = ("server", "consumer")
"""Kinds of spans whose duration is that of a request to the service."""
CONVENTIONS: dict[str, str] = {
    "service.name": "service_name",
    "service.version": "service_version",
    "deployment.environment.name": "environment",
}
"""Attributes that everything sent should carry, with the column that takes older names too."""
SHOWN = frozenset(
    (
        "http.route",
        "rpc.method",
        "messaging.destination.name",
        "messaging.destination.template",
        "service.name",
    )
)
"""Attributes of spans that are read for what is shown here."""

_SECOND = 1_000_000_000
_LATE, _EARLY = HOUR, 5 * MINUTE
"""Spans from before and after are in no sketch."""
_MOST_TABLES = 8
"""A reader that forgets begins a new list; the old ones are let go."""
_MOST_ROUTES, _MOST_SERVICES = 200, 500
_MOST_PENDING = 400_000
_LOOKED_AT = 20
"""So many log records of a request are searched for sensitive data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What was seen of a service between two instants, and how many items of telemetry said so.

    `name` is a route, an attribute, or for `sensitive` the attribute and the kind of data in it (`body: email`).
    """

    service: str
    what: What
    name: str
    first: Instant
    last: Instant
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sender:
    service: str
    route: str
    entry: bool
    attributes: tuple[str, ...]


class Sightings:
    """Adds up until `taken` is stored and `settle` forgets it."""

    def __init__(self, rules: Rules = DEFAULT) -> None:
        self.rules = rules
        self._tables: dict[int, tuple[Sequence[About], NDArray[np.int64]]] = {}
        self._senders: list[_Sender] = []
        self._numbers: dict[_Sender, int] = {}
        self._routes: dict[str, set[str]] = {}
        self._entries: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._arrays: list[NDArray[np.int64]] = []
        self._pending = 0
        self._sketches: dict[SketchKey, Sketch] = {}
        self._seen: dict[tuple[str, What, str], Sighting] = {}

    def add(self, batch: Batch, *, now: Instant) -> None:
        """What one stored request shows."""
        if len(batch.spans):
            self._spans(batch.spans, now)
        for metric in batch.metrics:
            self._metric(metric, now)
        if batch.logs:
            self._logs(batch.logs, now)

    def sensitive(self, found: Iterable[tuple[str, str, str]], *, now: Instant) -> None:
        """Sensitive data that was found in attributes: (service, attribute, kind)."""
        for service, attribute, kind in found:
            self._see(service, "sensitive", f"{attribute}: {kind}", 1, now)

    def measured(self, found: Iterable[Latencies]) -> None:
        """What histograms say that requests took."""
        sums: dict[SketchKey, list[Sketch]] = {}
        for about, at, sketch in found:
            if sketch.counts:
                kept = self._kept(_service(about, self.rules), route_of(about, self.rules))
                sums.setdefault((*kept, "metrics", at // BUCKET * BUCKET), []).append(sketch)
        for key, parts in sums.items():
            self._sketches[key] = merged((self._sketches.get(key, Sketch()), *parts))

    def sketches(self) -> Mapping[SketchKey, Sketch]:
        """Latencies that are not stored yet."""
        self._consolidate()
        return self._sketches

    def sightings(self) -> Sequence[Sighting]:
        """What is not stored yet."""
        return tuple(self._seen.values())

    def settle(self) -> None:
        """All of it was stored."""
        self._sketches, self._seen = {}, {}

    def _spans(self, spans: Spans, now: Instant) -> None:
        slot = self._senders_of(spans.abouts)[spans.slots]
        for number, count in enumerate(np.bincount(slot).tolist()):
            if count:
                self._see_sender(self._senders[number], count, now)
        first, last = (now - _LATE) * _SECOND, (now + _EARLY) * _SECOND
        inside = (spans.starts >= max(first, 0)) & (spans.starts < last) & self._entries[slot]
        if not inside.all():
            spans, slot = spans.where(inside), slot[inside]
        bucket = spans.starts.astype(np.int64) // (BUCKET * _SECOND)
        self._arrays.append((bucket * _WIDE + slot) * MOST_PLACES + places_of(spans.durations()) + 1)
        self._pending += len(spans)
        if self._pending > _MOST_PENDING:
            self._consolidate()

    def _senders_of(self, abouts: Sequence[About]) -> NDArray[np.int64]:
        """The number of the sender of each; what was added to the list since the last time is looked at."""
        if len(self._tables) > _MOST_TABLES:
            self._tables.clear()
        _, known = self._tables.get(id(abouts), (abouts, np.zeros(0, dtype=np.int64)))
        if len(known) < len(abouts):
            known = np.array([*known.tolist(), *map(self._number, abouts[len(known) :])], dtype=np.int64)
            self._entries = np.array([one.entry for one in self._senders], dtype=bool)
            self._tables[id(abouts)] = (abouts, known)
        return known

    def _number(self, about: About) -> int:
        entry = about.own.get("kind") in ENTRIES
        service, route = self._kept(_service(about, self.rules), route_of(about, self.rules) if entry else "")
        sender = _Sender(service=service, route=route, entry=entry, attributes=_conventions(about))
        number = self._numbers.get(sender)
        if number is None:
            number = self._numbers[sender] = len(self._senders)
            self._senders.append(sender)
        return number

    def _kept(self, service: str, route: str) -> tuple[str, str]:
        """The service and the route under which something is counted: a flood of names ends in `(other)`."""
        if service not in self._routes and len(self._routes) >= _MOST_SERVICES:
            return OTHER, ""
        routes = self._routes.setdefault(service, set())
        if route in routes or len(routes) < _MOST_ROUTES:
            routes.add(route)
            return service, route
        return service, OTHER

    def _see_sender(self, sender: _Sender, count: int, now: Instant) -> None:
        self._see(sender.service, "spans", "", count, now)
        for name in sender.attributes:
            self._see(sender.service, "attribute", name, count, now)
        if sender.route:
            self._see(sender.service, "route", sender.route, count, now)

    def _see(self, service: str, what: What, name: str, items: int, now: Instant) -> None:
        key = (service, what, name)
        old = self._seen.get(key)
        first, before = (now, 0) if old is None else (old.first, old.items)
        self._seen[key] = Sighting(
            service=service, what=what, name=name, first=first, last=now, items=before + items
        )

    def _metric(self, metric: Metric, now: Instant) -> None:
        if metric.points:
            self._see_items("metrics", metric.points[0].about, len(metric.points), now)

    def _logs(self, logs: Sequence[Log], now: Instant) -> None:
        by_sender: dict[int, tuple[About, int]] = {}
        for log in logs:
            sender = id(log.about.resource)
            by_sender[sender] = (log.about, by_sender.get(sender, (log.about, 0))[1] + 1)
        for about, count in by_sender.values():
            self._see_items("logs", about, count, now)
        for log in logs[:_LOOKED_AT]:
            texts = {"body": log.about.own.get("body"), **log.about.attributes}
            found = {
                (name, kind)
                for name, text in texts.items()
                if isinstance(text, str)
                for kind in clean(text, self.rules, name=name).found
            }
            service = self._kept(_service(log.about, self.rules), "")[0]
            self.sensitive(((service, name[:100], kind) for name, kind in found), now=now)

    def _see_items(self, what: What, about: About, count: int, now: Instant) -> None:
        service = self._kept(_service(about, self.rules), "")[0]
        self._see(service, what, "", count, now)
        for name in _conventions(about):
            self._see(service, "attribute", name, count, now)

    def _consolidate(self) -> None:
        if not self._arrays:
            return
        values, counts = np.unique(np.concatenate(self._arrays), return_counts=True)
        self._arrays, self._pending = [], 0
        found: dict[SketchKey, dict[int, int]] = {}
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            rest, place = divmod(value, MOST_PLACES)
            bucket, slot = divmod(rest, _WIDE)
            sender = self._senders[slot]
            places = found.setdefault((sender.service, sender.route, "spans", bucket * BUCKET), {})
            places[place - 1] = places.get(place - 1, 0) + count
        for key, sums in found.items():
            self._sketches[key] = merged((self._sketches.get(key, Sketch()), Sketch(counts=sums)))


_WIDE = 1 << 21
"""More than there can be senders: services x routes x the rest that tells them apart."""


def _service(about: About, rules: Rules) -> str:
    name = about.column("service_name")
    text = "" if name is None else clean(str(name), rules).text[:100].replace("\x00", "")
    return text or "unknown"


def _conventions(about: About) -> tuple[str, ...]:
    return tuple(name for name, column in CONVENTIONS.items() if about.column(column) not in (None, ""))
