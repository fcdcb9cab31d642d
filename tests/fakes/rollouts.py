"""Argo Rollouts and Flagger, as far as they decide: what they make of an answer of the gate."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx

Phase = Literal["Successful", "Failed", "Inconclusive", "Error"]
Effect = Literal["continue", "abort", "pause"]

USUAL_ERRORS = 4
"""Argo gives up at the fifth error in a row, unless the metric says otherwise."""


def measurement(answer: httpx.Response | None, metric: Mapping[str, Any]) -> Phase:
    """What a `web` metric of Argo measures; no answer is a timeout. Conditions are `result.NAME == "TEXT"`.

    What is no JSON for Go's decoder (NaN is none) counts as a success up to 1.9.1: the trap of this provider.
    """
    if answer is None or not 200 <= answer.status_code < 300:
        return "Error"
    try:
        result = json.loads(answer.text, parse_constant=_refuse)
    except ValueError:
        return "Successful"
    failed = _holds(metric.get("failureCondition"), result)
    passed = _holds(metric.get("successCondition"), result)
    if failed:
        return "Failed"
    if passed or (passed is None and failed is None):
        return "Successful"
    return (
        "Inconclusive"
        if passed is not None and failed is not None
        else "Failed"
        if failed is None
        else "Successful"
    )


def effect(phases: Sequence[Phase], metric: Mapping[str, Any]) -> Effect:
    """What becomes of a rollout after these measurements."""
    in_row = most = 0
    for one in phases:
        in_row = in_row + 1 if one == "Error" else 0
        most = max(most, in_row)
    if phases.count("Failed") > metric.get("failureLimit", 0):
        return "abort"
    if most > metric.get("consecutiveErrorLimit", USUAL_ERRORS):
        return "abort"
    return "pause" if phases.count("Inconclusive") > metric.get("inconclusiveLimit", 0) else "continue"


def kayenta_verdict(score: object, thresholds: Mapping[str, int]) -> Phase:
    """What Argo makes of a score: a whole number after cutting, and a text is none."""
    if isinstance(score, bool) or not isinstance(score, int | float):
        return "Error"
    if int(score) >= thresholds["pass"]:
        return "Successful"
    return "Inconclusive" if int(score) >= thresholds["marginal"] else "Failed"


def hook(kind: str, status: int) -> str:
    """What Flagger does after a webhook of a kind was answered with a status (0: not at all)."""
    yes = 0 < status <= 202
    return {
        "confirm-rollout": "goes on" if yes else "waits",
        "pre-rollout": "goes on" if yes else "counts a failed check",
        "rollout": "goes on" if yes else "counts a failed check",
        "confirm-traffic-increase": "goes on" if yes else "waits",
        "confirm-promotion": "goes on" if yes else "waits",
        "rollback": "rolls back" if yes else "goes on",
    }[kind]


def metric_check(answer: httpx.Response, limits: Mapping[str, float]) -> str:
    """`pass`, `fail`, `no values` or `error`: what Flagger makes of an answer of a Prometheus."""
    if answer.status_code >= 400:
        return "error"
    value = None
    for row in answer.json()["data"]["result"]:
        if "values" in row or not isinstance(row["value"][1], str):
            return "error"
        value = float(row["value"][1])  # of several the last one stays
    if value is None or value != value:
        return "no values"
    fits = limits.get("min", value) <= value <= limits.get("max", value)
    return "pass" if fits else "fail"


def _holds(condition: str | None, result: Any) -> bool | None:
    if condition is None:
        return None
    found = re.fullmatch(r'result\.(\w+) == "(\w+)"', condition)
    assert found is not None, f"the emulation does not know {condition}"
    return bool(result[found[1]] == found[2])


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
