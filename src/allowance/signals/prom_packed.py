"""A state of readings as it is stored: what changes with the series apart from what changes every minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allowance.core.time import Instant
from allowance.signals.prom_answer import Floats
from allowance.signals.prom_sheet import Cell, Sheet, Slot
from allowance.signals.prom_state import OWED, Last, PromState, owed_of, row_of, unusable

VERSION = 2

Shape = Mapping[str, Any]
"""Plain values: which series and which debts there are, in the order of the numbers."""


def shape_of(state: PromState) -> Shape:
    """The series and debts of a state."""
    slots = [(key, identity) for key, series in state.last.items() for identity in series]
    return _shape(state.step, state.by, state.last, slots, state.owed)


def shape_of_sheet(sheet: Sheet) -> Shape:
    """The same of a sheet."""
    layout = sheet.layout
    return _shape(sheet.step, layout.by, layout.number, layout.slots, layout.cells)


def numbers_of(state: PromState) -> bytes:
    """The numbers of a state, in the order of its shape."""
    lasts = [last for series in state.last.values() for last in series.values()]
    rows = [row_of(one) for one in state.owed.values()]
    values, seen = (
        np.array(some, dtype=np.float64) for some in ([x.value for x in lasts], [x.at for x in lasts])
    )
    return _numbers(state.at, values, seen, np.array(rows, dtype=OWED))


def numbers_of_sheet(sheet: Sheet) -> bytes:
    """The numbers of a sheet, in the order of its shape."""
    return _numbers(sheet.at, sheet.values, sheet.seen, sheet.owed)


def unpacked(shape: Any, numbers: bytes) -> PromState:
    """A stored state. Errors: `Problem` `prom-state` for anything else; then a fresh start is the way."""
    try:
        keys, step = [str(key) for key in shape["keys"]], int(shape["step"])
        slots, cells = shape["slots"], [(str(name), str(group)) for name, group in shape["cells"]]
        at, values, seen, owed = _read(numbers, len(slots), len(cells))
        if shape["version"] != VERSION or step <= 0 or at % step:
            raise ValueError("not a state of this version")
        last: dict[str, dict[Any, Last]] = {key: {} for key in keys}
        for (key, labels), value, when in zip(slots, values.tolist(), seen.tolist(), strict=True):
            identity = tuple(sorted((str(name), str(text)) for name, text in labels.items()))
            last[keys[key]][identity] = Last(value=value, at=when)
        return PromState(
            at=at,
            step=step,
            by=None if shape["by"] is None else str(shape["by"]),
            last=last,
            owed={cell: owed_of(row) for cell, row in zip(cells, owed.tolist(), strict=True)},
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError):
        raise unusable() from None


def _shape(
    step: int, by: str | None, keys: Iterable[str], slots: Sequence[Slot], cells: Iterable[Cell]
) -> Shape:
    number = {key: place for place, key in enumerate(keys)}
    return {
        "version": VERSION,
        "step": step,
        "by": by,
        "keys": list(number),
        "slots": [[number[key], dict(identity)] for key, identity in slots],
        "cells": [list(cell) for cell in cells],
    }


def _numbers(at: Instant, values: Floats, seen: Floats, owed: NDArray[Any]) -> bytes:
    """Debts are rare: only those that there are, behind their places."""
    places = np.flatnonzero(owed != np.zeros((), dtype=OWED)).astype("<i8")
    head = np.array([at, len(values), len(places)], dtype="<i8")
    return b"".join(
        [
            head.tobytes(),
            values.astype("<f8").tobytes(),
            seen.astype("<f8").tobytes(),
            places.tobytes(),
            owed[places].tobytes(),
        ]
    )


def _read(numbers: bytes, slots: int, cells: int) -> tuple[Instant, Floats, Floats, NDArray[Any]]:
    at, size, debts = np.frombuffer(numbers, dtype="<i8", count=3).tolist()
    if size != slots or len(numbers) != 24 + 16 * size + (8 + OWED.itemsize) * debts:
        raise ValueError("the numbers are of another shape")
    lasts = np.frombuffer(numbers, dtype="<f8", count=2 * size, offset=24)
    places = np.frombuffer(numbers, dtype="<i8", count=debts, offset=24 + 16 * size)
    rows = np.frombuffer(numbers, dtype=OWED, count=debts, offset=24 + 16 * size + 8 * debts)
    owed = np.zeros(cells, dtype=OWED)
    owed[places] = rows
    return at, lasts[:size], lasts[size:], owed
