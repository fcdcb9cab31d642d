"""The law: the ledger and the standing that follows from it, kept current; the only way to decide anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.governance.fold import fold
from allowance.governance.ledger import Draft, Entry
from allowance.governance.verify import Unreadable

Decide = Callable[[Standing], Sequence[Draft]]
"""From what stands to what is to be recorded. It raises a `ProblemError` to refuse, and then nothing is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which entries somebody wants to see: those that follow number `after`, in `[since, until)`.

    `kind` is a kind or its first words (`freeze`), `subject` an id or the service that it begins with. At most `most`,
    the first ones, or the last ones with `newest`.
    """

    after: int = 0
    kind: str = ""
    subject: str = ""
    actor: str = ""
    since: Instant | None = None
    until: Instant | None = None
    most: int | None = None
    newest: bool = False


class LedgerWriting(Protocol):
    """The ledger while nobody else can write to it."""

    def entries(self, *, after: int) -> Sequence[Entry]: ...
    def append(self, drafts: Sequence[Draft]) -> Sequence[Entry]: ...


class Ledger(Protocol):
    """What the law needs of a ledger."""

    def entries(self, *, after: int = 0, most: int | None = None) -> Sequence[Entry]: ...
    def find(self, asked: Asked) -> Sequence[Entry]: ...
    def rows(self, *, after: int = 0) -> Iterator[Entry | Unreadable]: ...
    def writing(self) -> AbstractContextManager[LedgerWriting]: ...


class Law:
    """The current standing, and changes of it under the lock of the ledger: of two racing requests one is first."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._standing = ledger, Standing()
        self._lock = threading.RLock()  # who decides may look something up that asks what stands

    @property
    def ledger(self) -> Ledger:
        """Where the entries are."""
        return self._ledger

    @property
    def head(self) -> int:
        """The newest entry that is known here; the ledger is not asked whether others have written since."""
        return self._standing.head

    @property
    def known(self) -> Standing:
        """What stood when somebody last asked. Nobody waits for it, so that it may be asked in the midst of writing."""
        return self._standing

    def standing(self) -> Standing:
        """What stands now, entries of other replicas included."""
        with self._lock:
            self._standing = fold(self._ledger.entries(after=self._standing.head), self._standing)
            return self._standing

    def act(self, decide: Decide) -> Sequence[Entry]:
        """Decide on what stands and record it, as one step; durable when it returns."""
        with self._lock, self._ledger.writing() as writing:
            before = fold(writing.entries(after=self._standing.head), self._standing)
            entries = writing.append(decide(before))
            after = fold(entries, before)
        self._standing = after
        return entries
