"""The contract's files, looked at again: a good change is taken over as a whole, a bad one is said and left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import structlog

from allowance.app.law import Law
from allowance.contract.diff import Change, change_json, contract_hash, diff
from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.core.problem import Problem, ProblemError, refuse
from allowance.core.time import Instant
from allowance.edges.documents import read_paths
from allowance.governance.ledger import Draft

log = structlog.get_logger()

KIND = "contract.changed"
MOST_CHANGES = 200
"""So many changes of one reload are written into its ledger entry; their number always is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What a look at the files came to: the hash of the contract in force, and what has changed by it."""

    hash: str
    changes: tuple[Change, ...] = ()


class ContractFiles:
    """Reads the files again when they change, when it is told to, and never half.

    `adopt` takes a contract over in the running program; if it raises a `ProblemError`, the old one stays.
    """

    def __init__(
        self,
        paths: Sequence[str],
        contract: Contract,
        adopt: Callable[[Contract], None],
        law: Law,
        *,
        records: Callable[[], bool] = lambda: True,
    ) -> None:
        self._paths, self._contract, self._adopt, self._law = tuple(paths), contract, adopt, law
        self._records = records
        self._lock = threading.Lock()
        self._seen = self._content()
        self.problem: Problem | None = None
        """Why the files as they are now are not in force; nothing where they are."""

    def look(self, *, now: Instant) -> None:
        """Take a change of the files over, where there is one. What is wrong with it is kept in `problem`, and logged once."""
        with self._lock:
            content = self._content()
            if content == self._seen:
                return
            self._seen = content
            try:
                self._reload("allowance", now=now)
            except ProblemError:
                return

    def reload(self, by: str, *, now: Instant) -> Reloaded:
        """Read the files now. Errors: every `Problem` in them; the contract in force stays."""
        with self._lock:
            self._seen = self._content()
            return self._reload(by, now=now)

    def _reload(self, by: str, *, now: Instant) -> Reloaded:
        try:
            contract = self._read()
            changes = diff(self._contract, contract)
            if changes:
                self._adopt(contract)
        except ProblemError as error:
            self.problem = error.problems[0]
            log.error(
                "the contract was not reloaded; the old one stays in force",
                problem=str(self.problem),
                problems=len(error.problems),
            )
            raise
        before, self.problem = contract_hash(self._contract), None
        self._contract, digest = contract, contract_hash(contract)
        if changes:
            log.info("the contract was reloaded", hash=digest, changes=[str(change) for change in changes])
            if self._records():
                draft = changed_entry(before, digest, changes, by=by, now=now)
                self._law.act(lambda _: (draft,))
        return Reloaded(hash=digest, changes=changes)

    def _read(self) -> Contract:
        contract = read(read_paths(self._paths).files).trusted()
        if not contract.slos:
            raise refuse(
                "contract", "these documents promise nothing: they hold no SLO", hint="see allowance init"
            )
        return contract

    def _content(self) -> str:
        """What stands in the files, or why they cannot be read."""
        try:
            files = read_paths(self._paths).files
        except ProblemError as error:
            return str(error)
        digest = sha256()
        for name, data in files:
            digest.update(f"{name}\0{len(data)}\0".encode())
            digest.update(data)
        return digest.hexdigest()


def changed_entry(before: str, after: str, changes: Sequence[Change], *, by: str, now: Instant) -> Draft:
    """The ledger's entry for a change of the contract."""
    return Draft(
        kind=KIND,
        subject="contract",
        actor=by,
        at=now,
        payload={
            "before": before,
            "after": after,
            "count": len(changes),
            "changes": [change_json(change) for change in changes[:MOST_CHANGES]],
        },
    )
