"""What every SQL engine offers here: the columns of a table, the names of tables, and the rows of one query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from allowance.signals.dialects import Dialect

Fault = Literal["connection", "login", "permission", "table", "timeout", "types", "query", "extra"]


class EngineError(Exception):
    """What an engine could not do: the kind of fault, and its own first words."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault: Fault = fault
        self.text = text


class Session(Protocol):
    """An open, read-only session in UTC. Errors of every method: `EngineError`."""

    @property
    def dialect(self) -> Dialect:
        """The SQL that it speaks."""
        ...

    def columns(self, relation: str) -> dict[str, str]:
        """The columns of a relation, with the engine's own words for their types."""
        ...

    def tables(self) -> list[str]:
        """The tables that a user could have meant."""
        ...

    def rows(self, query: str) -> Iterator[tuple[object, ...]]:
        """The rows of one query."""
        ...
