"""Risk against reward from what is counted and deployed: the record is gathered here, and weighed in governance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from allowance.app.attributed import equivalent, service_of
from allowance.app.tick import Key
from allowance.budget.burn import burn_rate
from allowance.changes.deploys import Deploy
from allowance.contract.budget_policy import ChangeClass
from allowance.contract.model import Contract, Money, Service, Slo
from allowance.core.buckets import Buckets, add
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import HOUR, MINUTE
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.governance.fault_windows import faults
from allowance.governance.ledger import Entry
from allowance.governance.risk import Question, Risk, shipped, weigh


def risk_of(
    contract: Contract,
    histories: Mapping[Key, Buckets],
    deploys: Sequence[Deploy],
    name: str,
    *,
    lift: Money | None = None,
    minutes: Fraction | None = None,
    change: ChangeClass | None = None,
    verdicts: Iterable[Entry] = (),
    now: Instant,
) -> Risk:
    """What shipping a change of a service now would probably cost. `lift` is what it brings a day.

    `verdicts`, of which the newest counts, say of which class its deploys were. Errors: `Problem` `service`.
    """
    service = service_of(contract, name)
    counted = {slo.id: found for slo in service.slos if (found := _history(slo, histories)) is not None}
    edge = now - now % MINUTE
    burns = [_burn(service, counted, one.at) if one.service == name else NO_DATA for one in deploys]
    question = Question(
        service=name,
        burn=_burn(service, counted, edge),
        per_minute=price_of_a_minute(contract, service),
        lift=lift,
        minutes=minutes,
        change=change,
    )
    classes = _classes(verdicts)
    changes = [classes.get(one.service, {}).get(one.version or one.commit) for one in deploys]
    return weigh(question, shipped(deploys, burns, changes), _spells(service, counted))


def price_of_a_minute(contract: Contract, service: Service) -> Money | None:
    """What the journeys that lean on a service earn in a minute; those in the first one's currency are added up."""
    own = {slo.id for slo in service.slos}
    names = {*service.journeys, *(name for slo in service.slos for name in slo.journeys)}
    found = [
        one.revenue_per_minute
        for one in contract.journeys
        if one.revenue_per_minute is not None and (one.name in names or own & set(one.slos))
    ]
    if not found:
        return None
    currency = found[0].currency
    return Money(
        amount=sum((one.amount for one in found if one.currency == currency), start=Fraction(0)),
        currency=currency,
    )


def _classes(verdicts: Iterable[Entry]) -> Mapping[str, Mapping[str, ChangeClass]]:
    """By service, of which class a version or a commit is: what the gate was told when it was asked about it."""
    found: dict[str, dict[str, ChangeClass]] = {}
    for one in verdicts:
        ask = one.payload["ask"]
        for name in (ask["version"], ask["commit"]):
            if name:
                found.setdefault(ask["service"], {})[name] = ask["change"]
    return found


def _history(slo: Slo, histories: Mapping[Key, Buckets]) -> Buckets | None:
    own = [histories[key] for key in histories if key[0] == slo.id]
    return add(own) if own else None


def _burn(service: Service, counted: Mapping[str, Buckets], at: Instant) -> Fraction | NoData:
    """The worst burn rate of the service's SLOs in the hour before."""
    rates = []
    for slo in service.slos:
        if (buckets := counted.get(slo.id)) is not None:
            edge = at - at % buckets.step
            rates.append(burn_rate(buckets.between(edge - HOUR + HOUR % buckets.step, edge), slo.target))
    known = [rate for rate in rates if not isinstance(rate, NoData)]
    return max(known, default=NO_DATA)


def _spells(service: Service, counted: Mapping[str, Buckets]) -> list[tuple[Instant, Fraction]]:
    """Every bad spell on record; where two SLOs had it at once, the worse one counts."""
    found: list[tuple[Span, Fraction]] = []
    for slo in service.slos:
        if (buckets := counted.get(slo.id)) is not None:
            windows = faults(buckets, slo.target, Span(begin=buckets.start, end=buckets.end))
            costs = equivalent(buckets, windows)
            found += [(window, cost) for window, (_, cost) in zip(windows, costs, strict=True)]
    merged: list[tuple[Span, Fraction]] = []
    for window, cost in sorted(found, key=lambda one: (one[0].begin, one[0].end)):
        if merged and window.begin < merged[-1][0].end:
            before, worst = merged[-1]
            whole = Span(begin=before.begin, end=max(before.end, window.end))
            merged[-1] = (whole, max(worst, cost))
        else:
            merged.append((window, cost))
    return [(window.begin, cost) for window, cost in merged]
