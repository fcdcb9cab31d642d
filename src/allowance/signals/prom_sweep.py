"""One minute of all counters on a sheet: the same counts as `prom_counts` works out one by one, in a few sums.

What is not plain (a series is born or restarts under two names, values that are no whole numbers, samples out of
order) is left to the general way, by the family; a property test holds both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Ints
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats
from allowance.signals.prom_counts import EXACT_FLOAT, NEAR
from allowance.signals.prom_flat import Flat
from allowance.signals.prom_sheet import Layout, Sheet
from allowance.signals.prom_state import FORGET_INSTANCE, remembered

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Swept:
    """A minute: good and total by cell of `sheet.layout`; `odd` are the SLIs that it says nothing of."""

    sheet: Sheet
    good: Ints
    total: Ints
    odd: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Series:
    """What each series of an answer says by itself: first, last, what rises between, and whether it is plain."""

    first: Floats
    last: Floats
    last_at: Floats
    inner: Floats
    plain: Flags


@dataclass(slots=True, kw_only=True, eq=False)
class _Work:
    """The arrays of a minute while answers are taken in."""

    sheet: Sheet
    values: Floats
    seen: Floats
    amounts: Floats
    heard: Ints
    odd: Flags

    def take(self, question: int, flat: Flat) -> None:
        """The answer to one question."""
        layout = self.sheet.layout
        wanted = self._wanted(question, flat)
        each = _each(flat)
        sizes = np.fromiter(map(len, wanted), dtype=np.intp, count=len(wanted))
        rows = np.repeat(np.arange(len(wanted)), sizes)
        slots = np.fromiter((slot for some in wanted for slot in some), dtype=np.intp, count=len(rows))
        before = self.sheet.values[slots]
        rise = each.first[rows] - before
        amounts = np.where(rise < 0, each.first[rows], rise) + each.inner[rows]
        wrong = ~each.plain[rows] | (before != np.rint(before))
        self.odd[layout.slot_family[slots[wrong]]] = True
        self.amounts[slots] = amounts
        self.values[slots], self.seen[slots] = each.last[rows], each.last_at[rows]
        self.heard += np.bincount(slots, minlength=len(self.heard))

    def _wanted(self, question: int, flat: Flat) -> list[tuple[int, ...]]:
        layout = self.sheet.layout
        memory = layout.rows[question]
        found = [memory.get(head) for head in flat.heads]
        for number, one in enumerate(found) if None in found else ():
            if one is None:
                slots, unknown = layout.wanted(question, flat.labels(number))
                self.odd[unknown] = True
                found[number] = tuple(slots)
                if not unknown:
                    memory[flat.heads[number]] = tuple(slots)
        return [one for one in found if one is not None]


def swept(sheet: Sheet, answers: Sequence[Flat], *, end: int) -> Swept:
    """The bucket from where the sheet stands to `end`, a step later, from the answers to its layout's questions."""
    layout = sheet.layout
    size = len(layout.slots)
    work = _Work(
        sheet=sheet,
        values=sheet.values.copy(),
        seen=sheet.seen.copy(),
        amounts=np.zeros(size),
        heard=np.zeros(size, dtype=np.int64),
        odd=np.zeros(len(layout.families), dtype=bool),
    )
    with np.errstate(
        invalid="ignore", over="ignore"
    ):  # of values that are none; they are odd, and their sums unused
        for question, answer in enumerate(answers):
            flat = answer.inside(Span(begin=sheet.at, end=end))
            if len(flat.heads):
                work.take(question, flat)
        work.odd[layout.slot_family[work.heard > 1]] = True
        good, total, owed = _settled(sheet, work)
    odd_slots, odd_cells = work.odd[layout.slot_family], work.odd[layout.cell_family]
    work.values[odd_slots], work.seen[odd_slots] = sheet.values[odd_slots], sheet.seen[odd_slots]
    owed[odd_cells] = sheet.owed[odd_cells]
    good[odd_cells] = total[odd_cells] = 0
    after = replace(sheet, at=end, values=work.values, seen=work.seen, owed=owed)
    odd = tuple(name for number in np.flatnonzero(work.odd) for name in layout.families[number])
    return Swept(sheet=after, good=good, total=total, odd=odd)


def forgotten(sheet: Sheet) -> tuple[str, ...]:
    """The SLIs with a series that `prom_state.remembered` would forget where the sheet stands."""
    layout, now = sheet.layout, sheet.at
    silent = {layout.slots[number][0] for number in np.flatnonzero(now - sheet.seen > FORGET_INSTANCE)}
    if not silent:
        return ()
    families = {layout.family_of[key] for key in silent}
    names = [name for number in sorted(families) for name in layout.families[number]]
    last = sheet.state(names).last
    gone = {key for key in silent if len(remembered(last[key], now=now)) < len(last[key])}
    return tuple(name for key in sorted(gone) for name in layout.families[layout.family_of[key]])


def _each(flat: Flat) -> _Series:
    ends = np.cumsum(flat.sizes)
    starts = ends - flat.sizes
    values, at = flat.values, flat.at
    rise = np.zeros_like(values)
    np.subtract(values[1:], values[:-1], out=rise[1:])
    rise = np.where(rise < 0, values, rise)
    rise[starts] = 0.0
    later = np.ones(len(at), dtype=bool)
    later[1:] = at[1:] > at[:-1]
    later[starts] = True
    plain = (values >= 0) & (values <= EXACT_FLOAT) & (values == np.rint(values))
    plain &= later
    return _Series(
        first=values[starts],
        last=values[ends - 1],
        last_at=at[ends - 1],
        inner=np.add.reduceat(rise, starts),
        plain=np.logical_and.reduceat(plain, starts),
    )


def _settled(sheet: Sheet, work: _Work) -> tuple[Ints, Ints, NDArray[Any]]:
    """`prom_counts.settle` of every cell that counts whole numbers; the others become odd."""
    layout: Layout = sheet.layout
    size = len(layout.cells)
    totals, parts = layout.total.sums(work.amounts, size), layout.part.sums(work.amounts, size)
    owed = sheet.owed.copy()
    fractions = np.maximum(np.abs(owed["total_fraction"]), np.abs(owed["part_fraction"]))
    most = _most(layout, work.amounts, size)
    work.odd[layout.cell_family[(fractions > NEAR) | (most >= EXACT_FLOAT)]] = True
    odd = work.odd[layout.cell_family]
    totals[odd] = parts[odd] = 0.0
    waiting = totals.astype(np.int64) + owed["total"]
    events = np.maximum(waiting, 0)
    waiting_part = parts.astype(np.int64) + owed["part"]
    taken = np.minimum(np.maximum(waiting_part, 0), events)
    owed["total"], owed["part"] = waiting - events, waiting_part - taken
    owed["total_fraction"] = owed["part_fraction"] = 0.0
    return np.where(layout.is_good, taken, events - taken), events, owed


def _most(layout: Layout, amounts: Floats, size: int) -> Floats:
    """The largest sum without signs that a cell adds up: below 2^53 all of them are exact."""
    total = np.bincount(layout.total.cells, amounts[layout.total.slots], minlength=size)
    part = np.bincount(layout.part.cells, amounts[layout.part.slots], minlength=size)
    most: Floats = np.maximum(total, part)
    return most
