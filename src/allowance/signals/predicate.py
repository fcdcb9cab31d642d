"""Predicates: one true-or-false expression over the columns of an event, in SQL, checked against a list of words."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from allowance.core.problem import NOWHERE, ProblemError, Where, refuse
from allowance.signals import dialects
from allowance.signals.dialects import Dialect
from allowance.signals.predicate_check import DEEPEST, check_tree, not_allowed, too_deep
from allowance.signals.predicate_sql import Writer
from allowance.signals.predicate_value import Row, term_of

LONGEST = 4096
"""Bytes of a predicate's text."""

_LISTS = frozenset({TokenType.L_BRACKET, TokenType.L_BRACE})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A checked predicate. `text` is what the user wrote, `columns` the columns that it reads, as written."""

    text: str
    columns: frozenset[str]
    _tree: exp.Expr = field(repr=False, compare=False)

    def sql(self, dialect: Dialect, column: Callable[[str], str] | None = None) -> str:
        """The predicate for an engine: true, false or NULL per event.

        `column` maps the name of a column, as written, to its SQL: quoted, typed and complete in itself. Left
        out, names are quoted as they are. Errors: `Problem` `predicate` where the engine lacks a word.
        """
        return Writer(dialect, column or (lambda name: dialects.identifier(name, dialect))).write(self._tree)

    def decision(self) -> Callable[[Row], bool | None]:
        """The predicate over one event's values, as a function: true, false, or None for unknown.

        A cast that SQL would refuse (text that is no number) is unknown here.
        """
        term = term_of(self._tree)

        def decide(row: Row) -> bool | None:
            found = term(row)
            return found if isinstance(found, bool) else None

        return decide

    def compared_texts(self) -> Iterator[tuple[str, str]]:
        """(column, text) wherever a column is compared with a text for equality."""
        for node in self._tree.find_all(exp.EQ, exp.NEQ, exp.In):
            values = node.expressions if isinstance(node, exp.In) else [node.this, node.expression]
            columns = [
                one.name for one in (node.this, node.args.get("expression")) if isinstance(one, exp.Column)
            ]
            texts = [one.this for one in values if isinstance(one, exp.Literal) and one.is_string]
            yield from ((column, text) for column in columns for text in texts)

    def condition(self, dialect: Dialect, column: Callable[[str], str] | None = None) -> str:
        """Like `sql`, and safe to be joined by AND: in parentheses where it is itself joined."""
        sql = self.sql(dialect, column)
        return f"({sql})" if isinstance(self._tree, exp.Connector) else sql


def parse_predicate(text: str, *, dotted: bool = False, where: Where = NOWHERE) -> Predicate:
    """A predicate from its text; `dotted` reads `data.status` as the column of that name.

    Errors: `Problem` `predicate`: what is not allowed, and what is.
    """
    try:
        tree = _parse(text)
        if dotted:
            tree = tree.transform(_joined)
        columns = check_tree(tree)
    except ProblemError as error:
        raise ProblemError(*(replace(problem, where=where) for problem in error.problems)) from None
    except RecursionError:
        raise too_deep(where) from None
    return Predicate(text=text, columns=columns, _tree=tree)


def match_column(name: str, available: Collection[str]) -> str | None:
    """The column that a name means: the very same, else the only one that differs in case; None if there is none."""
    if name in available:
        return name
    alike = [candidate for candidate in available if candidate.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def check_columns(predicate: Predicate, available: Collection[str], *, where: Where = NOWHERE) -> None:
    """Refuse a predicate over columns that are not there. Errors: `Problem` `column`, with the nearest names."""
    for name in sorted(predicate.columns):
        check_column(name, available, where=where)


def check_column(name: str, available: Collection[str], *, where: Where = NOWHERE) -> str:
    """The column that a name means, as the source writes it. Errors: `Problem` `column`."""
    found = match_column(name, available)
    if found is not None:
        return found
    lowered = {candidate.casefold(): candidate for candidate in sorted(available, reverse=True)}
    near = [lowered[key] for key in difflib.get_close_matches(name.casefold(), lowered, n=2, cutoff=0.6)]
    listed = sorted(available)
    shown = ", ".join(listed[:30]) + (f" and {len(listed) - 30} more" if len(listed) > 30 else "")
    question = f"did you mean {' or '.join(near)}? " if near else ""
    raise refuse(
        "column",
        f"there is no column {name!r}",
        hint=f"{question}columns: {shown}" if listed else "the source has no columns",
        where=where,
    )


def _parse(text: str) -> exp.Expr:
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise not_allowed("a text above 4 KiB")
    if "\0" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise not_allowed("a character that is not text (NUL or half of a pair)")
    engine = Sqlglot.get_or_raise("duckdb")
    try:
        tokens = engine.tokenize(text)
        _check_tokens(tokens)
        found = engine.parser().parse_into(exp.Condition, tokens, text)
    except SqlglotError as error:
        raise _unreadable(text, error) from None
    tree = found[0] if found else None
    if tree is None:
        raise refuse("predicate", "the predicate is empty", hint="write for example status < 500")
    return tree


def _joined(node: exp.Expr) -> exp.Expr:
    """A dotted name as one column; sqlglot reads the parts as table, schema and catalog."""
    if isinstance(node, exp.Column | exp.Dot) and all(isinstance(one, exp.Identifier) for one in node.parts):
        return exp.column(exp.to_identifier(".".join(one.name for one in node.parts), quoted=True))
    return node


def _unreadable(text: str, error: SqlglotError) -> ProblemError:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    details = getattr(error, "errors", None) or [{}]
    column = details[0].get("col")
    place = f" near character {column}" if column else ""
    first = text.split(maxsplit=1)[0].upper() if text.split() else ""
    if first in {
        "SELECT",
        "WITH",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "DROP",
        "ALTER",
        "COPY",
        "ATTACH",
        "PRAGMA",
    }:
        return not_allowed(f"a statement ({first})")
    return refuse(
        "predicate",
        f"the predicate {shown!r} cannot be read{place}",
        hint="write one comparison such as status < 500, joined by AND, OR, NOT",
    )


def _check_tokens(tokens: list[Token]) -> None:
    depth = prefixes = 0
    for token in tokens:
        if token.comments:
            raise not_allowed("a comment")
        if token.token_type is TokenType.SEMICOLON:
            raise not_allowed("a semicolon")
        if token.token_type in _LISTS:
            raise not_allowed(f"a list or structure ({token.text})")
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        prefixes = prefixes + 1 if token.token_type in (TokenType.NOT, TokenType.DASH, TokenType.PLUS) else 0
        if depth > DEEPEST or prefixes > DEEPEST:
            raise too_deep()
