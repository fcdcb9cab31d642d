"""The living shop and its past: what is broken is broken, and the month says what the story says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.app.law import Law
from allowance.cli.main import run
from allowance.core.duration import DAY
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.demo.live.faults import Faults, changed
from allowance.demo.live.shop import SHOP
from allowance.demo.living.past import PROMISED, SPELLS, counts
from allowance.demo.living.prepare import Prepared, prepare
from allowance.demo.living.processes import Shop, free_pair, free_ports
from allowance.demo.living.scenarios import SCENARIOS, SOUND, Faultline
from allowance.edges.store.database import connect
from allowance.edges.store.deploys import deploys
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.verify import Verified, verify

pytestmark = pytest.mark.xdist_group("living")

NOW: Instant = 1_790_000_047
END = NOW - NOW % 60


class Told(Shop):
    """A shop that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(Path("unused"), collector="")
        self.faults = {name: Faults() for name in SHOP}

    def tell(self, service: str, change: Any) -> None:
        self.faults[service] = changed(self.faults[service], json.dumps(change).encode())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_every_scenario_breaks_something_and_mending_ends_all_of_it(scenario: Any) -> None:
    shop = Told()
    line = Faultline(shop)
    line.break_(scenario.name, now=NOW)
    broken = {name for name, faults in shop.faults.items() if faults != Faults()}
    assert broken == set(scenario.changes)
    assert line.broken == {scenario.name: NOW}
    assert line.mend(now=NOW + 60) == (scenario,)
    assert set(shop.faults.values()) == {Faults()}
    assert line.broken == {}


def test_a_scenario_that_does_not_exist_breaks_nothing() -> None:
    shop = Told()
    with pytest.raises(ProblemError, match="no scenario"):
        Faultline(shop).break_("fire", now=NOW)
    assert set(shop.faults.values()) == {Faults()}


@given(
    st.sampled_from(sorted(SOUND)), st.one_of(st.none(), st.lists(st.integers()), st.booleans(), st.text())
)
def test_a_fault_takes_its_own_type_or_nothing(name: str, value: Any) -> None:
    body = json.dumps({name: value}).encode()
    if type(value) is type(SOUND[name]):
        assert getattr(changed(Faults(), body), name) == value
    else:
        with pytest.raises(ProblemError, match="cannot be"):
            changed(Faults(), body)


@pytest.mark.parametrize("promised", PROMISED, ids=lambda one: one.slo)
def test_the_past_is_the_same_again_and_ends_where_live_begins(promised: Any) -> None:
    first, again, later = (counts(promised, end=end) for end in (END, END, END + 60))
    assert first == again
    for group, buckets in first.items():
        assert END - 5 * 60 <= buckets.end <= END
        assert (later[group].total == buckets.total).all(), "anchored to the end, not to the calendar"


def test_a_spell_hurts_its_own_promise_only() -> None:
    orders = next(one for one in PROMISED if one.slo == "checkout/orders")
    for spell in SPELLS:
        span = END - spell.ago, END - spell.ago + spell.lasts
        found = [buckets.between(*span) for buckets in counts(orders, end=END).values()]
        share = sum(one.bad for one in found) / sum(one.total for one in found)
        hurt = any(
            one.slo == orders.slo and one.ago < spell.ago + spell.lasts and spell.ago < one.ago + one.lasts
            for one in SPELLS
        )
        assert (share > 0.1) if spell.slo == orders.slo else (share < 0.001 or hurt), spell.what


def test_ports_are_given_once() -> None:
    pair = free_pair()
    ports = free_ports(20)
    assert len({pair, pair - 1, *ports}) == 22


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("living") / "month", now=NOW)


def test_the_contract_of_the_shop_has_nothing_to_be_said_about(month: Prepared) -> None:
    assert run(["check", "--strict", str(month.contract_path)]) == 0


def test_the_ledger_of_the_month_is_whole_and_tells_the_story(month: Prepared) -> None:
    engine = connect(month.store)
    try:
        ledger = StoredLedger(engine)
        entries = ledger.entries()
        standing = Law(ledger).standing()
        found = verify(ledger.rows())
        kinds = Counter(one.kind for one in entries)
        told = deploys(engine, begin=0, end=NOW)
    finally:
        engine.dispose()
    assert isinstance(found, Verified)
    assert found.head == len(entries)
    assert [one.at for one in entries] == sorted(one.at for one in entries)
    assert entries[0].at >= END - 30 * DAY
    assert entries[-1].at < END
    words = Counter(one.payload["verdict"]["verdict"] for one in entries if one.kind == "gate.decided")
    assert words["stop"] == 3
    assert words["go"] == len(told) > 15
    assert standing.states["checkout/orders"].state == "red"
    assert standing.states["payments/charges"].state == "yellow"
    assert standing.states["mail/sent"].state == "green"
    open_ = [(one.service, one.slo) for one in standing.freezes.values() if one.end is None]
    assert open_ == [("checkout", "checkout/orders")]
    assert kinds["freeze.began"] - kinds["freeze.ended"] == 1
    (bullet,) = standing.bullets.values()
    assert bullet.change == "PR-1041"
    assert all(one.done is not None for one in standing.obligations.values())
    (waiver,) = standing.waivers.values()
    assert (waiver.dependency, waiver.end < END) == ("payments", True)
