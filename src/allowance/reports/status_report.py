"""The state of a contract's promises as rows and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from allowance.budget.burn import RuleReading, burn_rate
from allowance.budget.evaluate import Evaluation
from allowance.budget.health import WORST_FIRST, Health
from allowance.contract.model import Slo
from allowance.core.problem import Problem
from allowance.core.ratio import decimal_text
from allowance.core.time import iso
from allowance.reports.analysis_json import budget_json, problem_json
from allowance.reports.numbers import exact, machine

GLYPHS: dict[Health, str] = {"ok": "●", "watch": "▲", "broken": "■", "no data": "○", "too little": "◌"}
"""Shape and word always go together; colour comes on top (see the pages)."""


class Judged(Protocol):
    """What `app.status.SloStatus` is."""

    @property
    def slo(self) -> Slo: ...
    @property
    def whole(self) -> Evaluation | None: ...
    @property
    def groups(self) -> dict[str, Evaluation] | None: ...
    @property
    def problem(self) -> Problem | None: ...


def health(one: Judged) -> Health:
    """The word for an SLO; one that could not be measured has no data."""
    return "no data" if one.whole is None else one.whole.health


def worst_first(statuses: Sequence[Judged]) -> list[Judged]:
    """By state, then by budget left."""

    def key(one: Judged) -> tuple[int, float, str]:
        left = None if one.whole is None else machine(one.whole.budget.remaining)
        return WORST_FIRST.index(health(one)), 0.0 if left is None else left, one.slo.id

    return sorted(statuses, key=key)


def status_json(statuses: Sequence[Judged]) -> dict[str, Any]:
    """The document of `allowance status --json`."""
    counts = {word: sum(health(one) == word for one in statuses) for word in WORST_FIRST}
    return {"slos": [_slo(one) for one in worst_first(statuses)], "states": counts}


def _slo(one: Judged) -> dict[str, Any]:
    row: dict[str, Any] = {
        "service": one.slo.service,
        "slo": one.slo.name,
        "target": decimal_text(one.slo.target, 30),
        "window": str(one.slo.window),
        "state": health(one),
    }
    if one.slo.sla is not None:
        row["sla"] = decimal_text(one.slo.sla, 30)
    if one.whole is not None:
        row |= evaluation_json(one.whole)
    if one.groups is not None:
        row["groups"] = [
            {"group": group, "state": found.health, **evaluation_json(found)}
            for group, found in sorted(one.groups.items())
        ]
    if one.problem is not None:
        row["problem"] = problem_json(one.problem)
    return row


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """The sums of one evaluation and what each rule reads."""
    return {
        "at": iso(found.at),
        "from": iso(found.span.begin),
        **budget_json(found.budget),
        "rules": [_reading(reading, found) for reading in found.readings],
    }


def _reading(reading: RuleReading, found: Evaluation) -> dict[str, Any]:
    target = found.slo.target
    return {
        "rule": reading.rule.name,
        "severity": reading.rule.severity,
        "factor": exact(reading.factor),
        "long": machine(burn_rate(reading.long, target)),
        "short": machine(burn_rate(reading.short, target)),
        "reading": reading.word,
        "firing": reading.firing,
        "waits": reading.waits,
        "too_little": None
        if reading.too_little is None
        else {
            "what": reading.too_little.what,
            "needed": reading.too_little.needed,
            "has": reading.too_little.has,
        },
        "plenty_left": None
        if reading.left is None or not reading.plenty
        else {"below": exact(reading.left.below), "left": machine(reading.left.left)},
    }
