"""Journeys, promises and routes against what was seen: each finding, and none too many."""

from __future__ import annotations

from fractions import Fraction

from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.core.counts import NO_DATA
from allowance.core.time import Instant
from allowance.diagnosis.coverage import Coverage, coverage
from allowance.signals.sightings import CONVENTIONS, Sighting, What

NOW = 1_790_000_000
TEXT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: payments
  tier: 1
  source: {otlp: traces}
  slos:
    - {name: availability, target: 99%, valid: "http_route = '/pay'", good: http_status < 500}
---
apiVersion: allowance/v1
kind: Service
metadata: {name: mail}
spec:
  owner: payments
  tier: 3
  source: {otlp: traces}
  slos:
    - {name: availability, target: 99%, good: http_status < 500}
---
apiVersion: allowance/v1
kind: Journey
metadata: {name: buy}
spec: {slos: [checkout/availability]}
---
apiVersion: allowance/v1
kind: Journey
metadata: {name: letters}
spec: {slos: [mail/availability]}
"""


def contract() -> Contract:
    return read([("shop.yaml", TEXT.encode())]).trusted()


def sight(service: str, what: What, name: str = "", items: int = 10, last: Instant = NOW) -> Sighting:
    return Sighting(service=service, what=what, name=name, first=last, last=last, items=items)


def well(service: str, *routes: str) -> list[Sighting]:
    """Everything that a service should send."""
    return [
        sight(service, "spans"),
        *(sight(service, "attribute", name) for name in CONVENTIONS),
        *(sight(service, "route", route) for route in routes),
    ]


def found(sightings: list[Sighting], *, bad: int = 0, errors: int = 0, **newest: Instant) -> Coverage:
    last = {f"{name}/availability": at for name, at in newest.items()}
    return coverage(
        contract(), sightings, last | {"none/none": NO_DATA}, {"checkout": errors}, {"checkout": bad}, now=NOW
    )


def test_who_sends_everything_has_no_finding() -> None:
    all_well = found([*well("checkout", "/pay"), *well("mail")], checkout=NOW - 60, mail=NOW - 60)
    assert (all_well.findings, all_well.ratio, all_well.uncovered) == ((), Fraction(1), ())


def test_a_blind_critical_journey_is_an_error_and_another_one_a_warning() -> None:
    nothing = found([])
    assert nothing.uncovered == ("buy",)
    assert nothing.ratio == 0
    said = {(one.code, one.severity) for one in nothing.findings}
    assert said == {
        ("journey-unseen", "error"),
        ("journey-unseen", "warning"),
        ("service-unseen", "error"),
        ("service-unseen", "warning"),
    }


def test_yesterday_is_not_seen() -> None:
    old = found([sight("checkout", "spans", last=NOW - 90_000)], checkout=NOW - 90_000, mail=NOW)
    assert old.uncovered == ("buy",)
    assert old.ratio == Fraction(1, 2)


def test_an_attribute_that_some_items_lack_is_said_with_its_share() -> None:
    seen = [sight("checkout", "spans", items=30), sight("checkout", "attribute", "service.version", items=10)]
    texts = [one.message for one in found(seen, checkout=NOW).findings if one.code == "attribute-missing"]
    assert texts[0] == "1/3 of what checkout sends carries service.version"
    assert len(texts) == len(CONVENTIONS)


def test_errors_that_are_sampled_away_are_noted() -> None:
    def codes(bad: int, errors: int) -> set[str]:
        seen = [*well("checkout", "/pay"), *well("mail")]
        return {one.code for one in found(seen, bad=bad, errors=errors, checkout=NOW, mail=NOW).findings}

    assert codes(100, 9) == {"errors-sampled"}
    assert codes(100, 10) == set()
    assert codes(19, 0) == set()
