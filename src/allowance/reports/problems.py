"""Problems for people: each with its line and a caret below it, then one line that sums up."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from allowance.core.problem import Problem, Severity

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
_WORDS: dict[str, str] = {"error": "error", "warning": "warning", "info": "remark"}
_COLOURS: dict[str, str] = {"error": "31", "warning": "33", "info": "36"}
_WIDEST = 110
_SECRETS = frozenset({"secret", "AL704"})
"""Problems whose source line must not be shown, because logs are kept."""


def problems_text(
    problems: Sequence[Problem], sources: Mapping[str, str], *, colour: bool = False, checked: str = ""
) -> str:
    """All problems as text, each with its source line where `sources` has the file, and a summary.

    `sources` maps the file names of the places to their text. `checked` is what the summary says was read, such
    as `4 files`. Control characters of the documents never reach the terminal.
    """
    lines: dict[str, list[str]] = {}
    blocks = [_block(problem, sources, lines, colour) for problem in in_order(problems)]
    return "\n".join([*blocks, _summary(problems, checked, colour)]) + "\n"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file in the order of appearance, then by line and column."""
    listed = list(problems)
    files: dict[str | None, int] = {}
    for problem in listed:
        files.setdefault(problem.where.file, len(files))
    return sorted(listed, key=lambda one: (files[one.where.file], one.where.line or 0, one.where.column or 0))


def tally(problems: Iterable[Problem]) -> dict[Severity, int]:
    """How many there are of each severity."""
    counts: dict[Severity, int] = dict.fromkeys(SEVERITIES, 0)
    for problem in problems:
        counts[problem.severity] += 1
    return counts


def visible(text: str) -> str:
    """Text in one line, in which no character can move the cursor, change colours or turn the direction of reading."""
    return "".join(
        " " if char in "\t\r\n" else char if _harmless(char) else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _block(problem: Problem, sources: Mapping[str, str], lines: dict[str, list[str]], colour: bool) -> str:
    where = problem.where
    spot = ":".join(str(part) for part in (where.file, where.line, where.column) if part is not None)
    head = f"{_paint(_WORDS[problem.severity], _COLOURS[problem.severity], colour)} {problem.code} {visible(problem.message)}"
    parts = [f"{_paint(visible(spot), '1', colour)}: {head}" if spot else head]
    told = where.file is not None and where.file in sources and problem.code not in _SECRETS
    if told and where.file is not None and where.line is not None:
        if where.file not in lines:
            lines[where.file] = _split(sources[where.file])
        parts.extend(_excerpt(lines[where.file], where.line, where.column, colour))
    if problem.hint:
        parts.append(f"  hint: {visible(problem.hint)}")
    return "\n".join(parts) + "\n"


def _split(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _excerpt(lines: Sequence[str], number: int, column: int | None, colour: bool) -> list[str]:
    if not 1 <= number <= len(lines):
        return []
    line, at = lines[number - 1], (column or 1) - 1
    begin = max(0, at - _WIDEST // 2) if len(line) > _WIDEST else 0
    part = visible(line[begin : begin + _WIDEST])
    gutter = f"{number:>5} | "
    found = [_paint(gutter, "2", colour) + part]
    if column is not None and begin <= at <= begin + len(part):
        indent = sum(_cells(char) for char in part[: at - begin])
        found.append(
            " " * (len(gutter) - 2) + _paint("| ", "2", colour) + " " * indent + _paint("^", "1", colour)
        )
    return found


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _summary(problems: Sequence[Problem], checked: str, colour: bool) -> str:
    said = f" in {checked}" if checked else ""
    counts = tally(problems)
    if not problems:
        return _paint(f"no problems{said}", "32", colour)
    parts = [f"{n} {_WORDS[kind]}{'' if n == 1 else 's'}" for kind, n in counts.items() if n]
    worst = next(kind for kind in SEVERITIES if counts[kind])
    return _paint(f"{', '.join(parts)}{said}", _COLOURS[worst], colour)


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
