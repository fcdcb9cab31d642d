"""`/governance`."""

from __future__ import annotations

from collections.abc import Iterator

from allowance.app.exceptions import quotas
from allowance.app.freezing import followed, way_of
from allowance.app.law import Asked as Entries
from allowance.app.verdicts import USUAL
from allowance.contract.signing import policy_hash
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.governance.facts import Standing
from allowance.reports.pages.frozen import Progressing
from allowance.reports.pages.governance import Governance, Governing, governance
from allowance.reports.pages.kept import Shipping
from allowance.reports.pages.signed import Policy
from allowance.web.asked import House
from allowance.web.pages.page import Page, Wanted

TAIL = 8
LONGEST = 100


def _view(wanted: Wanted) -> Governance:
    house, facts = wanted.house, wanted.facts
    ledger = house.state.law.ledger
    return governance(
        Governing(
            facts=facts,
            now=wanted.now,
            ways=dict(ways(house, facts.standing)),
            quotas=tuple(quotas(house.state.contract, facts.standing, now=wanted.now)),
            policies=policies(house),
            tail=tuple(reversed(ledger.find(Entries(most=TAIL, newest=True)))),
            shipping=shipping(house, now=wanted.now),
            period=wanted.query.get("period", "")[:LONGEST],
            team=wanted.query.get("team", "")[:LONGEST],
        )
    )


PAGE = Page(path="/governance", name="governance", view=_view, nav="Governance", key="v", past="facts")


def ways(house: House, standing: Standing) -> Iterator[tuple[str, Progressing]]:
    """How far every freeze is that has not ended, by its id; the same as `/v1/freezes` says."""
    state = house.state
    for one in (*standing.freezes.values(), *standing.advised.values()):
        if one.end is None and state.now is not None:
            way = way_of(one, state.contract, state.counted, standing, now=state.now.at)
            yield (
                one.id,
                Progressing(text=way.text, earliest=way.earliest, remaining=way.remaining, need=way.need),
            )


def shipping(house: House, *, now: Instant) -> Shipping:
    """The deploys of the four weeks before an instant, and what the gate had said of them."""
    span = Span(begin=now - USUAL, end=now + 1)
    said = house.state.verdicts.before(span.begin, span.end, service="", now=house.clock())
    deploys = house.state.deploys(begin=span.begin, end=span.end)
    return Shipping(span=span, deploys=deploys, said=said)


def policies(house: House) -> tuple[Policy, ...]:
    """Every policy that is written or followed."""
    return tuple(
        Policy(policy=one.policy, digest=policy_hash(one.policy), services=one.services)
        for one in followed(house.state.contract).values()
    )
