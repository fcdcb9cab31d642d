"""What metric points add: increments of cumulative streams, each delta once.

A cumulative stream is one resource, scope, metric, set of attributes and start. A restart is therefore a new stream.
The first point of a stream counts whole where the stream is known to be young: it began within the allowed lateness,
or its process was heard before, without it. Else it is where counting begins.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Literal, TypeAlias

from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_memory import Known
from allowance.signals.otlp_point_columns import Columns, Ints
from allowance.signals.otlp_points import Explicit, Exponential, Metric, Nanos, Number, Point, digest_of
from allowance.signals.otlp_sheets import sheet_of, since_sheet
from allowance.signals.otlp_streams import Last, Levels, ProcessKey, StreamKey, Streams

Nothing = Literal["duplicate", "baseline"]
Gain: TypeAlias = Point | Nothing

TOO_MANY_STREAMS = (
    "more cumulative streams than the receiver keeps; use fewer attributes, or delta temporality"
)
_pack_two = struct.Struct(">QQ").pack
_ENDLESS = math.inf
NEGATIVE = "a counter that is negative or no number"


class Counters:
    """Reads the points of one batch against the memory, which stays as it is."""

    def __init__(self, memory: Known, most: int, *, oldest: Nanos) -> None:
        self._memory, self._most, self._oldest = memory, most, oldest
        self._now = Streams()
        self._first_heard: dict[ProcessKey, Nanos] = {}
        self._ids: dict[bytes, None] = {}
        self._processes: dict[tuple[object, ...], bytes] = {}
        self._new = 0

    @property
    def learned(self) -> Learned:
        """What the memory is to learn."""
        return Learned(ids=tuple(self._ids), streams=self._now.alone, sheets=tuple(self._now.sheets))

    def gains(self, metric: Metric, points: Columns) -> tuple[Columns, Ints] | None:
        """What happened since the points before, and how many events that are by point.

        None where something is to be said of one of them, or where they were not seen together: then nothing was
        read, and `gain` reads them one by one.
        """
        if metric.form == "cumulative":
            return self._since_sheet(metric, points)
        events = points.events()
        return None if events is None or not self._are_new(points.keys()) else (points, events)

    def _are_new(self, ids: Sequence[bytes]) -> bool:
        fresh = dict.fromkeys(ids)
        known = len(fresh) < len(ids) or not self._memory.knows_none(set(fresh))
        if known or not self._ids.keys().isdisjoint(fresh):
            return False
        self._ids |= fresh
        return True

    def _since_sheet(self, metric: Metric, points: Columns) -> tuple[Columns, Ints] | None:
        if (points.starts != points.starts[0]).any():
            return None
        process = self._process(metric, points[0])
        before = (self._now if self._now.heard(process) else self._memory).sheet(process)
        found = None if before is None else since_sheet(points, before)
        events = None if found is None else found[0].events()
        if found is None or events is None:
            return None
        gains, sheet = found
        self._now.learn_sheet(sheet)
        return gains, events

    def settle(self, metric: Metric) -> None:
        """Keep points that were read one by one as a sheet, so that the next ones of their streams are read at once."""
        points = metric.points
        if metric.form != "cumulative" or not isinstance(points, Columns):
            return
        process = self._process(metric, points[0])
        sheet = sheet_of(points, process)
        if sheet is not None:
            known = (self._now.alone.get((digest, process[1])) for digest in sheet.rows)
            if all(last is not None and last.time == at for last, at in zip(known, sheet.times, strict=True)):
                self._now.learn_sheet(sheet)

    def gain(self, metric: Metric, point: Point) -> Gain | str:
        """What happened since the point before; any other text is why the point is refused."""
        if point.__class__ is Number and not 0 <= point.value < _ENDLESS:
            return NEGATIVE
        if metric.form != "cumulative":
            one = point.about.digest + _pack_two(point.start, point.time)
            if one in self._ids or one in self._memory:
                return "duplicate"
            self._ids[one] = None
            return point
        key, process = (point.about.digest, point.start), self._process(metric, point)
        last = self._now.last(key, process) or self._memory.last(key, process)
        if last is None:
            return self._first(point, key, process)
        if point.time <= last.time:
            return "duplicate"
        self._remember(key, point, process)
        return since(point, last.levels)

    def _first(self, point: Point, key: StreamKey, process: ProcessKey) -> Gain | str:
        if self._memory.streams + self._new >= self._most:
            return TOO_MANY_STREAMS
        # Heard before, not in the same export: all streams of an old process come together at first.
        before = (self._memory.heard(process), self._first_heard.get(process, 0))
        young = point.start >= self._oldest or any(0 < heard < point.time for heard in before)
        self._new += 1
        self._remember(key, point, process)
        return point if young else "baseline"

    def _process(self, metric: Metric, point: Point) -> ProcessKey:
        resource, scope = point.about.resource, point.about.own.get("scope_name")
        known = (id(resource), scope, metric.name)
        if known not in self._processes:
            self._processes[known] = digest_of(resource, scope, metric.name)
        return self._processes[known], point.start

    def _remember(self, key: StreamKey, point: Point, process: ProcessKey) -> None:
        self._now.learn(key, Last(time=point.time, levels=levels(point), process=process))
        self._first_heard[process] = min(self._first_heard.get(process, point.time), point.time)


def levels(point: Point) -> Levels:
    """A point's numbers in a row, for the memory."""
    if isinstance(point, Number):
        return (point.value,)
    if isinstance(point, Explicit):
        return (point.events, len(point.bounds), *point.bounds, *point.counts)
    return (point.events, point.low, point.scale, point.offset, *point.counts)


def since(point: Point, before: Levels) -> Gain:
    """What happened after the levels before. Lower levels are a restart that did not say so: all of it is new."""
    if isinstance(point, Number):
        return point._replace(value=point.value - before[0]) if point.value >= before[0] else point
    if point.events < before[0]:
        return point
    if isinstance(point, Explicit):
        size = int(before[1])
        if tuple(before[2 : 2 + size]) != point.bounds:
            return "baseline"
        counts = _minus(point.counts, [int(one) for one in before[2 + size :]])
        if counts is None:
            return "baseline"
        return point._replace(events=point.events - int(before[0]), counts=counts)
    return _since_exponential(point, [int(one) for one in before])


def _since_exponential(point: Exponential, before: Sequence[int]) -> Gain:
    count, low, scale, offset, *old = before
    if point.scale > scale or point.low < low:
        return "baseline"
    old_offset, merged = _coarser(offset, old, scale - point.scale)
    first = min(old_offset, point.offset) if merged else point.offset
    now = [0] * (point.offset - first) + list(point.counts)
    then = [0] * (old_offset - first) + merged if merged else []
    counts = _minus(now, then + [0] * (len(now) - len(then)))
    if counts is None:
        return "baseline"
    return point._replace(events=point.events - count, low=point.low - low, offset=first, counts=counts)


def _coarser(offset: int, counts: list[int], steps: int) -> tuple[int, list[int]]:
    """The same observations in buckets 2^steps times as wide."""
    if not counts:
        return 0, []
    first = offset >> steps
    merged = [0] * (((offset + len(counts) - 1) >> steps) - first + 1)
    for place, count in enumerate(counts):
        merged[((offset + place) >> steps) - first] += count
    return first, merged


def _minus(now: Sequence[int], then: Sequence[int]) -> tuple[int, ...] | None:
    if len(now) != len(then):
        return None
    counts = tuple(new - old for new, old in zip(now, then, strict=True))
    return counts if not counts or min(counts) >= 0 else None
