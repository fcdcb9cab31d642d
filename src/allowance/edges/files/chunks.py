"""Text in chunks of whole lines, clean enough for the engine: UTF-8, no NUL, no line above four megabytes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from allowance.core.problem import Problem, Where
from allowance.edges.files.unpacked import BLOCK, Unpacked

LONGEST_LINE = BLOCK
"""Bytes; a longer line is malformed."""

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Whole lines joined by `record`. `numbers` are their line numbers where they do not simply count on from `first`.

    `broken` are lines that were taken out: (line number, why).
    """

    text: str
    first: int
    record: str = "\n"
    numbers: tuple[int, ...] | None = None
    broken: tuple[tuple[int, str, str], ...] = ()

    def line_number(self, index: int) -> int:
        """The number in its file of the line at `index` (from 0)."""
        return self.numbers[index] if self.numbers is not None else self.first + index

    def line(self, index: int) -> str:
        """The text of the line at `index`."""
        return self.text.split(self.record)[index]


@dataclass(kw_only=True)
class Chunks:
    """Iterate it for the chunks of a file; then `notes` says what was repaired on the way."""

    source: Unpacked
    notes: list[Problem] = field(default_factory=list)
    _next: int = 1
    _repaired: bool = False

    def __iter__(self) -> Generator[Chunk]:
        rest: list[bytes] = []
        waiting = 0
        too_long = False
        for block in self.source:
            cut = block.rfind(b"\n")
            if cut < 0:
                if not too_long:
                    rest.append(block)
                    waiting += len(block)
                if waiting > LONGEST_LINE:
                    too_long, rest[1:] = True, []
                continue
            head = block[: cut + 1]
            broken: tuple[tuple[int, str, str], ...] = ()
            first_end = head.find(b"\n")
            if too_long or waiting + first_end > LONGEST_LINE:
                broken = (self._skip(b"".join(rest) or head),)
                head, rest = head[first_end + 1 :], []
            yield self._chunk(b"".join([*rest, head]), broken)
            rest, waiting, too_long = [block[cut + 1 :]], len(block) - cut - 1, False
        if too_long:
            yield self._chunk(b"", (self._skip(b"".join(rest)),))
        elif waiting:
            yield self._chunk(b"".join(rest), ())
        self.notes += self.source.notes
        if self._repaired:
            message = "bytes that are not UTF-8 text were read as \ufffd"
            where = Where(file=self.source.file.label)
            self.notes.append(Problem(code="bytes", message=message, where=where, severity="info"))

    def _skip(self, text: bytes) -> tuple[int, str, str]:
        number, self._next = self._next, self._next + 1
        return (
            number,
            f"the line is longer than {LONGEST_LINE >> 20} MiB",
            text[:200].decode("utf-8", "replace"),
        )

    def _chunk(self, data: bytes, broken: tuple[tuple[int, str, str], ...]) -> Chunk:
        """Decoded and cleaned; the engine takes neither other encodings nor NUL."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text, self._repaired = data.decode("utf-8", "replace"), True
        if "\0" in text:
            text, self._repaired = text.replace("\0", "\ufffd"), True
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        first = self._next
        if first == 1:
            text = text.removeprefix(_BOM)
        text = text.removesuffix("\n")
        self._next += text.count("\n") + 1 if data else 0
        return Chunk(text=text, first=first, broken=broken)
