"""Replayed policies side by side, as JSON and as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Any, Protocol

from allowance.alerting.audit import Audit
from allowance.budget.analysis import Analysis
from allowance.core.counts import NoData
from allowance.core.ratio import decimal_text
from allowance.reports import numbers
from allowance.reports.analysis_json import Wording, rule_json, severity_json, source_json
from allowance.signals.measured import SourceFacts


class Played(Protocol):
    """What `app.replay.Play` is: a label, an analysis, and audits by severity."""

    @property
    def label(self) -> str: ...
    @property
    def analysis(self) -> Analysis: ...
    @property
    def audits(self) -> dict[str, Audit]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One severity of one policy: the figures that people compare."""

    label: str
    severity: str
    times: int
    minutes: Fraction
    first: str
    median_detection: str
    spent_before: str
    noticed: str


def sides(plays: Sequence[Played]) -> tuple[Side, ...]:
    """One row per policy and severity."""
    return tuple(_side(play, severity) for play in plays for severity in play.analysis.detections)


def _side(play: Played, severity: str) -> Side:
    found = play.analysis.detections[severity]
    episodes = play.analysis.replay.episodes(severity)
    firing = int(play.analysis.replay.firing(severity).sum())
    before = play.analysis.share_of_budget(sum(d.spent_before.bad for d in found))
    audit = play.audits.get(severity)
    return Side(
        label=play.label,
        severity=severity,
        times=len(episodes),
        minutes=Fraction(firing * play.analysis.buckets.step, 60),
        first=numbers.moment(episodes[0].first) if episodes else "never",
        median_detection=numbers.duration(round(median(d.seconds_to_detect for d in found)))
        if found
        else "-",
        spent_before=numbers.percent(before) if found else "-",
        noticed=f"{audit.found} of {audit.incidents}" if audit is not None else "-",
    )


def replay_json(facts: SourceFacts, wording: Wording, plays: Sequence[Played]) -> dict[str, Any]:
    """The document of `allowance replay --json`: the source, then one entry per policy and target."""
    return {
        "source": source_json(facts, plays[0].analysis),
        "slo": {"valid": wording.valid, "good": wording.good},
        "policies": [
            {
                "policy": play.label,
                "target": decimal_text(play.analysis.question.target, 30),
                "alerts": [rule_json(rule, play.analysis) for rule in play.analysis.replay.rules],
                "severities": [
                    severity_json(severity, play.analysis) | _audit(play.audits.get(severity))
                    for severity in play.analysis.detections
                ],
            }
            for play in plays
        ],
    }


def _audit(audit: Audit | None) -> dict[str, Any]:
    if audit is None:
        return {}
    return {
        "incidents": {
            "known": audit.incidents,
            "noticed": audit.found,
            "recall": numbers.machine(audit.recall),
            "precision": numbers.machine(audit.precision),
            "delays_s": [None if isinstance(d, NoData) else d for d in audit.delays],
        }
    }
