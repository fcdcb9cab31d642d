"""Systems of parts: how they are written, and how available they are for any availability of their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.core.problem import refuse

ONE = Fraction(1)
MOST_SHARED = 12
"""Each shared part doubles the work, so more of them are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. A mitigation (fallback, cache, circuit breaker) hides the share `coverage` of its failures."""

    name: str
    availability: Fraction
    coverage: Fraction = Fraction(0)
    shared: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.availability <= 1 and 0 <= self.coverage <= 1):
            raise ValueError(f"availability and coverage of {self.name} lie inside 0 to 1")

    @property
    def effective(self) -> Fraction:
        """What the user sees of it: 1 - (1 - coverage) x (1 - availability)."""
        return 1 - (1 - self.coverage) * (1 - self.availability)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Works when every part works."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redundant:
    """Works when at least one part works."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a redundant group has at least one part")


@dataclass(frozen=True, slots=True, kw_only=True)
class KOfN:
    """Works when at least `k` parts work; the parts may differ."""

    k: int
    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.k <= len(self.parts):
            raise ValueError(f"k of n needs 1 <= k <= n, not {self.k} of {len(self.parts)}")


Node = Part | Series | Redundant | KOfN


class Graph:
    """A node with its leaves numbered; a shared name has one number."""

    def __init__(self, node: Node) -> None:
        self.leaves: list[Part] = []
        self._known: dict[str, int] = {}
        self._tree = self._number(node)
        if len(self._known) > MOST_SHARED:
            raise refuse(
                "composite",
                f"{len(self._known)} parts are marked shared, more than {MOST_SHARED}",
                hint="mark only those that several branches use",
            )

    def graded(self, at: Fraction) -> tuple[Fraction, dict[int, Fraction]]:
        """Availability, and its slope in each part, where every part loses only the share `at` of its loss."""
        values = {index: 1 - at * (1 - leaf.effective) for index, leaf in enumerate(self.leaves)}
        return _pivot(self._tree, values, sorted(self._known.values()))

    def _number(self, node: Node) -> _Tree:
        if isinstance(node, Part):
            return self._leaf(node)
        branches = tuple(self._number(part) for part in node.parts)
        if isinstance(node, Series):
            return len(branches), branches
        return (1 if isinstance(node, Redundant) else node.k), branches

    def _leaf(self, part: Part) -> int:
        if part.shared and part.name in self._known:
            index = self._known[part.name]
            if self.leaves[index] != part:
                raise refuse(
                    "composite",
                    f"the shared part {part.name} is described in two ways",
                    hint="give it one availability and one coverage, or two names",
                )
            return index
        self.leaves.append(part)
        if part.shared:
            self._known[part.name] = len(self.leaves) - 1
        return len(self.leaves) - 1


# A leaf's number, or (how many branches must work, the branches).
_Tree = int | tuple[int, tuple["_Tree", ...]]
_Graded = tuple[Fraction, dict[int, Fraction]]


def _pivot(tree: _Tree, values: Mapping[int, Fraction], shared: Sequence[int]) -> _Graded:
    """Total probability over the shared parts: once with each working, once with it failed."""
    if not shared:
        return _grade(tree, values)
    first, rest = shared[0], shared[1:]
    up, up_slopes = _pivot(tree, {**values, first: ONE}, rest)
    down, down_slopes = _pivot(tree, {**values, first: Fraction(0)}, rest)
    a = values[first]
    slopes = {
        index: a * up_slopes.get(index, Fraction(0)) + (1 - a) * down_slopes.get(index, Fraction(0))
        for index in {*up_slopes, *down_slopes}
    }
    slopes[first] = up - down
    return a * up + (1 - a) * down, slopes


def _grade(tree: _Tree, values: Mapping[int, Fraction]) -> _Graded:
    if isinstance(tree, int):
        return values[tree], {tree: ONE}
    k, branches = tree
    graded = [_grade(branch, values) for branch in branches]
    before = _running_chances([value for value, _ in graded])
    after = _running_chances([value for value, _ in reversed(graded)])[::-1]
    slopes: dict[int, Fraction] = {}
    for place, (_, inner) in enumerate(graded):
        # A branch decides exactly when k - 1 of the others work.
        decisive = _exactly(k - 1, before[place], after[place + 1])
        for index, slope in inner.items():
            slopes[index] = slopes.get(index, Fraction(0)) + decisive * slope
    return sum(before[-1][k:], start=Fraction(0)), slopes


def _running_chances(values: Sequence[Fraction]) -> list[list[Fraction]]:
    """For the first 0, 1, ... n branches: the chances that exactly 0, 1, ... of them work."""
    running = [[ONE]]
    for value in values:
        failed, worked = [*running[-1], Fraction(0)], [Fraction(0), *running[-1]]
        running.append([(1 - value) * a + value * b for a, b in zip(failed, worked, strict=True)])
    return running


def _exactly(k: int, some: Sequence[Fraction], others: Sequence[Fraction]) -> Fraction:
    return sum(
        (one * others[k - j] for j, one in enumerate(some) if 0 <= k - j < len(others)), start=Fraction(0)
    )
