"""What many SLOs say at one instant, as columns: the counts of every budget, and of both windows of every rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allowance.budget.evaluate import Evaluation
from allowance.budget.fleet import Fleet, Member, Rows
from allowance.contract.model import Slo
from allowance.core.buckets import Ints
from allowance.core.time import Instant


class Sheet:
    """Some SLOs in their order, and which columns are those of their rules: it stays while they stay."""

    def __init__(self, slos: Sequence[Slo]) -> None:
        self.slos = tuple(slos)
        ends = np.cumsum([len(slo.rules) for slo in self.slos], dtype=np.intp)
        self._rules = [
            slice(int(end) - len(slo.rules), int(end)) for slo, end in zip(slos, ends, strict=True)
        ]
        self.width = int(ends[-1]) if len(ends) else 0

    def rules(self, number: int) -> slice:
        """The columns of the rules of an SLO, in their order."""
        return self._rules[number]

    def filled(self, evaluations: Sequence[Evaluation]) -> Figures:
        """The figures of evaluations that were worked out one by one, one for each SLO."""
        found = Figures.blank(self)
        for number, one in enumerate(evaluations):
            found.put(number, one)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """`budgets`: good and total, a column for each SLO of the sheet. `rules`: of the long and the short window, good and
    total, a column for each rule. An SLO that never counted anything counts nothing."""

    sheet: Sheet
    budgets: Ints
    rules: Ints

    @classmethod
    def blank(cls, sheet: Sheet) -> Figures:
        """Nothing is counted of anybody."""
        budgets, rules = ((2, len(sheet.slos)), (2, 2, sheet.width))
        return cls(sheet=sheet, budgets=np.zeros(budgets, np.int64), rules=np.zeros(rules, np.int64))

    def put(self, number: int, one: Evaluation) -> None:
        """What an evaluation says of one SLO."""
        counts = one.budget.counts
        self.budgets[:, number] = counts.good, counts.total
        windows = [[reading.long for reading in one.readings], [reading.short for reading in one.readings]]
        self.rules[..., self.sheet.rules(number)] = [
            [[counts.good for counts in window], [counts.total for counts in window]] for window in windows
        ]


class SweptFigures:
    """Reads the figures of many members at once: `numbers` are the places of their SLOs in the sheet."""

    def __init__(self, sheet: Sheet, numbers: Sequence[int], members: Sequence[Member]) -> None:
        self._sheet, self._fleet = sheet, Fleet(members)
        self._slos = np.array(numbers, dtype=np.intp)
        places = [np.arange(sheet.width, dtype=np.intp)[sheet.rules(number)] for number in numbers]
        self._rules = np.concatenate([np.zeros(0, dtype=np.intp), *places])

    def read(self, rows: Rows, *, now: Instant) -> Figures:
        """The figures at `now`, an edge of the buckets; nothing is counted of who is no member."""
        found = Figures.blank(self._sheet)
        found.budgets[:, self._slos] = self._fleet.budgets(rows, now=now)
        found.rules[..., self._rules] = self._fleet.rules(rows, now=now)
        return found
