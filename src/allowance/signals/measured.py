"""What every source answers: facts about what was read, and counts per SLI and group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from allowance.core.buckets import Buckets
from allowance.core.problem import Problem
from allowance.core.time import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What a source is and how well it could be read.

    `format` is the recognised format, `lines` everything read (records for sources without lines),
    `malformed` those that could not be understood, `samples` some of them with where and why, `first` and
    `last` the earliest and latest event (whole seconds, rounded down), `notes` what a careful reader would say.
    """

    format: str
    lines: int = 0
    malformed: int = 0
    samples: tuple[Problem, ...] = ()
    first: Instant | None = None
    last: Instant | None = None
    notes: tuple[Problem, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Measured durations of valid events: `values_ms` ascending (milliseconds), `counts` how often each."""

    values_ms: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts by (SLI name, group); the group is `""` where nothing is grouped."""

    facts: SourceFacts
    series: Mapping[tuple[str, str], Buckets]
    durations: Mapping[tuple[str, str], Durations] = field(default_factory=dict)
