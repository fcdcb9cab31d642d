"""What one batch adds up to, while it is counted: gains, refusals, groups that were folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from allowance.core.buckets import Buckets, from_rows
from allowance.core.duration import HOUR, MINUTE, short
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_memory import Known
from allowance.signals.otlp_points import About, Nanos
from allowance.signals.otlp_sli import Said
from allowance.signals.sketch import Sketch

SECOND: Nanos = 1_000_000_000
OTHER = "(other)"
"""The group that takes what is beyond an SLI's limit of groups."""

_MOST_SAMPLES = 20
_LONGEST_GROUP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is let in. Seconds: `lateness` back from now, `skew` ahead of it; `groups` of one SLI; `streams` in all."""

    step: int = 60
    lateness: int = HOUR
    skew: int = 5 * MINUTE
    groups: int = 100
    streams: int = 200_000


class Latencies(NamedTuple):
    """What a point of a histogram adds to what requests took, up to an instant."""

    about: About
    at: Instant
    sketch: Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a batch adds: `rows` by (SLI name, group) and start of bucket, each good and total.

    They may lie in buckets that were closed before.

    `accepted` and `rejected` are items of the request, `reasons` say why and how many. `duplicates` and `unused`
    ones (which no SLI counts) are accepted and add nothing. `revised` events went into buckets before the closed
    edge. `folded` names, by SLI, some groups that went into `(other)`. `problems` are SLIs, by name, that could not
    read what came. `latencies` are those of histograms of requests.
    """

    rows: Mapping[tuple[str, str], Mapping[Instant, tuple[int, int]]]
    step: int
    accepted: int
    rejected: int
    reasons: Mapping[str, int]
    duplicates: int
    unused: int
    baselines: int
    revised: int
    folded: Mapping[str, tuple[str, ...]]
    problems: Mapping[str, Problem]
    learned: Learned
    latencies: Sequence[Latencies] = ()

    @property
    def gains(self) -> dict[tuple[str, str], Buckets]:
        """The rows as buckets."""
        return {
            key: from_rows(((at, *counts) for at, counts in rows.items()), self.step)
            for key, rows in self.rows.items()
        }

    def message(self) -> str:
        """Why items were rejected, in one sentence; empty where none were."""
        return "; ".join(f"{count} rejected: {reason}" for reason, count in sorted(self.reasons.items()))


@dataclass(kw_only=True, slots=True)
class Groups:
    """The groups of one SLI: those with counts of their own, and those that were folded."""

    known: frozenset[str]
    new: dict[str, None] = field(default_factory=dict)
    folded: dict[str, None] = field(default_factory=dict)

    def place(self, group: str, most: int) -> str:
        """The group under which an event is counted."""
        group = group[:_LONGEST_GROUP]
        if group in self.known or group in self.new or group == "":
            return group
        if len(self.known) + len(self.new) < most:
            self.new[group] = None
            return group
        if len(self.folded) < _MOST_SAMPLES:
            self.folded[group] = None
        return OTHER


class Tally:
    """Adds up one batch. Instants in `[first, last)`, nanoseconds, are let in."""

    def __init__(self, limits: Limits, memory: Known, *, now: Instant, closed: Instant | None) -> None:
        self.limits, self._memory = limits, memory
        self.step: Nanos = limits.step * SECOND
        self.first: Nanos = max(now - limits.lateness, 0) * SECOND // self.step * self.step
        self.last: Nanos = (now + limits.skew) * SECOND
        self._closed = None if closed is None else closed * SECOND // self.step
        self.reasons: dict[str, int] = {}
        self.duplicates = self.unused = self.baselines = self.revised = 0
        self.ids: list[bytes] = []
        self.points = Learned()
        """What points of metrics add to what is remembered."""
        self.problems: dict[str, Problem] = {}
        self.latencies: list[Latencies] = []
        self._groups: dict[str, Groups] = {}
        self._cells: dict[int, dict[tuple[str, str, bool], int]] = {}

    def refuse(self, reason: str, count: int = 1) -> None:
        """Items that are not counted, and why."""
        self.reasons[reason] = self.reasons.get(reason, 0) + count

    def nothing(self, why: str) -> None:
        """A point of a metric that adds nothing: sent again, the first of an old stream, or refused."""
        if why == "duplicate":
            self.duplicates += 1
        elif why == "baseline":
            self.baselines += 1
        else:
            self.refuse(why)

    def outside(self, at: Nanos) -> None:
        """An item whose instant is not let in."""
        if at < self.first:
            self.refuse(f"too late, by more than {short(self.limits.lateness)}")
        else:
            self.refuse(f"more than {short(self.limits.skew)} in the future; check the sender's clock")

    def said(self, said: tuple[Said, ...], bucket: int, count: int) -> None:
        """So many events of which the SLIs say the same."""
        cells = self._cells.setdefault(bucket, {})
        for one in said:
            cells[one] = cells.get(one, 0) + count
        self.revision(bucket, count)

    def revision(self, bucket: int, count: int) -> None:
        """Remember events that change what has been evaluated already."""
        if self._closed is not None and bucket < self._closed:
            self.revised += count

    def add(self, sli: str, group: str, bucket: int, good: int, total: int) -> None:
        """Events of one SLI in a bucket, by its number since 1970."""
        cells = self._cells.setdefault(bucket, {})
        if good:
            cells[sli, group, True] = cells.get((sli, group, True), 0) + good
        if total > good:
            cells[sli, group, False] = cells.get((sli, group, False), 0) + total - good

    def _rows(self) -> dict[tuple[str, str], dict[Instant, tuple[int, int]]]:
        rows: dict[tuple[str, str], dict[Instant, tuple[int, int]]] = {}
        for bucket, cells in self._cells.items():
            at = bucket * self.limits.step
            for (sli, group, is_good), count in cells.items():
                groups = self._groups.get(sli)
                if groups is None:
                    groups = self._groups[sli] = Groups(known=self._memory.groups(sli))
                placed = rows.setdefault((sli, groups.place(group, self.limits.groups)), {})
                good, total = placed.get(at, (0, 0))
                placed[at] = (good + count if is_good else good, total + count)
        return rows

    def counted(self, items: int) -> Counted:
        """What the batch adds."""
        rejected = sum(self.reasons.values())
        rows = self._rows()
        return Counted(
            rows=rows,
            step=self.limits.step,
            accepted=items - rejected,
            rejected=rejected,
            reasons=self.reasons,
            duplicates=self.duplicates,
            unused=self.unused,
            baselines=self.baselines,
            revised=self.revised,
            folded={sli: tuple(groups.folded) for sli, groups in self._groups.items() if groups.folded},
            problems=self.problems,
            latencies=self.latencies,
            learned=Learned(
                ids=(*self.ids, *self.points.ids),
                streams=self.points.streams,
                sheets=self.points.sheets,
                groups=tuple((sli, group) for sli, groups in self._groups.items() for group in groups.new),
            ),
        )
