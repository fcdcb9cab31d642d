"""What telemetry carries, and whether names can be relied on: a block of the page of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from allowance.core.counts import NO_DATA
from allowance.diagnosis.coverage import Coverage, ServiceCoverage
from allowance.reports import numbers, tabular
from allowance.reports.pages.facts import Facts, service_name
from allowance.reports.pages.view import Link, Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What came by OTLP from one service in the last day, and the share of it that carries each attribute."""

    service: Link
    declared: bool
    signals: str
    shares: tuple[Num, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that should be seen in telemetry and is not, or should not be there and is."""

    code: str
    severity: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """`attributes` are the columns of `services`; `says` is how much of what is declared is seen."""

    says: str
    attributes: tuple[str, ...]
    services: tuple[Carried, ...]
    missing: tuple[Missing, ...]


def telemetry(facts: Facts, found: Coverage) -> Telemetry:
    """The coverage of the contract, as `allowance coverage` says it."""
    sending = [one for one in found.services if one.attributes]
    names = tuple(dict.fromkeys(name for one in sending for name in one.attributes))
    share = found.ratio
    return Telemetry(
        says="No service is declared."
        if share == NO_DATA
        else f"{tabular.percent(share)} of the declared services are seen.",
        attributes=names,
        services=tuple(_carried(facts, one, names) for one in sending),
        missing=tuple(_missing(found)),
    )


def _carried(facts: Facts, one: ServiceCoverage, names: tuple[str, ...]) -> Carried:
    known = facts.contract.service(one.name)
    sent = [f"{numbers.whole(count)} {what}" for what, count in one.signals.items() if count]
    return Carried(
        service=Link(
            text=one.name if known is None else service_name(known),
            href="" if known is None else f"/services/{one.name}",
        ),
        declared=one.declared,
        signals=", ".join(sent),
        shares=tuple(_share(one.attributes.get(name, Fraction(0))) for name in names),
    )


def _share(value: Fraction) -> Num:
    return Num(text=tabular.percent(value), value=value)


def _missing(found: Coverage) -> Iterator[Missing]:
    for one in found.findings:
        yield Missing(code=one.code, severity=one.severity, message=one.message, hint=one.hint)
