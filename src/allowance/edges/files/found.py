"""From paths, wildcards and standard input to files that can be opened more than once."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from allowance.core.problem import Problem, ProblemError, Where, refuse

Packing = Literal["plain", "gzip", "zstd", "parquet"]

_MAGIC: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PAR1", "parquet"),
)
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"BZh", "bzip2", "unpack it: bunzip2 -k"),
    (b"\xfd7zXZ", "xz", "unpack it: unxz -k"),
    (b"PK\x03\x04", "a zip archive", "unpack it: unzip"),
    (b"\xff\xfe", "UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"SQLite format 3", "an SQLite database", "export a table as CSV"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file: where it lies, what people call it, how it is packed (by its first bytes), and its size."""

    path: Path
    label: str
    packing: Packing
    size: int


def find(paths: Sequence[str], folder: Path) -> tuple[list[Found], list[Problem]]:
    """The files that paths and wildcards mean, each once, and notes. `folder` takes what comes through a pipe.

    Errors: one `Problem` `file` for every path that cannot be read.
    """
    if not paths:
        raise refuse("file", "no file is named", hint="name a file, a wildcard, or - for standard input")
    problems: list[Problem] = []
    notes: list[Problem] = []
    empty: list[Problem] = []
    found: dict[str, Found] = {}
    for path in paths:
        for one in _expanded(path, problems):
            real = one if one == "-" or "\0" in one else os.path.realpath(one)
            if real in found:
                message = "this file is named twice and is read once"
                notes.append(Problem(code="twice", message=message, where=Where(file=one), severity="info"))
                continue
            try:
                found[real] = _opened(one, folder, len(found))
            except ProblemError as error:
                # The log that was rotated a moment ago is empty, and that is nobody's mistake.
                (empty if error.problems[0].code == "empty" else problems).extend(error.problems)
    if problems or not found:
        raise ProblemError(*(problems or empty))
    return list(found.values()), [*notes, *(replace(problem, severity="info") for problem in empty)]


def _expanded(path: str, problems: list[Problem]) -> list[str]:
    if path == "-" or not glob.has_magic(path) or os.path.lexists(path):
        return [path]
    matches = sorted(one for one in glob.glob(path, recursive=True) if not os.path.isdir(one))
    if not matches:
        problems.append(
            _file(
                path,
                "the wildcard matches no file",
                "look at it with ls, and quote it so that the shell leaves it alone",
            )
        )
    return matches  # fmt: skip


def _file(name: str, what: str, hint: str) -> Problem:
    return Problem(code="file", message=what, hint=hint, where=Where(file=name))


def _opened(path: str, folder: Path, number: int) -> Found:
    if path == "-":
        return _spooled(sys.stdin.buffer, "standard input", folder, number)
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            raise ProblemError(
                _file(path, "this is a folder", f"name the files in it: '{path.rstrip('/')}/*'")
            )
        if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
            with open(path, "rb") as pipe:
                return _spooled(pipe, path, folder, number)
        if not stat.S_ISREG(kind):
            raise ProblemError(_file(path, "this is a device, not a file", "name a file"))
        with open(path, "rb") as file:
            packing = _packing(file.read(16), path)
        return Found(path=Path(path), label=path, packing=packing, size=os.path.getsize(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no file name"
        raise ProblemError(
            _file(path, f"it cannot be read: {reason}", "look at the name and its rights")
        ) from None


def _spooled(stream: IO[bytes], label: str, folder: Path, number: int) -> Found:
    """A pipe is read once into the private folder, because its format is looked at before it is counted."""
    path = folder / f"pipe{number}"
    try:
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        with path.open("rb") as back:
            packing = _packing(back.read(16), label)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is closed"
        raise ProblemError(_file(label, f"it cannot be read: {reason}", "name a file instead")) from None
    return Found(path=path, label=label, packing=packing, size=path.stat().st_size)


def _packing(head: bytes, label: str) -> Packing:
    if not head:
        raise refuse("empty", "there are no lines", hint="the file is empty", where=Where(file=label))
    for magic, what, hint in _REFUSED:
        if head.startswith(magic):
            raise ProblemError(_file(label, f"this is {what}, which is not read", hint))
    return next((packing for magic, packing in _MAGIC if head.startswith(magic)), "plain")
