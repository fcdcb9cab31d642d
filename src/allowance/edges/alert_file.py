"""Alert rules from a file with an alert policy."""

from __future__ import annotations

from allowance.contract.factor_rule import on_period
from allowance.contract.presets import PRESETS
from allowance.contract.read import read
from allowance.contract.rules import BurnRule
from allowance.core.problem import ProblemError, Where, refuse
from allowance.edges.documents import read_paths


def read_alerts(path: str, *, period: int) -> tuple[BurnRule, ...]:
    """The rules of every alert policy in a file, in order, for a budget of `period` seconds.

    Errors: `Problem` `alerts` where there is no such file or no policy in it, and those of the reader.
    """
    try:
        files = read_paths([path]).files
    except ProblemError:
        raise refuse(
            "alerts",
            f"{path!r} is neither an alert preset nor a file",
            hint=f"presets: {', '.join(PRESETS)}; or a file with an AlertPolicy",
        ) from None
    contract = read(files).trusted()
    rules = on_period(tuple(rule for policy in contract.alert_policies for rule in policy.rules), period)
    if not rules:
        raise refuse(
            "alerts",
            "the file holds no alert policy",
            where=Where(file=path),
            hint="write a document of kind AlertPolicy",
        )
    return rules
