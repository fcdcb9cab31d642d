"""The mapped file of running totals: a header, a proof of each row, and the rows as a ring of minutes."""

from __future__ import annotations

import mmap
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_HEADER = np.dtype(
    [
        ("magic", "S8"),
        ("boot", "S40"),
        ("name", "S16"),
        ("dirty", "<i8"),
        ("step", "<i8"),
        ("rows", "<i8"),
        ("columns", "<i8"),
        ("tail", "<i8"),
        ("head", "<i8"),
        ("seq", "<i8"),
        ("proved", "<i8"),
        ("doubted", "<i8"),
    ]
)
_MAGIC = b"ALWCNT02"
_PAGE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Of how many rows a ring is, and how many seconds lie between two of them."""

    rows: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountsFile:
    """A file of some shape, mapped. `ring[place]` are good and total of every column, `proofs[place]` their checksum.

    `name` is another one for every file that was ever made. In the header, `proofs` are right up to the edge `proved`, and
    rows up to the edge `doubted` are those of another life of the machine.
    """

    header: NDArray[Any]
    proofs: NDArray[np.uint32]
    ring: NDArray[np.int64]
    memory: mmap.mmap

    @property
    def name(self) -> str:
        """Its name."""
        return bytes(self.header["name"]).decode(errors="replace")

    @property
    def columns(self) -> int:
        """How many columns there is room for."""
        return int(self.ring.shape[2])

    @property
    def head(self) -> int:
        """The newest edge that is counted to; 0 where nothing is."""
        return int(self.header["head"])

    @property
    def tail(self) -> int:
        """The oldest edge that is kept."""
        return int(self.header["tail"])

    def row(self, edge: int) -> NDArray[np.int64]:
        """Good and total of every column up to an edge; a view."""
        row: NDArray[np.int64] = self.ring[edge % len(self.ring)]
        return row

    def sync(self) -> None:
        """Everything that was written is on the disk when it returns. Errors: `OSError`."""
        self.memory.flush()


def make(path: Path | None, shape: Shape, *, columns: int, boot: bytes) -> CountsFile:
    """A new file, sparse and zero; where there was one, whoever has it mapped keeps the old one.

    Without a path it lasts as long as it is mapped. Errors: `OSError`.
    """
    size = _start_of_ring(shape) + shape.rows * 16 * columns
    if path is None:
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return _signed(_mapped(file, shape, columns), shape, boot)
    path.unlink(missing_ok=True)
    with path.open("xb+") as file:
        path.chmod(0o600)
        file.truncate(size)
        os.posix_fallocate(file.fileno(), 0, _start_of_ring(shape))
        return _signed(_mapped(file, shape, columns), shape, boot)


def opened(path: Path, shape: Shape) -> CountsFile | None:
    """The file as it was left; none where there is no whole file of this shape."""
    if not path.exists() or path.stat().st_size < _start_of_ring(shape):
        return None
    with path.open("rb+") as file:
        header = np.frombuffer(file.read(_HEADER.itemsize), dtype=_HEADER)[0]
        columns = int(header["columns"])
        usable = (
            header["magic"] == _MAGIC
            and (int(header["step"]), int(header["rows"])) == (shape.step, shape.rows)
            and columns > 0
            and path.stat().st_size == _start_of_ring(shape) + shape.rows * 16 * columns
        )
        return _mapped(file, shape, columns) if usable else None


def reserve(path: Path | None, shape: Shape, low: int, high: int, *, columns: int) -> None:
    """Room on the disk for the rows of the edges `[low, high)`: a full disk is an error here, and a dead process later.

    Errors: `OSError`.
    """
    if path is None or low >= high:
        return
    row = 16 * columns
    with path.open("rb+") as file:
        for begin, end in stretches(low, high, shape.rows):
            os.posix_fallocate(file.fileno(), _start_of_ring(shape) + begin * row, (end - begin) * row)


def stretches(low: int, high: int, rows: int) -> Iterator[tuple[int, int]]:
    """The places of the edges `[low, high)` in a ring of so many rows, as ranges, in the order of the edges."""
    if high - low > rows:
        yield 0, rows
    elif low < high:
        begin, end = low % rows, (high - 1) % rows + 1
        yield from [(begin, end)] if begin < end else [(begin, rows), (0, end)]


def _start_of_ring(shape: Shape) -> int:
    return _PAGE + -(-4 * shape.rows // _PAGE) * _PAGE


def _mapped(file: IO[bytes], shape: Shape, columns: int) -> CountsFile:
    memory = mmap.mmap(file.fileno(), 0)
    start, numbers = _start_of_ring(shape), shape.rows * 2 * columns
    ring = np.frombuffer(memory, dtype=np.int64, offset=start, count=numbers)
    return CountsFile(
        header=np.frombuffer(memory, dtype=_HEADER, count=1).reshape(()),
        proofs=np.frombuffer(memory, dtype=np.uint32, offset=_PAGE, count=shape.rows),
        ring=ring.reshape(shape.rows, 2, columns),
        memory=memory,
    )


def _signed(file: CountsFile, shape: Shape, boot: bytes) -> CountsFile:
    header = file.header
    header["magic"], header["boot"], header["name"] = _MAGIC, boot, secrets.token_hex(8).encode()
    header["step"], header["rows"], header["columns"] = shape.step, shape.rows, file.columns
    return file
