"""What must be remembered of telemetry so that nothing is counted twice: ids that came, and where counters stand."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Protocol

from allowance.core.duration import DAY
from allowance.core.time import Instant
from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_points import Nanos
from allowance.signals.otlp_streams import Last, ProcessKey, Sheet, StreamKey, Streams

_SECOND = 1_000_000_000


class Known(Protocol):
    """What counting asks of a memory."""

    def __contains__(self, one: object) -> bool: ...

    @property
    def ids(self) -> tuple[Set[bytes], ...]:
        """The ids that came, in parts: look into all of them, and change none."""

    def knows_none(self, ids: set[bytes]) -> bool:
        """Whether all of these ids are new."""

    def last(self, stream: StreamKey, process: ProcessKey) -> Last | None:
        """Where a cumulative stream of a process stands."""

    def sheet(self, process: ProcessKey) -> Sheet | None:
        """Streams of a process that came together."""

    def heard(self, process: ProcessKey) -> Nanos:
        """When a process last sent anything of a metric; 0 if never."""

    def groups(self, sli: str) -> frozenset[str]:
        """The groups of an SLI that have counts of their own."""

    @property
    def streams(self) -> int:
        """How many cumulative streams are known."""


class Memory:
    """The memory itself. It changes only by `learn`, so a batch that was not stored leaves no trace.

    Of ids, the newest are kept: at least `most_ids`, at most twice as many. A stream is forgotten when its process
    has sent nothing of that metric for `forget` seconds.
    """

    def __init__(self, *, most_ids: int = 500_000, forget: int = DAY) -> None:
        self._most, self._forget = most_ids, forget
        self._recent: set[bytes] = set()
        self._older: set[bytes] = set()
        self._streams = Streams()
        self._groups: dict[str, set[str]] = {}

    def __contains__(self, one: object) -> bool:
        return one in self._recent or one in self._older

    @property
    def ids(self) -> tuple[Set[bytes], ...]:
        """The ids that came, in parts: look into all of them, and change none."""
        return self._recent, self._older

    def knows_none(self, ids: set[bytes]) -> bool:
        """Whether all of these ids are new."""
        return ids.isdisjoint(self._recent) and ids.isdisjoint(self._older)

    def last(self, stream: StreamKey, process: ProcessKey) -> Last | None:
        """Where a cumulative stream of a process stands."""
        return self._streams.last(stream, process)

    def sheet(self, process: ProcessKey) -> Sheet | None:
        """Streams of a process that came together."""
        return self._streams.sheet(process)

    def heard(self, process: ProcessKey) -> Nanos:
        """When a process last sent anything of a metric; 0 if never."""
        return self._streams.heard(process)

    def groups(self, sli: str) -> frozenset[str]:
        """The groups of an SLI that have counts of their own."""
        return frozenset(self._groups.get(sli, ()))

    @property
    def streams(self) -> int:
        """How many cumulative streams are known."""
        return len(self._streams)

    def learn(self, learned: Learned) -> None:
        """Take in what a stored batch adds."""
        if len(self._recent) >= self._most:
            self._older, self._recent = self._recent, set()
        self._recent.update(learned.ids)
        for key, last in learned.streams.items():
            self._streams.learn(key, last)
        for sheet in learned.sheets:
            self._streams.learn_sheet(sheet)
        for sli, group in learned.groups:
            self._groups.setdefault(sli, set()).add(group)

    def forget_silent(self, *, now: Instant) -> None:
        """Drop the streams of processes that have been silent for long. Call it now and then."""
        self._streams.forget((now - self._forget) * _SECOND)

    @property
    def most_ids(self) -> int:
        """How many ids are kept, at most."""
        return 2 * self._most

    def standing(self) -> Learned:
        """All of it but the ids, to be stored in place of what was learned before."""
        return Learned(
            streams=dict(self._streams.alone),
            sheets=tuple(self._streams.sheets),
            groups=tuple((sli, group) for sli, groups in self._groups.items() for group in sorted(groups)),
        )


def remembered(parts: Iterable[Learned], *, most_ids: int = 500_000, forget: int = DAY) -> Memory:
    """A memory of stored parts, in the order in which they were stored."""
    memory = Memory(most_ids=most_ids, forget=forget)
    for part in parts:
        memory.learn(part)
    return memory
