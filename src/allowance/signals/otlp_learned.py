"""What one batch, or several together, add to what is remembered, and the bytes in which it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from allowance.core.problem import refuse
from allowance.signals.otlp_streams import DIGEST, Last, Sheet, StreamKey

_END = b"\n"
"""Behind the text of what was learned; JSON in one line has none. Ids and sheets follow as they are."""
_VERSIONS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Store it with the counts, in one transaction; then `Memory.learn` it."""

    ids: tuple[bytes, ...] = ()
    streams: Mapping[StreamKey, Last] = field(default_factory=dict)
    sheets: Sequence[Sheet] = ()
    groups: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ids or self.streams or self.sheets or self.groups)

    def as_bytes(self) -> bytes:
        """For any store; `from_bytes` reads it back."""
        by_size: dict[int, Sequence[bytes]] = dict.fromkeys(set(map(len, self.ids)), self.ids)
        if len(by_size) > 1:
            by_size = {size: [one for one in self.ids if len(one) == size] for size in by_size}
        head = orjson.dumps(
            {
                "version": 3,
                "ids": [[size, len(ids)] for size, ids in by_size.items()],
                "groups": self.groups,
                "streams": [
                    [digest.hex(), start, last.time, last.levels, last.process[0].hex(), last.process[1]]
                    for (digest, start), last in self.streams.items()
                ],
                "sheets": [_head(sheet) for sheet in self.sheets],
            }
        )
        return b"".join((head, _END, *map(b"".join, by_size.values()), *map(_body, self.sheets)))


def from_bytes(raw: bytes) -> Learned:
    """What was stored. Errors: `Problem` `otlp-memory` for anything else."""
    try:
        head, _, rest = raw.partition(_END)
        read: Any = orjson.loads(head)
        if read["version"] not in _VERSIONS:
            raise ValueError("another version")
        body = _Body(rest)
        ids = read["ids"]
        found = map(bytes.fromhex, ids) if read["version"] == 1 else body.ids(ids)
        learned = Learned(
            ids=tuple(found),
            groups=tuple((str(name), str(group)) for name, group in read["groups"]),
            streams={
                (bytes.fromhex(digest), int(start)): Last(
                    time=int(time), levels=tuple(levels), process=(bytes.fromhex(process), int(began))
                )
                for digest, start, time, levels, process, began in read["streams"]
            },
            sheets=tuple(body.sheet(*one) for one in read.get("sheets", ())),
        )
        body.end()
    except (KeyError, TypeError, ValueError):
        raise refuse(
            "otlp-memory",
            "the stored memory of telemetry cannot be used",
            hint="start without it; what is sent again in the next minutes may then be counted twice",
        ) from None
    return learned


def _head(sheet: Sheet) -> list[Any]:
    """Process and start, how many streams, how many buckets (0 for none), and how totals are written."""
    digest, start = sheet.process
    buckets = 0 if sheet.bounds is None else len(sheet.bounds) + 1
    return [digest.hex(), start, len(sheet), buckets, "<f8" if sheet.totals.dtype == np.float64 else "<i8"]


def _body(sheet: Sheet) -> bytes:
    bounds = np.array(sheet.bounds or (), dtype="<f8")
    columns = (sheet.times, sheet.totals, sheet.counts)
    return b"".join((sheet.digests, bounds.tobytes(), *(one.tobytes() for one in columns)))


class _Body:
    """What follows the text, taken piece by piece."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def _take(self, size: int) -> bytes:
        begin, self._at = self._at, self._at + size
        if size < 0 or self._at > len(self._raw):
            raise ValueError("too short")
        return self._raw[begin : self._at]

    def ids(self, sizes: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """Ids that stand one after the other, so many of each size."""
        for size, count in sizes:
            if size < 1:
                raise ValueError("no id is empty")
            some = self._take(size * count)
            yield from (some[n : n + size] for n in range(0, len(some), size))

    def _column(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._take(8 * count), kind)

    def sheet(self, process: str, start: int, size: int, buckets: int, kind: str) -> Sheet:
        """The next sheet."""
        if kind not in ("<i8", "<f8") or size < 1 or buckets < 0:
            raise ValueError("no such sheet")
        digests = self._take(DIGEST * size)
        bounds = self._column("<f8", max(buckets - 1, 0)).tolist()
        return Sheet(
            process=(bytes.fromhex(process), int(start)),
            digests=digests,
            bounds=tuple(bounds) if buckets else None,
            times=self._column("<i8", size),
            totals=self._column(kind, size),
            counts=self._column("<i8", size * buckets).reshape(size, buckets),
        )

    def end(self) -> None:
        """Errors: `ValueError` where more follows."""
        if self._at != len(self._raw):
            raise ValueError("too long")
