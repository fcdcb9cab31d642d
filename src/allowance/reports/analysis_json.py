"""An analysis as JSON: the stable contract of `allowance analyze --json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from allowance.budget.analysis import Analysis, WindowAnswer
from allowance.budget.budget import Budget
from allowance.budget.detection import Detection
from allowance.budget.replay import Episode, RuleReplay
from allowance.budget.spend import DaySpend
from allowance.budget.targets import CannotPromise
from allowance.core.counts import NoData
from allowance.core.duration import short
from allowance.core.problem import Problem
from allowance.core.ratio import decimal_text
from allowance.core.time import Instant, iso
from allowance.reports.forecast_json import forecast_json
from allowance.reports.numbers import exact, machine
from allowance.signals.measured import Durations, SourceFacts
from allowance.signals.percentiles import USUAL, nearest_rank

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How the SLI was asked for: the texts of valid and good, and the latency in milliseconds if there is one."""

    valid: str
    good: str
    latency_ms: Fraction | None = None
    by: str | None = None


def analysis_json(
    facts: SourceFacts,
    wording: Wording,
    whole: Analysis,
    durations: Durations,
    groups: Mapping[str, tuple[Analysis, Durations]],
) -> Json:
    """The document: facts of the source, then the answers; `groups` is there when the SLI is grouped."""
    document: Json = {"source": source_json(facts, whole), "slo": _slo(wording, whole)}
    document |= _answers(whole, durations)
    document["findings"] = [problem_json(p) for p in (*facts.notes, *whole.findings)]
    document["malformed"] = [problem_json(p) for p in facts.samples]
    if wording.by is not None:
        document["groups"] = [
            {"group": name, **_answers(one, times), "findings": [problem_json(p) for p in one.findings]}
            for name, (one, times) in sorted(groups.items())
        ]
    return document


def source_json(facts: SourceFacts, whole: Analysis) -> Json:
    """What was read."""
    return {
        "format": facts.format,
        "lines": facts.lines,
        "malformed": facts.malformed,
        "first": instant(facts.first),
        "last": instant(facts.last),
        "step": whole.buckets.step,
        "buckets": len(whole.buckets),
        "buckets_with_data": whole.buckets.with_data(),
    }


def _slo(wording: Wording, whole: Analysis) -> Json:
    slo: Json = {
        "target": decimal_text(whole.question.target, 30),
        "valid": wording.valid,
        "good": wording.good,
        "period": short(whole.question.period),
    }
    if wording.latency_ms is not None:
        slo["latency_ms"] = machine(wording.latency_ms)
    if wording.by is not None:
        slo["by"] = wording.by
    return slo


def _answers(one: Analysis, durations: Durations) -> Json:
    return {
        "counts": {"good": one.counts.good, "total": one.counts.total},
        "history": _history(one),
        "windows": [_window(answer) for answer in one.windows],
        "alerts": [rule_json(rule, one) for rule in one.replay.rules],
        "policy": [severity_json(severity, one) for severity in one.detections],
        "spend_by_day": [_day(day) for day in one.spend],
        "forecast": None if isinstance(one.forecast, NoData) else forecast_json(one.forecast),
        "suggested_targets": _targets(one),
        "percentiles_ms": _percentiles(durations),
    }


def _history(one: Analysis) -> Json:
    some = len(one.buckets) > 0
    return {
        "begin": iso(one.buckets.start) if some else None,
        "end": iso(one.buckets.end) if some else None,
        "buckets": len(one.buckets),
        "buckets_with_data": one.buckets.with_data(),
    }


def _window(answer: WindowAnswer) -> Json:
    return {
        "window": str(answer.window),
        "at": iso(answer.at),
        "from": iso(answer.span.begin),
        **budget_json(answer.budget),
    }


def budget_json(budget: Budget) -> Json:
    """The sums of one budget; SLI, met and budget are null where nothing was measured."""
    counts = budget.counts
    sums: Json = {
        "good": counts.good,
        "total": counts.total,
        "sli": machine(counts.sli),
        "met": None if isinstance(budget.met, NoData) else budget.met,
        "budget": None,
    }
    if counts.total:
        sums["budget"] = {
            "allowed": exact(budget.allowed),
            "spent": budget.spent,
            "left": exact(budget.left),
            "remaining": machine(budget.remaining),
        }
    return sums


def rule_json(one: RuleReplay, whole: Analysis) -> Json:
    """One rule, replayed."""
    threshold = one.factor * (1 - whole.question.target)
    return {
        "rule": one.rule.name,
        "severity": one.rule.severity,
        "share": exact(one.rule.share),
        "remaining_below": None if one.rule.remaining_below is None else exact(one.rule.remaining_below),
        "factor": exact(one.factor),
        "threshold": exact(threshold),
        "can_fire": threshold < 1,
        "firing_buckets": one.firing_buckets,
        "first": instant(one.first),
        "episodes": [episode_json(e) for e in one.episodes],
    }


def severity_json(severity: str, whole: Analysis) -> Json:
    """All rules of a severity together: what a person would have been told."""
    episodes = whole.replay.episodes(severity)
    return {
        "severity": severity,
        "firing_buckets": int(whole.replay.firing(severity).sum()),
        "first": instant(episodes[0].first if episodes else None),
        "episodes": [episode_json(e) for e in episodes],
        "detections": [_detection(d, whole) for d in whole.detections[severity]],
    }


def _detection(one: Detection, whole: Analysis) -> Json:
    return {
        "onset": iso(one.onset),
        "detected": iso(one.detected),
        "cleared": iso(one.cleared),
        "seconds_to_detect": one.seconds_to_detect,
        "bad_before_detection": one.spent_before.bad,
        "bad": one.spent.bad,
        "budget_share_before_detection": machine(whole.share_of_budget(one.spent_before.bad)),
        "budget_share": machine(whole.share_of_budget(one.spent.bad)),
    }


def _day(day: DaySpend) -> Json:
    return {
        "day": day.day,
        "from": iso(day.span.begin),
        "to": iso(day.span.end),
        "good": day.counts.good,
        "total": day.counts.total,
        "bad": day.counts.bad,
        "share": machine(day.share),
    }


def _targets(one: Analysis) -> list[Json]:
    history = one.targets
    if isinstance(history, NoData):
        return []
    return [
        {
            "share_of_windows": machine(s.share),
            "target": None if isinstance(s.nice, CannotPromise) else decimal_text(s.nice, 30),
            "exact": exact(s.exact),
            "met_by": s.met_by,
            "windows": history.windows,
            "window": str(history.window),
            "whole_windows": history.whole,
            "reason": s.nice.reason if isinstance(s.nice, CannotPromise) else str(history),
        }
        for s in history.suggestions
    ]


def _percentiles(durations: Durations) -> Json:
    found = {f"p{decimal_text(p)}": nearest_rank(durations, p) for p in USUAL}
    return {name: value for name, value in found.items() if not isinstance(value, NoData)}


def problem_json(problem: Problem) -> Json:
    """A problem as every interface shows it."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "where": str(problem.where),
        "hint": problem.hint,
    }


def episode_json(episode: Episode) -> list[str]:
    """First and last firing instant."""
    return [iso(episode.first), iso(episode.last)]


def instant(value: Instant | None) -> str | None:
    """An instant as text, or nothing."""
    return None if value is None else iso(value)
