"""What if: another target, window or set of alert rules over the same history, beside what is promised today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from allowance.budget.analysis import Analysis, Question, WindowAnswer, analyse
from allowance.budget.budget import Budget
from allowance.contract.amounts import parse_share
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Occurrences, Slo
from allowance.contract.presets import PRESETS, preset
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.problem import ProblemError, refuse
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Span, parse_window
from allowance.governance.expressions import expressions
from allowance.governance.history import Past, Played, play
from allowance.reports import numbers, tabular
from allowance.reports.health import WORDS, health_of
from allowance.reports.pages.facts import Promise
from allowance.reports.pages.rows import left
from allowance.reports.pages.slo_asked import LONGEST, window_text
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.view import Num

TARGET, WINDOW, ALERTS = "if_target", "if_window", "if_alerts"
AS_NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Another promise to try; what is empty stays as it is."""

    target: str = ""
    window: str = ""
    alerts: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything is to be tried."""
        return bool(self.target or self.window or self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One number as it is today, and as it would be."""

    what: str
    now: Num
    then: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The form, and what it comes to: no rows where nothing was asked or it cannot be answered (`problem` says why).

    `over` is the history that was replayed, in words.
    """

    target: str
    window: str
    alerts: str
    choices: tuple[str, ...]
    problem: str
    over: str
    rows: tuple[Beside, ...]


def changed(query: Mapping[str, str]) -> Changed:
    """What the address asks to try."""
    alerts = query.get(ALERTS, "")[:LONGEST].strip()
    return Changed(
        target=query.get(TARGET, "")[:LONGEST].strip(),
        window=query.get(WINDOW, "")[:LONGEST].strip(),
        alerts="" if alerts == AS_NOW else alerts,
    )


def what_if(found: Detail, asked: Changed, policy: ErrorBudgetPolicy) -> WhatIf:
    """Both promises replayed over the whole history that is kept, by the functions of the live loop."""
    slo = found.slo
    problem, rows = "", tuple[Beside, ...]()
    if asked.asks:
        try:
            rows = _beside(found, _tried(slo, asked), policy)
        except ProblemError as error:
            first = error.problems[0]
            problem = f"{first.message}{f'; {first.hint}' if first.hint else ''}"
    history = found.whole.buckets
    return WhatIf(
        target=asked.target or tabular.target_percent(slo.target).replace(tabular.NBSP, " "),
        window=asked.window or window_text(slo.window),
        alerts=asked.alerts or AS_NOW,
        choices=(AS_NOW, *PRESETS),
        problem=problem,
        over=tabular.span(history.end - history.start) if len(history) else "",
        rows=rows,
    )


def _tried(slo: Slo, asked: Changed) -> Slo:
    target = _target(asked.target) if asked.target else slo.target
    window = parse_window(asked.window) if asked.window else slo.window
    if isinstance(window, RollingWindow) and not 0 < window.seconds <= 366 * DAY:
        raise refuse("window", f"{asked.window} is no window for a promise", hint="write 28d, 30d or quarter")
    if asked.alerts and asked.alerts not in PRESETS:
        raise refuse(
            "alerts",
            f"there is no alert preset {asked.alerts!r}",
            hint=f"there are {', '.join(PRESETS)}",
        )
    tried = replace(slo, target=target, window=window)
    rules = preset(asked.alerts, tried.period) if asked.alerts else slo.rules
    return replace(tried, rules=rules)


def _target(text: str) -> Fraction:
    """`99.5`, `99.5 %` or `0.995`: nobody promises less than 1 %."""
    bare = text.replace(" ", "").replace(tabular.NBSP, "")
    percent = bare.endswith("%") or not bare.startswith(("0", "."))
    share = parse_share(bare if not percent or bare.endswith("%") or "/" in bare else f"{bare}%")
    if not 0 < share < 1:
        raise refuse("target", f"{text} is no target", hint="a target is above 0 % and below 100 %")
    return share


def _beside(found: Detail, tried: Slo, policy: ErrorBudgetPolicy) -> tuple[Beside, ...]:
    history, at = found.history, found.evaluation.at
    past = history.trimmed()
    today, other = (_judged(one, past, found, at) for one in (found.slo, tried))
    frozen = [_frozen(found.promise, one, past, policy) for one in (found.slo, tried)]
    slos, judged = (found.slo, tried), (today, other)
    return (
        _row("target", (_text(tabular.target_percent(one.target), one.target) for one in slos)),
        _row("window", (_text(tabular.window(one.window), NO_DATA) for one in slos)),
        _row("state at the end", (_text(WORDS[health_of(one)], NO_DATA) for one in judged)),
        _row("failures allowed", (_allowed(one) for one in judged)),
        _row("budget left", (_left(one) for one in judged)),
        _row("pages", (_sent(one, "page") for one in judged)),
        _row("tickets", (_sent(one, "ticket") for one in judged)),
        _row(f"frozen by the policy {policy.name}", frozen),
    )


def _row(what: str, pair: Iterable[Num]) -> Beside:
    now, then = pair
    return Beside(what=what, now=now, then=then)


def _judged(slo: Slo, past: Buckets, found: Detail, at: Instant) -> Analysis:
    question = Question(
        target=slo.target,
        windows=(slo.window,),
        instants=(at,),
        rules=slo.rules,
        period=slo.period,
        zone=found.promise.zone,
    )
    span = slo.window.at(at)
    counts = found.budget_over(Span(begin=span.begin - span.begin % past.step, end=span.end)).counts
    answer = WindowAnswer(
        window=slo.window, at=at, span=span, budget=Budget(target=slo.target, counts=counts)
    )
    return replace(analyse(past, question), headline=answer)


def _frozen(promise: Promise, slo: Slo, past: Buckets, policy: ErrorBudgetPolicy) -> Num:
    """For how long the policy would have kept this promise's service frozen; what is counted already stays as it is."""
    if expressions(policy):
        return Num(text="not replayed: the policy has expressions", value=NO_DATA)
    alone = replace(slo, method=Occurrences())
    service = replace(promise.service, slos=(alone,))
    played: Played = play(Past(service=service, policy=policy, histories={slo.id: past}))
    days = Fraction(played.frozen_seconds, DAY)
    many = f", {tabular.plural(len(played.freezes), 'freeze')}" if played.freezes else ""
    return Num(text=f"{tabular.span(played.frozen_seconds)}{many}" if days else "never", value=days)


def _text(text: str, value: Fraction | NoData) -> Num:
    return Num(text=text, value=value)


def _allowed(one: Analysis) -> Num:
    assert one.headline is not None
    allowed = one.headline.budget.allowed
    return Num(text=tabular.amount(allowed), value=allowed)


def _left(one: Analysis) -> Num:
    assert one.headline is not None
    return left(one.headline.budget.remaining)


def _sent(one: Analysis, severity: str) -> Num:
    count = len(one.detections.get(severity, ()))
    return Num(text=numbers.whole(count), value=count)
