"""How a trouble began: suddenly or slowly, and after which deploy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.alerting.phrases import about, when
from allowance.alerting.word import DEPLOYED
from allowance.budget.budget import Windowed
from allowance.budget.onset import Onset, onset
from allowance.changes.deploys import Deploy
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import HOUR, MINUTE
from allowance.core.ratio import percent_text
from allowance.core.time import Instant

LOOK_BACK = 3 * HOUR
BEFORE, AFTER = HOUR, 5 * MINUTE
"""A deploy is suspect from an hour before the trouble began until a little after: what is measured lags behind."""

FEW = 10
"""With fewer failures nothing can be said about how they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The one step upwards that explains the last hours, if there is one, and the deploy that stands beside it.

    `bad`: how much failed in those hours.
    """

    step: Onset | NoData
    bad: int
    suspect: Deploy | NoData = NO_DATA


def begun(counted: Windowed, deploys: Sequence[Deploy], *, at: Instant) -> Beginning:
    """Look back from an instant; `deploys` are those of the service."""
    end = at - at % counted.step
    begin = end - LOOK_BACK // counted.step * counted.step
    step, bad = onset(counted, begin=begin, end=end), counted.between(begin, end).bad
    if isinstance(step, NoData):
        return Beginning(step=step, bad=bad)
    near = [one for one in deploys if -AFTER <= step.at - one.at <= BEFORE]
    return Beginning(step=step, bad=bad, suspect=max(near, key=lambda one: one.at) if near else NO_DATA)


def sudden_words(found: Beginning) -> str:
    """Whether it came at once, and when; or that it did not, or that nobody can tell."""
    step = found.step
    if isinstance(step, NoData):
        if found.bad < FEW:
            return "Too little has failed to say whether it came suddenly."
        return f"Slow: no single step explains the last {about(LOOK_BACK)}."
    before, after = (Fraction(one.bad, one.total) for one in (step.before, step.after))
    return f"Sudden: one step at {when(step.at)}, from {percent_text(before, 2)} to {percent_text(after, 2)} failing."


def suspect_words(found: Beginning) -> str:
    """The deploy that went before it, and by how much; `""` where none is known."""
    one, step = found.suspect, found.step
    if isinstance(one, NoData) or isinstance(step, NoData):
        return ""
    gap = step.at - one.at
    place = f"{about(gap)} before it" if gap >= MINUTE else "at the same time"
    return f"Suspect: {one.name} {DEPLOYED[one.state]} at {when(one.at)}, {place}."
