"""A whole history judged: budgets, spend per day, alerts that would have been sent, and what to expect."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from allowance.budget.budget import Budget, budget_at
from allowance.budget.detection import Detection, policy_detections
from allowance.budget.findings import findings
from allowance.budget.forecast import Forecast, forecast
from allowance.budget.replay import Replay, replay
from allowance.budget.spend import DaySpend, spend_by_day
from allowance.budget.targets import (
    TargetFit,
    TargetHistory,
    suggested_targets,
    target_fit,
    traffic_for,
)
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.duration import short
from allowance.core.problem import Problem, refuse
from allowance.core.time import Instant, iso
from allowance.core.window import Span, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask of a history. Without `instants` the question is asked at the end of the data.

    `promised`: the window of the SLO, where others are asked for.
    """

    target: Fraction
    windows: tuple[Window, ...]
    instants: tuple[Instant, ...]
    rules: tuple[BurnRule, ...]
    period: int
    zone: ZoneInfo
    promised: Window | None = None

    @property
    def budget_window(self) -> Window:
        """The window whose rest alert rules may ask for: the promised one, else the first that is asked for."""
        return self.promised or self.windows[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAnswer:
    """The budget of one window at one instant."""

    window: Window
    at: Instant
    span: Span
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """Everything that is known about one history; the budget answers stand windows x instants.

    `headline` is the first window at the last instant (none where nothing was measured and no instant asked
    for); spend per day, forecast and targets speak of it.
    """

    question: Question
    buckets: Buckets
    counts: Counts
    windows: tuple[WindowAnswer, ...]
    headline: WindowAnswer | None
    spend: tuple[DaySpend, ...]
    replay: Replay
    detections: dict[str, tuple[Detection, ...]]
    targets: TargetHistory | NoData
    fit: TargetFit
    forecast: Forecast | NoData
    findings: tuple[Problem, ...]

    def share_of_budget(self, bad: int) -> Fraction | NoData:
        """What part of the headline window's budget so many bad events are."""
        allowed = self.headline.budget.allowed if self.headline else Fraction(0)
        return bad / allowed if allowed else NO_DATA


def analyse(buckets: Buckets, question: Question) -> Analysis:
    """Ask the question of a history. Errors: `Problem` `edge` where an instant is not on a bucket edge."""
    history = buckets.trimmed()
    instants = question.instants or ((history.end,) if len(history) else ())
    _check_edges(instants, history.step)
    windows = tuple(
        WindowAnswer(
            window=window,
            at=at,
            span=window.at(at),
            budget=budget_at(history, question.target, window, now=at),
        )
        for window in question.windows
        for at in instants
    )
    now = max(instants, default=history.end)
    headline = next((a for a in windows if a.at == now), None)
    first, target = question.windows[0], question.target
    fit = target_fit(history, target, first, now=now)
    traffic = traffic_for(history, target, first, now=now)
    played = replay(history, question.rules, target, period=question.period, window=question.budget_window)
    severities = dict.fromkeys(rule.severity for rule in question.rules)
    return Analysis(
        question=question,
        buckets=history,
        counts=history.all(),
        windows=windows,
        headline=headline,
        spend=spend_by_day(history, target, headline.span, question.zone) if headline else (),
        replay=played,
        detections={s: policy_detections(history, played, s) for s in severities},
        targets=suggested_targets(history, first, now=now),
        fit=fit,
        forecast=forecast(history, target, first, now=now, zone=question.zone) if headline else NO_DATA,
        findings=findings(target, question.rules, question.period, fit, traffic),
    )


def _check_edges(instants: tuple[Instant, ...], step: int) -> None:
    for at in instants:
        if at % step:
            raise refuse(
                "edge",
                f"{iso(at)} lies inside a bucket of {short(step)}",
                hint="ask at a whole number of steps, or choose a smaller step",
            )
