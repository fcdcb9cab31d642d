"""How far back counts are read and kept: as far as any window reaches that is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from allowance.app.gate_measured import measured_verdict
from allowance.app.status import kept, lookback
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.source import Prometheus, Source
from allowance.core.duration import DAY
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.core.window import RollingWindow
from allowance.governance.verdict import Ask
from allowance.signals.measured import Measured
from tests.web.conftest import START, slo

PAGES = replace(
    slo("shop", "pages", target=Fraction(99, 100), source=Prometheus(url="http://one:9090")),
    window=RollingWindow(seconds=28 * DAY),
)


@pytest.mark.parametrize(
    ("policy", "days"), [("green-yellow-red", 28), ("escalation", 90), ("nobody-wrote-it", 28)]
)
def test_a_policy_that_looks_back_further_is_given_what_it_asks_about(policy: str, days: int) -> None:
    contract = Contract(services=(Service(name="shop", slos=(PAGES,), policy=policy),))
    assert lookback([PAGES]) == lookback([PAGES], contract.__class__()) == 28 * DAY
    assert lookback([PAGES], contract) == days * DAY
    assert kept(contract) == max(56, days + 1) * DAY


def test_the_gate_without_a_server_asks_for_as_much() -> None:
    contract = Contract(services=(Service(name="shop", slos=(PAGES,), policy="escalation"),))
    asked: list[int] = []

    def measure(
        source: Source, slos: Sequence[Slo], *, begin: Instant, end: Instant | None, by: str | None
    ) -> Measured:
        asked.append((START - begin) // DAY)
        raise refuse("source", "it is away")

    measured_verdict(Ask(service="shop", change="feature"), contract, measure, now=START)
    assert asked == [90]
