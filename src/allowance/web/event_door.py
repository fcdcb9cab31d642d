"""Events that are told one by one (CloudEvents, beacons, probes) become durable counts, each once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection

from allowance.app.collect import fingerprint
from allowance.contract.model import Slo
from allowance.contract.probe import Probe
from allowance.contract.source import CloudEvents, Rum
from allowance.core.duration import MINUTE
from allowance.core.time import Instant
from allowance.edges.store import beacons
from allowance.edges.store.acks import Arrival, remember
from allowance.edges.store.store import Store
from allowance.signals.event_sli import Told, ToldCounter, event_row, told_sli_of
from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_memory import Memory
from allowance.signals.otlp_tally import OTHER, Counted
from allowance.signals.rum import told_by_browser

FORGET_EVERY = 10 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the contract says of a site: whose keys may send (none: no key is asked), from pages of which origins."""

    keys: frozenset[str]
    origins: frozenset[str]

    @property
    def every_origin(self) -> bool:
        """Whether any page may send."""
        return "*" in self.origins


class EventDoor:
    """Counts and the memory of what came are written in one transaction before anybody is told so."""

    def __init__(self, slos: Sequence[Slo], store: Store, clock: Callable[[], Instant]) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._forgot: Instant = 0
        self.take_over(slos)

    def take_over(self, slos: Sequence[Slo]) -> None:
        """Count for these SLOs from now on. Errors: `Problem` `predicate`, `indicator`; nothing has changed then."""
        told = [(slo, slo.source) for slo in slos if isinstance(slo.source, CloudEvents | Rum | Probe)]
        names = {slo.id: _series(slo, source) for slo, source in told}
        counter = ToldCounter(told_sli_of(slo, source) for slo, source in told)
        with self._lock:
            self._names, self._counter, self._memory = names, counter, self._known_groups(names)
            self.slos = tuple(slo for slo, _ in told)
            self.sites = _sites([source for _, source in told if isinstance(source, Rum)])
            self.probes = tuple(dict.fromkeys(source for _, source in told if isinstance(source, Probe)))

    def series(self, slo_id: str) -> str | None:
        """The name under which the counts of an SLO are stored; none where it does not come in here."""
        return self._names.get(slo_id)

    def take_events(self, arrivals: Sequence[Arrival], *, now: Instant) -> tuple[str, ...]:
        """Remember CloudEvents, and count those that nobody has remembered before. Why some were not counted."""

        def fresh(connection: Connection) -> list[Told]:
            return [self._told(one) for one in remember(connection, arrivals, now=now)]

        counted = self._count(fresh, now=now)
        return (counted.message(),) if counted.rejected else ()

    def take_beacon(self, beacon: Mapping[str, Any]) -> bool:
        """Count a beacon of a site that is known; whether it was new."""
        now = self._clock()
        told = told_by_browser(beacon, now=now)

        def fresh(connection: Connection) -> list[Told]:
            if now - self._forgot >= FORGET_EVERY:
                beacons.forget(connection, now=now)
                self._forgot = now
            name = beacon.get("id")
            new = name is None or beacons.is_new(connection, beacon["site"], name, now=now)
            return [told] if new else []

        return self._count(fresh, now=now).accepted == 1

    def take_probe(self, told: Told) -> None:
        """Count a probe. Errors: what the store raises; nothing is counted then."""
        self._count(lambda _: [told], now=self._clock())

    def _count(self, fresh: Callable[[Connection], Sequence[Told]], *, now: Instant) -> Counted:
        with self._lock:
            with self._store.writing() as writing:
                counted = self._counter.count(fresh(writing.connection), self._memory, now=now)
                writing.add(now, {(self._names[slo], group): b for (slo, group), b in counted.gains.items()})
            self._memory.learn(counted.learned)
            return counted

    def _told(self, arrival: Arrival) -> Told:
        told = Told(kind=CloudEvents, origin=arrival.type, at=arrival.at, row=event_row({}))
        if not self._counter.wants(told):
            return told
        return Told(
            kind=CloudEvents, origin=arrival.type, at=arrival.at, row=event_row(orjson.loads(arrival.body))
        )

    def _known_groups(self, names: Mapping[str, str]) -> Memory:
        """Groups that had counts of their own before a restart keep them."""
        slo_of = {name: slo for slo, name in names.items()}
        memory = Memory()
        stored = self._store.series() if slo_of else {}
        groups = tuple(
            (slo_of[name], one) for name, one in stored if name in slo_of and one not in ("", OTHER)
        )
        memory.learn(Learned(groups=groups))
        return memory


def _series(slo: Slo, source: CloudEvents | Rum | Probe) -> str:
    """Counts of another type, site or address are another series; how often a probe is made does not matter."""
    match source:
        case CloudEvents(type=type_):
            words = f"events {type_}"
        case Rum(site=site):
            words = f"rum {site}"
        case Probe(url=url, method=method):
            words = f"probe {method} {url}"
    return f"{fingerprint(slo)}@{sha256(words.encode()).hexdigest()[:12]}"


def _sites(sources: Sequence[Rum]) -> dict[str, Site]:
    """Each site with all that its sources say."""
    return {
        name: Site(
            keys=frozenset(one.key for one in sources if one.site == name and one.key is not None),
            origins=frozenset(origin for one in sources if one.site == name for origin in one.origins),
        )
        for name in {one.site for one in sources}
    }
