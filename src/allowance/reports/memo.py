"""The risk-acceptance memo: what is accepted, how much that may cost, by whom, until when; as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allowance.core.time import Instant, iso
from allowance.governance.risk import Risk
from allowance.reports.risk_json import risk_json, without_floats


def memo_facts(
    *,
    service: str,
    change: str,
    environment: str,
    reason: str,
    remaining: Mapping[str, str],
    risk: Risk,
    asked_by: str,
    now: Instant,
) -> dict[str, Any]:
    """The memo as plain JSON without floating-point numbers: `remaining` is the budget left, by SLO, in words."""
    facts: dict[str, Any] = without_floats(risk_json(risk))
    return {
        "accepted": f"{change} goes to {environment} of {service} against its error-budget policy",
        "service": service,
        "change": change,
        "environment": environment,
        "reason": reason,
        "remaining": dict(remaining),
        "risk": facts,
        "asked_by": asked_by,
        "asked_at": iso(now),
    }


def memo_markdown(memo: Mapping[str, Any]) -> str:
    """The memo that people read, file and send."""
    risk = memo.get("risk", {})
    lines = [
        f"# Risk acceptance: {_line(memo.get('change', ''))}",
        "",
        f"{_line(memo.get('accepted', ''))}.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {_cell(name)} | {_cell(value)} |" for name, value in memo_rows(memo)),
    ]
    lines += ["", "## What it may cost", "", str(risk.get("sentence", "Nothing is known about the risk."))]
    if risk.get("missing"):
        lines += ["", "Not known:", "", *(f"- {one}" for one in risk["missing"])]
    if rows := risk_rows(memo):
        lines += ["", "| from | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines).rstrip() + "\n"


def memo_rows(memo: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is accepted, point by point."""
    return [
        ("why", memo.get("reason", "")),
        ("asked by", f"{memo.get('asked_by', '')}, {memo.get('asked_at', '')}"),
        ("accepted by", ", ".join(memo.get("accepted_by", ())) or "nobody yet"),
        ("until", memo.get("accepted_until", "it is accepted")),
        *((f"budget of {slo}", left) for slo, left in memo.get("remaining", {}).items()),
    ]


def risk_rows(memo: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the risk was worked out from; nothing where nothing was."""
    inputs = memo.get("risk", {}).get("inputs", {})
    if not inputs:
        return []
    return [
        ("its own deploys", _of(inputs.get("own"))),
        ("of these at a burn like that day's", _of(inputs.get("own_at_this_burn"))),
        ("deploys of other services", _of(inputs.get("other_services"))),
        ("burn rate", inputs.get("burn_now") or "no data"),
        ("worth of a minute", inputs.get("per_minute") or "not declared"),
    ]


def _of(tally: Any) -> str:
    return f"{tally['failed']} of {tally['deploys']} failed" if tally else "none"


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
