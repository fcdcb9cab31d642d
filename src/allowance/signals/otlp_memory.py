"""What must be remembered of telemetry so that nothing is counted twice: ids that came, and where counters stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import orjson

from allowance.core.duration import DAY
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.signals.otlp_points import Nanos

StreamKey: TypeAlias = tuple[bytes, Nanos]
"""Digest of resource, scope, metric and attributes; start of the stream."""
ProcessKey: TypeAlias = tuple[bytes, Nanos]
"""Digest of resource, scope and metric; start of the stream."""

Levels: TypeAlias = tuple[float, ...]
"""What a cumulative point says, flat: its value; or count, bounds and counts; see `otlp_counters`."""

_SECOND = 1_000_000_000
_END = b"\n"
"""Behind the text of what was learned; JSON in one line has none. The ids follow as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last point of a cumulative stream."""

    time: Nanos
    levels: Levels
    process: ProcessKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What one batch adds to the memory. Store it with the counts, in one transaction; then `Memory.learn` it."""

    ids: tuple[bytes, ...] = ()
    streams: Mapping[StreamKey, Last] = field(default_factory=dict)
    groups: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ids or self.streams or self.groups)

    def as_bytes(self) -> bytes:
        """For any store; `from_bytes` reads it back."""
        by_size: dict[int, Sequence[bytes]] = dict.fromkeys(set(map(len, self.ids)), self.ids)
        if len(by_size) > 1:
            by_size = {size: [one for one in self.ids if len(one) == size] for size in by_size}
        head = orjson.dumps(
            {
                "version": 2,
                "ids": [[size, len(ids)] for size, ids in by_size.items()],
                "groups": self.groups,
                "streams": [
                    [digest.hex(), start, last.time, last.levels, last.process[0].hex(), last.process[1]]
                    for (digest, start), last in self.streams.items()
                ],
            }
        )
        return b"".join((head, _END, *map(b"".join, by_size.values())))


def from_bytes(raw: bytes) -> Learned:
    """What was stored. Errors: `Problem` `otlp-memory` for anything else."""
    try:
        head, _, rest = raw.partition(_END)
        read: Any = orjson.loads(head)
        if read["version"] == 1:
            ids = tuple(bytes.fromhex(one) for one in read["ids"])
        elif read["version"] == 2:
            ids = tuple(_cut(rest, read["ids"]))
        else:
            raise ValueError("another version")
        return Learned(
            ids=ids,
            groups=tuple((str(name), str(group)) for name, group in read["groups"]),
            streams={
                (bytes.fromhex(digest), int(start)): Last(
                    time=int(time), levels=tuple(levels), process=(bytes.fromhex(process), int(began))
                )
                for digest, start, time, levels, process, began in read["streams"]
            },
        )
    except (KeyError, TypeError, ValueError):
        raise refuse(
            "otlp-memory",
            "the stored memory of telemetry cannot be used",
            hint="start without it; what is sent again in the next minutes may then be counted twice",
        ) from None


def _cut(raw: bytes, sizes: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Ids that stand one after the other, so many of each size."""
    begin = 0
    for size, count in sizes:
        end = begin + size * count
        if size < 1 or end > len(raw):
            raise ValueError("too short")
        yield from (raw[n : n + size] for n in range(begin, end, size))
        begin = end
    if begin != len(raw):
        raise ValueError("too long")


class Known(Protocol):
    """What counting asks of a memory."""

    def __contains__(self, one: object) -> bool: ...

    @property
    def ids(self) -> tuple[Set[bytes], ...]:
        """The ids that came, in parts: look into all of them, and change none."""

    def knows_none(self, ids: set[bytes]) -> bool:
        """Whether all of these ids are new."""

    def last(self, stream: StreamKey) -> Last | None:
        """Where a cumulative stream stands."""

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
        self._streams: dict[StreamKey, Last] = {}
        self._heard: dict[ProcessKey, Nanos] = {}
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

    def last(self, stream: StreamKey) -> Last | None:
        """Where a cumulative stream stands."""
        return self._streams.get(stream)

    def heard(self, process: ProcessKey) -> Nanos:
        """When a process last sent anything of a metric; 0 if never."""
        return self._heard.get(process, 0)

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
            self._streams[key] = last
            self._heard[last.process] = max(self._heard.get(last.process, 0), last.time)
        for sli, group in learned.groups:
            self._groups.setdefault(sli, set()).add(group)

    def forget_silent(self, *, now: Instant) -> None:
        """Drop the streams of processes that have been silent for long. Call it now and then."""
        oldest = (now - self._forget) * _SECOND
        gone = {process for process, time in self._heard.items() if time < oldest}
        if gone:
            self._heard = {process: time for process, time in self._heard.items() if process not in gone}
            self._streams = {key: last for key, last in self._streams.items() if last.process not in gone}

    @property
    def most_ids(self) -> int:
        """How many ids are kept, at most."""
        return 2 * self._most

    def standing(self) -> Learned:
        """All of it but the ids, to be stored in place of what was learned before."""
        return Learned(
            streams=dict(self._streams),
            groups=tuple((sli, group) for sli, groups in self._groups.items() for group in sorted(groups)),
        )


def remembered(parts: Iterable[Learned], *, most_ids: int = 500_000, forget: int = DAY) -> Memory:
    """A memory of stored parts, in the order in which they were stored."""
    memory = Memory(most_ids=most_ids, forget=forget)
    for part in parts:
        memory.learn(part)
    return memory
