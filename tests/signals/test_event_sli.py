"""Events that are told one by one: what an SLI takes of them, what it says of them, and in which group."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.indicator import Events
from allowance.contract.model import Slo
from allowance.contract.probe import Probe
from allowance.contract.source import CloudEvents, Rum
from allowance.core.problem import ProblemError
from allowance.core.window import RollingWindow
from allowance.signals.event_sli import (
    Told,
    ToldCounter,
    event_row,
    group_of,
    row_of,
    told_sli_of,
)
from allowance.signals.otlp_memory import Memory
from allowance.signals.rum import told_by_browser

NOW = 1_790_000_040


def slo(source: Any, indicator: Events, by: tuple[str, ...] = ()) -> Slo:
    return Slo(
        name="orders",
        service="shop",
        indicator=indicator,
        target=Fraction("0.99"),
        window=RollingWindow(seconds=86400),
        source=source,
        group_by=by,
    )


def counter(source: Any, indicator: Events, by: tuple[str, ...] = ()) -> ToldCounter:
    return ToldCounter([told_sli_of(slo(source, indicator, by), source)])


def order(type_: str = "com.shop.order", at: int = NOW, **document: Any) -> Told:
    return Told(kind=CloudEvents, origin=type_, at=at, row=event_row({"type": type_, **document}))


def sums(found: Any) -> dict[str, tuple[int, int]]:
    return {group: (b.all().good, b.all().total) for (_, group), b in found.gains.items()}


@pytest.mark.parametrize(
    ("wanted", "type_", "taken"),
    [
        ("com.shop.order", "com.shop.order", True),
        ("com.shop.order", "com.shop.order.paid", True),
        ("com.shop.order.", "com.shop.order.paid", True),
        ("com.shop.order", "com.shop.orders", False),
        ("com.shop.order", "com.shop", False),
        ("*", "anything", True),
    ],
)
def test_a_type_takes_itself_and_what_is_below_it(wanted: str, type_: str, taken: bool) -> None:
    assert CloudEvents(type=wanted).takes(type_) is taken


def test_predicates_read_attributes_and_data() -> None:
    count = counter(
        CloudEvents(type="com.shop"),
        Events(valid="type = 'com.shop.order' AND data.test IS NOT TRUE", good="data.answer.status < 500"),
    )
    events = [
        order(data={"answer": {"status": 200}}),
        order(data={"answer": {"status": "503"}}),
        order(data={"answer": {"status": 503}, "test": True}),
        order(data={"answer": [200]}),
        order("com.shop.refund", data={"answer": {"status": 200}}),
        order("com.other", data={"answer": {"status": 200}}),
    ]
    found = count.count(events, Memory(), now=NOW)
    assert sums(found) == {"": (1, 3)}, "what has no status is not good"
    assert (found.unused, found.rejected) == (3, 0)


def test_latency_is_the_duration_in_the_data() -> None:
    count = counter(CloudEvents(type="*"), Events(latency_ms=Fraction(300)))
    durations = [299.5, 300, 300.5, None, "fast", True]
    found = count.count([order(data={"duration_ms": one}) for one in durations], Memory(), now=NOW)
    assert sums(found) == {"": (2, 3)}


def test_time_late_and_early() -> None:
    count = counter(CloudEvents(type="*"), Events(good="true"))
    early, late = NOW + 301, NOW - 90_000
    found = count.count([order(at=NOW - 3600), order(at=early), order(at=late)], Memory(), now=NOW)
    assert sums(found) == {"": (1, 1)}
    assert next(iter(found.gains.values())).start == (NOW - 3600) // 60 * 60
    assert "too late, by more than 1d" in found.message()
    assert "future" in found.message()


def test_groups_of_several_columns_and_their_fold() -> None:
    count = counter(CloudEvents(type="*"), Events(good="true"), by=("data.version", "data.region"))
    events = [order(data={"version": "2.1", "region": "eu"}), order(data={"version": "2.1"}), order(data={})]
    memory = Memory()
    found = count.count(events, memory, now=NOW)
    assert sums(found) == {"2.1|eu": (1, 1), "2.1|": (1, 1), "": (1, 1)}
    memory.learn(found.learned)
    many = [order(data={"version": str(number)}) for number in range(150)]
    folded = sums(count.count(many, memory, now=NOW))
    assert folded["(other)"] == (52, 52)
    assert len(folded) == 99


@given(st.lists(st.tuples(st.text("a|\\", max_size=6), st.text("a|\\", max_size=6)), max_size=8))
def test_two_pairs_of_values_are_two_groups(pairs: list[tuple[str, str]]) -> None:
    names = {group_of(row_of({"a": one, "b": other}), ("a", "b")) for one, other in pairs}
    assert len(names) == len(set(pairs))


@given(
    st.lists(
        st.tuples(st.integers(1, 1000), st.one_of(st.none(), st.integers(0, 9000)), st.booleans()),
        max_size=30,
    )
)
def test_a_sampled_beacon_counts_as_many_views(views: list[tuple[int, int | None, bool]]) -> None:
    count = counter(Rum(site="shop"), Events(valid="lcp IS NOT NULL", good="ok AND lcp <= 2500"))
    beacons: list[Mapping[str, Any]] = [
        {"site": "shop", "sample": sample, "lcp": lcp, "ok": ok} for sample, lcp, ok in views
    ]
    found = count.count([told_by_browser(one, now=NOW) for one in beacons], Memory(), now=NOW)
    total = sum(sample for sample, lcp, _ in views if lcp is not None)
    good = sum(sample for sample, lcp, ok in views if lcp is not None and ok and lcp <= 2500)
    assert sums(found) == ({"": (good, total)} if total else {})


def test_a_beacon_of_another_site_and_the_query_of_a_page() -> None:
    count = counter(Rum(site="shop"), Events(good="true"), by=("page",))
    mine = told_by_browser({"site": "shop", "page": "/pay?card=4111#top"}, now=NOW)
    other = told_by_browser({"site": "blog", "page": "/pay"}, now=NOW)
    assert sums(count.count([mine, other], Memory(), now=NOW)) == {"/pay": (1, 1)}


def test_a_probe_is_counted_for_its_own_slos_only() -> None:
    one, other = Probe(url="https://a.test/"), Probe(url="https://b.test/")
    count = counter(one, Events(good="ok AND total_ms < 300"))
    told = [
        Told(kind=Probe, origin=probe, at=NOW, row=row_of({"ok": True, "total_ms": ms}))
        for probe, ms in ((one, 100.0), (one, 300.0), (other, 100.0))
    ]
    assert sums(count.count(told, Memory(), now=NOW)) == {"": (1, 2)}


def test_promql_is_refused() -> None:
    from allowance.contract.indicator import PromRatio

    wrong = Slo(
        name="a",
        service="b",
        indicator=PromRatio(total="x", good="y"),
        target=Fraction("0.9"),
        window=RollingWindow(seconds=60),
    )
    with pytest.raises(ProblemError, match="not measured over events"):
        told_sli_of(wrong, CloudEvents(type="x"))
