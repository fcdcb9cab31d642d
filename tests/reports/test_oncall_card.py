"""A card of the on-call page about one group speaks of that group, not of all of them together."""

from __future__ import annotations

from dataclasses import replace

from allowance.alerting.alert import Alert
from allowance.alerting.plan import Settings, plan
from allowance.budget.budget import Windowed
from allowance.budget.burn import burn_rate
from allowance.budget.evaluate import by_method, evaluate
from allowance.contract.model import Contract, Service
from allowance.core.buckets import Buckets, add
from allowance.core.counts import NO_DATA, NoData
from allowance.reports.pages.card import burning_card
from allowance.reports.pages.facts import Facts, Known, Promise
from tests.alerting.test_messages import MONTH, SLO, month

HURT = month({range(MONTH - 4, MONTH): 4}, per_minute=5)
CALM = month({}, per_minute=2000)
GROUPS = {"globex": HURT, "acme": CALM}
TENANTS = replace(SLO, group_by=("tenant",))


def counted(slo_id: str, group: str = "", /) -> Windowed:
    assert slo_id == SLO.id
    return by_method(TENANTS, GROUPS[group] if group else add(GROUPS.values()))


def history(slo: object) -> Buckets:
    raise AssertionError("a card needs no whole history")


def test_the_line_and_the_beginning_are_those_of_the_group() -> None:
    now = HURT.end
    service = Service(name="checkout", owner="payments", slos=(TENANTS,))
    promise = Promise(
        slo=TENANTS,
        service=service,
        evaluation=evaluate(TENANTS, add(GROUPS.values()), now=now),
        known=Known(source="", word="fresh", reason="", newest=NO_DATA),
        counted=counted,
        history=history,
    )
    facts = Facts(at=now, step=60, contract=Contract(services=(service,)), promises=(promise,))
    found = plan([("globex", evaluate(TENANTS, HURT, now=now))], {}, [], Settings(), now=now)
    (alert,) = (one for one in found.alerts if isinstance(one, Alert) and one.severity == "page")
    card = burning_card(facts, alert, ())
    assert card.name == "Checkout availability (globex)"
    assert not isinstance(card.burn, NoData)
    newest = card.burn.numbers[-1][1].value
    assert newest == burn_rate(alert.reading.short, TENANTS.target)
    assert newest != burn_rate(counted(SLO.id).between(now - 300, now), TENANTS.target)
    assert any(line.startswith("Sudden: one step at ") and "80 % failing" in line for line in card.says)
