"""Do we see what we promised? What the contract declares, against what telemetry came in the last day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.contract.indicator import Events
from allowance.contract.model import Contract, Journey, Service, Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant
from allowance.signals.event_sql import event_sli
from allowance.signals.sightings import CONVENTIONS, Sighting

Severity = Literal["error", "warning", "info"]
SIGNALS = ("spans", "metrics", "logs")
RECENT = DAY
"""Telemetry that is older than this is none."""
FEW_ERRORS = Fraction(1, 10)
"""Where fewer error spans than this share of the bad events came, errors are probably sampled away."""
MANY_BAD = 20
"""So many bad events are needed to say so."""
_ROUTES = ("http_route", "path", "rpc_method")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that should be seen and is not, or should not be seen and is."""

    code: Literal[
        "journey-unseen",
        "service-unseen",
        "promise-unseen",
        "route-unseen",
        "service-undeclared",
        "attribute-missing",
        "sensitive-data",
        "errors-sampled",
    ]
    severity: Severity
    service: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCoverage:
    """What came from one service in the last day. `signals` counts items; `attributes` are the shares of items that
    carry an attribute. `promises` says for each SLO when its newest event was; `routes` are those that were seen,
    `unseen_routes` those that a promise names."""

    name: str
    declared: bool
    seen: bool
    signals: Mapping[str, int]
    attributes: Mapping[str, Fraction]
    promises: Mapping[str, Instant | NoData]
    routes: tuple[str, ...]
    unseen_routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCoverage:
    """A journey with its promises that are not seen. It is critical where revenue or a service of tier 0 or 1 hangs
    on it."""

    name: str
    critical: bool
    unseen: tuple[str, ...]

    @property
    def covered(self) -> bool:
        """Whether each promise of it has events."""
        return not self.unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The whole picture; `ratio` is the share of declared services that are seen (`NO_DATA`: none is declared)."""

    at: Instant
    services: tuple[ServiceCoverage, ...]
    journeys: tuple[JourneyCoverage, ...]
    ratio: Fraction | NoData
    findings: tuple[Finding, ...]

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Critical journeys that are not covered."""
        return tuple(one.name for one in self.journeys if one.critical and not one.covered)


def coverage(
    contract: Contract,
    sightings: Iterable[Sighting],
    newest: Mapping[str, Instant | NoData],
    errors: Mapping[str, int],
    bad: Mapping[str, int],
    *,
    now: Instant,
) -> Coverage:
    """`newest` says when each SLO (by id) last had an event; `errors` how many error spans a service sent in the last
    day, `bad` how many bad events its promises counted."""
    by_service: dict[str, list[Sighting]] = {}
    for one in sightings:
        if one.last > now - RECENT:
            by_service.setdefault(one.service, []).append(one)
    fresh = {id_: at for id_, at in newest.items() if not isinstance(at, NoData) and at > now - RECENT}
    declared = {service.name: service for service in contract.services}
    names = sorted({*declared, *by_service})
    services = tuple(_service(name, declared.get(name), by_service.get(name, ()), fresh) for name in names)
    journeys = tuple(_journey(one, contract, fresh) for one in contract.journeys)
    seen = sum(1 for one in services if one.declared and one.seen)
    found = [
        *(finding for one in journeys for finding in _of_journey(one)),
        *(finding for one in services for finding in _of_service(one, declared.get(one.name))),
        *(finding for name in names for finding in _sensitive(name, by_service.get(name, ()))),
        *(
            finding
            for one in services
            if one.declared and one.signals["spans"]
            for finding in _sampled(one.name, errors.get(one.name, 0), bad.get(one.name, 0))
        ),
    ]
    rank = {"error": 0, "warning": 1, "info": 2}
    return Coverage(
        at=now,
        services=services,
        journeys=journeys,
        ratio=Fraction(seen, len(declared)) if declared else NO_DATA,
        findings=tuple(
            sorted(found, key=lambda one: (rank[one.severity], one.service, one.code, one.message))
        ),
    )


def _service(
    name: str, service: Service | None, seen: Sequence[Sighting], fresh: Mapping[str, Instant]
) -> ServiceCoverage:
    signals: dict[str, int] = {one.what: one.items for one in seen if one.what in SIGNALS}
    slos = service.slos if service is not None else ()
    promises: dict[str, Instant | NoData] = {slo.id: fresh.get(slo.id, NO_DATA) for slo in slos}
    routes = tuple(sorted(one.name for one in seen if one.what == "route"))
    return ServiceCoverage(
        name=name,
        declared=service is not None,
        seen=bool(signals) or any(not isinstance(at, NoData) for at in promises.values()),
        signals={one: signals.get(one, 0) for one in SIGNALS},
        attributes=attributes(seen),
        promises=promises,
        routes=routes,
        unseen_routes=tuple(sorted(_named_routes(slos) - set(routes))) if "spans" in signals else (),
    )


