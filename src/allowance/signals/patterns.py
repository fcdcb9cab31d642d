"""Patterns of LIKE and of regular expressions, written so that every SQL engine matches the same texts."""

from __future__ import annotations

import re

from allowance.core.problem import ProblemError, refuse
from allowance.signals.dialects import Dialect, text_literal

_BACKSLASH_ESCAPES_LIKE: frozenset[Dialect] = frozenset({"postgres", "clickhouse", "spark", "bigquery"})
_JAVA_REGEXP: frozenset[Dialect] = frozenset({"spark", "trino"})
_SPECIAL = frozenset(".*+?()[]{}|^$\\")
_MARKS = frozenset("/-_ \"'#%&,:;<=>@!~`")
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \\t\\n\\r\\f"}
_REPEAT = re.compile(r"[*+?]|\{\d{1,3}(?:,\d{0,3})?\}")
_MOST_REPEATS = 255


def like(pattern: str, escape: str, dialect: Dialect) -> str:
    """The right side of LIKE: `%` any characters, `_` one, unless `escape` (if there is one) stands before them.

    Errors: `Problem` `predicate` where the pattern ends in its escape character.
    """
    literal: list[tuple[str, bool]] = []
    chars = iter(pattern)
    for char in chars:
        if escape and char == escape:
            following = next(chars, None)
            if following is None:
                raise refuse(
                    "predicate",
                    f"the LIKE pattern {pattern!r} ends in its escape character",
                    hint="write the escape character twice to mean itself",
                )
            literal.append((following, True))
        else:
            literal.append((char, char not in "%_"))
    if dialect in _BACKSLASH_ESCAPES_LIKE:
        return text_literal(_with_backslashes(literal), dialect)
    if any(fixed and char in "%_" for char, fixed in literal):
        return f"{text_literal(_with_backslashes(literal), dialect)} ESCAPE {text_literal(chr(92), dialect)}"
    return text_literal("".join(char for char, _ in literal), dialect)


def _with_backslashes(literal: list[tuple[str, bool]]) -> str:
    return "".join(f"\\{char}" if fixed and char in "%_\\" else char for char, fixed in literal)


def check_regexp(pattern: str) -> None:
    """Refuse what engines read differently. Errors: `Problem` `predicate`."""
    try:
        re.compile(regexp(pattern, "duckdb"))
    except (re.error, IndexError, OverflowError, RecursionError):
        raise _not_portable(pattern, "it cannot be read") from None


def regexp(pattern: str, dialect: Dialect) -> str:
    """The same expression for an engine: classes are ASCII, `.` is any character but a line's end, `$` the very end.

    Errors: `Problem` `predicate` for look-around, back-references, lazy repeats, flags and named classes.
    """
    pieces: list[str] = []
    position = 0
    repeatable = False
    while position < len(pattern):
        repeat = _REPEAT.match(pattern, position)
        if repeat:
            _check_repeat(repeat.group(), pattern, repeatable)
            piece, repeatable = repeat.group(), False
            length = len(piece)
        elif pattern[position] == "[":
            piece, length = _brackets(pattern, position)
            repeatable = True
        else:
            piece, length, repeatable = _atom(pattern, position, dialect)
        pieces.append(piece)
        position += length
    return "".join(pieces)


def _check_repeat(repeat: str, pattern: str, repeatable: bool) -> None:
    if not repeatable:
        raise _not_portable(pattern, f"{repeat!r} repeats nothing, or follows another repeat")
    if any(int(number) > _MOST_REPEATS for number in re.findall(r"\d+", repeat)):
        raise _not_portable(pattern, f"{repeat!r} is above {_MOST_REPEATS} repeats")


def _atom(pattern: str, position: int, dialect: Dialect) -> tuple[str, int, bool]:
    """(piece, how many characters of the pattern it took, whether it can be repeated)."""
    char = pattern[position]
    if char == "\\":
        return *_escape(pattern, position), True
    if char == "(":
        if pattern.startswith("(?", position) and not pattern.startswith("(?:", position):
            raise _not_portable(pattern, f"{pattern[position : position + 3]!r} is not portable")
        return ("(?:", 3, False) if pattern.startswith("(?:", position) else ("(", 1, False)
    if char == ".":
        return "[^\\n]", 1, True
    if char == "$":
        return ("\\z" if dialect in _JAVA_REGEXP else "$"), 1, False
    if char in "{}]":
        raise _not_portable(pattern, f"{char!r} stands alone; write \\{char}")
    return char, 1, char not in "^|"


def _escape(pattern: str, position: int) -> tuple[str, int]:
    char = pattern[position + 1]
    if char.lower() in _CLASSES:
        return f"[{'^' if char.isupper() else ''}{_CLASSES[char.lower()]}]", 2
    return _plain_escape(pattern, char), 2


def _plain_escape(pattern: str, char: str) -> str:
    if char in _SPECIAL:
        return f"\\{char}"
    if char in "tnr":
        return f"\\{char}"
    if char in _MARKS:
        return char
    raise _not_portable(pattern, f"'\\{char}' is not portable")


def _brackets(pattern: str, start: int) -> tuple[str, int]:
    """A bracket expression that starts at `start`, and its length in the pattern."""
    pieces = ["["]
    position = start + 1
    if pattern[position] == "^":
        pieces.append("^")
        position += 1
    first = position
    while pattern[position] != "]" or position == first:
        char = pattern[position]
        if char in "[&~|]" or (char == "-" and pattern.startswith("--", position)):
            raise _not_portable(pattern, f"{char!r} inside brackets; write \\{char}")
        if char == "\\":
            char = pattern[position + 1]
            position += 1
            pieces.append(_CLASSES[char] if char in _CLASSES else _in_brackets(pattern, char))
        else:
            pieces.append(f"\\{char}" if char == "^" else char)
        position += 1
    pieces.append("]")
    return "".join(pieces), position + 1 - start


def _in_brackets(pattern: str, char: str) -> str:
    if char in "-&~|":
        return f"\\{char}"
    return _plain_escape(pattern, char)


def _not_portable(pattern: str, why: str) -> ProblemError:
    return refuse(
        "predicate",
        f"the regular expression {pattern!r} would not mean the same on every engine: {why}",
        hint="use text, . [a-z] ^ $ ( ) | * + ? {2,3} and the classes \\d \\w \\s",
    )
