"""Delimited tables with a header: CSV with commas or semicolons, tabs or bars between the fields."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from allowance.core.problem import Where, refuse
from allowance.signals.log_formats import LineFormat, Piece, Row
from allowance.signals.number_forms import NUMBER
from allowance.signals.time_forms import time_form

DELIMITERS = (",", "\t", ";", "|")
UNIT, RECORD = "\x1f", "\x1e"
"""Between fields and between records, where quoted fields have been unpacked."""


@dataclass(frozen=True, kw_only=True)
class Delimited:
    """A table whose first record names its columns. `separator` is what stands between fields in the text."""

    header: tuple[str, ...]
    delimiter: str
    separator: str
    name: str = "csv-events"

    @cached_property
    def _lines(self) -> LineFormat:
        inside = f"[^{re.escape(self.separator)}]*"
        last = len(self.header) - 1
        pieces = tuple(
            Piece(
                field=name,
                pattern=inside,
                after=re.escape(self.separator) if at < last else "",
                means=f"column {name}",
            )
            for at, name in enumerate(self.header)
        )
        return LineFormat(name=self.name, pieces=pieces, absent=("",))

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns of the header."""
        return self.header

    def row(self, line: str) -> Row | None:
        """The fields of a record (quotes and all); None where their number is wrong."""
        values = _split(line, self.separator)
        if len(values) != len(self.header):
            return None
        return {name: value or None for name, value in zip(self.header, values, strict=True)}

    def reason(self, line: str) -> str | None:
        """What is wrong with a record, or None."""
        count = len(_split(line, self.separator))
        if count == len(self.header):
            return None
        return f"{count} field{'s' * (count != 1)} where the header has {len(self.header)}"

    def stages(self, fields: Sequence[str]) -> list[tuple[str, str]]:
        """What to compute once per `line`."""
        return self._lines.stages(fields)

    def raw(self, name: str, fields: Sequence[str], *, bare: bool = False) -> str:
        """The SQL of a field's text; NULL where it is empty (unless `bare`)."""
        return self._lines.raw(name, fields, bare=bare)


def _split(line: str, separator: str) -> list[str]:
    if separator == UNIT:
        return line.split(UNIT)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return [line]


def delimiter_of(lines: Sequence[str]) -> str | None:
    """What separates the fields of these lines, header first: the mark that gives them all one number of fields."""
    best: tuple[float, int, str] | None = None
    for mark in DELIMITERS:
        counts = [len(record) for record in _records(lines, mark)]
        if not counts or counts[0] < 2:
            continue
        alike = sum(count == counts[0] for count in counts) / len(counts)
        if alike >= 0.6 and (best is None or (alike, counts[0]) > best[:2]):
            best = (alike, counts[0], mark)
    return best[2] if best else None


def _records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Records of a sample that may end in the middle of one."""
    records: list[list[str]] = []
    try:
        records.extend(record for record in csv.reader(lines, delimiter=delimiter) if record)
    except csv.Error:
        return records
    return records


def delimited(lines: Sequence[str], delimiter: str, *, name: str) -> Delimited:
    """The shape of a table, from its first lines. Errors: `Problem` `header` for a file without one."""
    records = _records(lines, delimiter)
    header = [cell.strip() or f"column_{n}" for n, cell in enumerate(records[0], 1)] if records else []
    where = Where(file=name, line=1)
    if not header:
        raise refuse("header", "there is no header", hint="the first line names the columns", where=where)
    numbers = [cell for cell in header if NUMBER.fullmatch(cell)]
    values = [cell for cell in header if time_form("", [cell]) in ("iso", "clf", "clf-local")] or numbers
    if values and (values is not numbers or 2 * len(numbers) >= len(header)):
        raise refuse(
            "header",
            f"the first line holds the value {values[0]!r} where a column's name should be",
            hint="put a first line with names, such as time,status,duration_ms",
            where=where,
        )
    twice = [cell for cell, count in Counter(header).items() if count > 1]
    if twice:
        raise refuse(
            "header",
            f"the header names {twice[0]!r} twice",
            hint="give every column its own name",
            where=where,
        )
    return Delimited(header=tuple(header), delimiter=delimiter, separator=delimiter)


def sample_rows(lines: Sequence[str], shape: Delimited) -> list[Row]:
    """The records of a sample below the header; those with a wrong number of fields are left out."""
    records = _records(lines, shape.delimiter)[1:]
    return [
        {name: value or None for name, value in zip(shape.header, record, strict=True)}
        for record in records
        if len(record) == len(shape.header)
    ]
