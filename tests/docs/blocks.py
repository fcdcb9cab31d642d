"""Reads the fenced blocks of Markdown documents.

The info string of a block is its language and then marks: `console`, `yaml fragment`, `yaml wrong`,
`yaml file=shop.yaml`, `console exit=1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: where it begins (the line of the fence, from 1), its language, its marks, its text."""

    document: str
    line: int
    language: str
    marks: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        """`docs/index.md:12`."""
        return f"{self.document}:{self.line}"

    def mark(self, name: str) -> str | None:
        """The value of a mark `name=value`."""
        return next((mark.partition("=")[2] for mark in self.marks if mark.startswith(f"{name}=")), None)


def documents() -> list[Path]:
    """README.md, CHANGELOG.md and everything under docs/."""
    top = [path for path in (ROOT / "README.md", ROOT / "CHANGELOG.md") if path.is_file()]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    """A document's path inside the project."""
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, document: str) -> Iterator[Block]:
    """The fenced blocks of one document, in order. A block that is never closed ends with the document."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        match = _FENCE.match(lines[at])
        at += 1
        if not match:
            continue
        begin, indent, fence = at, len(match["indent"]), match["fence"]
        while at < len(lines) and not _closes(lines[at], fence):
            at += 1
        language, *marks = match["info"].split() or [""]
        body = "".join(_without_indent(line, indent) + "\n" for line in lines[begin:at])
        yield Block(document=document, line=begin, language=language, marks=tuple(marks), text=body)
        at += 1


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def _without_indent(line: str, indent: int) -> str:
    return line[indent:] if not line[:indent].strip() else line


def prose(text: str) -> str:
    """A document without its fenced blocks."""
    kept, fence = [], ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif match:
            fence = match["fence"]
        else:
            kept.append(line)
    return "\n".join(kept)
