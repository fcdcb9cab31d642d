"""Which services may have something to govern: those where a threshold is crossed, or where something is under way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allowance.budget.marks import ASK, Mark, Signs
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Contract, Service
from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.governance.marks import is_marked, marks_of

Look = Callable[[Sequence[Mark], Instant], Signs]
"""The signs of marks at an instant; who asks again with the same object is answered sooner."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What decides about all services at once, besides their counts."""

    binding: Mapping[str, bool]
    epochs: Mapping[str, Instant]
    blind: Collection[str]

    def same(self, other: Ground) -> bool:
        """Whether it decides alike."""
        mine, theirs = (self.binding, self.epochs, self.blind), (other.binding, other.epochs, other.blind)
        return mine == theirs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What was seen at a step: the signs, and what stood when it was over."""

    signs: Signs
    ground: Ground
    standing: Standing
    moved: frozenset[str]


class Quiet:
    """Remembers the last step. Governing depends on counts only by the side of its thresholds on which they are, so
    that a service with nothing under way whose signs are as they were is as quiet as it was.
    """

    def __init__(
        self, contract: Contract, policies: Callable[[Service], ErrorBudgetPolicy], look: Look
    ) -> None:
        self.contract, self._look = contract, look
        self._services = tuple(service.name for service in contract.services)
        marks: list[Mark] = []
        owners: list[int] = []
        always = set()
        for number, service in enumerate(contract.services):
            policy = policies(service)
            if not is_marked(policy):
                always.add(service.name)
                continue
            for slo in service.slos:
                own = list(dict.fromkeys(marks_of(slo, policy)))
                marks += own
                owners += [number] * len(own)
        self._marks, self._owners = tuple(marks), np.array(owners, dtype=np.intp)
        self._always = frozenset(always)
        self._seen: Seen | None = None

    def signs(self, *, now: Instant) -> Signs:
        """On which sides the budgets are."""
        return self._look(self._marks, now)

    def loud(self, signs: Signs, ground: Ground, standing: Standing) -> frozenset[str] | None:
        """The services that may have something to say; nothing where that is all of them."""
        seen = self._seen
        if seen is None or not ground.same(seen.ground) or not _stands(standing, seen.standing):
            return None
        crossed: NDArray[np.intp] = np.unique(self._owners[(signs != seen.signs) | (signs == ASK)])
        own = {slo.partition("/")[0] for slo in ground.epochs}
        return frozenset(self._services[n] for n in crossed) | self._always | seen.moved | own

    def settled(self, signs: Signs, ground: Ground, standing: Standing, moved: frozenset[str]) -> None:
        """A step is over and recorded; `moved` are the services that it changed, `standing` is what stands now."""
        self._seen = Seen(signs=signs, ground=ground, standing=standing, moved=moved)


def _stands(one: Standing, other: Standing) -> bool:
    """Whether the same states, freezes and hand-backs stand."""
    return (
        one.states is other.states
        and one.freezes is other.freezes
        and one.advised is other.advised
        and one.hand_backs is other.hand_backs
    )
