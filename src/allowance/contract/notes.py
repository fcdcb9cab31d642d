"""Notes: the problems that one reading finds."""

from __future__ import annotations

from dataclasses import replace

from allowance.core.problem import NOWHERE, Problem, ProblemError, Where


class Notes:
    """The problems of one reading, each once, in the order in which they were found; never more than `MOST`."""

    MOST = 200

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.failed = False
        self._seen: set[Problem] = set()

    @property
    def full(self) -> bool:
        """Whether further problems are dropped: who fixes two hundred reads the file again anyway."""
        return len(self.problems) >= self.MOST

    def error(self, code: str, message: str, *, where: Where, hint: str = "") -> None:
        """Report what stops the document from being used."""
        self.add(Problem(code=code, message=message, where=where, hint=hint))

    def warn(self, code: str, message: str, *, where: Where, hint: str = "") -> None:
        """Report what a careful person would want to know."""
        self.add(Problem(code=code, message=message, where=where, hint=hint, severity="warning"))

    def refused(self, error: ProblemError, where: Where) -> None:
        """Report what a parser refused, at the place of the value that it was given."""
        for problem in error.problems:
            self.add(replace(problem, where=where) if problem.where == NOWHERE else problem)

    def add(self, problem: Problem) -> None:
        """Keep a problem, unless it was told before."""
        self.failed = self.failed or problem.severity == "error"
        if problem not in self._seen and not self.full:
            self._seen.add(problem)
            self.problems.append(problem)
