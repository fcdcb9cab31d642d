"""Reading files: bytes of YAML or JSON to a contract and everything that a careful reader would say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.contract.formats import FORMATS, read_document, single_documents
from allowance.contract.model import Contract
from allowance.contract.nodes import Node, ScalarNode, load_documents
from allowance.contract.notes import Notes
from allowance.contract.openslo import Opened, read_objects
from allowance.contract.resolve import resolve
from allowance.contract.written import Written, merge
from allowance.core.problem import Problem, ProblemError, Where, errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """The contract and the problems, in the order of the files. With errors, only error-free documents are in it."""

    contract: Contract
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything could be read; warnings do not count."""
        return not errors(self.problems)

    def trusted(self) -> Contract:
        """The contract, if everything could be read. Errors: `ProblemError` with every error."""
        found = errors(self.problems)
        if found:
            raise ProblemError(*found)
        return self.contract


def read(files: Sequence[tuple[str, bytes]]) -> ReadResult:
    """Read documents of all known formats from (name, bytes) pairs. Nothing is raised for any bytes.

    Problems of one document leave the others readable. Names are looked up across all files; gaps are reported
    only when every document could be read, because a faulty one may hold what is missing.
    """
    pages: list[Notes] = []
    parts: list[Written] = []
    opened: list[Opened] = []
    for name, data in files:
        for node, path, notes in _documents(name, data, pages):
            found = read_document(node, notes, path=path)
            if isinstance(found, Opened):
                opened.append(found)
            elif found is not None and not notes.failed:
                parts.append(found)
    parts.append(read_objects(opened))
    whole = Notes()
    contract = resolve(merge(parts), whole)
    problems = [problem for notes in pages for problem in notes.problems]
    if not any(notes.failed for notes in pages):
        problems.extend(whole.problems)
    return ReadResult(contract=contract, problems=tuple(problems))


def _documents(name: str, data: bytes, pages: list[Notes]) -> list[tuple[Node, str, Notes]]:
    try:
        nodes = load_documents(data, file=name)
    except ProblemError as error:
        notes = Notes()
        for problem in error.problems:
            notes.add(problem)
        pages.append(notes)
        return []
    found: list[tuple[Node, str, Notes]] = []
    for node in nodes:
        if isinstance(node, ScalarNode) and node.value is None:
            continue
        for single, path in single_documents(node):
            notes = Notes()
            pages.append(notes)
            found.append((single, path, notes))
    if not found:
        notes = Notes()
        pages.append(notes)
        notes.error(
            "empty", "this file holds no document", where=Where(file=name), hint=f"what is read: {FORMATS}"
        )
    return found
