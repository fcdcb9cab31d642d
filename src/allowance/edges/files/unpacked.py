"""The bytes of a file, unpacked block by block, with what is wrong with the packing as notes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from allowance.core.problem import Problem, Where, refuse
from allowance.edges.files.found import Found

if TYPE_CHECKING:
    from allowance.edges.files.engine import Engine

BLOCK = 4 << 20
"""Bytes of text that are looked at together."""

_READ = 1 << 20


class Unpacked:
    """Iterate it for blocks of at most `BLOCK` bytes; then `notes` says what was lost and `done` how far it read."""

    def __init__(self, file: Found, engine: Engine) -> None:
        self.file = file
        self.done = 0
        self.notes: list[Problem] = []
        self._engine = engine

    def __iter__(self) -> Iterator[bytes]:
        if self.file.packing == "zstd":
            return self._zstd()
        return self._gzip() if self.file.packing == "gzip" else self._plain()

    def _raw(self, size: int) -> Iterator[bytes]:
        try:
            with self.file.path.open("rb") as source:
                while block := source.read(size):
                    self.done += len(block)
                    yield block
        except OSError as error:
            where = Where(file=self.file.label)
            raise refuse("file", f"it cannot be read: {error.strerror}", hint="try again", where=where) from None  # fmt: skip

    def _plain(self) -> Iterator[bytes]:
        yield from self._raw(BLOCK)

    def _gzip(self) -> Iterator[bytes]:
        """All members of a gzip file. What is damaged or cut off ends the text with a note."""
        inflate = zlib.decompressobj(31)
        begun = False
        for packed in self._raw(_READ):
            rest = packed
            while rest:
                if inflate.eof:
                    rest = rest.lstrip(b"\0") if not begun else rest
                    if not rest:
                        break
                    if not rest.startswith(b"\x1f"):
                        self._lost("has bytes behind its end that are not gzip; they are not read")
                        return
                    inflate = zlib.decompressobj(31)
                try:
                    block = inflate.decompress(rest, BLOCK)
                except zlib.error as error:
                    self._lost(
                        f"is damaged: {str(error).partition(': ')[2] or error}; what follows is not read"
                    )
                    return
                begun = not inflate.eof
                rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
                if block:
                    yield block
        if not inflate.eof:
            self._lost("ends in the middle: the gzip file was cut off; the lines up to there are read")

    def _zstd(self) -> Iterator[bytes]:
        """By DuckDB, which unpacks zstd; its reader gives whole lines, so the block is joined again."""
        from allowance.edges.files.zstd import zstd_blocks

        yield from zstd_blocks(self.file, self._engine, self._lost)
        self.done = self.file.size

    def _lost(self, what: str) -> None:
        where = Where(file=self.file.label)
        self.notes.append(Problem(code="cut", message=f"the file {what}", where=where, severity="warning"))
