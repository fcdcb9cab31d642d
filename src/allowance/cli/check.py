"""`allowance check`: what a careful reviewer would say about the documents."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from allowance.cli.main import GO, STOP
from allowance.core.problem import Problem, refuse

if TYPE_CHECKING:
    from allowance.edges.documents import Found

Format = Literal["text", "json", "sarif", "github"]


def check(
    *paths: Annotated[str, Parameter(allow_leading_hyphen=True)],
    format: Format = "text",  # noqa: A002 - the word of the command line
    strict: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Read contracts and report every problem with its place: errors of the documents, and bad practice.

    Read are Allowance documents, OpenSLO, Sloth, Pyrra and slo-generator, as YAML or JSON. In folders only files with such an
    apiVersion are looked at. Exit code 0: no errors; 1: errors; 2: a path cannot be read.

    Example: allowance check slo/ --strict

    Parameters
    ----------
    paths
        Files, folders, or - for standard input.
    format
        text for people, json, sarif for code hosts and editors, github to mark the lines of a pull request.
    strict
        Let warnings fail, too.
    json
        The same as --format json.
    """
    from allowance.edges.documents import read_paths

    slip = next((path for path in paths if path.startswith("-") and path != "-"), None)
    if slip is not None:
        raise refuse("usage", f"there is no option {slip}", hint="see allowance check --help")
    found = read_paths(paths)
    problems = _problems(found)
    _print(_rendered(problems, found, "json" if json else format))
    failing = {"error", "warning"} if strict else {"error"}
    return STOP if any(problem.severity in failing for problem in problems) else GO


def _problems(found: Found) -> list[Problem]:
    from allowance.contract.lint import lint
    from allowance.contract.read import read
    from allowance.core.time import in_zone
    from allowance.edges import clock

    result = read(found.files)
    today = in_zone(clock.now(), ZoneInfo("UTC")).date()
    return [*result.problems, *lint(result.contract, today=today)]


def _rendered(problems: Sequence[Problem], found: Found, format: Format) -> str:  # noqa: A002
    if format == "json":
        from allowance.reports.problems_data import problems_json

        return problems_json(problems)
    if format == "github":
        from allowance.reports.problems_data import problems_github

        return problems_github(problems)
    if format == "sarif":
        from allowance import __version__
        from allowance.contract.lint import BY_ID
        from allowance.reports.problems_sarif import problems_sarif

        return problems_sarif(problems, BY_ID, version=__version__)
    from allowance.reports.problems import problems_text

    return problems_text(problems, _sources(problems, found), colour=_colour(), checked=_checked(found))


def _sources(problems: Sequence[Problem], found: Found) -> Mapping[str, str]:
    """The text of those files that have problems."""
    from allowance.contract.yaml_events import lenient_text

    wanted = {problem.where.file for problem in problems}
    return {name: lenient_text(data) for name, data in found.files if name in wanted}


def _checked(found: Found) -> str:
    count = len(found.files)
    files = "1 file" if count == 1 else f"{count} files"
    return f"{files} ({found.passed_over} others passed over)" if found.passed_over else files


def _colour() -> bool:
    """On a terminal, unless NO_COLOR asks for none (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(text: str) -> None:
    """Text in the encoding of standard output; what it cannot say becomes a question mark, never an error."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
