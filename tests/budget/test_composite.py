"""Composite availability: published examples to the digit, and every outcome counted for small systems."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.composite import (
    Cannot,
    Dependency,
    KOfN,
    Node,
    Part,
    Redundant,
    Series,
    availability,
    measured_pooled,
    measured_product,
    reach,
    service,
    service_availability,
    why,
)
from allowance.core.buckets import from_rows
from allowance.core.counts import NO_DATA, Counts
from allowance.core.duration import DAY
from allowance.core.problem import ProblemError
from allowance.core.time import parse_instant


def series(*percents: str) -> Series:
    return Series(parts=tuple(part(percent) for percent in percents))


def part(percent: str, name: str = "part", **more: Any) -> Part:
    return Part(name=name, availability=Fraction(percent) / 100, **more)


EDGE = ("99.99", "99.99")
"""Azure Front Door and Entra ID."""
LINK = "99.99"
"""Azure Private Link stands before each regional service."""
DOTNET = ("99.95", "99.9", "99.995", "99.9", "99.99", "99.9")
"""App Service, Redis, SQL, Storage, Key Vault, App Configuration."""
JAVA = ("99.95", "99.9", "99.99", "99.99")
"""App Service, Redis, PostgreSQL, Key Vault."""


def linked(*services: str) -> tuple[str, ...]:
    return (LINK, *itertools.chain.from_iterable((one, LINK) for one in services))


def two_regions(*regional: str) -> Series:
    return Series(parts=(*series(*EDGE).parts, Redundant(parts=(series(*regional),) * 2)))


# Components as the vendors publish them: AWS Well-Architected reliability pillar, Azure reliable web app pattern.
PUBLISHED: dict[str, Node] = {
    "AWS: 99.99% workload with two 99.99% hard dependencies": series("99.99", "99.99", "99.99"),
    "AWS: two redundant subsystems of 99%": Redundant(parts=(part("99"), part("99"))),
    "AWS-style: redundant 99% EC2 pair behind 99% RDS": Series(
        parts=(Redundant(parts=(part("99"), part("99"))), part("99"))
    ),
    "three 99.999% in series": series("99.999", "99.999", "99.999"),
    "Azure .NET reliable web app, development": series(*EDGE, *DOTNET),
    "Azure .NET production, one region": series(*EDGE, *linked(*DOTNET)),
    "Azure .NET regional services only": series(*linked(*DOTNET)),
    "Azure .NET two regions": two_regions(*linked(*DOTNET)),
    # The development table has a PostgreSQL of 99.9 %, the production table one of 99.99 %.
    "Azure Java development": series(*EDGE, "99.95", "99.9", "99.9", "99.99"),
    "Azure Java production, one region": series(*EDGE, *linked(*JAVA)),
    "Azure Java two regions": two_regions(*linked(*JAVA)),
    "k of n: 2 of 3 at 99%": KOfN(k=2, parts=(part("99"), part("99"), part("99"))),
}


def test_published_composites(cases: Path) -> None:
    table = json.loads((cases / "published-tables" / "tables.json").read_text(), parse_float=Fraction)[
        "composite"
    ]
    assert set(table) == set(PUBLISHED)
    for name, row in table.items():
        assert round(availability(PUBLISHED[name]) * 100, 8) == row["exact_pct"], name


def test_two_regions_as_the_pages_compute_them(cases: Path) -> None:
    table = json.loads((cases / "published-tables" / "tables.json").read_text(), parse_float=Fraction)[
        "composite"
    ]
    for name, region in (("Azure .NET two regions", "99.546"), ("Azure Java two regions", "99.760")):
        assert (
            round(availability(two_regions(region)) * 100, 8)
            == table[name]["as_the_page_computes_with_" + region]
        )


def test_a_checkout_that_depends_hard_on_a_weaker_service() -> None:
    payment = Dependency(name="payment", availability=Fraction("0.995"))
    assert service_availability(Fraction("0.9999"), [payment]) == Fraction("0.9949005")
    node, target = service(part("99.99", "checkout"), [payment]), Fraction("0.999")
    own, other = reach(node, target)
    assert own.availability == own.coverage == Cannot(best=Fraction("0.995"))
    assert other.availability == target / Fraction("0.9999")
    assert isinstance(other.coverage, Fraction)
    mitigated = Dependency(name="payment", availability=Fraction("0.995"), coverage=other.coverage)
    assert service_availability(Fraction("0.9999"), [mitigated]) == target
    assert why(node, target).contributions[0].name == "payment"


def test_soft_dependencies_cost_nothing() -> None:
    soft = Dependency(name="recommendations", availability=Fraction(1, 2), kind="soft")
    assert service_availability(Fraction("0.9999"), [soft]) == Fraction("0.9999")


def test_a_shared_part_fails_once() -> None:
    database = part("99", "database", shared=True)
    both = Redundant(
        parts=(Series(parts=(part("90", "a"), database)), Series(parts=(part("90", "b"), database)))
    )
    assert availability(both) == Fraction("0.99") * (1 - Fraction("0.01"))
    assert availability(Redundant(parts=(database, database))) == Fraction("0.99")
    losses = why(both, Fraction("0.999"))
    assert [one.name for one in losses.contributions] == ["database", "a", "b"]
    assert sum(one.loss for one in losses.contributions) == 1 - availability(both)


def test_a_shared_part_has_one_description() -> None:
    with pytest.raises(ProblemError, match="two ways"):
        availability(Series(parts=(part("99", "db", shared=True), part("98", "db", shared=True))))


def test_too_many_shared_parts_are_refused() -> None:
    with pytest.raises(ProblemError, match="marked shared"):
        availability(Series(parts=tuple(part("99", f"db{i}", shared=True) for i in range(13))))


@pytest.mark.parametrize("k", [0, 3])
def test_k_of_n_needs_a_possible_k(k: int) -> None:
    with pytest.raises(ValueError):
        KOfN(k=k, parts=(part("99"), part("99")))


shares = st.fractions(0, 1, max_denominator=50)
leaves = st.builds(
    lambda a, c: Part(name="part", availability=a, coverage=c), shares, st.just(Fraction(0)) | shares
)


def groups(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    branches = st.lists(inner, min_size=1, max_size=3).map(tuple)
    k_of_n = branches.flatmap(lambda b: st.integers(1, len(b)).map(lambda k: KOfN(k=k, parts=b)))
    return branches.map(lambda b: Series(parts=b)) | branches.map(lambda b: Redundant(parts=b)) | k_of_n


nodes: st.SearchStrategy[Node] = st.recursive(leaves, groups, max_leaves=5)


def parts_of(node: Node) -> list[Part]:
    return [node] if isinstance(node, Part) else [leaf for branch in node.parts for leaf in parts_of(branch)]


def works(node: Node, states: list[bool]) -> bool:
    """Whether the system works in one outcome; takes the states of its leaves from the front of the list."""
    if isinstance(node, Part):
        return states.pop(0)
    up = sum([works(branch, states) for branch in node.parts])
    if isinstance(node, Series):
        return up == len(node.parts)
    return up >= (node.k if isinstance(node, KOfN) else 1)


def by_counting(node: Node, values: list[Fraction]) -> Fraction:
    total = Fraction(0)
    for outcome in itertools.product([True, False], repeat=len(values)):
        if works(node, list(outcome)):
            chance = Fraction(1)
            for value, up in zip(values, outcome, strict=True):
                chance *= value if up else 1 - value
            total += chance
    return total


@given(node=nodes)
def test_availability_against_every_outcome(node: Node) -> None:
    assert availability(node) == by_counting(node, [leaf.effective for leaf in parts_of(node)])


@given(node=nodes)
def test_contributions_are_the_mean_over_all_orders_of_failing(node: Node) -> None:
    leaves_of = parts_of(node)
    expected = []
    orders = list(itertools.permutations(range(len(leaves_of))))
    taken = [Fraction(0)] * len(leaves_of)
    for order in orders:
        values = [Fraction(1)] * len(leaves_of)
        before = Fraction(1)
        for index in order:
            values[index] = leaves_of[index].effective
            after = by_counting(node, values)
            taken[index] += before - after
            before = after
    expected = sorted(loss / len(orders) for loss in taken)
    found = why(node, Fraction(99, 100))
    assert sorted(one.loss for one in found.contributions) == expected
    assert sum(one.loss for one in found.contributions) == 1 - found.availability
    assert [one.loss for one in found.contributions] == sorted(expected, reverse=True)
    assert sum(one.share for one in found.contributions) == (1 if found.availability < 1 else 0)
    assert found.shortfall == max(0, Fraction(99, 100) - found.availability)


def changed(node: Node, at: int, leaf: Part) -> Node:
    """The same system with its leaf number `at` replaced."""
    counter = itertools.count()

    def walk(one: Node) -> Node:
        if isinstance(one, Part):
            return leaf if next(counter) == at else one
        branches = tuple(walk(branch) for branch in one.parts)
        if isinstance(one, KOfN):
            return KOfN(k=one.k, parts=branches)
        return type(one)(parts=branches)

    return walk(node)


@given(node=nodes, target=st.fractions(Fraction(1, 50), Fraction(49, 50), max_denominator=50))
def test_what_one_part_needs_is_just_enough(node: Node, target: Fraction) -> None:
    for at, (leaf, need) in enumerate(zip(parts_of(node), reach(node, target), strict=True)):
        perfect = availability(changed(node, at, Part(name="part", availability=Fraction(1))))
        if isinstance(need.availability, Cannot):
            assert need.availability.best == perfect < target
            assert need.coverage == need.availability
            continue
        assert isinstance(need.coverage, Fraction)
        alone = Part(name="part", availability=need.availability, coverage=leaf.coverage)
        hidden = Part(name="part", availability=leaf.availability, coverage=need.coverage)
        for better, free in ((alone, need.availability), (hidden, need.coverage)):
            reached = availability(changed(node, at, better))
            assert reached == target or (free == 0 and reached > target)


@given(node=nodes, extra=shares)
def test_a_better_part_never_makes_a_system_worse(node: Node, extra: Fraction) -> None:
    for at, leaf in enumerate(parts_of(node)):
        better = Part(name="part", availability=max(leaf.availability, extra), coverage=leaf.coverage)
        assert availability(changed(node, at, better)) >= availability(node)


@given(values=st.lists(shares, min_size=1, max_size=6), data=st.data())
def test_k_of_n_between_series_and_redundant(values: list[Fraction], data: st.DataObject) -> None:
    parts = tuple(Part(name="part", availability=value) for value in values)
    k = data.draw(st.integers(1, len(parts)))
    found = availability(KOfN(k=k, parts=parts))
    assert availability(Series(parts=parts)) <= found <= availability(Redundant(parts=parts))


def test_measured_monitors_in_series(cases: Path) -> None:
    expected = json.loads((cases / "upptime-curc" / "expected.json").read_text())["serial_composite_28d"]
    at = parse_instant(expected["at"])
    rows: dict[str, list[tuple[int, int, int]]] = {name: [] for name in expected["good_total"]}
    with gzip.open(cases / "upptime-curc" / "checks.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["monitor"] in rows:
                rows[row["monitor"]].append((int(row["epoch_s"]), int(row["state"] == "up"), 1))
    counts = [from_rows(monitor).between(at - 28 * DAY, at) for monitor in rows.values()]
    assert [[one.good, one.total] for one in counts] == list(expected["good_total"].values())
    product, pooled = measured_product(counts), measured_pooled(counts)
    assert isinstance(product, Fraction)
    assert isinstance(pooled, Fraction)
    assert float(product) == pytest.approx(expected["product"], abs=1e-12)
    assert float(pooled) == pytest.approx(expected["pooled"], abs=1e-12)


def test_measured_parts_without_data() -> None:
    some, none = Counts(good=9, total=10), Counts(good=0, total=0)
    assert measured_product([some, none]) is NO_DATA
    assert measured_product([]) is NO_DATA
    assert measured_pooled([some, none]) == Fraction(9, 10)
    assert measured_pooled([none]) is NO_DATA
