"""A house of several services with histories of their own, under signed policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from allowance.app.collect import Read
from allowance.contract.budget_policy import ErrorBudgetPolicy, Exceptions
from allowance.contract.model import Contract, Dependency, Journey, Money, Service
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.contract.source import Prometheus, Source
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from tests.budget.histories import MIN, even
from tests.web.conftest import START, House, slo
from tests.web.test_gate import signed

MINUTES = 2000


def history(bad: dict[range, int], per_minute: int = 100) -> Buckets:
    """Even traffic of a day and a third."""
    return even(MINUTES, per_minute, bad, start=START)


class Played:
    """A source that plays a history for each SLO."""

    def __init__(self, histories: Mapping[str, Buckets]) -> None:
        self.histories = histories

    def __call__(
        self,
        source: Source,
        slos: Sequence[Any],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read:
        gains = {}
        for one in slos:
            whole = self.histories[one.id]
            low = min(max(0, (begin - whole.start) // MIN), len(whole))
            high = min(max(low, (end - whole.start) // MIN), len(whole))
            gains[one.id, ""] = Buckets(
                start=whole.start + low * MIN,
                step=MIN,
                good=whole.good[low:high],
                total=whole.total[low:high],
            )
        return Read(gains=gains, memory={"to": end})


def shop(**exceptions: Any) -> Contract:
    """Checkout depends on mail, hard; mail is measured, the map service is not."""
    policy: ErrorBudgetPolicy = signed(replace(GREEN_YELLOW_RED, exceptions=Exceptions(**exceptions)))
    checkout = Service(
        name="checkout",
        owner="shop",
        slos=(slo("checkout", "availability", source=Prometheus(url="http://one:9090")),),
        dependencies=(Dependency(service="mail"), Dependency(service="maps")),
    )
    mail = Service(
        name="mail",
        owner="mail",
        slos=(slo("mail", "sending", target=Fraction("0.995"), source=Prometheus(url="http://two:9090")),),
    )
    buying = Journey(
        name="buying",
        slos=("checkout/availability",),
        revenue_per_minute=Money(amount=Fraction(120), currency="EUR"),
    )
    return Contract(services=(checkout, mail), journeys=(buying,), budget_policies=(policy,))


def furnish(house: House, contract: Contract, histories: Mapping[str, Buckets], minute: int = 1500) -> None:
    """Let a house watch a contract that measures some histories, and tick up to a minute."""
    house.loop.contract = contract
    house.loop.reader = Played(histories)
    house.loop.start(now=house.clock.now)
    house.run_to(minute)


OUTAGE = range(700, 760)
MAIL_IS_DOWN = {
    "checkout/availability": history({OUTAGE: 40, range(0, 1490, 20): 1}),
    "mail/sending": history({OUTAGE: 90}),
}
