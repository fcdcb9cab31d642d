"""What is remembered between two readings of a server, in memory and as it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.indicator import PromHistogram
from allowance.contract.model import Slo
from allowance.core.problem import Where
from allowance.core.time import Instant
from allowance.signals.prom_histogram import read_histogram
from allowance.signals.prom_packed import (
    VERSION,
    numbers_of,
    numbers_of_sheet,
    shape_of,
    shape_of_sheet,
    unpacked,
)
from allowance.signals.prom_sheet import Sheet, is_plain
from allowance.signals.prom_sli import PromIndicator, Ratio, plan
from allowance.signals.prom_state import PromState, from_json
from allowance.signals.promql import Term

Key = tuple[str, str]
"""(SLI, group)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """What is remembered between two readings of one source: the counters of plain SLIs, and all others apart.

    `shape` are plain values to store, the same object for as long as the same series come; `numbers` go with them.
    `names` are those of the minute's counts, also the same object for as long as they are the same.
    """

    slos: Sequence[Slo]
    plain: Mapping[str, PromIndicator]
    others: Mapping[str, PromIndicator]
    counters: Sheet | PromState
    rest: PromState
    shape: Mapping[str, Any]
    names: tuple[Key, ...] = ()

    @property
    def numbers(self) -> bytes:
        """What changes every minute."""
        one = self.counters
        first = numbers_of_sheet(one) if isinstance(one, Sheet) else numbers_of(one)
        return len(first).to_bytes(8, "little") + first + numbers_of(self.rest)

    def after(self, counters: Sheet | PromState, rest: PromState, names: tuple[Key, ...] = ()) -> Memory:
        """The memory after a reading."""
        mine, theirs = self.counters, shape_of(rest)
        if isinstance(counters, Sheet) and isinstance(mine, Sheet) and counters.layout is mine.layout:
            same = self.shape["rest"] == theirs
            shape = self.shape if same else {**self.shape, "rest": theirs}
        else:
            own = shape_of_sheet(counters) if isinstance(counters, Sheet) else shape_of(counters)
            shape = {"version": VERSION, "counters": own, "rest": theirs}
        return replace(self, counters=counters, rest=rest, shape=shape, names=names)


def recalled(
    slos: Sequence[Slo], indicators: Mapping[str, PromIndicator], shape: Any, numbers: bytes
) -> Memory:
    """A stored memory. Errors: `Problem` `prom-state`, and those of a query that cannot be asked."""
    if isinstance(shape, Mapping) and shape.get("version") == VERSION:
        size = int.from_bytes(numbers[:8], "little")
        counters = unpacked(shape.get("counters"), numbers[8 : 8 + size])
        rest = unpacked(shape.get("rest"), numbers[8 + size :])
    else:
        counters = rest = from_json(shape)
    return _memory(slos, indicators, counters, rest)


def begun(
    slos: Sequence[Slo],
    indicators: Mapping[str, PromIndicator],
    *,
    by: str | None,
    begin: Instant,
    step: int,
) -> Memory:
    """Before the first reading. Errors: those of a query that cannot be asked."""
    state = PromState(at=begin, step=step, by=by)
    return _memory(slos, indicators, state, state)


def _memory(
    slos: Sequence[Slo], indicators: Mapping[str, PromIndicator], counters: PromState, rest: PromState
) -> Memory:
    plain = {name: one for name, one in indicators.items() if _is_plain(name, one, counters.step)}
    others = {name: one for name, one in indicators.items() if name not in plain}
    asked = {term.key for name, one in others.items() for term in _terms(name, one, rest.step)}
    kept = replace(
        rest,
        last={key: series for key, series in rest.last.items() if key in asked},
        owed={cell: owed for cell, owed in rest.owed.items() if cell[0] in others},
    )
    return Memory(slos=slos, plain=plain, others=others, counters=counters, rest=kept, shape={})


def _is_plain(name: str, indicator: PromIndicator, step: int) -> bool:
    if isinstance(indicator, PromHistogram):
        return not read_histogram(indicator.selector, where=Where(path=name)).offset_ms
    return is_plain(plan(indicator, step=step, where=Where(path=name)))


def _terms(name: str, indicator: PromIndicator, step: int) -> Sequence[Term]:
    if isinstance(indicator, PromHistogram):
        return ()  # which counters those are, its server says
    found = plan(indicator, step=step, where=Where(path=name))
    return found.terms if isinstance(found, Ratio) else ()
