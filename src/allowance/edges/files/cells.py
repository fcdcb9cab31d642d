"""Many SLIs over a table at the price of a few.

A *cell* is one combination of kinds of values (see `predicate_cuts`). Each row is given the number of its bucket and
cell, NumPy counts the rows of each, every SLI is decided once per cell, and the counts of all SLIs are one product of
matrices: buckets x cells with cells x SLIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Ints
from allowance.edges.files.binding import Bound
from allowance.edges.files.counting import Counting
from allowance.edges.files.engine import Connection
from allowance.edges.files.relation import Pick
from allowance.signals.columns import TEXTS, Sampled
from allowance.signals.predicate import match_column
from allowance.signals.predicate_cuts import Cuts, cuts_of, merge_cuts

FROM_SLIS = 8
"""So many SLIs are cheaper together than each by itself, as measured with ten million rows."""

ROWS = 8_000_000
"""Rows whose numbers are held at once."""

_MOST_NUMBERS = 24_000_000
_BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The kinds of every pick that SLIs look at; `size` combinations in all."""

    kinds: dict[str, Cuts]

    @property
    def size(self) -> int:
        """How many cells there are."""
        return prod(len(cuts.examples()) for cuts in self.kinds.values())

    @property
    def code(self) -> str:
        """The SQL of a row's cell."""
        code = "0"
        for alias, cuts in self.kinds.items():
            code = f"({code}) * {len(cuts.examples())} + {cuts.code_sql(alias)}"
        return code

    def decided(self, conditions: Sequence[str]) -> str:
        """The query of (code, d_0, d_1, ...): whether each condition holds in a cell, in the order of the cells."""
        tables = []
        for number, (alias, cuts) in enumerate(self.kinds.items()):
            rows = ", ".join(f"({place}, {value})" for place, value in enumerate(cuts.examples()))
            tables.append(f"(VALUES {rows}) AS t{number}(p{number}, {alias})")
        code = "0"
        for number, cuts in enumerate(self.kinds.values()):
            code = f"({code}) * {len(cuts.examples())} + p{number}"
        columns = "".join(f", {condition} AS d_{n}" for n, condition in enumerate(conditions))
        return (
            f"SELECT {code} AS code{columns} FROM {' CROSS JOIN '.join(tables) or '(SELECT 1)'} ORDER BY code"
        )


def cells_of(bound: Bound, fields: Sequence[Sampled], *, good: bool = True) -> Cells | None:
    """The cells of some SLIs (of their `valid` alone if not `good`); None where they ask for more than cells tell."""
    kinds: dict[str, Cuts] = {}
    for one in bound.slis:
        cuts = cuts_of(one.sli, good=good)
        if cuts is None:
            return None
        aliases = {pick.column.name: pick for pick in one.picks}
        if len(aliases) < len(one.picks):
            return None
        for name, asked in cuts.items():
            pick = aliases.get(match_column(name, aliases) or "")
            if pick is None or not _comparable(pick, asked, fields):
                return None
            merge_cuts({pick.alias: asked}, kinds)
    return None if any(cuts.mixed for cuts in kinds.values()) else Cells(kinds=kinds)


def _comparable(pick: Pick, asked: Cuts, fields: Sequence[Sampled]) -> bool:
    """Whether the engine compares the pick as the examples are compared: numbers with numbers, texts with texts."""
    native = next(one.native for one in fields if one.name == pick.column.field)
    if pick.kind == "native":
        return native in ("number", "float") and not asked.texts
    return not asked.numbers if pick.kind in TEXTS else pick.kind != "boolean" and not asked.texts


class ManySlis:
    """The plan for one table. `fits` says whether it may be taken."""

    def __init__(self, counting: Counting, bound: Bound, cells: Cells, first_us: int, last_us: int) -> None:
        self._counting = counting
        self._bound = bound
        self._cells = cells
        self._width = counting.step * 10**6
        self._first = first_us // self._width
        self._buckets = last_us // self._width - self._first + 1

    @property
    def fits(self) -> bool:
        """Whether buckets x cells fit into memory."""
        return self._cells.size * self._buckets <= _MOST_NUMBERS

    def run(self, cursor: Connection, relations: Iterable[str], moved: Callable[[int], None]) -> None:
        """Add the events of all relations to the counts; `moved` hears how many of them are done."""
        size = self._cells.size
        cube = np.zeros(self._buckets * size, dtype=np.int64)
        number = f"CAST((us // {self._width} - {self._first}) * {size} + {self._cells.code} AS INTEGER)"
        for done, relation in enumerate(relations, 1):
            query = f"SELECT {number} AS number FROM ({relation}) WHERE us IS NOT NULL"
            numbers = cursor.execute(query).fetchnumpy()["number"]
            if len(numbers):
                low = int(numbers.min())
                counts = np.bincount(numbers - low)
                cube[low : low + len(counts)] += counts
            moved(done)
        conditions = [condition for one in self._bound.slis for condition in (one.good, one.valid)]
        decided = cursor.execute(self._cells.decided(conditions)).fetchnumpy()
        matrix = np.stack(
            [np.asarray(decided[f"d_{n}"], dtype=np.float64) for n in range(len(conditions))], axis=1
        )
        self._insert(cursor, _product(cube.reshape(self._buckets, size), matrix))

    def _insert(self, cursor: Connection, counts: Ints) -> None:
        filled = np.flatnonzero(counts[:, 1::2].any(axis=1))
        starts = (filled + self._first) * self._counting.step
        columns = {"bucket": starts, "grp": np.full(len(filled), "", dtype=object)}
        columns |= {f"n{n}": np.ascontiguousarray(counts[filled, n]) for n in range(counts.shape[1])}
        cursor.register("cubed", columns)
        cursor.execute("INSERT INTO counts SELECT * FROM cubed")
        cursor.unregister("cubed")


def _product(cube: Ints, matrix: NDArray[np.float64]) -> Ints:
    """Counts of every bucket and condition. Doubles are exact here: no count comes near 2^53."""
    rows = max(1, _BLOCK // max(cube.shape[1], 1))
    parts = [
        np.rint(cube[at : at + rows].astype(np.float64) @ matrix).astype(np.int64)
        for at in range(0, len(cube), rows)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, matrix.shape[1]), dtype=np.int64)


def durations_by_cells(counting: Counting, bound: Bound, cells: Cells, relation: str) -> list[str]:
    """The statements that add the durations of a relation, where many different `valid` share one pass."""
    conditions = counting.first_valids(bound)
    sums = ", ".join(f"SUM(CASE WHEN d_{n} THEN n ELSE 0 END)" for n in range(len(conditions)))
    ms = f"TRY_CAST({bound.duration} AS DECIMAL(18, 6))"
    rolled = f"SELECT {ms} AS ms, {cells.code} AS code, count(*) AS n FROM ({relation}) WHERE us IS NOT NULL AND {bound.duration} IS NOT NULL GROUP BY ALL"  # fmt: skip
    return [
        f"CREATE OR REPLACE TEMP TABLE cells AS {cells.decided(conditions)}",
        f"INSERT INTO durs SELECT '', ms, {sums} FROM ({rolled}) JOIN cells USING (code) WHERE ms IS NOT NULL GROUP BY ms",
    ]
