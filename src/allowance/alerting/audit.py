"""How good an alert was: what it found, what it missed, how late, and how often it cried for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.replay import Episode
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.core.window import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A measured value at an instant."""

    at: Instant
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """An alarm on single values: strictly above `above` or strictly below `below`."""

    above: float | None = None
    below: float | None = None

    def alarms(self, value: float) -> bool:
        """Whether a value is outside."""
        too_high = self.above is not None and value > self.above
        return too_high or (self.below is not None and value < self.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An alert beside what really happened.

    `delays` holds one entry per incident in order: seconds from its start to its first alarm, or `NO_DATA` where
    it was missed. An episode is true where it touches an incident.
    """

    alarms: int
    episodes: tuple[Episode, ...]
    true_episodes: int
    delays: tuple[int | NoData, ...]

    @property
    def incidents(self) -> int:
        """How many there were to find."""
        return len(self.delays)

    @property
    def found(self) -> int:
        """How many of them had an alarm."""
        return sum(delay != NO_DATA for delay in self.delays)

    @property
    def recall(self) -> Fraction | NoData:
        """found / incidents."""
        return Fraction(self.found, self.incidents) if self.incidents else NO_DATA

    @property
    def precision(self) -> Fraction | NoData:
        """true episodes / episodes."""
        return Fraction(self.true_episodes, len(self.episodes)) if self.episodes else NO_DATA

    @property
    def mean_delay(self) -> Fraction | NoData:
        """Mean seconds from start to alarm, over what was found."""
        known = [delay for delay in self.delays if not isinstance(delay, NoData)]
        return Fraction(sum(known), len(known)) if known else NO_DATA


def prepare(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """In order of time; several samples of one instant become their largest value."""
    largest: dict[Instant, float] = {}
    for sample in samples:
        largest[sample.at] = max(sample.value, largest.get(sample.at, sample.value))
    return tuple(Sample(at=at, value=largest[at]) for at in sorted(largest))


def merge(instants: Sequence[Instant], gap: int) -> tuple[Episode, ...]:
    """Ascending instants at most `gap` seconds apart belong to one episode."""
    episodes: list[Episode] = []
    for at in instants:
        if episodes and at - episodes[-1].last <= gap:
            episodes[-1] = Episode(first=episodes[-1].first, last=at)
        else:
            episodes.append(Episode(first=at, last=at))
    return tuple(episodes)


def audit_threshold(
    samples: Sequence[Sample], threshold: Threshold, incidents: Sequence[Episode], *, gap: int
) -> Audit:
    """A threshold on values against labelled spans (both ends included); `samples` as `prepare` gives them."""
    alarms = [sample.at for sample in samples if threshold.alarms(sample.value)]
    episodes = merge(alarms, gap)
    return Audit(
        alarms=len(alarms),
        episodes=episodes,
        true_episodes=sum(
            any(e.first <= one.last and one.first <= e.last for one in incidents) for e in episodes
        ),
        delays=tuple(_delay(alarms, one.first, one.last) for one in incidents),
    )


def audit_firing(
    firing: Sequence[Instant], starts: Sequence[Instant], *, step: int, horizon: int, near: int
) -> Audit:
    """A rule's firing instants (ascending, every `step` seconds) against the starts of known incidents.

    An incident is found by a firing instant after its start and at most `horizon` seconds later; an episode is
    true where it fires at most `near` seconds after the start of some incident.
    """
    episodes = merge(firing, step)
    spans = [Span(begin=start, end=start + near) for start in starts]

    def is_true(episode: Episode) -> bool:
        inside = [at for at in firing if episode.first <= at <= episode.last]
        return any(span.begin < at <= span.end for at in inside for span in spans)

    return Audit(
        alarms=len(firing),
        episodes=episodes,
        true_episodes=sum(map(is_true, episodes)),
        delays=tuple(_delay(firing, start + 1, start + horizon, since=start) for start in starts),
    )


def _delay(
    alarms: Sequence[Instant], first: Instant, last: Instant, since: Instant | None = None
) -> int | NoData:
    hit = next((at for at in alarms if first <= at <= last), None)
    return NO_DATA if hit is None else hit - (first if since is None else since)
