"""One promise worked out over a window that somebody asks for: what every block of its page reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from allowance.budget.analysis import Analysis, Question, WindowAnswer, analyse
from allowance.budget.budget import Budget, Windowed
from allowance.budget.burn import read_rule
from allowance.budget.epoch import clipped
from allowance.budget.evaluate import Evaluation, period_of
from allowance.budget.health import health
from allowance.budget.spend import spend_by_day
from allowance.contract.explain import indicator_words
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from allowance.core.window import CalendarWindow, Span, Window
from allowance.reports.analysis_json import Wording
from allowance.reports.analysis_view import View
from allowance.reports.pages.facts import Promise
from allowance.reports.pages.slo_asked import SloAsked
from allowance.reports.slots import slots_of
from allowance.signals.measured import Durations, SourceFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detail:
    """A promise over the window asked for: its evaluation there, its whole history judged, and its groups.

    `history` is what its budget counts; `epoch` from when it does (nothing: from the beginning).
    """

    promise: Promise
    asked: SloAsked
    evaluation: Evaluation
    view: View
    history: Buckets
    epoch: Instant | None = None
    groups: Mapping[str, Windowed] = field(default_factory=dict)

    @property
    def slo(self) -> Slo:
        """The promise as it is written."""
        return self.promise.slo

    @property
    def window(self) -> Window:
        """Over which the budget is shown."""
        return self.asked.window or self.slo.window

    @property
    def whole(self) -> Analysis:
        """Its history judged."""
        return self.view.whole

    @property
    def drawn(self) -> Span:
        """What the axis of its bars spans: whole days, where a bar is a day."""
        slots = self.view.slots
        if slots is None:
            return self.evaluation.span
        begin, end = slots.bars[0].span.begin, slots.bars[-1].span.end
        if slots.each != "day":
            return Span(begin=begin, end=end)
        day = CalendarWindow(unit="day", zone=self.promise.zone)
        return Span(begin=day.whole(begin + 1).begin, end=day.whole(end).end)

    def budget_over(self, span: Span) -> Budget:
        """The budget of any span, no part of it before the epoch."""
        inside = span if self.epoch is None else clipped(span, self.epoch, self.history.step)
        return Budget(target=self.slo.target, counts=self.history.between(inside.begin, inside.end))


def detail(
    promise: Promise,
    history: Buckets,
    asked: SloAsked,
    *,
    groups: Mapping[str, Windowed] | None = None,
    epoch: Instant | None = None,
) -> Detail:
    """A promise that was evaluated at least once, over the window asked for."""
    assert promise.evaluation is not None
    slo, newest = promise.slo, promise.evaluation.at
    end = asked.end if isinstance(asked.end, int) else newest
    window, at = asked.window or slo.window, end - end % history.step
    whole = analyse(history, question_of(slo, history, window, promise, at=at))
    span = _span(window, at, history.step, epoch)
    answer = WindowAnswer(
        window=window,
        at=at,
        span=span,
        budget=Budget(target=slo.target, counts=history.between(span.begin, span.end)),
    )
    whole = replace(
        whole,
        headline=answer,
        windows=(answer,),
        spend=spend_by_day(whole.buckets, slo.target, span, promise.zone),
    )
    own = asked.window is None and at == newest
    return Detail(
        promise=promise,
        asked=asked,
        evaluation=promise.evaluation if own else _evaluated(slo, history, answer),
        view=View(
            facts=SourceFacts(format=promise.known.source),
            wording=Wording(valid="", good=indicator_words(slo.indicator)),
            whole=whole,
            durations=Durations(),
            groups={},
            made_at=newest,
            slots=slots_of(whole),
        ),
        history=history,
        epoch=epoch,
        groups=groups or {},
    )


def question_of(slo: Slo, history: Buckets, window: Window, promise: Promise, *, at: Instant) -> Question:
    """What is asked of the history; a rule that does not fit on the grid of its slices cannot be replayed."""
    rules = tuple(
        one for one in slo.rules if not any(s % history.step for s in (one.long, one.short, one.hold))
    )
    return Question(
        target=slo.target,
        windows=(window,),
        instants=(at,),
        rules=rules,
        period=period_of(slo),
        zone=promise.zone,
    )


def _span(window: Window, at: Instant, step: int, epoch: Instant | None) -> Span:
    found = window.at(at)
    found = Span(begin=found.begin - found.begin % step, end=found.end)
    return found if epoch is None else clipped(found, epoch, step)


def _evaluated(slo: Slo, history: Buckets, answer: WindowAnswer) -> Evaluation:
    """What the live loop would have said at that instant, of that window."""
    readings = tuple(
        read_rule(history, rule, slo.target, period=period_of(slo), now=answer.at) for rule in slo.rules
    )
    loud = any(one.firing and one.rule.severity != "log" for one in readings)
    return Evaluation(
        slo=slo,
        at=answer.at,
        span=answer.span,
        budget=answer.budget,
        readings=readings,
        health=health(answer.budget, loud=loud),
    )
