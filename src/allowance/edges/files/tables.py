"""Tables that the engine reads by itself: a statement for all rows, or the plan for many SLIs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from allowance.edges.files.binding import Bound
from allowance.edges.files.cells import FROM_SLIS, ROWS, ManySlis, cells_of, durations_by_cells
from allowance.edges.files.counting import Counting
from allowance.edges.files.engine import Connection, Engine, blaming
from allowance.edges.files.parquet import ParquetSource
from allowance.edges.files.relation import Wanted
from allowance.edges.files.tally import Tally

Statements = Callable[[str], Sequence[str]]
"""From the SQL of events to the statements that count them."""

Moved = Callable[[float], None]
"""How far it is, from 0 to 1."""

Plan = Callable[[ParquetSource, Wanted, Tally, Moved], list[str] | None]
"""Counts a table by itself and gives the statements that remain, or None where it does not fit."""


def read_table(
    source: ParquetSource,
    wanted: Wanted,
    statements: Statements,
    plan: Plan | None,
    engine: Engine,
    cursor: Connection,
    tally: Tally,
    moved: Moved,
) -> None:
    """Count the rows of a table, and tally them."""
    own = Tally()
    with blaming(source.label):
        wanted = replace(wanted, sound=source.count_lines(cursor, wanted, own))
        remaining = plan(source, wanted, own, moved) if plan is not None else None
        if remaining is None:
            remaining = list(statements(source.relation(wanted)))
        engine.run(cursor, remaining, moved)
    tally.add(
        0,
        lines=own.lines,
        malformed=own.malformed,
        first=own.first_us,
        last=own.last_us,
        samples=own.samples,
    )


def many_slis(
    counting: Counting,
    bound: Bound,
    cursor: Connection,
    source: ParquetSource,
    wanted: Wanted,
    tally: Tally,
    moved: Moved,
) -> list[str] | None:
    """The plan for many SLIs without groups whose predicates only compare columns with plain values."""
    first, last = tally.first_us, tally.last_us
    if len(bound.slis) < FROM_SLIS or bound.group != "''" or first is None or last is None:
        return None
    cells = cells_of(bound, source.found.fields)
    if cells is None or not (many := ManySlis(counting, bound, cells, first, last)).fits:
        return None
    pieces = list(source.pieces(ROWS))
    relations = [source.relation(wanted, piece) for piece in pieces]
    many.run(cursor, relations, lambda done: moved(done / (len(pieces) + 1)))
    if bound.duration is None:
        return []
    of_valid = cells_of(bound, source.found.fields, good=False)
    relation = source.relation(wanted)
    if of_valid is None:
        return [counting.durations(bound, relation)]
    return durations_by_cells(counting, bound, of_valid, relation)
