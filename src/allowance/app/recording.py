"""Under which names counts are stored, and how what was collected gets there: nothing is worked out twice that stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from allowance.app.collect import Collected, Standing, Stored
from allowance.app.tick import Key
from allowance.contract.model import Contract
from allowance.core.buckets import Buckets
from allowance.core.minute import Minute
from allowance.core.time import Instant


class Door(Protocol):
    """A way in for telemetry that is sent to us; what it acknowledges is in the store."""

    def series(self, slo_id: str) -> str | None:
        """The name under which the counts of an SLO are stored; none where it does not come in here."""
        ...


class Writing(Protocol):
    """What a recording writes, all or nothing."""

    def add(self, at: Instant, buckets: Mapping[Key, Buckets]) -> None: ...
    def save_reading(
        self, source: str, read_to: Instant, body: Any, numbers: bytes | None = None
    ) -> None: ...


class Keeps(Protocol):
    """What a recording needs of a store."""

    def writing(self, *, with_next: bool = False) -> AbstractContextManager[Writing]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """Names of what is counted now: SLO id by stored name, and the other way round."""

    slo_of: Mapping[str, str]
    of_slo: Mapping[str, str]
    pushed: Mapping[str, str]
    """Stored names by SLO id of what is counted while it arrives."""


@dataclass(slots=True, kw_only=True)
class Recording:
    """Writes what was collected under its names."""

    store: Keeps
    doors: Sequence[Door] = ()
    _basis: tuple[object, ...] = ()
    _names: Names = field(default_factory=lambda: Names(slo_of={}, of_slo={}, pushed={}))
    _under: dict[str, tuple[Sequence[Key], Names, Sequence[Key]]] = field(default_factory=dict)
    _bodies: dict[str, tuple[object, object, Any]] = field(default_factory=dict)

    def names(self, contract: Contract, standings: Mapping[str, Standing]) -> Names:
        """The names of now; the same object for as long as contract and standings count the same."""
        basis = (contract, *(one.slos for one in standings.values()))
        if len(basis) != len(self._basis) or any(a is not b for a, b in zip(basis, self._basis, strict=True)):
            found = {}
            for slo in contract.slos:
                for standing in standings.values():
                    name = standing.name_of(slo)
                    if name is not None:
                        found[name] = slo.id
            pushed = self._pushed(contract)
            found |= {name: slo_id for slo_id, name in pushed.items()}
            of_slo = {slo: name for name, slo in found.items()}
            self._names = Names(slo_of=found, of_slo=of_slo, pushed=pushed)
            self._basis = basis
        return self._names

    def _pushed(self, contract: Contract) -> dict[str, str]:
        names = [(slo.id, door.series(slo.id)) for slo in contract.slos for door in self.doors]
        return {slo_id: name for slo_id, name in names if name is not None}

    def record(self, collected: Sequence[Collected], names: Names, *, at: Instant) -> None:
        """What was counted and up to where, in one transaction: after a kill nothing is counted twice.

        It outlives a kill at once, and a power cut with the next transaction: what the counts make somebody say.
        """
        with self.store.writing(with_next=True) as transaction:
            for one in collected:
                transaction.add(at, self._renamed(one, names))
                if one.standing is not None and one.problem is None:
                    body, numbers = self._plain(one.name, one.standing)
                    transaction.save_reading(one.name, one.standing.at, body, numbers)

    def _renamed(self, one: Collected, names: Names) -> Mapping[Key, Buckets]:
        gains, of_slo = one.gains, names.of_slo
        if not isinstance(gains, Minute):
            return {(of_slo[slo], group): b for (slo, group), b in gains.items() if slo in of_slo}
        known = self._under.get(one.name)
        if known is None or known[0] is not gains.names or known[1] is not names:
            renamed = tuple((of_slo[slo], group) for slo, group in gains.names)
            known = self._under[one.name] = gains.names, names, renamed
        return gains.under(known[2])

    def _plain(self, source: str, standing: Standing) -> tuple[Any, bytes]:
        memory = standing.memory
        shape = memory if memory is None or isinstance(memory, dict) else memory.shape
        numbers = b"" if shape is memory else memory.numbers
        known = self._bodies.get(source)
        if known is None or known[0] is not standing.slos or known[1] is not shape:
            body = {"slos": dict(standing.slos), "memory": shape}
            known = self._bodies[source] = standing.slos, shape, body
        return known[2], numbers


def standing_of(read_to: Instant, body: Mapping[str, Any], numbers: bytes) -> Standing:
    """A stored reading."""
    memory = body["memory"]
    return Standing(
        at=read_to, slos=body["slos"], memory=Stored(shape=memory, numbers=numbers) if numbers else memory
    )
