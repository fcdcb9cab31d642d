"""What went wrong, where, and what to do next: the one shape of every error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place in the user's input. Lines and columns count from 1; `path` is the way inside a document."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (spot, self.path) if part)


NOWHERE = Where()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem. `code` is stable and documented; `message` is one sentence; `hint` says what to do next."""

    code: str
    message: str
    where: Where = NOWHERE
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint} [{self.code}]"


class ProblemError(Exception):
    """Raised where work cannot go on. It carries every problem found, never fewer than one."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("a ProblemError carries at least one Problem")
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems: tuple[Problem, ...] = problems


def refuse(code: str, message: str, *, hint: str = "", where: Where = NOWHERE) -> ProblemError:
    """A `ProblemError` with one problem: `raise refuse("window", "...", hint="...")`."""
    return ProblemError(Problem(code=code, message=message, where=where, hint=hint))


def errors(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Those problems that stop the work."""
    return tuple(problem for problem in problems if problem.severity == "error")
