"""What a service can promise with the dependencies that it has."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.composite import Cannot
from allowance.budget.promise import composites
from allowance.contract.indicator import Events
from allowance.contract.model import Contract, Dependency, Mitigation, Service, Slo
from allowance.core.window import RollingWindow


def _service(name: str, target: str, *dependencies: Dependency) -> Service:
    slo = Slo(
        name="availability",
        service=name,
        indicator=Events(good="status < 500"),
        target=Fraction(target),
        window=RollingWindow(seconds=28 * 86400),
    )
    return Service(name=name, slos=(slo,), dependencies=dependencies)


def test_a_checkout_that_needs_a_weaker_service_cannot_hold() -> None:
    contract = Contract(
        services=(_service("checkout", "0.9999", Dependency(service="tax")), _service("tax", "0.995"))
    )
    (found,) = composites(contract)
    assert found.why.availability == Fraction("0.9949005")
    assert not found.can_hold
    assert found.itself == Cannot(best=Fraction("0.995"))


def test_a_fallback_makes_it_possible_and_says_how_good_the_rest_must_be() -> None:
    fallback = Mitigation(kind="fallback", coverage=Fraction(99, 100))
    contract = Contract(
        services=(
            _service("checkout", "0.9999", Dependency(service="tax", mitigations=(fallback,))),
            _service("tax", "0.995"),
        )
    )
    (found,) = composites(contract)
    assert found.can_hold
    assert found.itself == Fraction("0.9999") / Fraction("0.99995")


def test_soft_dependencies_take_nothing_and_mitigations_add_up() -> None:
    two = (
        Mitigation(kind="cache", coverage=Fraction(1, 2)),
        Mitigation(kind="fallback", coverage=Fraction(1, 2)),
    )
    contract = Contract(
        services=(
            _service(
                "shop",
                "0.99",
                Dependency(service="ads", kind="soft", target=Fraction(1, 2)),
                Dependency(service="mail", target=Fraction(96, 100), mitigations=two),
            ),
        )
    )
    (found,) = composites(contract)
    assert found.why.availability == Fraction("0.99") * (1 - Fraction(4, 100) / 4)
