"""The counters of many SLIs side by side: where each series stands in a few arrays, worked out once for all minutes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from allowance.core.time import Instant
from allowance.signals.prom_answer import Floats
from allowance.signals.prom_counts import identity_of
from allowance.signals.prom_sli import Plan, Ratio
from allowance.signals.prom_state import OWED, Identity, Last, PromState, owed_of, row_of
from allowance.signals.prom_together import Together, together
from allowance.signals.promql import Counters, Expression, Term

Places: TypeAlias = NDArray[np.intp]
Slot: TypeAlias = tuple[str, Identity]
"""(key of a term, identity): one series as one counter sees it."""
Cell: TypeAlias = tuple[str, str]
"""(SLI, group)."""
Role: TypeAlias = Literal["total", "part"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """Which slots a count adds up: `signs[i]` times what slot `slots[i]` gained goes into the cell `cells[i]`."""

    slots: Places
    cells: Places
    signs: Floats

    def sums(self, amounts: Floats, cells: int) -> Floats:
        """The count of every cell."""
        found: Floats = np.bincount(self.cells, self.signs * amounts[self.slots], minlength=cells).astype(
            np.float64
        )
        return found

    def and_more(self, lines: Sequence[tuple[int, int, int]]) -> Lines:
        """With some more (slot, cell, sign)."""
        more = np.array(lines, dtype=np.int64).reshape(-1, 3)
        return Lines(
            slots=np.concatenate([self.slots, more[:, 0].astype(np.intp)]),
            cells=np.concatenate([self.cells, more[:, 1].astype(np.intp)]),
            signs=np.concatenate([self.signs, more[:, 2].astype(np.float64)]),
        )


_NO_LINES = Lines(
    slots=np.zeros(0, dtype=np.intp), cells=np.zeros(0, dtype=np.intp), signs=np.zeros(0, dtype=np.float64)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """What stays the same while the same series come.

    SLIs that share a counter are a family: they are counted together or, where anything about one of them is not
    plain, together by the general way. `rows` remember by question and labels (as sent) in which slots a series is wanted;
    they only ever grow, and say nothing that the rest does not say.
    """

    plans: Mapping[str, Ratio]
    by: str | None
    questions: tuple[Together, ...]
    terms: Mapping[str, Term]
    families: tuple[tuple[str, ...], ...]
    family_of: Mapping[str, int]
    """By the key of a term."""
    slots: tuple[Slot, ...]
    cells: tuple[Cell, ...]
    number: Mapping[str, Mapping[Identity, int]]
    place: Mapping[Cell, int]
    slot_family: Places
    cell_family: Places
    is_good: NDArray[np.bool_]
    """By cell: whether the part is of good events."""
    total: Lines = _NO_LINES
    part: Lines = _NO_LINES
    rows: tuple[dict[bytes, tuple[int, ...]], ...] = ()

    def wanted(self, question: int, labels: Mapping[str, str]) -> tuple[list[int], list[int]]:
        """In which slots a series of the answer to a question is wanted; and the families that do not know it yet."""
        slots, unknown = [], []
        for key in self.questions[question].wanted(labels):
            slot = self.number[key].get(identity_of(labels, self.terms[key].ignoring))
            if slot is None:
                unknown.append(self.family_of[key])
            else:
                slots.append(slot)
        return slots, unknown


def layout_of(plans: Mapping[str, Ratio], by: str | None) -> Layout:
    """The layout of some SLIs before any series is known."""
    terms = {term.key: term for one in plans.values() for term in one.terms}
    families, family_of = _families(plans)
    questions = tuple(together({key: term.selector for key, term in terms.items()}))
    return Layout(
        plans=plans,
        by=by,
        questions=questions,
        terms=terms,
        families=families,
        family_of=family_of,
        slots=(),
        cells=(),
        number={key: {} for key in terms},
        place={},
        slot_family=np.zeros(0, dtype=np.intp),
        cell_family=np.zeros(0, dtype=np.intp),
        is_good=np.zeros(0, dtype=bool),
        rows=tuple({} for _ in questions),
    )


def is_plain(plan: Plan) -> bool:
    """Whether an SLI can stand on a sheet: two counts of counters, read as they are now."""
    return isinstance(plan, Ratio) and all(
        isinstance(one, Counters) and all(t.selector.metric and not t.selector.offset_ms for t in one.terms)
        for one in (plan.total, plan.part)
    )


def _families(plans: Mapping[str, Ratio]) -> tuple[tuple[tuple[str, ...], ...], dict[str, int]]:
    """The SLIs that hang together by their counters, and by the key of a term whose it is."""
    head: dict[str, str] = {}

    def top(key: str) -> str:
        while head[key] != key:
            head[key] = key = head[head[key]]
        return key

    for plan in plans.values():
        keys = [term.key for term in plan.terms]
        for key in keys:
            head.setdefault(key, key)
            head[top(key)] = top(keys[0])
    members: dict[str, list[str]] = {}
    for name, plan in plans.items():
        members.setdefault(top(plan.terms[0].key), []).append(name)
    numbers = {key: number for number, key in enumerate(members)}
    return tuple(map(tuple, members.values())), {key: numbers[top(key)] for key in head}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Where the counters stand: everything before `at` is counted. `values` and `seen` (when) are by slot, `owed`
    (see `prom_state.Owed`) by cell. A sheet never changes; a minute makes another one.
    """

    layout: Layout
    at: Instant
    step: int
    values: Floats
    seen: Floats
    owed: NDArray[Any]

    def state(self, names: Collection[str] | None = None) -> PromState:
        """The same as a state, of all SLIs or of some whole families."""
        layout = self.layout
        some = layout.plans if names is None else {name: layout.plans[name] for name in names}
        keys = dict.fromkeys(term.key for plan in some.values() for term in plan.terms)
        values, seen = self.values.tolist(), self.seen.tolist()
        return PromState(
            at=self.at,
            step=self.step,
            by=layout.by,
            last={
                key: {one: Last(value=values[n], at=seen[n]) for one, n in layout.number[key].items()}
                for key in keys
            },
            owed={
                cell: owed_of(row)
                for cell, row in zip(layout.cells, self.owed.tolist(), strict=True)
                if cell[0] in some
            },
        )


