"""Contract files from disk and standard input: named, bounded, folders searched."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from allowance.contract import sloth
from allowance.contract.formats import KINDS
from allowance.contract.yaml_events import MOST_BYTES
from allowance.core.problem import Where, refuse

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"
STDIN_NAME = "<stdin>"

_GROUPS = sorted({version.partition("/")[0] for version in (*KINDS, sloth.VERSION)})
_OURS = re.compile(
    rb"""\b(?:apiVersion|version)["']?\s*:\s*["']?(?:%s)/"""
    % b"|".join(re.escape(group.encode()) for group in _GROUPS)
)
"""How a file in a folder shows that it holds a document that we read; other YAML and JSON is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files in the order asked for, folders sorted by path; `passed_over` counts files in folders that were not ours."""

    files: tuple[tuple[str, bytes], ...]
    passed_over: int = 0


def read_paths(paths: Sequence[str]) -> Found:
    """Files, folders (searched for .yaml, .yml and .json, hidden ones left out) and `-` for standard input.

    A file that is named is always read. A file in a folder is read when it holds an apiVersion of a format that
    we know. Nothing is read twice. At most `MOST_BYTES` + 1 bytes of a file are read, so that the reader can say
    that it is too large.
    Errors: `Problem` `path` (absent, unreadable, no file), `nothing` (no document in any folder).
    """
    if not paths:
        raise refuse("path", "no path was given", hint="name files or folders, or - for standard input")
    files: list[tuple[str, bytes]] = []
    seen: set[tuple[int, int]] = set()
    passed_over = 0
    for path in paths:
        if path == STDIN:
            files.append((STDIN_NAME, sys.stdin.buffer.read(MOST_BYTES + 1)))
            continue
        is_folder = _facts(path).st_mode & stat.S_IFDIR == stat.S_IFDIR
        for name in _search(path) if is_folder else (path,):
            facts = _facts(name)
            if (facts.st_dev, facts.st_ino) in seen:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            if is_folder and not stat.S_ISREG(facts.st_mode):
                continue
            data = _read(name, facts)
            if is_folder and not _OURS.search(data):
                passed_over += 1
            else:
                files.append((shown(name), data))
    if not files:
        raise refuse(
            "nothing",
            f"there is no contract in {', '.join(shown(path) for path in paths)}",
            hint=f"name a file, or a folder with .yaml, .yml or .json files ({passed_over} others were passed over)",
        )
    return Found(files=tuple(files), passed_over=passed_over)


def write_new(path: str, text: str, *, force: bool = False) -> None:
    """Write a document; one that is there is only replaced with `force`, and then whole or not at all.

    Errors: `Problem` `exists`, `path`.
    """
    draft = f"{path}.{os.getpid()}.new" if force else path
    try:
        with open(draft, "x", encoding="utf-8") as file:
            file.write(text)
        if force:
            os.replace(draft, path)
    except FileExistsError:
        raise refuse(
            "exists", f"{shown(path)} is there already", hint="choose another name with --out, or say --force"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise refuse(
            "path", f"{shown(path)} cannot be written: {reason}", hint="choose another place with --out"
        ) from None


def shown(path: str) -> str:
    """A path as text that can be printed, whatever bytes the file system allows."""
    return os.fsencode(os.path.normpath(path)).decode("utf-8", "replace")


def _search(folder: str) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                path = os.path.join(here, name)
                if os.path.exists(path):
                    yield path


def _facts(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise refuse(
            "path",
            f"{path!r} cannot be read: {reason}",
            hint="name files or folders that exist, or - for standard input",
        ) from None


def _read(path: str, facts: os.stat_result) -> bytes:
    if not stat.S_ISREG(facts.st_mode) and not stat.S_ISFIFO(facts.st_mode):
        raise refuse("path", f"{shown(path)} is not a file", hint="name a file, a folder, or -")
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise refuse(
            "path",
            f"{shown(path)} cannot be read: {error.strerror}",
            hint="check its permissions",
            where=Where(file=shown(path)),
        ) from None
