"""Problems for machines: JSON, and the commands by which GitHub marks lines in a pull request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from allowance.core.problem import Problem
from allowance.reports.problems import in_order, tally


def problems_data(problems: Sequence[Problem]) -> dict[str, Any]:
    """`{"problems": [...], "errors": 1, "warnings": 0, "infos": 0}`; what is unknown of a place is null."""
    counts = tally(problems)
    return {
        "problems": [problem_data(problem) for problem in in_order(problems)],
        "errors": counts["error"],
        "warnings": counts["warning"],
        "infos": counts["info"],
    }


def problem_data(problem: Problem) -> dict[str, Any]:
    """One problem as a flat map."""
    where = problem.where
    return {
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "path": where.path,
    }


def problems_json(problems: Sequence[Problem]) -> str:
    """`problems_data` as text."""
    return json.dumps(problems_data(problems), indent=2, ensure_ascii=False) + "\n"


_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def problems_github(problems: Sequence[Problem]) -> str:
    """One workflow command per problem, as GitHub's runner reads them from standard output.

    `::error file=slo.yaml,line=7,col=15,title=AL021::message`; the escapes are those of the runner: % and line
    ends everywhere, colon and comma in the properties as well.
    """
    return "".join(f"{_command(problem)}\n" for problem in in_order(problems))


def _command(problem: Problem) -> str:
    where = problem.where
    known: Mapping[str, object] = {
        "file": where.file,
        "line": where.line,
        "col": where.column,
        "title": problem.code,
    }
    properties = ",".join(
        f"{key}={_property(str(value))}" for key, value in known.items() if value is not None
    )
    message = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return f"::{_LEVELS[problem.severity]} {properties}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
