"""What is done with the rows of a file of running totals: a ring with a row for each edge, each the sum of all before it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from allowance.edges.store.counts_file import CountsFile, stretches

_CELLS = 4_000_000
"""So many numbers are worked on at once: 32 MB."""

Edges = NDArray[np.int64]
Gained = NDArray[Any]
"""Rows of `gains.ROW`."""


def go_on(file: CountsFile, newest: int, *, oldest: int) -> None:
    """Rows from the edge `oldest` up to `newest`, each beginning as the one before it."""
    header, ring = file.header, file.ring
    rows = len(ring)
    if file.head == 0:
        header["head"] = header["tail"] = oldest
        file.row(oldest)[:] = 0
    elif oldest < file.tail:
        # What comes before everything that is known: those rows are zero until it is added to them.
        ring[np.arange(oldest, file.tail) % rows] = file.row(file.tail).copy()
        header["tail"] = oldest
    if newest > file.head:
        last = file.row(file.head).copy()
        first = max(file.head + 1, newest - rows + 1)
        for low in range(first, newest + 1, 4096):
            ring[np.arange(low, min(low + 4096, newest + 1)) % rows] = last
        header["tail"] = max(file.tail, newest - rows + 1)
        header["head"] = newest


def add(file: CountsFile, edges: Edges, gained: Gained) -> None:
    """Every row from the edge of a gain on holds that gain."""
    if not len(gained):
        return
    ring, low = file.ring, int(edges.min())
    span = file.head - low + 1
    columns = np.unique(gained["series"])
    width = max(1, _CELLS // (2 * span))
    places = np.arange(low, file.head + 1) % len(ring)
    for begin in range(0, len(columns), width):
        some = columns[begin : begin + width]
        which = np.isin(gained["series"], some) if width < len(columns) else slice(None)
        part = gained[which]
        sums = np.zeros((span, 2, len(some)), dtype=np.int64)
        spot = edges[which] - low, np.searchsorted(some, part["series"])
        np.add.at(sums[:, 0], spot, part["good"])
        np.add.at(sums[:, 1], spot, part["total"])
        np.cumsum(sums, axis=0, out=sums)
        if int(some[-1]) - int(some[0]) + 1 == len(some):
            ring[places, :, int(some[0]) : int(some[-1]) + 1] += sums
        else:
            ring[places[:, None, None], np.arange(2)[None, :, None], some[None, None, :]] += sums


def scatter(file: CountsFile, edges: Edges, gained: Gained) -> None:
    """Put gains into the rows of their edges only: `run_up` makes totals of them when all are there."""
    if not len(gained):
        return
    low, high = int(edges.min()), int(edges.max()) + 1
    columns = gained["series"]
    first, last = int(columns.min()), int(columns.max()) + 1
    if (high - low) * (last - first) > _CELLS:
        cells = file.ring.reshape(-1)
        spots = edges % len(file.ring) * (2 * file.columns) + columns
        np.add.at(cells, spots, gained["good"])
        np.add.at(cells, spots + file.columns, gained["total"])
        return
    # Side by side first: the ring is far larger than what the processor keeps at hand.
    block = np.zeros((high - low, 2, last - first), dtype=np.int64)
    spots = (edges - low) * (2 * (last - first)) + (columns - first)
    np.add.at(block.reshape(-1), spots, gained["good"])
    np.add.at(block.reshape(-1), spots + (last - first), gained["total"])
    done = 0
    for begin, end in stretches(low, high, len(file.ring)):
        file.ring[begin:end, :, first:last] += block[done : done + end - begin]
        done += end - begin


def run_up(file: CountsFile, low: int, head: int) -> None:
    """From gains in their own rows to totals from the edge `low`, which has none, to `head`."""
    before = file.row(low)
    for begin, end in stretches(low + 1, head + 1, len(file.ring)):
        for row in file.ring[begin:end]:
            row += before
            before = row
    header = file.header
    header["tail"], header["head"], header["proved"] = low, head, low - 1


def copy(old: CountsFile, new: CountsFile) -> None:
    """All rows into a file with more columns."""
    if old.head:
        for begin, end in stretches(old.tail, old.head + 1, len(old.ring)):
            for place in range(begin, end):
                new.ring[place, :, : old.columns] = old.ring[place]
    for name in ("tail", "head", "seq"):
        new.header[name] = old.header[name]
    new.header["proved"] = old.tail - 1
