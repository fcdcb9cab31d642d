"""One promise worked out over a window that somebody asks for: what every block of its page reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from allowance.core.window import Span, Window
from allowance.reports.analysis_json import Wording
from allowance.reports.analysis_view import View
from allowance.reports.pages.facts import Promise
from allowance.reports.pages.slo_asked import SloAsked, previous_end
from allowance.reports.slots import Slots, slots_of
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
        return slots.drawn(self.promise.zone)

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
    excluded: Sequence[Span] = (),
) -> Detail:
    """A promise that was evaluated at least once, over the window asked for; `excluded` was taken out of its counts."""
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
    slots = slots_of(whole)
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
            slots=slots,
            before=_before(whole, answer, promise) if asked.compare and slots is not None else None,
            excluded=tuple(excluded),
            left=asked.left,
        ),
        history=history,
        epoch=epoch,
        groups=groups or {},
    )


def _before(whole: Analysis, answer: WindowAnswer, promise: Promise) -> Slots | None:
    """The window before this one, of the same history; none where nothing was measured in it."""
    window, history, target = answer.window, whole.buckets, promise.slo.target
    end = previous_end(window, answer.at)
    span = window.at(end)
    span = Span(begin=span.begin - span.begin % history.step, end=end - end % history.step)
    counts = history.between(span.begin, span.end)
    then = WindowAnswer(window=window, at=span.end, span=span, budget=Budget(target=target, counts=counts))
    return slots_of(replace(whole, headline=then, spend=spend_by_day(history, target, span, promise.zone)))


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
        promised=slo.window,
    )


def _span(window: Window, at: Instant, step: int, epoch: Instant | None) -> Span:
    found = window.at(at)
    found = Span(begin=found.begin - found.begin % step, end=found.end)
    return found if epoch is None else clipped(found, epoch, step)


def _evaluated(slo: Slo, history: Buckets, answer: WindowAnswer) -> Evaluation:
    """What the live loop would have said at that instant, of that window."""
    readings = tuple(
        read_rule(history, rule, slo.target, period=period_of(slo), window=slo.window, now=answer.at)
        for rule in slo.rules
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
