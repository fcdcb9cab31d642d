"""Reads a YAML example the way that the program does."""

from __future__ import annotations

import re

from allowance.contract.nodes import load_documents
from allowance.contract.read import read
from allowance.core.problem import ProblemError, errors
from allowance.edges.notify_file import notify_of


def refused(text: str, *, fragment: bool) -> list[str]:
    """Why the program refuses a YAML text: one line per error, none where it is taken."""
    data = text.encode()
    if not fragment:
        return [str(problem) for problem in errors(read([("example.yaml", data)]).problems)]
    try:
        load_documents(data, file="example.yaml")
    except ProblemError as error:
        return [str(problem) for problem in error.problems]
    return []


def notify_refused(text: str) -> list[str]:
    """Like `refused`, for a notify.yaml; every environment variable that it names is set."""
    environment = dict.fromkeys(re.findall(r"Env: *(\w+)", text), "json://127.0.0.1")
    try:
        notify_of(text.encode(), file="notify.yaml", environment=environment)
    except ProblemError as error:
        return [str(problem) for problem in error.problems]
    return []
