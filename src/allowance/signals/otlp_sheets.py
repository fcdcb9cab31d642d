"""Cumulative points in columns against the sheet of their process: what all of them gained, at once."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from allowance.signals.otlp_point_columns import Columns, Ints
from allowance.signals.otlp_streams import DIGEST, ProcessKey, Sheet

Column = TypeVar("Column", bound=NDArray[Any])


def sheet_of(points: Columns, process: ProcessKey) -> Sheet | None:
    """Where the streams of some points stand; None where they have several starts, or one of them comes twice."""
    totals, counts, bounds = points.levels()
    sheet = Sheet(
        process=process,
        digests=points.digests(),
        times=points.times.astype(np.int64),
        totals=totals,
        counts=counts,
        bounds=bounds,
    )
    same_start = bool((points.starts == process[1]).all())
    return sheet if same_start and len(sheet.rows) == len(sheet) else None


def since_sheet(points: Columns, before: Sheet) -> tuple[Columns, Sheet] | None:
    """What points of one start gained, and the sheet after them.

    None where one of them is new, came before, fell, or has other buckets: then each is to be looked at.
    """
    totals, counts, bounds = points.levels()
    if before.bounds != bounds or before.totals.dtype != totals.dtype:
        return None
    rows = _rows(points, before)
    if rows is None or not np.isfinite(totals).all() or totals.min() < 0:
        return None
    times = points.times.astype(np.int64)
    gained, more = totals - before.totals[rows], counts - before.counts[rows]
    if (times <= before.times[rows]).any() or gained.min() < 0 or (more < 0).any():
        return None
    after = before.newer(
        _with(before.times, rows, times),
        _with(before.totals, rows, totals),
        _with(before.counts, rows, counts),
    )
    return points.at_levels(gained, more), after


def _rows(points: Columns, before: Sheet) -> Ints | slice | None:
    """The row of each point; senders may change their order, and leave some out."""
    raw = points.digests()
    if raw == before.digests:
        return slice(None)
    get = before.rows.get
    rows = [get(raw[n : n + DIGEST], -1) for n in range(0, len(raw), DIGEST)]
    return None if -1 in rows or len(set(rows)) < len(rows) else np.array(rows, dtype=np.int64)


def _with(column: Column, rows: Ints | slice, newer: Column) -> Column:
    if isinstance(rows, slice):
        return newer
    found = column.copy()
    found[rows] = newer
    return found
