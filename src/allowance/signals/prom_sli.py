"""Indicators over PromQL: what each asks for, and the counts that follow from the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from allowance.contract.indicator import Comparison, PromGauge, PromHistogram, PromRatio, PromShare
from allowance.core.buckets import Buckets
from allowance.core.problem import NOWHERE, Where, refuse
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats, Series
from allowance.signals.prom_counts import Gains, Part, settle, sums, witnesses
from allowance.signals.prom_samples import evaluated, judged, shared
from allowance.signals.prom_state import NOTHING_OWED, Identity, Last, Owed
from allowance.signals.promql import Counters, Evaluated, Expression, Sampled, Term, read_counts, read_gauge

PromIndicator: TypeAlias = PromRatio | PromHistogram | PromGauge | PromShare


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Two counts; `part` is what `part_is` says, good or bad."""

    total: Expression
    part: Expression
    part_is: Part

    @property
    def terms(self) -> tuple[Term, ...]:
        """All counters of both."""
        return (*_terms(self.total), *_terms(self.part))

    @property
    def constrained(self) -> frozenset[str]:
        """The labels on which any of its queries puts a condition."""
        return frozenset().union(*(term.selector.constrained for term in self.terms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """Samples held against a bound."""

    sampled: Sampled
    op: Comparison
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Samples that are shares of good or bad events."""

    sampled: Sampled
    of: Part


Plan: TypeAlias = Ratio | Gauge | Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was fetched for one span: increments by the key of a term, values by their query."""

    gains: Mapping[str, Gains]
    known: Mapping[str, Mapping[Identity, Last]]
    values: Mapping[Sampled, Sequence[Series]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Counts of one SLI in one span by group, what is still owed to each, and how many evaluations were unusable."""

    groups: Mapping[str, Buckets]
    owed: Mapping[str, Owed]
    dropped: int = 0


@lru_cache(maxsize=65_536)
def plan(indicator: PromRatio | PromGauge | PromShare, *, step: int, where: Where = NOWHERE) -> Plan:
    """What an indicator asks for. Errors: `Problem` `promql`, `promql-counts`."""
    if isinstance(indicator, PromGauge):
        return Gauge(
            sampled=read_gauge(indicator.query, step=step, where=where),
            op=indicator.op,
            bound=float(indicator.bound),
        )
    if isinstance(indicator, PromShare):
        return Share(sampled=read_gauge(indicator.query, step=step, where=where), of=indicator.of)
    part = indicator.good if indicator.good is not None else indicator.bad
    if part is None or (indicator.good is not None and indicator.bad is not None):
        raise refuse(
            "promql-counts",
            "an SLI needs total, and either good or bad",
            where=where,
            hint="give one of them",
        )
    part_is: Part = "good" if indicator.good is not None else "bad"
    return Ratio(
        total=read_counts(indicator.total, step=step, where=_inside(where, "total")),
        part=read_counts(part, step=step, where=_inside(where, part_is)),
        part_is=part_is,
    )


def _inside(where: Where, name: str) -> Where:
    return Where(
        file=where.file,
        line=where.line,
        column=where.column,
        path=f"{where.path}.{name}" if where.path else name,
    )


def queries(plan: Plan) -> Iterator[Sampled]:
    """The queries of a plan that the server evaluates."""
    if isinstance(plan, Ratio):
        yield from (sampled_of(one) for one in (plan.total, plan.part) if isinstance(one, Evaluated))
    else:
        yield plan.sampled


def sampled_of(one: Evaluated) -> Sampled:
    """When a query that gives counts is evaluated."""
    return Sampled(text=one.text, at_end=not one.by_sample)


def count(
    plan: Plan, answers: Answers, owed: Mapping[str, Owed], span: Span, step: int, by: str | None
) -> Counted:
    """The counts of one SLI in one span, by the values of the label `by` (`""` without)."""
    if isinstance(plan, Ratio):
        return _ratio(plan, answers, owed, span, step, by)
    series = answers.values[plan.sampled]
    if isinstance(plan, Gauge):
        return Counted(groups=judged(series, plan.op, plan.bound, span, step, by), owed={})
    groups, dropped = shared(series, plan.of, span, step, by)
    return Counted(groups=groups, owed={}, dropped=dropped)


def _ratio(
    plan: Ratio, answers: Answers, owed: Mapping[str, Owed], span: Span, step: int, by: str | None
) -> Counted:
    size = (span.end - span.begin) // step
    total_terms = _terms(plan.total) or _terms(plan.part)
    seen = witnesses(((answers.gains[t.key], answers.known[t.key]) for t in total_terms), plan.constrained)
    dropped = 0

    def events(one: Expression) -> dict[str, Floats]:
        nonlocal dropped
        if isinstance(one, Counters):
            found = [(term.sign, answers.gains[term.key]) for term in one.terms]
            return sums(found, seen, size, by)
        groups, wrong = evaluated(answers.values[sampled_of(one)], one.scale, span, step, by)
        dropped += wrong
        return groups

    total, part = events(plan.total), events(plan.part)
    groups: dict[str, Buckets] = {}
    left: dict[str, Owed] = {}
    nothing = np.zeros(size)
    for group in sorted(total.keys() | part.keys() | owed.keys()):
        good, all_events, left[group] = settle(
            total.get(group, nothing), part.get(group, nothing), plan.part_is, owed.get(group, NOTHING_OWED)
        )
        groups[group] = Buckets(start=span.begin, step=step, good=good, total=all_events)
    return Counted(groups=groups, owed=left, dropped=dropped)


def _terms(one: Expression) -> tuple[Term, ...]:
    return one.terms if isinstance(one, Counters) else ()
