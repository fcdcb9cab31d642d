"""Calling what decides: its problems become answers with the status that fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from allowance.core.problem import ProblemError
from allowance.web.problems import Refusal

Answer = TypeVar("Answer")


def deciding(call: Callable[[], Answer], status: Mapping[str, HTTPStatus]) -> Answer:
    """The answer of a call. Errors: `Refusal` for the codes of `status`; others are values that do not fit (400)."""
    try:
        return call()
    except ProblemError as error:
        problem = error.problems[0]
        if problem.code not in status:
            raise
        raise Refusal(status[problem.code], problem.code, problem.message, hint=problem.hint) from None
