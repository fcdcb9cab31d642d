"""Records of delimited tables whose fields may be quoted: a quoted field may hold delimiters, quotes and line ends."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from allowance.edges.files.chunks import Chunk
from allowance.signals.delimited import RECORD, UNIT

_MOST_LINES, _MOST_CHARACTERS = 100, 100_000
"""A record that goes on longer has an open quote."""

_OPEN = "a quoted field does not end"


def unquoted(chunks: Iterable[Chunk], delimiter: str) -> Iterator[Chunk]:
    """The same records without their header; where a chunk has quotes, unpacked: fields joined by `UNIT`, records by
    `RECORD`."""
    carried: list[str] = []
    carried_from = 0
    header = True
    for chunk in chunks:
        if '"' not in chunk.text and not carried:
            yield _without_first_line(chunk) if header else chunk
            header = False
            continue
        lines = [*carried, *chunk.text.split("\n")]
        reader = _Reader(lines, carried_from if carried else chunk.first, delimiter)
        records = reader.read()
        carried, carried_from = reader.open_lines, reader.open_from
        yield _joined(records[1:] if header else records, reader.broken, chunk)
        header = False
    if carried:
        reader = _Reader(carried, carried_from, delimiter, final=True)
        yield _joined(reader.read(), reader.broken, Chunk(text="", first=carried_from))


def _without_first_line(chunk: Chunk) -> Chunk:
    """Blank lines may come before the header."""
    lines = 0
    rest = chunk.text
    while True:
        line, _, rest = rest.partition("\n")
        lines += 1
        if line.strip() or not rest:
            return Chunk(text=rest, first=chunk.first + lines, broken=chunk.broken)


def _joined(records: list[tuple[int, list[str]]], broken: list[tuple[int, str, str]], chunk: Chunk) -> Chunk:
    texts = [UNIT.join(fields) for _, fields in records]
    text = RECORD.join(texts)
    if text.count(UNIT) != sum(len(fields) - 1 for _, fields in records) or text.count(RECORD) >= max(
        len(texts), 1
    ):
        texts = [
            UNIT.join(f.replace(UNIT, " ").replace(RECORD, " ") for f in fields) for _, fields in records
        ]
        text = RECORD.join(texts)
    return Chunk(
        text=text,
        first=chunk.first,
        record=RECORD,
        numbers=tuple(number for number, _ in records),
        broken=(*chunk.broken, *broken),
    )


class _Reader:
    """Reads the records of some lines. A record still open at their end is kept for the next lines."""

    def __init__(self, lines: list[str], first: int, delimiter: str, *, final: bool = False) -> None:
        self._lines = lines
        self._first = first
        self._delimiter = delimiter
        self._final = final
        self._at = 0
        self._begun = 0
        self.broken: list[tuple[int, str, str]] = []
        self.open_lines: list[str] = []
        self.open_from = 0

    def read(self) -> list[tuple[int, list[str]]]:
        """(line number, fields) of every whole record; blank lines are none."""
        records: list[tuple[int, list[str]]] = []
        while self._at < len(self._lines):
            reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
            try:
                self._begun = self._at
                for fields in reader:
                    if fields and (len(fields) > 1 or fields[0].strip()):
                        records.append((self._first + self._begun, fields))
                    self._begun = self._at
            except csv.Error as error:
                if self._is_open(error):
                    self.open_lines = self._lines[self._begun :]
                    self.open_from = self._first + self._begun
                    break
                self._give_up(error)
        return records

    def _feed(self) -> Iterator[str]:
        characters = 0
        begun = self._begun = self._at
        while self._at < len(self._lines):
            if begun != self._begun:
                begun, characters = self._begun, 0
            line = self._lines[self._at]
            characters += len(line)
            if self._at - self._begun >= _MOST_LINES or (
                characters > _MOST_CHARACTERS and self._at > self._begun
            ):
                return
            self._at += 1
            yield line + "\n"

    def _is_open(self, error: csv.Error) -> bool:
        """The lines ended inside quotes, and more lines may close them."""
        ended = "unexpected end" in str(error)
        short = self._at - self._begun < _MOST_LINES and self._at == len(self._lines)
        return ended and short and not self._final

    def _give_up(self, error: csv.Error) -> None:
        """One broken line; reading goes on behind it, not behind all that its open quote swallowed."""
        text = self._lines[self._begun]
        reason = _OPEN if "unexpected end" in str(error) else "a quote stands where none may stand"
        if "field larger" in str(error):
            reason = "a field is longer than 131,072 characters"
        self.broken.append((self._first + self._begun, reason, text[:200]))
        self._at = self._begun + 1
