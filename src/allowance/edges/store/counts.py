"""Running totals of every series, one row a minute, in a mapped file: any window is the difference of two rows.

The file is a cache of the gains in the store. It is made again from them when it is missing, of another shape, or
was being written when the machine stopped; so it needs no sync of its own, and losing it costs only time.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Buckets, Ints
from allowance.core.time import Instant
from allowance.edges.store.gains import ROW

_HEADER = np.dtype(
    [
        ("magic", "S8"),
        ("boot", "S40"),
        ("dirty", "<i8"),
        ("step", "<i8"),
        ("rows", "<i8"),
        ("columns", "<i8"),
        ("tail", "<i8"),
        ("head", "<i8"),
        ("seq", "<i8"),
    ]
)
_MAGIC = b"ALWCNT01"
_PAGE = 4096
_CELLS = 4_000_000
"""So many numbers are worked on at once: 32 MB."""


class Counts:
    """Totals of `rows` minutes of many series; a series is a column, by its number in the store.

    `head` is the newest edge (a number of steps since 1970) that is counted to, `tail` the oldest that is kept, `seq`
    the newest of the store's gains in it. What lies before the tail counts nothing; after the head nothing is known.
    """

    def __init__(self, path: Path | None, *, rows: int, step: int = 60, boot: str = "") -> None:
        self._path, self._rows, self.step, self._boot = path, rows, step, boot.encode()
        self._lock = threading.RLock()
        self._header, self._ring = self._opened() or self._made(columns=64)

    @property
    def head(self) -> int:
        """The newest edge."""
        return int(self._header["head"])

    @property
    def tail(self) -> int:
        """The oldest edge that is kept."""
        return int(self._header["tail"])

    @property
    def seq(self) -> int:
        """The newest gain that is counted in; 0 for none."""
        return int(self._header["seq"])

    @property
    def columns(self) -> int:
        """How many columns there is room for."""
        return int(self._ring.shape[2])

    def at(self, instant: Instant) -> tuple[Ints, Ints]:
        """Good and total of everything before an edge, a number for every column."""
        with self._lock:
            row = self._ring[self._place(min(max(instant // self.step, self.tail), self.head))]
            return row[0], row[1]

    def history(self, column: int, since: Instant) -> Buckets:
        """The buckets of a series from `since` (or the tail) to the head; without the empty ones at either end."""
        with self._lock:
            first = min(max(since // self.step, self.tail), self.head)
            if column >= self.columns or first == self.head:
                nothing = np.zeros(0, dtype=np.int64)
                return Buckets(start=first * self.step, step=self.step, good=nothing, total=nothing)
            places = self._place(np.arange(first, self.head + 1))
            sums = self._ring[places, :, column]
        gains = np.diff(sums, axis=0)
        return Buckets(
            start=first * self.step,
            step=self.step,
            good=np.ascontiguousarray(gains[:, 0]),
            total=np.ascontiguousarray(gains[:, 1]),
        ).trimmed()

    def apply(self, gains: Iterable[tuple[int, bytes]], *, until: Instant) -> None:
        """Count (seq, packed gains) in, in the order of their numbers, and go on to the edge `until` at least.

        Gains that are older than the tail are too old for any window and are left out.
        """
        some = list(gains)
        rows = np.frombuffer(b"".join(body for _, body in some), dtype=ROW)
        edges = rows["at"] // self.step + 1
        with self._lock:
            newest = max(until // self.step, int(edges.max(initial=0)))
            if not some and newest <= self.head:
                return
            self._room_for(int(rows["series"].max(initial=-1)) + 1)
            self._reserve(newest, oldest=int(edges.min(initial=newest)) - 1)
            self._header["dirty"] = 1
            self._go_on(newest, oldest=int(edges.min(initial=newest)) - 1)
            fresh = edges > self.tail
            self._add(edges[fresh], rows[fresh])
            if some:
                self._header["seq"] = max(self.seq, some[-1][0])
            self._header["dirty"] = 0

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._header, self._ring = self._made(columns=self.columns)

    def _reserve(self, newest: int, *, oldest: int) -> None:
        """Room on the disk for the rows that will be written: a full disk is an error here, and a dead process later.

        Errors: `OSError`, and nothing has changed.
        """
        if self._path is None:
            return
        first = oldest if self.head == 0 or oldest < self.tail else self.head + 1
        low, high = max(first, newest - self._rows + 1), newest + 1
        with self._path.open("rb+") as file:
            self._allocate(file, low, high, self.columns)

    def _allocate(self, file: IO[bytes], low: int, high: int, columns: int) -> None:
        row = 16 * columns
        for begin, end in _stretches(low, high, self._rows):
            os.posix_fallocate(file.fileno(), _PAGE + begin * row, (end - begin) * row)

    def _go_on(self, newest: int, *, oldest: int) -> None:
        """Rows up to the edge `newest`, each beginning as the one before it."""
        oldest = max(oldest, newest - self._rows + 1)
        if self.head == 0:
            self._header["head"] = self._header["tail"] = oldest
            self._ring[self._place(oldest)] = 0
        elif oldest < self.tail:
            # What comes before everything that is known: those rows are zero until it is added to them.
            base = self._ring[self._place(self.tail)].copy()
            self._ring[self._place(np.arange(oldest, self.tail))] = base
            self._header["tail"] = oldest
        if newest > self.head:
            last = self._ring[self._place(self.head)].copy()
            first = max(self.head + 1, newest - self._rows + 1)
            for low in range(first, newest + 1, 4096):
                self._ring[self._place(np.arange(low, min(low + 4096, newest + 1)))] = last
            self._header["tail"] = max(self.tail, newest - self._rows + 1)
            self._header["head"] = newest

    def _add(self, edges: NDArray[Any], rows: NDArray[Any]) -> None:
        """Every row of the ring from the edge of a gain on holds that gain."""
        if not len(rows):
            return
        low = int(edges.min())
        span = self.head - low + 1
        columns = np.unique(rows["series"])
        width = max(1, _CELLS // (2 * span))
        places = self._place(np.arange(low, self.head + 1))
        for begin in range(0, len(columns), width):
            some = columns[begin : begin + width]
            which = np.isin(rows["series"], some) if width < len(columns) else slice(None)
            part = rows[which]
            sums = np.zeros((span, 2, len(some)), dtype=np.int64)
            spot = edges[which] - low, np.searchsorted(some, part["series"])
            np.add.at(sums[:, 0], spot, part["good"])
            np.add.at(sums[:, 1], spot, part["total"])
            np.cumsum(sums, axis=0, out=sums)
            if int(some[-1]) - int(some[0]) + 1 == len(some):
                self._ring[places, :, int(some[0]) : int(some[-1]) + 1] += sums
            else:
                self._ring[places[:, None, None], np.arange(2)[None, :, None], some[None, None, :]] += sums

    def _room_for(self, columns: int) -> None:
        if columns <= self.columns:
            return
        old_header, old = self._header, self._ring
        kept = (self.tail, self.head + 1) if self.head else (0, 0)
        header, ring = self._made(columns=max(columns, self.columns * 5 // 4), kept=kept)
        header["dirty"] = 1
        if int(old_header["head"]):
            for edge in range(int(old_header["tail"]), int(old_header["head"]) + 1):
                ring[edge % self._rows, :, : old.shape[2]] = old[edge % self._rows]
        for name in ("tail", "head", "seq"):
            header[name] = old_header[name]
        self._header, self._ring = header, ring

    def _place(self, edge: Any) -> Any:
        return edge % self._rows

    def _made(
        self, *, columns: int, kept: tuple[int, int] = (0, 0)
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """A new file, sparse and zero; where there was one, whoever has it mapped keeps the old one.

        `kept`: from and before which edges it has to have room on the disk at once.
        """
        size = _PAGE + self._rows * 2 * columns * 8
        if self._path is None:
            with tempfile.TemporaryFile() as file:
                file.truncate(size)
                return self._mapped(file, columns, new=True)
        self._path.unlink(missing_ok=True)
        with self._path.open("xb+") as file:
            self._path.chmod(0o600)
            file.truncate(size)
            os.posix_fallocate(file.fileno(), 0, _PAGE)
            self._allocate(file, *kept, columns)
            return self._mapped(file, columns, new=True)

    def _opened(self) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
        """The file as it was left; none where it cannot be used as it is."""
        if self._path is None or not self._path.exists() or self._path.stat().st_size < _PAGE:
            return None
        with self._path.open("rb+") as file:
            header = np.frombuffer(file.read(_HEADER.itemsize), dtype=_HEADER)[0]
            columns = int(header["columns"])
            usable = (
                header["magic"] == _MAGIC
                and header["boot"] == self._boot
                and not header["dirty"]
                and (int(header["step"]), int(header["rows"])) == (self.step, self._rows)
                and self._path.stat().st_size == _PAGE + self._rows * 2 * columns * 8
            )
            return self._mapped(file, columns, new=False) if usable else None

    def _mapped(self, file: Any, columns: int, *, new: bool) -> tuple[NDArray[Any], NDArray[np.int64]]:
        header = np.memmap(file, dtype=_HEADER, mode="r+", offset=0, shape=())
        ring = np.memmap(file, dtype=np.int64, mode="r+", offset=_PAGE, shape=(self._rows, 2, columns))
        if new:
            header["magic"], header["boot"], header["columns"] = _MAGIC, self._boot, columns
            header["step"], header["rows"] = self.step, self._rows
        # Plain arrays of the same memory: an index into them costs a third of one into a memmap.
        return header.view(np.ndarray), ring.view(np.ndarray)


def _stretches(low: int, high: int, rows: int) -> Iterator[tuple[int, int]]:
    """The places of the edges `[low, high)` in a ring of so many rows, as ranges."""
    if high - low >= rows:
        yield 0, rows
    elif low < high:
        begin, end = low % rows, (high - 1) % rows + 1
        yield from [(begin, end)] if begin < end else [(begin, rows), (0, end)]


def boot() -> str:
    """What changes whenever the machine starts: only since then are unsynced pages known to be whole."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(16)
