"""What is remembered, and what is about to be: for requests that are counted one after the other and stored together."""

from __future__ import annotations

from collections.abc import Set

from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_memory import Known
from allowance.signals.otlp_points import Nanos
from allowance.signals.otlp_streams import Last, ProcessKey, Sheet, StreamKey, Streams


class Ahead:
    """A memory as it will be once all that was learned here is stored. The memory itself stays as it is."""

    def __init__(self, memory: Known) -> None:
        self._memory = memory
        self._order: list[bytes] = []
        self._ids: set[bytes] = set()
        self._streams = Streams()
        self._groups: dict[str, dict[str, None]] = {}
        self._new = 0

    def __contains__(self, one: object) -> bool:
        return one in self._ids or one in self._memory

    @property
    def ids(self) -> tuple[Set[bytes], ...]:
        """The ids that came, in parts."""
        return (*self._memory.ids, self._ids) if self._ids else self._memory.ids

    def knows_none(self, ids: set[bytes]) -> bool:
        """Whether all of these ids are new."""
        return ids.isdisjoint(self._ids) and self._memory.knows_none(ids)

    def last(self, stream: StreamKey, process: ProcessKey) -> Last | None:
        """Where a cumulative stream of a process stands."""
        return self._streams.last(stream, process) or self._memory.last(stream, process)

    def sheet(self, process: ProcessKey) -> Sheet | None:
        """Streams of a process that came together."""
        known = self._streams if self._streams.heard(process) else self._memory
        return known.sheet(process)

    def heard(self, process: ProcessKey) -> Nanos:
        """When a process last sent anything of a metric; 0 if never."""
        return max(self._streams.heard(process), self._memory.heard(process))

    def groups(self, sli: str) -> frozenset[str]:
        """The groups of an SLI that have counts of their own."""
        return self._memory.groups(sli).union(self._groups.get(sli, ()))

    @property
    def streams(self) -> int:
        """How many cumulative streams are known."""
        return self._memory.streams + self._new

    def learn(self, learned: Learned) -> None:
        """Take in what one more batch adds."""
        self._order += learned.ids
        self._ids.update(learned.ids)
        for key, last in learned.streams.items():
            self._new += self.last(key, last.process) is None
            self._streams.learn(key, last)
        for sheet in learned.sheets:
            self._new += self._new_of(sheet)
            self._streams.learn_sheet(sheet)
        for sli, group in learned.groups:
            self._groups.setdefault(sli, {})[group] = None

    def _new_of(self, sheet: Sheet) -> int:
        before = self.sheet(sheet.process)
        if before is not None and before.digests == sheet.digests:
            return 0
        start = sheet.process[1]
        return sum(self.last((digest, start), sheet.process) is None for digest in sheet.rows)

    @property
    def learned(self) -> Learned:
        """What all batches add together."""
        return Learned(
            ids=tuple(self._order),
            streams=dict(self._streams.alone),
            sheets=tuple(self._streams.sheets),
            groups=tuple((sli, group) for sli, groups in self._groups.items() for group in groups),
        )
