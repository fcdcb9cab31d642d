"""What a reading has counted and heard so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from allowance.core.buckets import Buckets, Ints
from allowance.core.problem import Problem
from allowance.core.window import Span
from allowance.signals.measured import Measured, SourceFacts
from allowance.signals.prom_answer import Series
from allowance.signals.prom_counts import Gains
from allowance.signals.prom_notes import Heard, Outcome, notes
from allowance.signals.prom_sli import Answers, Plan, Ratio, count
from allowance.signals.prom_state import Owed, PromState
from allowance.signals.promql import Sampled


@dataclass(slots=True, kw_only=True)
class _Sli:
    """One SLI: counts and debts by group, and how many of its evaluations could not be counts."""

    counts: dict[str, tuple[Ints, Ints]] = field(default_factory=dict)
    owed: dict[str, Owed] = field(default_factory=dict)
    dropped: int = 0


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of all SLIs over a span that is read piece by piece."""

    plans: Mapping[str, Plan]
    span: Span
    step: int
    by: str | None
    slis: dict[str, _Sli] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)

    def start(self, state: PromState) -> None:
        """Go on with what the state owes; without `by`, an SLI without any series has empty buckets."""
        for name in self.plans:
            self.slis[name] = _Sli()
            if self.by is None:
                self._room(self.slis[name], "")
        for (name, group), owed in state.owed.items():
            if name in self.slis:
                self.slis[name].owed[group] = owed

    def _room(self, sli: _Sli, group: str) -> tuple[Ints, Ints]:
        if group not in sli.counts:
            size = self.span.seconds // self.step
            sli.counts[group] = (np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
        return sli.counts[group]

    def hear_gains(self, key: str, found: Gains) -> None:
        """The counters of a term were heard."""
        heard = self.heard.setdefault(key, Heard())
        for gain in found.series:
            heard.hear(0, 0, gain.first, gain.last.at, frozenset(name for name, _ in gain.identity))
        heard.samples += found.samples
        heard.falls += found.falls
        self.dropped[key] = self.dropped.get(key, 0) + found.dropped

    def hear_values(self, one: Sampled, series: Sequence[Series]) -> None:
        """The values of an evaluated query were heard."""
        heard = self.heard.setdefault(one.text, Heard())
        for part in series:
            at = part.at[~np.isnan(part.values)]
            if at.size:
                heard.hear(at.size, 0, float(at[0]), float(at[-1]), frozenset(part.labels))

    def count(self, answers: Answers, piece: Span) -> None:
        """Count one piece of the span for every SLI."""
        low = (piece.begin - self.span.begin) // self.step
        for name, one in self.plans.items():
            sli = self.slis[name]
            counted = count(one, answers, sli.owed, piece, self.step, self.by)
            sli.dropped += counted.dropped
            sli.owed.update(counted.owed)
            for group, buckets in counted.groups.items():
                good, total = self._room(sli, group)
                good[low : low + len(buckets)] = buckets.good
                total[low : low + len(buckets)] = buckets.total

    def owed(self) -> dict[tuple[str, str], Owed]:
        """What is still owed, by (SLI name, group)."""
        return {(name, group): owed for name, sli in self.slis.items() for group, owed in sli.owed.items()}

    def measured(self, samples: int, warnings: Sequence[Problem]) -> Measured:
        """Everything that was counted, with the facts and what is worth saying about each SLI."""
        series: dict[tuple[str, str], Buckets] = {}
        remarks = list(warnings)
        for name, sli in self.slis.items():
            groups = {
                group: Buckets(start=self.span.begin, step=self.step, good=good, total=total)
                for group, (good, total) in sli.counts.items()
            }
            series.update({(name, group): buckets for group, buckets in groups.items()})
            if self.span.seconds:
                outcome = self._outcome(name, sli, groups)
                remarks.extend(notes(outcome, self.span, self.step, self.by))
        firsts = [one.first for one in self.heard.values() if one.first is not None]
        lasts = [one.last for one in self.heard.values() if one.last is not None]
        facts = SourceFacts(
            format="prometheus",
            lines=samples,
            malformed=sum(self.dropped.values()) + sum(sli.dropped for sli in self.slis.values()),
            first=int(min(firsts)) if firsts else None,
            last=int(max(lasts)) if lasts else None,
            notes=tuple(remarks),
        )
        return Measured(facts=facts, series=series)

    def _outcome(self, name: str, sli: _Sli, groups: Mapping[str, Buckets]) -> Outcome:
        plan = self.plans[name]
        keys = {term.key for term in plan.terms} if isinstance(plan, Ratio) else set()
        return Outcome(
            name=name,
            plan=plan,
            heard=self.heard,
            groups=groups,
            owed=sli.owed,
            dropped=sli.dropped + sum(self.dropped.get(key, 0) for key in keys),
        )