def attributes(seen: Iterable[Sighting]) -> Mapping[str, Fraction]:
    """The share of what one service sent that carries each attribute of the conventions; empty where it sent nothing."""
    seen = list(seen)
    items = sum(one.items for one in seen if one.what in SIGNALS)
    carried = {one.name: one.items for one in seen if one.what == "attribute"}
    return {one: Fraction(min(carried.get(one, 0), items), items) for one in CONVENTIONS} if items else {}


def _named_routes(slos: Iterable[Slo]) -> set[str]:
    """The routes that promises ask for by name."""
    found = set()
    for slo in slos:
        if isinstance(slo.indicator, Events):
            valid = event_sli(slo.id, slo.indicator).valid
            found |= (
                {text for column, text in valid.compared_texts() if column in _ROUTES} if valid else set()
            )
    return found


def _journey(journey: Journey, contract: Contract, fresh: Mapping[str, Instant]) -> JourneyCoverage:
    services = [contract.service(id_.partition("/")[0]) for id_ in journey.slos]
    return JourneyCoverage(
        name=journey.name,
        critical=journey.revenue_per_minute is not None
        or any(service is not None and service.tier <= 1 for service in services),
        unseen=tuple(id_ for id_ in journey.slos if id_ not in fresh),
    )


def _of_journey(one: JourneyCoverage) -> Iterable[Finding]:
    if not one.covered:
        yield Finding(
            code="journey-unseen",
            severity="error" if one.critical else "warning",
            service="",
            message=f"the journey {one.name} is blind: no event in a day of {', '.join(one.unseen)}",
            hint="send the telemetry that these promises count",
        )


def _of_service(one: ServiceCoverage, service: Service | None) -> Iterable[Finding]:
    if service is None:
        yield Finding(
            code="service-undeclared",
            severity="warning",
            service=one.name,
            message=f"{one.name} sends telemetry, and nothing is promised for it",
            hint="add a Service document, or leave its telemetry away",
        )
    elif not one.seen:
        yield Finding(
            code="service-unseen",
            severity="error" if service.tier <= 1 else "warning",
            service=one.name,
            message=f"nothing was seen of {one.name} in the last day",
            hint="instrument it, or check that its service.name is the name in the contract",
        )
    else:
        yield from _unseen_parts(one)
    for name, share in one.attributes.items():
        if share < 1:
            yield Finding(
                code="attribute-missing",
                severity="warning",
                service=one.name,
                message=f"{share} of what {one.name} sends carries {name}"
                if share
                else f"{one.name} never sends {name}",
                hint="set it once, as a resource attribute of the SDK (OTEL_RESOURCE_ATTRIBUTES)",
            )


def _unseen_parts(one: ServiceCoverage) -> Iterable[Finding]:
    for id_, at in one.promises.items():
        if isinstance(at, NoData):
            yield Finding(
                code="promise-unseen",
                severity="warning",
                service=one.name,
                message=f"{id_} counted no event in the last day",
                hint="compare its valid with what the service sends",
            )
    for route in one.unseen_routes:
        yield Finding(
            code="route-unseen",
            severity="warning",
            service=one.name,
            message=f"a promise of {one.name} names the route {route}, and no span came from it",
            hint="was it renamed, or does nobody call it?",
        )


def _sensitive(name: str, seen: Iterable[Sighting]) -> Iterable[Finding]:
    for one in seen:
        if one.what == "sensitive":
            yield Finding(
                code="sensitive-data",
                severity="error",
                service=name,
                message=f"{name} sends sensitive data in {one.name.rpartition(': ')[0]} ({one.name.rpartition(': ')[2]})",
                hint="take it out where it is sent: here it is redacted, elsewhere perhaps not",
            )


def _sampled(name: str, errors: int, bad: int) -> Iterable[Finding]:
    if bad >= MANY_BAD and errors < bad * FEW_ERRORS:
        yield Finding(
            code="errors-sampled",
            severity="info",
            service=name,
            message=f"{name} counted {bad} bad events in a day, and {errors} spans with an error came",
            hint="keep spans of errors when you sample, or there is nothing to look at",
        )
