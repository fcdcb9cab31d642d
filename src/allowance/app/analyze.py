"""From what a source measured to the answers: the whole, and each group by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.budget.analysis import Analysis, Question, analyse
from allowance.core.buckets import add
from allowance.signals.corrections import Correction, corrected
from allowance.signals.measured import Durations, Measured, SourceFacts
from allowance.signals.percentiles import merged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """The analysis of one SLI: the whole, its durations, and the same per group where it is grouped."""

    facts: SourceFacts
    whole: Analysis
    durations: Durations
    groups: dict[str, tuple[Analysis, Durations]]


def answer(
    measured: Measured,
    sli: str,
    question: Question,
    *,
    step: int,
    grouped: bool,
    corrections: Sequence[Correction] = (),
) -> Answer:
    """Judge one SLI of what was measured, after its corrections."""
    series = {
        group: corrected(buckets, corrections)
        for (name, group), buckets in measured.series.items()
        if name == sli
    }
    times = {group: found for (name, group), found in measured.durations.items() if name == sli}
    groups = {
        group: (analyse(buckets, question), times.get(group, Durations()))
        for group, buckets in (sorted(series.items()) if grouped else ())
    }
    return Answer(
        facts=measured.facts,
        whole=analyse(add(series.values(), step), question),
        durations=merged(times.values()),
        groups=groups,
    )
