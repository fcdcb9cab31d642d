"""Readiness: each point is met, missing or not known by the evidence, and says why."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Dependency, Journey, NoDataAlert, Service, Slo
from allowance.contract.rules import WORKBOOK
from allowance.core.counts import NO_DATA
from allowance.core.window import RollingWindow
from allowance.governance.readiness import Evidence, readiness

NOW = 1_800_000_000
SLO = Slo(
    name="availability",
    service="checkout",
    indicator=PromRatio(total="t", good="g"),
    target=Fraction("0.999"),
    window=RollingWindow(seconds=28 * 86400),
    rules=WORKBOOK,
    no_data_alert=NoDataAlert(severity="ticket", after=900),
)
SERVICE = Service(
    name="checkout",
    owner="payments",
    runbook="https://runbooks.example/checkout",
    slos=(SLO,),
    dependencies=(Dependency(service="mail"),),
)
BUYING = Journey(name="buy", slos=("checkout/availability",))


def evidence(service: Service = SERVICE, **changes: Any) -> Evidence:
    fields: dict[str, Any] = {
        "service": service,
        "contract": Contract(services=(service,), journeys=(BUYING,)),
        "newest": {"checkout/availability": NOW - 60},
        "signed": True,
        "can_hold": True,
        "deploys": 3,
        "attributes": {"service.version": Fraction(1)},
        "now": NOW,
    }
    return Evidence(**fields | changes)


def missing(given: Evidence) -> list[str]:
    return [one.name for one in readiness(given).missing]


def test_a_service_that_has_everything_lacks_nothing() -> None:
    found = readiness(evidence())
    assert missing(evidence()) == []
    assert found.met == found.counted == len(found.checks) == 14
    assert all(one.reason for one in found.checks)


@pytest.mark.parametrize(
    ("lacks", "given"),
    [
        ("owner", evidence(replace(SERVICE, owner=None))),
        ("journey", evidence(contract=Contract(services=(SERVICE,)))),
        ("runbook", evidence(replace(SERVICE, runbook=None))),
        ("page", evidence(replace(SERVICE, slos=(replace(SLO, rules=()),)))),
        ("silence noticed", evidence(replace(SERVICE, slos=(replace(SLO, no_data_alert=None),)))),
        ("telemetry", evidence(newest={"checkout/availability": NOW - 86400})),
        ("telemetry", evidence(newest={"checkout/availability": NO_DATA})),
        ("version in telemetry", evidence(attributes={"service.version": Fraction(1, 2)})),
        ("policy signed", evidence(signed=False)),
        ("target can hold", evidence(can_hold=False)),
        ("review", evidence(errors=["checkout promises 100 %"])),
        ("nothing overdue", evidence(overdue=1)),
        ("deploys reported", evidence(deploys=0)),
    ],
)
def test_each_point_is_missed_by_its_own_evidence_only(lacks: str, given: Evidence) -> None:
    assert missing(given) == [lacks]


def test_what_nobody_can_know_is_not_counted() -> None:
    given = evidence(replace(SERVICE, dependencies=()), attributes={}, can_hold=NO_DATA)
    found = readiness(given)
    assert found.missing == ()
    assert [one.name for one in found.checks if one.outcome == "open"] == [
        "version in telemetry",
        "dependencies",
    ]
    assert found.met == found.counted == len(found.checks) - 2


def test_a_service_without_promises_is_told_so_once() -> None:
    bare = evidence(Service(name="new"), contract=Contract(services=(Service(name="new"),)), newest={})
    assert missing(bare)[:3] == ["owner", "promise", "journey"]
    assert "telemetry" not in [one.name for one in readiness(bare).checks]
