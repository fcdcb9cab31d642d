"""Where cumulative streams stand: one by one, or all those of a metric that a process sends together, as a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from allowance.signals.otlp_point_columns import Ints
from allowance.signals.otlp_points import Nanos

StreamKey: TypeAlias = tuple[bytes, Nanos]
"""Digest of resource, scope, metric and attributes; start of the stream."""
ProcessKey: TypeAlias = tuple[bytes, Nanos]
"""Digest of resource, scope and metric; start of the stream."""

Levels: TypeAlias = tuple[float, ...]
"""What a cumulative point says, flat: its value; or count, bounds and counts; see `otlp_counters`."""

DIGEST = 16
"""Bytes of the digest of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last point of a cumulative stream."""

    time: Nanos
    levels: Levels
    process: ProcessKey


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """Where streams of one process and metric stand, one in a row.

    `digests` are theirs in a row, `totals` values or numbers of observations, `counts` observations by bucket, without
    columns for what has no buckets; then `bounds` is None.
    """

    process: ProcessKey
    digests: bytes
    times: Ints
    totals: Ints | NDArray[np.float64]
    counts: Ints
    bounds: tuple[float, ...] | None

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def rows(self) -> Mapping[bytes, int]:
        """The row of each digest."""
        raw = self.digests
        return {raw[n * DIGEST : (n + 1) * DIGEST]: n for n in range(len(self))}

    def last(self, row: int) -> Last:
        """Where the stream of a row stands."""
        total, counts = self.totals[row].item(), self.counts[row].tolist()
        flat = (total,) if self.bounds is None else (total, len(self.bounds), *self.bounds, *counts)
        return Last(time=int(self.times[row]), levels=flat, process=self.process)

    def newer(self, times: Ints, totals: Ints | NDArray[np.float64], counts: Ints) -> Sheet:
        """The same streams later; what is known of their rows is kept."""
        found = Sheet(
            process=self.process,
            digests=self.digests,
            times=times,
            totals=totals,
            counts=counts,
            bounds=self.bounds,
        )
        if "rows" in self.__dict__:
            found.__dict__["rows"] = self.rows
        return found


class Streams:
    """Every stream that is known: in the sheet of its process, or else by itself, and never in both."""

    def __init__(self) -> None:
        self._alone: dict[StreamKey, Last] = {}
        self._sheets: dict[ProcessKey, Sheet] = {}
        self._heard: dict[ProcessKey, Nanos] = {}
        self._in_sheets = 0

    def __len__(self) -> int:
        return len(self._alone) + self._in_sheets

    def last(self, key: StreamKey, process: ProcessKey) -> Last | None:
        """Where a stream of a process stands."""
        sheet = self._sheets.get(process)
        if sheet is not None and key[0] in sheet.rows:
            return sheet.last(sheet.rows[key[0]])
        return self._alone.get(key)

    def sheet(self, process: ProcessKey) -> Sheet | None:
        """Streams of a process that came together."""
        return self._sheets.get(process)

    def heard(self, process: ProcessKey) -> Nanos:
        """When a process last sent anything of a metric; 0 if never."""
        return self._heard.get(process, 0)

    def learn(self, key: StreamKey, last: Last) -> None:
        """One stream by itself."""
        sheet = self._sheets.get(last.process)
        if sheet is not None and key[0] in sheet.rows:
            self._dissolve(last.process)
        self._alone[key] = last
        self._hear(last.process, last.time)

    def learn_sheet(self, sheet: Sheet) -> None:
        """Streams together. Those that stood in the sheet of their process before, and do not now, stand alone."""
        process = sheet.process
        before = self._sheets.get(process)
        if before is None or before.digests != sheet.digests:
            self._dissolve(process)
            if self._alone:
                for digest in sheet.rows:
                    self._alone.pop((digest, process[1]), None)
            self._in_sheets += len(sheet)
        self._sheets[process] = sheet
        self._hear(process, int(sheet.times.max()))

    def _hear(self, process: ProcessKey, time: Nanos) -> None:
        self._heard[process] = max(self._heard.get(process, 0), time)

    def _dissolve(self, process: ProcessKey) -> None:
        sheet = self._sheets.pop(process, None)
        if sheet is not None:
            self._in_sheets -= len(sheet)
            self._alone |= {(digest, process[1]): sheet.last(row) for digest, row in sheet.rows.items()}

    def forget(self, oldest: Nanos) -> None:
        """Drop the streams of processes that were not heard since."""
        gone = {process for process, time in self._heard.items() if time < oldest}
        if gone:
            self._heard = {process: time for process, time in self._heard.items() if process not in gone}
            self._alone = {key: last for key, last in self._alone.items() if last.process not in gone}
            self._sheets = {process: sheet for process, sheet in self._sheets.items() if process not in gone}
            self._in_sheets = sum(map(len, self._sheets.values()))

    @property
    def alone(self) -> Mapping[StreamKey, Last]:
        """The streams that are in no sheet."""
        return self._alone

    @property
    def sheets(self) -> Iterable[Sheet]:
        """All sheets."""
        return self._sheets.values()
