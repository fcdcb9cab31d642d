"""Running totals of every series, one row a minute, in a mapped file: any window is the difference of two rows.

The file is a cache of the gains in the store. As long as the machine runs, what was written to it is there, also for
the next process. After that, or where it was left in the midst of a change, rows are believed as far as `counts_kept`
vouches for them, each against its checksum, and the newest ones are counted again. Without that all of it is made again.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Buckets, Ints
from allowance.core.time import Instant
from allowance.edges.store import counts_ring as ring
from allowance.edges.store.counts_file import CountsFile, Shape, make, opened, reserve
from allowance.edges.store.counts_kept import LATE, Doubts, Kept, Records, digest, prove, take_back
from allowance.edges.store.gains import ROW


class Counts:
    """Totals of `rows` minutes of many series; a series is a column, by its number in the store.

    `head` is the newest edge (a number of steps since 1970) that is counted to, `tail` the oldest that is kept, `seq`
    the newest of the store's gains in it. What lies before the tail counts nothing; after the head nothing is known.
    Any thread may read; what changes it (`apply`, `rebuild`, `keep`) comes from one at a time. Errors of all that reads
    or changes it: `TornTotals`, from the first row on that is not what it was; then it is of no use any more.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        rows: int,
        step: int = 60,
        boot: str = "",
        records: Records | None = None,
    ) -> None:
        self._path, self._shape = path, Shape(rows=rows, step=step)
        self.step, self._boot = step, boot.encode()
        self._lock = threading.RLock()
        self._records = records
        self._kept: Kept | None = None if records is None else records.read()
        self._doubts: Doubts | None = None
        self._late = 0
        self._file = self._opened() or self._made(columns=64)

    @property
    def head(self) -> int:
        """The newest edge."""
        return self._file.head

    @property
    def tail(self) -> int:
        """The oldest edge that is kept."""
        return self._file.tail

    @property
    def seq(self) -> int:
        """The newest gain that is counted in; 0 for none."""
        return int(self._file.header["seq"])

    @property
    def columns(self) -> int:
        """How many columns there is room for."""
        return self._file.columns

    @property
    def is_torn(self) -> bool:
        """Whether it is of no use any more."""
        return self._doubts is not None and self._doubts.is_torn

    @property
    def counted_again_from(self) -> Instant | None:
        """Since when the store's gains up to number `seq` have to be counted once more, by `catch_up`; mostly never."""
        return self.head * self.step if self._file.header["dirty"] else None

    def at(self, instant: Instant) -> tuple[Ints, Ints]:
        """Good and total of everything before an edge, a number for every column."""
        with self._lock:
            edge = min(max(instant // self.step, self.tail), self.head)
            self._settle(edge, edge)
            row = self._file.row(edge)
            return row[0], row[1]

    def history(self, column: int, since: Instant) -> Buckets:
        """The buckets of a series from `since` (or the tail) to the head; without the empty ones at either end."""
        with self._lock:
            first = min(max(since // self.step, self.tail), self.head)
            self._settle(first, self.head)
            if column >= self.columns or first == self.head:
                nothing = np.zeros(0, dtype=np.int64)
                return Buckets(start=first * self.step, step=self.step, good=nothing, total=nothing)
            places = np.arange(first, self.head + 1) % self._shape.rows
            gains = np.diff(self._file.ring[places, :, column], axis=0)
        return Buckets(
            start=first * self.step,
            step=self.step,
            good=np.ascontiguousarray(gains[:, 0]),
            total=np.ascontiguousarray(gains[:, 1]),
        ).trimmed()

    def apply(self, gains: Iterable[tuple[int, bytes]], *, until: Instant) -> None:
        """Count (seq, packed gains) in, in the order of their numbers, and go on to the edge `until` at least.

        Gains that are older than the tail are too old for any window and are left out. Errors: `OSError` where the disk
        is full, and nothing has changed.
        """
        with self._lock:
            some = [one for one in gains if one[0] > self.seq]
            edges, rows = self._read(b"".join(body for _, body in some))
            newest = max(until // self.step, int(edges.max(initial=0)))
            if not some and newest <= self.head:
                return
            self._count(edges, rows, newest)
            if some:
                self._file.header["seq"] = some[-1][0]
            self._file.header["dirty"] = 0

    def catch_up(self, gains: Iterable[bytes]) -> None:
        """Count the gains since `counted_again_from` once more. Errors: those of `apply`."""
        with self._lock:
            oldest = self.head
            for body in gains:
                edges, rows = self._read(body)
                fresh = edges > oldest
                if fresh.any():
                    self._count(edges[fresh], rows[fresh], int(edges.max()))
            self._file.header["dirty"] = 0

    def rebuild(self, gains: Iterable[tuple[int, bytes]], *, columns: int, newest: Instant) -> None:
        """Count all gains from the first on, in the order of their numbers, in a new file.

        `columns`: how many series there are; `newest`: the beginning of the newest bucket. Errors: those of `apply`.
        """
        with self._lock:
            head = newest // self.step + 1
            low, last = head + 1, 0
            self._file = self._made(columns=max(64, columns))
            self._file.header["dirty"] = 1
            for seq, body in gains:
                edges, rows = self._read(body)
                oldest = head - self._shape.rows + 1
                fresh = edges > oldest
                # Where there is something older too, all that there is room for is known.
                first = min(low, max(int(edges.min(initial=low + 1)) - 1, oldest))
                self._reserve(first, low)
                ring.scatter(self._file, edges[fresh], rows[fresh])
                low, last = first, seq
            ring.run_up(self._file, low, head)
            self._file.header["seq"] = last
            self._file.header["dirty"] = 0

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._file = self._made(columns=self.columns)

    def sync(self) -> None:
        """What was written is on the disk: so that `keep`, which comes next, need not take long. Errors: `OSError`."""
        if self._path is not None:
            self._file.sync()

    def keep(self) -> None:
        """Vouch for what is there now, also for the time after this life of the machine. Errors: `OSError`."""
        if self._path is None or self._records is None or not self.head:
            return
        file, before = self._file, self._kept
        low = max(self.tail, self.head - self._late)
        prove(file, max(self.tail, int(file.header["proved"]) + 1), low + 1)
        file.header["proved"] = max(int(file.header["proved"]), low)
        file.sync()
        draft = Kept(file=file.name, tail=self.tail, head=self.head, seq=self.seq, low=low, digest=0)
        kept = replace(draft, digest=digest(file, draft.first(self._shape.rows), low + 1))
        # While it is being written, both have to stay true.
        is_same = before is not None and before.file == kept.file
        self._kept = replace(kept, head=before.head) if is_same and before else kept
        self._records.write(kept)
        self._kept, self._late = kept, self._late // 2

    def _read(self, body: bytes) -> tuple[NDArray[Any], NDArray[Any]]:
        """Packed gains as rows, and the edge from which on each counts."""
        rows = np.frombuffer(body, dtype=ROW)
        return rows["at"] // self.step + 1, rows

    def _settle(self, first: int, last: int) -> None:
        """The rows of some edges are what they were. Errors: `TornTotals`."""
        if self._doubts is not None:
            self._doubts.settle(first, last)

    def _count(self, edges: NDArray[Any], rows: NDArray[Any], newest: int) -> None:
        """Count rows in, go on to an edge, and leave the file dirty."""
        newest = max(newest, self.head)
        oldest = max(int(edges.min(initial=newest)) - 1, newest - self._shape.rows + 1)
        columns = int(rows["series"].max(initial=-1)) + 1
        self._settle(oldest if columns <= self.columns else self.tail, self.head)
        self._room_for(columns)
        is_before = self.head == 0 or oldest < self.tail
        self._reserve(oldest if is_before else max(self.head + 1, newest - self._shape.rows + 1), newest + 1)
        self._touch(oldest if is_before else min(oldest, self.head) + 1, newest)
        self._file.header["dirty"] = 1
        ring.go_on(self._file, newest, oldest=oldest)
        fresh = edges > self.tail
        ring.add(self._file, edges[fresh], rows[fresh])

    def _touch(self, oldest: int, newest: int) -> None:
        """Before the rows of some edges are written: what is vouched for stays true, or is not vouched for any more."""
        header, kept = self._file.header, self._kept
        if (
            self.head and self.head - oldest < LATE
        ):  # what reaches back further is a past that was read, and not late
            self._late = max(self._late, self.head - oldest + 1)
        if kept is not None and kept.file == self._file.name and not kept.holds(oldest, newest):
            assert self._records is not None
            self._records.forget()
            self._kept = None
        header["proved"] = min(int(header["proved"]), oldest - 1)

    def _reserve(self, low: int, high: int) -> None:
        reserve(self._path, self._shape, low, high, columns=self.columns)

    def _room_for(self, columns: int) -> None:
        if columns <= self.columns:
            return
        new = make(self._path, self._shape, columns=max(columns, self.columns * 5 // 4), boot=self._boot)
        new.header["dirty"] = 1
        if self.head:
            reserve(self._path, self._shape, self.tail, self.head + 1, columns=new.columns)
        ring.copy(self._file, new)
        self._file, self._doubts = new, None

    def _made(self, *, columns: int) -> CountsFile:
        self._doubts = None
        return make(self._path, self._shape, columns=columns, boot=self._boot)

    def _opened(self) -> CountsFile | None:
        """The file as it was left, or as far as it is vouched for; none where it cannot be used."""
        found = None if self._path is None else opened(self._path, self._shape)
        if found is None:
            return None
        header = found.header
        if header["boot"] != self._boot or header["dirty"]:
            if self._kept is None or not take_back(found, self._kept):
                return None
            header["boot"] = self._boot
        tail, high = int(header["tail"]), min(int(header["doubted"]), int(header["proved"]))
        self._doubts = Doubts(found, tail, high + 1) if high >= tail else None
        return found


def boot() -> str:
    """What changes whenever the machine starts: only since then are unsynced pages known to be whole."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(16)
