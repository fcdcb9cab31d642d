"""Bad spells: outages that stand out of a calm history, and what another one would cost.

An outage is one spell, however many events it hurt. After one or two of them, past forecast errors say nothing of
spells yet; counting them does. New spells come at a Poisson rate with Jeffreys' prior. A spell that has lasted k
cells lasts r more with chance k / (k + r): nine times as long again in a tenth of all cases (J. R. Gott, 1993).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Ints

Floats = NDArray[np.float64]

TENTH: Final = 0.1
_CALM_SHARE: Final = 0.9
"""The calmer nine tenths of the cells say what is usual."""
_FAR: Final = 6
"""So many deviations above the usual is more than noise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spells:
    """A history of `cells` cells with its spells taken out.

    `calm` is the bad events per cell without what the spells added; `hurts` what each spell added, `lengths` how
    many cells it lasted. Hurts are in cells of traffic that failed whole. `lasting` is the length of the spell that
    goes on at the end, 0 without one.
    """

    cells: int
    calm: Floats
    hurts: Floats
    lengths: Ints
    lasting: int

    def few(self, length: int) -> bool:
        """Whether a time of so many cells may well pass without a spell, so that counting spells says more.

        A spell too long to end soon is not one of them: it is the present pace.
        """
        over = 1 / (self.lasting + 1) if self.lasting else 1.0
        return len(self.hurts) > 0 and over >= TENTH and self._none(length) >= TENTH

    def more(self, length: int) -> tuple[float, float]:
        """What spells add in the next `length` cells: likely, and in the worst tenth; in cells that fail whole.

        The likely one takes a spell that is going on as over.
        """
        expected = (len(self.hurts) + 0.5) * length / self.cells
        some = 1 - self._none(length)
        hurts = np.sort(self.hurts * np.minimum(1, length / self.lengths))
        likely, high = (
            float(hurts[math.ceil((1 - chance / some) * len(hurts)) - 1]) * expected / some
            if some > chance
            else 0.0
            for chance in (0.5, TENTH)
        )
        if self.lasting:
            goes_on = float(self.hurts[-1]) / self.lasting * min(length, 9 * self.lasting)
            high = max(high, goes_on)
        return likely, high

    def _none(self, length: int) -> float:
        """The chance that so many cells bring no new spell."""
        return float((self.cells / (self.cells + length)) ** (len(self.hurts) + 0.5))


def first_failure(cells: int, length: int) -> bool:
    """Whether a history without one bad event may well have its first within `length` cells."""
    return math.sqrt(cells / (cells + length)) < 1 - TENTH


def find_spells(bad: Ints, total: Ints) -> Spells:
    """The spells of a history of cells: cells in a row that are far above what the calm ones make usual."""
    loud = _loud(bad, total)
    edges = np.diff(np.concatenate(([0], loud.astype(np.int8), [0])))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    quiet = float(bad[~loud].sum()) / max(float(total[~loud].sum()), 1.0)
    added = np.where(loud, bad / np.maximum(total, 1) - quiet, 0.0)
    return Spells(
        cells=len(bad),
        calm=np.where(loud, quiet * total, bad),
        hurts=np.add.reduceat(added, begins) if len(begins) else np.zeros(0),
        lengths=ends - begins,
        lasting=int(ends[-1] - begins[-1]) if len(ends) and loud[-1] else 0,
    )


def _loud(bad: Ints, total: Ints) -> NDArray[np.bool_]:
    share = bad / np.maximum(total, 1)
    calmer = share <= np.sort(share)[math.ceil(_CALM_SHARE * len(share)) - 1]
    usual = float(bad[calmer].sum()) / max(float(total[calmer].sum()), 1.0) * total
    return np.asarray(bad > usual + _FAR * np.sqrt(usual))
