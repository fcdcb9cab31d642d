"""PromQL as people write it, made readable for the parser: variables, raw texts, limits, and places of errors."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import promql_parser

from allowance.core.problem import NOWHERE, ProblemError, Where, refuse

LONGEST = 10_000
DEEPEST = 100
MOST_OPERATORS = 500
"""Beyond these, the parser's recursion would be at risk."""

_PIECE = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<raw>`[^`]*`)
      | (?P<comment>\#[^\n]*)
      | (?P<variable>\{\{[^{}"'`]*\}\}|\$\{[^{}"'`]*\}|\$\w+)
      | (?P<quote>["'`])
      | (?P<plain>[^"'`\#{$]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_TOKEN = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\#[^\n]*|[A-Za-z_][\w:]*|[\d.]+\w*|[=!<>]=|=~|!~|\S"""
)
_OPERATORS = re.compile(r"[-+*/%^<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_RANGE = re.compile(r"\[([^\[\]:]*)\]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_FILLS = (
    "", "x", " x", "1", "5m", '"v"', '="v"', 'a="v"', "a", "(x)", "[5m]", "1m:1m", "by (a) (x)", "(a) (x)", "bool x",
)  # fmt: skip
_ABOUT_MEANING = re.compile(
    r"expected (?:type|\d)|wrong number|unknown function|binary expr|set operator|comparisons"
)
_NAMED = re.compile(r"(?:call to|function with name|function) '(\w+)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A query as it was written, and as the parser can read it. `where` is the place of the whole query."""

    written: str
    text: str
    starts: tuple[tuple[int, int], ...]
    where: Where = NOWHERE

    def refuse(self, message: str, at: int = 0, *, hint: str = "", code: str = "promql") -> ProblemError:
        """A `ProblemError` about the character `at` of `text`; line and column are those of the query."""
        line, column = self._place(at)
        where = self.where
        spot = f"line {line}, column {column}" if "\n" in self.written.strip() else f"column {column}"
        path = f"{where.path}, {spot} of the query" if where.path else f"{spot} of the query"
        return refuse(code, message, hint=hint, where=replace(where, path=path))

    def find(self, word: str) -> int:
        """Where a word or an operator first stands as such, not inside of a text; 0 if nowhere."""
        return next((token.start() for token in _TOKEN.finditer(self.text) if token.group() == word), 0)

    def _place(self, at: int) -> tuple[int, int]:
        index = bisect.bisect_right(self.starts, (at, len(self.written))) - 1
        begin, origin = self.starts[index] if index >= 0 else (0, 0)
        limit = self.starts[index + 1][1] if index + 1 < len(self.starts) else len(self.written)
        offset = max(0, min(origin + at - begin, limit))
        before = self.written[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def readable(query: str, where: Where = NOWHERE) -> Readable:
    """The query with its window variables filled and its raw texts quoted; what is not text is never changed.

    Variables such as `{{.window}}` and `$__rate_interval` are known where a duration stands: in brackets and
    after `offset`. Errors: `Problem` `promql`, with line and column, for other variables, open quotes, and
    queries that are too long or too deep.
    """
    if len(query) > LONGEST:
        raise Readable(written="", text="", starts=(), where=where).refuse(
            f"the query has {len(query)} characters", hint=f"at most {LONGEST} are read"
        )
    pieces: list[str] = []
    starts: list[tuple[int, int]] = []
    length = 0
    for match in _PIECE.finditer(query):
        piece = match.group()
        so_far = Readable(written=query, text="", starts=((0, 0),), where=where)
        if match.lastgroup == "quote":
            raise so_far.refuse("a quoted text does not end", match.start(), hint=f"close it with {piece}")
        if match.lastgroup == "variable":
            if not _wants_duration("".join(pieces)):
                raise so_far.refuse(
                    f"the variable {piece} has no value here",
                    match.start(),
                    hint="only windows are filled in, as in [{{.window}}]; write other values out",
                )
            piece = "5m".ljust(len(piece))
        elif match.lastgroup == "raw":
            piece = quoted(piece[1:-1])
        pieces.append(piece)
        starts.append((length, match.start()))
        length += len(piece)
    result = Readable(written=query, text="".join(pieces), starts=tuple(starts), where=where)
    _within_limits(result)
    return result


def _wants_duration(before: str) -> bool:
    return before.rstrip().endswith(("[", ":", "offset", "offset -"))


def _within_limits(query: Readable) -> None:
    depth = 0
    for token in _TOKEN.finditer(query.text):
        depth += token.group() in _CLOSES
        depth -= token.group() in _CLOSES.values()
        if depth > DEEPEST:
            raise query.refuse(
                "the query is nested too deep", token.start(), hint=f"at most {DEEPEST} levels"
            )
    if len(_OPERATORS.findall(query.text)) > MOST_OPERATORS:
        raise query.refuse("the query has too many operators", hint=f"at most {MOST_OPERATORS} are read")


def quoted(value: str) -> str:
    """A text as PromQL writes it, so that nothing in it can end the quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda char: f"\\x{ord(char.group()):02x}", escaped) + '"'


def with_ranges(query: str, seconds: int, *, every: bool) -> str:
    """The written query with its window variables set to so many seconds; with `every`, all its plain ranges."""
    pieces: list[str] = []
    for match in _PIECE.finditer(query):
        piece = f"{seconds}s" if match.lastgroup == "variable" else match.group()
        pieces.append(quoted(piece[1:-1]) if match.lastgroup == "raw" else piece)
    text = "".join(pieces)
    return _in_code(text, lambda code: _RANGE.sub(f"[{seconds}s]", code)) if every else text


def _in_code(text: str, change: Callable[[str], str]) -> str:
    ends = [
        (match.start(), match.end())
        for match in _PIECE.finditer(text)
        if match.lastgroup in ("string", "comment")
    ]
    edges = [0, *(edge for pair in ends for edge in pair), len(text)]
    parts = [text[low:high] for low, high in pairwise(edges)]
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def parse(query: Readable) -> promql_parser.Expr:
    """The parsed query. Errors: `Problem` `promql` with the place of the first token that cannot stand there."""
    try:
        return promql_parser.parse(query.text)
    except ValueError as error:
        message = " ".join(str(error).split())
    if message == "no expression found in input":
        raise query.refuse("the query is empty", hint="write a counter, such as http_requests_total")
    place = _error_at(query, message)
    if message == "invalid promql query":
        token = _TOKEN.match(query.text, place)
        message = f"{token.group()} cannot stand here" if token else "it ends too early"
    raise query.refuse(
        f"the query is not PromQL: {message}",
        place,
        hint="only standard PromQL is understood, not the extensions of single engines",
    )


def _error_at(query: Readable, message: str) -> int:
    text = query.text
    named = _NAMED.search(message)
    if named:
        return query.find(named.group(1))
    if _ABOUT_MEANING.match(message):
        return 0
    tokens = list(_TOKEN.finditer(text))
    first_wrong = bisect.bisect_left(
        range(len(tokens)), True, key=lambda index: not _viable(text[: tokens[index].end()])
    )
    return tokens[first_wrong].start() if first_wrong < len(tokens) else len(text.rstrip())


def _viable(prefix: str) -> bool:
    """Whether the beginning of a query could still be continued to a whole one."""
    stack: list[str] = []
    for token in _TOKEN.findall(prefix):
        if token in _CLOSES:
            stack.append(_CLOSES[token])
        elif stack and token == stack[-1]:
            stack.pop()
    closing = "".join(reversed(stack))
    return any(_parses(prefix + fill + closing) for fill in _FILLS)


def _parses(text: str) -> bool:
    try:
        promql_parser.parse(text)
    except ValueError as error:
        return bool(_ABOUT_MEANING.match(str(error)))
    return True
