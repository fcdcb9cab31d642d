"""Composite availability: what a system of parts can promise, which part costs what, and what would help.

Parts fail independently of each other. A part that several branches share is marked `shared`: it then fails once,
for all of them. Everything is an exact fraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.budget.parts import ONE, Graph, KOfN, Node, Part, Redundant, Series
from allowance.core.counts import NO_DATA, NOTHING, Counts, NoData

__all__ = [
    "Cannot",
    "Contribution",
    "Dependency",
    "KOfN",
    "Need",
    "Node",
    "Part",
    "Redundant",
    "Series",
    "Why",
    "availability",
    "measured_pooled",
    "measured_product",
    "reach",
    "service",
    "service_availability",
    "why",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """What a service depends on. `hard`: its failure fails the user, but for the mitigated share `coverage`.

    `soft`: its failure takes nothing from the promise.
    """

    name: str
    availability: Fraction
    kind: Literal["hard", "soft"] = "hard"
    coverage: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one part costs: `loss` of availability, `share` of the whole loss; all shares sum to 1."""

    name: str
    loss: Fraction
    share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Who causes the loss, largest first. The losses sum to 1 - availability exactly.

    `shortfall` is target - availability, zero where the target is reached.
    """

    target: Fraction
    availability: Fraction
    shortfall: Fraction
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cannot:
    """This part alone cannot bring the system to the target; `best` is what the system would have if it never failed."""

    best: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one part alone would need, all others as they are.

    `availability`: its own, with today's mitigation; `coverage`: of its mitigation, with today's availability.
    """

    name: str
    availability: Fraction | Cannot
    coverage: Fraction | Cannot


def availability(node: Node) -> Fraction:
    """How much of the time the system works. Errors: `Problem` `composite` with too many shared parts."""
    return Graph(node).graded(ONE)[0]


def service(own: Part, dependencies: Sequence[Dependency]) -> Series:
    """A service and what it depends on as a series; soft dependencies are left out."""
    hard = (
        Part(name=one.name, availability=one.availability, coverage=one.coverage)
        for one in dependencies
        if one.kind == "hard"
    )
    return Series(parts=(own, *hard))


def service_availability(own: Fraction, dependencies: Sequence[Dependency]) -> Fraction:
    """own x product over hard dependencies of (1 - (1 - coverage) x (1 - availability))."""
    return availability(service(Part(name="own", availability=own), dependencies))


def why(node: Node, target: Fraction) -> Why:
    """Which part causes which share of the loss.

    The shares are Shapley values: the mean of what a part takes away over all orders in which the parts could
    begin to fail. They do not depend on the order of writing, equal parts get equal shares, and they sum to the
    whole (G. Owen, *Multilinear extensions of games*, 1972).
    """
    graph = Graph(node)
    whole = graph.graded(ONE)[0]
    points = len(graph.leaves)
    losses = [Fraction(0)] * points
    for at, weight in _integration(points):
        slopes = graph.graded(at)[1]
        for index, leaf in enumerate(graph.leaves):
            losses[index] += weight * slopes.get(index, Fraction(0)) * (1 - leaf.effective)
    lost = 1 - whole
    contributions = (
        Contribution(name=leaf.name, loss=loss, share=loss / lost if lost else Fraction(0))
        for leaf, loss in zip(graph.leaves, losses, strict=True)
    )
    return Why(
        target=target,
        availability=whole,
        shortfall=max(Fraction(0), target - whole),
        contributions=tuple(sorted(contributions, key=lambda one: -one.loss)),
    )


def reach(node: Node, target: Fraction) -> tuple[Need, ...]:
    """For each part what it alone would need for the system to reach the target, or that it cannot.

    A part that may be worse than it is gets a need below its present availability, at least 0.
    """
    graph = Graph(node)
    whole, slopes = graph.graded(ONE)
    return tuple(
        _need(leaf, whole, slopes.get(index, Fraction(0)), target) for index, leaf in enumerate(graph.leaves)
    )


def measured_product(parts: Sequence[Counts]) -> Fraction | NoData:
    """The availability of measured parts in series: the product of their SLIs; `NO_DATA` where one has none."""
    product = ONE
    for counts in parts:
        sli = counts.sli
        if isinstance(sli, NoData):
            return NO_DATA
        product *= sli
    return product if parts else NO_DATA


def measured_pooled(parts: Sequence[Counts]) -> Fraction | NoData:
    """The SLI of all events of all parts together: right where each event meets one part only."""
    return sum(parts, start=NOTHING).sli


def _need(leaf: Part, whole: Fraction, slope: Fraction, target: Fraction) -> Need:
    # The system is a straight line in each part: at slope 0 the part changes nothing.
    best = whole + slope * (1 - leaf.effective)
    if target > best:
        return Need(name=leaf.name, availability=Cannot(best=best), coverage=Cannot(best=best))
    effective = max(Fraction(0), leaf.effective + (target - whole) / slope) if slope else Fraction(0)
    hidden, failing = 1 - leaf.coverage, 1 - leaf.availability
    return Need(
        name=leaf.name,
        availability=max(Fraction(0), 1 - (1 - effective) / hidden) if hidden else Fraction(0),
        coverage=max(Fraction(0), 1 - (1 - effective) / failing) if failing else Fraction(0),
    )


def _integration(points: int) -> list[tuple[Fraction, Fraction]]:
    """(place, weight) pairs that integrate a polynomial of degree < points over 0 to 1 exactly (Newton-Cotes)."""
    places = [Fraction(2 * index + 1, 2 * points) for index in range(points)]
    weights = []
    for index, place in enumerate(places):
        # The Lagrange polynomial of this place, lowest power first.
        basis = [ONE]
        for other_index, other in enumerate(places):
            if other_index != index:
                shifted, scaled = [Fraction(0), *basis], [*(-other * term for term in basis), Fraction(0)]
                basis = [(a + b) / (place - other) for a, b in zip(shifted, scaled, strict=True)]
        weights.append(sum((term / (power + 1) for power, term in enumerate(basis)), start=Fraction(0)))
    return list(zip(places, weights, strict=True))
