"""Lines of a zstd file, unpacked by DuckDB, and a check that the file is whole (DuckDB takes a cut one for its end)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import duckdb

from allowance.edges.files.found import Found
from allowance.signals.dialects import text_literal

if TYPE_CHECKING:
    from allowance.edges.files.engine import Connection, Engine

_LINES = 20_000
_LONGEST = 16 << 20
_FRAME, _SKIPPABLE = 0xFD2FB528, 0x184D2A5
_CHECKSUM, _SINGLE_SEGMENT = 0x04, 0x20


def zstd_blocks(file: Found, engine: Engine, lost: Callable[[str], None]) -> Iterator[bytes]:
    """The text in blocks of whole lines. Lines that are not UTF-8 come last, their bad bytes as question marks."""
    if not _is_whole(file.path):
        lost("ends in the middle: the zstd file was cut off or damaged; what could be unpacked is read")
    with engine.cursor() as cursor:
        try:
            yield from _blocks(cursor, file)
        except duckdb.IOException as error:
            reason = str(error).partition("\n")[0].removeprefix("IO Error: ")
            lost(f"is damaged ({reason}); what follows is not read")


def _blocks(cursor: Connection, file: Found) -> Iterator[bytes]:
    reader = (
        f"read_csv({text_literal(str(file.path), 'duckdb')}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
        "header = false, quote = '', escape = '', delim = '\x01\x02\x03\x04', compression = 'zstd', "
        f"strict_mode = false, max_line_size = {_LONGEST}, buffer_size = {2 * _LONGEST}, store_rejects = true, "
        "rejects_table = 'rejected', rejects_scan = 'rejected_scan')"
    )
    cursor.execute(f"SELECT coalesce(line, '') FROM {reader}")
    while rows := cursor.fetchmany(_LINES):
        yield ("\n".join(row[0] for row in rows) + "\n").encode()
    cursor.execute("SELECT coalesce(csv_line, '?') FROM rejected ORDER BY line")
    while rows := cursor.fetchmany(_LINES):
        yield ("\n".join(row[0].rstrip("\r\n") for row in rows) + "\n").encode()


def _is_whole(path: Path) -> bool:
    """Whether the file is a row of complete frames (RFC 8878), by their headers alone."""
    size = path.stat().st_size
    with path.open("rb") as source:
        while source.tell() < size:
            magic = int.from_bytes(source.read(4), "little")
            if magic >> 4 == _SKIPPABLE:
                source.seek(int.from_bytes(source.read(4), "little"), 1)
            elif magic != _FRAME or not _skip_frame(source):
                return False
        return source.tell() == size


def _skip_frame(source: IO[bytes]) -> bool:
    descriptor = source.read(1)
    if not descriptor:
        return False
    flags = descriptor[0]
    single = bool(flags & _SINGLE_SEGMENT)
    sizes = (int(single), 2, 4, 8)[flags >> 6]
    source.seek((not single) + (0, 1, 2, 4)[flags & 3] + sizes, 1)
    while True:
        header = source.read(3)
        if len(header) < 3:
            return False
        block = int.from_bytes(header, "little")
        repeated = (block >> 1) & 3 == 1
        source.seek(1 if repeated else block >> 3, 1)
        if block & 1:
            break
    source.seek(4 * bool(flags & _CHECKSUM), 1)
    return True
