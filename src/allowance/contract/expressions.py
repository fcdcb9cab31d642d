"""CEL expressions in policies: the words that they may use, and limits that keep a written one cheap to work out.

CEL always ends, yet nested loops over long lists take seconds: therefore few characters, flat nesting, no loop inside
a loop, and names from one list. What is allowed here is worked out elsewhere, in a process that can be stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from allowance.core.duration import parse_duration
from allowance.core.problem import refuse

MOST_CHARACTERS = 1000
MOST_NESTING = 20
MOST_LOOPS = 1
MOST_ITEMS = 1000
"""The longest list that an expression may be given."""

NAMES: dict[str, str] = {
    "remaining": "the share of the budget that is left, 1.0 is all of it, below 0.0 it is overspent",
    "state": "'green', 'yellow' or 'red'",
    "burn": "burn rates by span, such as burn['1h'] (burn has exactly the spans that are asked for)",
    "service": "the name of the service",
    "slo": "the name of the SLO",
    "tier": "the tier of the service, 0 to 3",
    "labels": "the labels of the service, such as labels['team']",
    "hour": "the hour of the day in UTC, 0 to 23",
    "weekday": "1 for Monday to 7 for Sunday, in UTC",
}
"""What an expression may speak of."""

LOOPS = ("all", "exists", "exists_one", "filter", "map")
FUNCTIONS = (
    *LOOPS,
    "has",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "double",
    "string",
)
WORDS = ("true", "false", "null", "in")

_TOKEN = re.compile(
    r"""(?P<text>'[^'\\\n]*'|"[^"\\\n]*")|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<mark>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])|(?P<space>\s+)"""
)
_BURN = re.compile(r"""\bburn\s*\[\s*(?:'([^']*)'|"([^"]*)")\s*\]""")


def parse_expression(text: str) -> str:
    """A CEL expression within the limits, as it is. Errors: `Problem` `expression`, with what is too much or unknown."""
    if len(text) > MOST_CHARACTERS:
        raise _refused(
            f"it has {len(text)} characters, more than {MOST_CHARACTERS}", "say it in a clause each"
        )
    tokens = list(_tokens(text))
    _check_nesting(tokens)
    bound = _loop_variables(tokens)
    for index, (kind, word) in enumerate(tokens):
        if kind == "name":
            _check_name(tokens, index, word, bound)
    spans(text)
    return text


@lru_cache(maxsize=1024)
def spans(text: str) -> tuple[int, ...]:
    """The seconds over which an expression asks for burn rates. Errors: `Problem` `duration`, `expression`."""
    named = [first or second for first, second in _BURN.findall(text)]
    if len(re.findall(r"\bburn\b(?!\s*[(])", _without_text(text))) != len(named):
        raise _refused("burn needs a span in quotes", "write burn['1h'] > 6.0")
    return tuple(sorted({parse_duration(span) for span in named}))


def span_names(text: str) -> dict[str, int]:
    """Each span of an expression as it is written there, in seconds."""
    return {one: parse_duration(one) for one in (first or second for first, second in _BURN.findall(text))}


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _refused(f"{text[place : place + 10]!r} cannot stand here", "text goes in single quotes")
        place = match.end()
        if match.lastgroup != "space":
            yield str(match.lastgroup), match.group()


def _check_nesting(tokens: list[tuple[str, str]]) -> None:
    closing = {"(": ")", "[": "]", "{": "}"}
    open_: list[str] = []
    loops: list[bool] = []
    for index, (kind, word) in enumerate(tokens):
        if kind != "mark":
            continue
        if word in closing:
            open_.append(closing[word])
            loops.append(
                word == "(" and index > 1 and tokens[index - 1][1] in LOOPS and tokens[index - 2][1] == "."
            )
            if len(open_) > MOST_NESTING:
                raise _refused(f"it is nested deeper than {MOST_NESTING}", "write two clauses")
            if sum(loops) > MOST_LOOPS:
                raise _refused(
                    "it has a loop inside a loop", "such expressions take seconds; write them flat"
                )
        elif word in closing.values():
            if not open_ or open_.pop() != word:
                raise _refused(f"{word!r} closes nothing", "count the brackets")
            loops.pop()
    if open_:
        raise _refused(f"{open_[-1]!r} is missing", "count the brackets")
    if not tokens:
        raise _refused("it is empty", "for example remaining < 0.1 && tier <= 1")


def _loop_variables(tokens: list[tuple[str, str]]) -> frozenset[str]:
    """The names that loops give to what they go over: `list.exists(x, ...)`."""
    words = [word for _, word in tokens]
    return frozenset(
        words[index + 2]
        for index in range(len(words) - 3)
        if words[index] in LOOPS and words[index + 1] == "(" and words[index + 3] == ","
    )


def _check_name(tokens: list[tuple[str, str]], index: int, word: str, bound: frozenset[str]) -> None:
    before = tokens[index - 1][1] if index else ""
    after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
    if after == "(":
        if word not in FUNCTIONS:
            raise _refused(f"there is no function {word}", f"known: {', '.join(FUNCTIONS)}")
    elif before != "." and word not in (*NAMES, *WORDS, *bound):
        raise _refused(f"nobody knows {word}", f"known: {', '.join(NAMES)}")


def _without_text(text: str) -> str:
    """The expression without what stands in quotes, but for the spans."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)


def _refused(message: str, hint: str) -> Exception:
    return refuse("expression", f"this expression cannot be used: {message}", hint=hint)
