"""Up to where the file of running totals is known to be whole on the disk, whatever became of the machine since."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol
from zlib import crc32

import structlog
from sqlalchemy import BigInteger, Column, Engine, Table, Text, delete, insert, select

from allowance.app.storing import TornTotals
from allowance.edges.store.counts_file import CountsFile, stretches
from allowance.edges.store.database import ONLY_READS
from allowance.edges.store.tables import metadata

LATE = 60
"""At most so many rows before the newest edge are left out because they may still change by what comes late."""
AHEAD = 120
"""Rows after it that may be written until everything is kept anew. They take the places of the oldest ones."""

log = structlog.get_logger()

kept_counts = Table(
    "kept_counts",
    metadata,
    Column("file", Text, primary_key=True),
    Column("tail", BigInteger, nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("low", BigInteger, nullable=False),
    Column("digest", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The rows of the edges from `tail` to `low` of one file were synced and have not been touched since.

    They count every gain up to number `seq`. `head` was the newest edge. Rows beyond `head + AHEAD` are not written
    while this stands. `digest` is that of the proofs of those rows.
    """

    file: str
    tail: int
    head: int
    seq: int
    low: int
    digest: int

    def first(self, rows: int) -> int:
        """The oldest edge whose place in a ring of so many rows cannot have been taken by a newer one."""
        return max(self.tail, self.head + AHEAD - rows + 1)

    def holds(self, oldest: int, newest: int) -> bool:
        """Whether it stays true where rows are written from one edge to another."""
        return self.low < oldest and newest <= self.head + AHEAD


class Records(Protocol):
    """Where it is written down what is kept: durable when a method returns."""

    def read(self) -> Kept | None: ...
    def write(self, kept: Kept) -> None: ...
    def forget(self) -> None: ...


class StoredRecords:
    """In the store itself, so that the file of another store, or of a copy of it, is never taken for its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self) -> Kept | None:
        """What was kept last, if it still stands."""
        with self._engine.execution_options(**{ONLY_READS: True}).begin() as connection:
            row = connection.execute(select(kept_counts)).one_or_none()
        return None if row is None else Kept(**row._asdict())

    def write(self, kept: Kept) -> None:
        """Everything was synced."""
        with self._engine.begin() as connection:
            connection.execute(delete(kept_counts))
            connection.execute(insert(kept_counts).values(**asdict(kept)))

    def forget(self) -> None:
        """Rows that were kept are about to change."""
        with self._engine.begin() as connection:
            connection.execute(delete(kept_counts))


def prove(file: CountsFile, low: int, high: int) -> None:
    """Write down the checksums of the rows of the edges `[low, high)`."""
    for edge in range(low, high):
        file.proofs[edge % len(file.proofs)] = checksum(file, edge)


def checksum(file: CountsFile, edge: int) -> int:
    """The checksum of a row as it is; that of another edge with the same numbers is another one."""
    return crc32(file.row(edge).data, edge & 0xFFFFFFFF)


def digest(file: CountsFile, low: int, high: int) -> int:
    """The checksum of the proofs of the edges `[low, high)`."""
    found = 0
    for begin, end in stretches(low, high, len(file.ring)):
        found = crc32(file.proofs[begin:end].data, found)
    return found


def take_back(file: CountsFile, kept: Kept) -> bool:
    """Go back to what is vouched for, and leave the file dirty until the newest is counted again; whether it can be."""
    header, low = file.header, kept.low
    tail = kept.first(len(file.ring))
    is_whole = (
        kept.file == file.name
        and tail <= low
        and digest(file, tail, low + 1) == kept.digest
        and checksum(file, low) == file.proofs[low % len(file.ring)]
    )
    if is_whole:
        header["dirty"], header["tail"], header["head"], header["seq"] = 1, tail, low, kept.seq
        header["proved"] = header["doubted"] = low
    return is_whole


class Doubts:
    """Rows of the edges `[low, high)` that another life of the machine left: each is held against its proof before it
    is first used. One that is not what it was makes the whole file useless: this time, and for whoever opens it next."""

    def __init__(self, file: CountsFile, low: int, high: int) -> None:
        self._file, self._low = file, low
        self._open = bytearray(b"?") * (high - low)
        self.is_torn = False

    def settle(self, first: int, last: int) -> None:
        """Look at the rows of the edges from `first` to `last`, as far as nobody has. Errors: `TornTotals`."""
        if self.is_torn:
            raise TornTotals
        place, end = max(first - self._low, 0), max(last - self._low + 1, 0)
        while (place := self._open.find(b"?", place, end)) >= 0:
            edge = self._low + place
            if checksum(self._file, edge) != self._file.proofs[edge % len(self._file.ring)]:
                self.is_torn = True
                self._file.header["dirty"], self._file.header["name"] = 1, b""
                log.error("the running totals on the disk are torn, and are made again from the store")
                raise TornTotals
            self._open[place] = ord("!")
