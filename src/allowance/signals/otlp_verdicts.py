"""What all SLIs of a signal say of points, kept for all points that say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from allowance.signals.otlp_point_columns import Columns, Ints
from allowance.signals.otlp_points import About
from allowance.signals.otlp_sli import Said

MOST_KNOWN = 50_000
_MOST_TABLES = 8
"""A reader that forgets begins a new list of what is said; the old ones are let go."""
_UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What is said of some points; one object for all points of which the same is said. `number` tells them apart."""

    said: tuple[Said, ...]
    number: int


class Verdicts:
    """Remembers verdicts only to be quicker; `judge` gives them, for what points say and the class of their duration."""

    def __init__(self, judge: Callable[[About, int], tuple[Said, ...]]) -> None:
        self._judge = judge
        self._forget()

    def _forget(self) -> None:
        self._known: dict[tuple[About, int], Verdict] = {}
        self._same: dict[tuple[Said, ...], Verdict] = {}
        self._tables: dict[int, tuple[Sequence[About], Ints]] = {}
        self.listed: list[Verdict] = []

    def trim(self) -> None:
        """Start anew if too much is remembered; verdicts from before are not to be used any more."""
        if len(self._known) > MOST_KNOWN:
            self._forget()

    def of(self, about: About, kind: int = 0) -> Verdict:
        """The verdict on points that say this."""
        found = self._known.get((about, kind))
        if found is None:
            said = self._judge(about, kind)
            found = self._same.get(said)
            if found is None:
                found = self._same[said] = Verdict(said, len(self.listed))
                self.listed.append(found)
            self._known[about, kind] = found
        return found

    def numbers(self, points: Columns) -> Ints:
        """The number of the verdict on each point: its place in `listed`."""
        table = self._table(points.abouts)
        found = table[points.slots]
        if (found == _UNKNOWN).any():
            for slot in np.unique(points.slots[found == _UNKNOWN]).tolist():
                table[slot] = self.of(points.abouts[slot]).number
            found = table[points.slots]
        return found

    def _table(self, abouts: Sequence[About]) -> Ints:
        if len(self._tables) > _MOST_TABLES:
            self._tables.clear()
        kept = self._tables.get(id(abouts))
        if kept is not None and len(kept[1]) >= len(abouts):
            return kept[1]
        table = np.full(2 * len(abouts), _UNKNOWN, dtype=np.int64)
        if kept is not None:
            table[: len(kept[1])] = kept[1]
        self._tables[id(abouts)] = (abouts, table)
        return table
