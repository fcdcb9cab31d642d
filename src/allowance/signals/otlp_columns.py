"""What a request holds. Spans stand in columns: what differs from span to span as arrays, what repeats as numbers of what was read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from allowance.signals.otlp_points import NO_IDS, NO_SPAN_ID, NO_TIME, About, Failure, Log, Metric, Nanos

Instants: TypeAlias = NDArray[np.uint64]
Mask: TypeAlias = NDArray[np.bool_]

_LAST = 2**63 - 1
_IDS = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """`ids` are trace id and span id (24 bytes), `slots` say which of `abouts` a span says of itself.

    `abouts` belongs to the reader, which adds to it; a number stands for the same `About` as long as the list lives.
    """

    ids: Sequence[bytes]
    starts: Instants
    ends: Instants
    slots: NDArray[np.int64]
    abouts: Sequence[About]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[bytes, Nanos, Nanos, About]]:
        """One by one: ids, start, end, and what it says."""
        abouts = [self.abouts[slot] for slot in self.slots.tolist()]
        return zip(self.ids, self.starts.tolist(), self.ends.tolist(), abouts, strict=True)

    def where(self, mask: Mask) -> Spans:
        """Some of them."""
        return Spans(
            ids=tuple(compress(self.ids, mask.tolist())),
            starts=self.starts[mask],
            ends=self.ends[mask],
            slots=self.slots[mask],
            abouts=self.abouts,
        )

    def durations(self) -> NDArray[np.int64]:
        """Nanoseconds, below 0 for those that end before they start. Only for spans whose start is a usable one."""
        return np.minimum(self.ends, _LAST).astype(np.int64) - self.starts.astype(np.int64)


def joined(parts: Sequence[Spans]) -> Spans:
    """One after the other; all of the same reader, and read since it last forgot."""
    if len(parts) == 1:
        return parts[0]
    return Spans(
        ids=[one for part in parts for one in part.ids],
        starts=np.concatenate([part.starts for part in parts]),
        ends=np.concatenate([part.ends for part in parts]),
        slots=np.concatenate([part.slots for part in parts]),
        abouts=parts[0].abouts,
    )


NO_SPANS = Spans(
    ids=(),
    starts=np.zeros(0, np.uint64),
    ends=np.zeros(0, np.uint64),
    slots=np.zeros(0, np.int64),
    abouts=(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one request holds; `refused` counts items that cannot be used, by reason.

    `failures` are those of the spans whose status is an error, once more.
    """

    spans: Spans = NO_SPANS
    logs: Sequence[Log] = ()
    metrics: Sequence[Metric] = ()
    failures: Sequence[Failure] = ()
    refused: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        points = sum(len(metric.points) for metric in self.metrics)
        return len(self.spans) + len(self.logs) + points + sum(self.refused.values())


def usable_spans(spans: Spans, refused: dict[str, int]) -> Spans:
    """Those spans that have ids and a start; the others are added to `refused`."""
    if not len(spans):
        return spans
    timed, known = spans.starts != 0, _known(spans.ids)
    good = timed & known
    if good.all():
        return spans
    for reason, mask in ((NO_TIME, ~timed), (NO_IDS, timed & ~known)):
        if count := int(mask.sum()):
            refused[reason] = refused.get(reason, 0) + count
    return spans.where(good)


def _known(ids: Sequence[bytes]) -> Mask:
    """Which ids are whole, and name a span."""
    if set(map(len, ids)) == {_IDS}:
        words = np.frombuffer(b"".join(ids), np.uint64).reshape(-1, 3)
        return np.asarray(words[:, 2] != 0)
    return np.array([len(one) == _IDS and not one.endswith(NO_SPAN_ID) for one in ids], dtype=bool)