def sheet_of(plans: Mapping[str, Ratio], state: PromState) -> Sheet:
    """The sheet of some SLIs at a state that knows the series of all of them."""
    nothing = np.zeros(0, dtype=np.float64)
    empty = Sheet(
        layout=layout_of(plans, state.by),
        at=state.at,
        step=state.step,
        values=nothing,
        seen=nothing,
        owed=np.zeros(0, dtype=OWED),
    )
    return taken_over(empty, plans, state)


def taken_over(sheet: Sheet, names: Iterable[str], state: PromState) -> Sheet:
    """The sheet with some families as they stand in a state: new series and groups come behind all others.

    What the state does not know any more is forgotten.
    """
    names = tuple(names)
    layout = sheet.layout
    keys = dict.fromkeys(term.key for name in names for term in layout.plans[name].terms)
    if any(one not in state.last.get(key, {}) for key in keys for one in layout.number[key]):
        whole = sheet.state()
        merged = replace(state, last={**whole.last, **state.last}, owed={**whole.owed, **state.owed})
        return sheet_of(layout.plans, merged)
    draft = _Draft(layout=layout)
    for cell in state.owed:
        if cell[0] in layout.plans:
            draft.cell(cell)
    for name in names:
        draft.add(name, state)
    new = draft.finished()
    values, seen = _longer(sheet.values, len(new.slots)), _longer(sheet.seen, len(new.slots))
    owed = _longer(sheet.owed, len(new.cells))
    for key in keys:
        for identity, last in state.last.get(key, {}).items():
            number = new.number[key][identity]
            values[number], seen[number] = last.value, last.at
    for cell, one in state.owed.items():
        if cell in new.place:
            owed[new.place[cell]] = row_of(one)
    return Sheet(layout=new, at=state.at, step=sheet.step, values=values, seen=seen, owed=owed)


def _longer(values: NDArray[Any], size: int) -> NDArray[Any]:
    found = np.zeros(size, dtype=values.dtype)
    found[: len(values)] = values
    return found


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What is new in a layout."""

    layout: Layout
    slots: list[Slot] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    number: dict[str, dict[Identity, int]] = field(default_factory=dict)
    place: dict[Cell, int] = field(default_factory=dict)
    lines: dict[Role, list[tuple[int, int, int]]] = field(default_factory=lambda: {"total": [], "part": []})

    def add(self, name: str, state: PromState) -> None:
        """The series of one SLI that are new."""
        plan = self.layout.plans[name]
        self._count(name, "total", plan.total, state)
        self._count(name, "part", plan.part, state)

    def _count(self, name: str, role: Role, one: Expression, state: PromState) -> None:
        layout = self.layout
        for term in one.terms if isinstance(one, Counters) else ():
            known = layout.number[term.key]
            for identity in state.last.get(term.key, {}):
                if identity not in known:
                    group = next((text for label, text in identity if label == layout.by), "")
                    line = self._slot(term.key, identity), self.cell((name, group)), term.sign
                    self.lines[role].append(line)

    def _slot(self, key: str, identity: Identity) -> int:
        numbers = self.number.setdefault(key, {})
        if identity not in numbers:
            numbers[identity] = len(self.layout.slots) + len(self.slots)
            self.slots.append((key, identity))
        return numbers[identity]

    def cell(self, cell: Cell) -> int:
        """The number of a group of an SLI."""
        known = self.layout.place.get(cell)
        if known is not None:
            return known
        if cell not in self.place:
            self.place[cell] = len(self.layout.cells) + len(self.cells)
            self.cells.append(cell)
        return self.place[cell]

    def finished(self) -> Layout:
        """The layout with all of it."""
        old = self.layout
        if not self.slots and not self.cells:
            return old
        family_of_name = {name: n for n, names in enumerate(old.families) for name in names}
        slot_family = [old.family_of[key] for key, _ in self.slots]
        cell_family = [family_of_name[name] for name, _ in self.cells]
        is_good = [old.plans[name].part_is == "good" for name, _ in self.cells]
        return replace(
            old,
            slots=(*old.slots, *self.slots),
            cells=(*old.cells, *self.cells),
            number={**old.number, **{key: {**old.number[key], **new} for key, new in self.number.items()}},
            place={**old.place, **self.place},
            slot_family=np.concatenate([old.slot_family, np.array(slot_family, dtype=np.intp)]),
            cell_family=np.concatenate([old.cell_family, np.array(cell_family, dtype=np.intp)]),
            is_good=np.concatenate([old.is_good, np.array(is_good, dtype=bool)]),
            total=old.total.and_more(self.lines["total"]),
            part=old.part.and_more(self.lines["part"]),
            rows=tuple(dict(one) for one in old.rows),
        )
