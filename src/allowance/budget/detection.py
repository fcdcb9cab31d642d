"""How fast a rule notices and forgets an outage of even traffic, in closed form and from a replay."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from allowance.budget.replay import Episode, Replay, RuleReplay
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets
from allowance.core.counts import Counts
from allowance.core.time import Instant
from allowance.core.window import Span


@dataclass(frozen=True, slots=True)
class Never:
    """It does not happen, however long one waits."""

    def __str__(self) -> str:
        return "never"


NEVER = Never()


def detection_seconds(
    rule: BurnRule, target: Fraction, *, period: int, error_ratio: Fraction
) -> Fraction | Never:
    """Seconds from the start of constant errors, out of a clean history, until the rule fires.

    max(long, short) x threshold / error_ratio while the ratio exceeds the threshold, plus the hold; a rule that asks
    what is left of the budget waits for that as well, from a full one on.
    """
    threshold, spent = rule.factor(period) * (1 - target), rule.spent_line(target)
    if error_ratio <= max(threshold, spent or threshold):
        return NEVER
    until_low = Fraction(0) if spent is None else period * spent / error_ratio
    return max(rule.long * threshold / error_ratio, until_low) + rule.hold


def reset_seconds(
    rule: BurnRule, target: Fraction, *, period: int, error_ratio: Fraction
) -> Fraction | Never:
    """Seconds from the end of an outage that made the rule fire until it is calm: its short window decides."""
    threshold = rule.factor(period) * (1 - target)
    if error_ratio <= threshold:
        return NEVER
    return rule.short * (1 - threshold / error_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How one episode of firing came about and what it had cost by then.

    `onset` is where its errors began, `detected` the first firing instant, `cleared` the instant after the last
    one. `spent_before` counts from onset to detection, `spent` from onset to the last firing instant.
    """

    onset: Instant
    detected: Instant
    cleared: Instant
    spent_before: Counts
    spent: Counts

    @property
    def seconds_to_detect(self) -> int:
        """From the first bad bucket to the first firing instant."""
        return self.detected - self.onset


def detections(buckets: Buckets, replayed: RuleReplay) -> tuple[Detection, ...]:
    """One `Detection` per episode of a rule."""
    return tuple(
        _detection(buckets, episode, replayed.rule.long, replayed.rule.short, replayed.step)
        for episode in replayed.episodes
    )


def policy_detections(buckets: Buckets, replayed: Replay, severity: str) -> tuple[Detection, ...]:
    """One `Detection` per episode in which any rule of a severity fired."""
    rules = [one.rule for one in replayed.rules if one.rule.severity == severity]
    if not rules:
        return ()
    long, gap = max(rule.long for rule in rules), max(rule.short for rule in rules)
    return tuple(
        _detection(buckets, episode, long, gap, replayed.step) for episode in replayed.episodes(severity)
    )


def _detection(buckets: Buckets, episode: Episode, reach: int, gap: int, step: int) -> Detection:
    onset = began(buckets, episode.first, reach=reach, gap=gap)
    return Detection(
        onset=onset,
        detected=episode.first,
        cleared=episode.last + step,
        spent_before=buckets.between(onset, episode.first),
        spent=buckets.between(onset, episode.last),
    )


def began(buckets: Buckets, detected: Instant, *, reach: int, gap: int) -> Instant:
    """Where the errors began that were found at `detected`, an edge.

    Back from detection along bad buckets that are at most `gap` seconds apart, at most `reach` seconds.
    """
    low = max(buckets.start, detected - reach)
    begin, end = (low - buckets.start) // buckets.step, (detected - buckets.start) // buckets.step
    bad = buckets.total[begin:end] > buckets.good[begin:end]
    places = [begin + int(i) for i in bad.nonzero()[0]]
    if not places:
        return detected
    first = places[-1]
    for place in reversed(places):
        if (first - place) * buckets.step > gap:
            break
        first = place
    return buckets.start + first * buckets.step


def incident_detection(replayed: RuleReplay, incident: Span) -> tuple[int | Never, int | Never]:
    """For a known incident: seconds from its begin to the first firing instant, and from its end until calm.

    Firing later than one long window after its end is not taken for a detection of it.
    """
    instants = replayed.start + replayed.step * np.arange(len(replayed.firing))
    inside = (instants > incident.begin) & (instants <= incident.end + replayed.rule.long)
    hits = instants[replayed.firing & inside]
    if not hits.size:
        return NEVER, NEVER
    detected = int(hits[0])
    calm = instants[~replayed.firing & (instants > max(incident.end, detected))]
    reset = int(calm[0]) - incident.end if calm.size else NEVER
    return detected - incident.begin, reset
