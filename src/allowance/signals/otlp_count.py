"""Counting OTLP: a batch of points and what is remembered, to the events that each SLI gains."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress

import numpy as np

from allowance.contract.source import Signal
from allowance.core.duration import MINUTE
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.signals.otlp_columns import Batch, Spans
from allowance.signals.otlp_counters import Counters
from allowance.signals.otlp_memory import Known
from allowance.signals.otlp_point_columns import Columns, Ints, sums
from allowance.signals.otlp_points import Metric, Number, Point
from allowance.signals.otlp_sli import Judge, OtlpSli, Said, wanted_attributes
from allowance.signals.otlp_tally import SECOND, Counted, Latencies, Limits, Tally
from allowance.signals.otlp_verdicts import Verdict, Verdicts
from allowance.signals.otlp_weigh import Latency, added_up, events, sketched, within
from allowance.signals.semconv import SERVED

_LAST = 2**63 - 1
_SKETCHED = 5 * MINUTE * SECOND
"""Latencies are kept for so long a bucket."""


class OtlpCounter:
    """Counts batches for a fixed set of SLIs. It keeps only what makes it quicker: the memory is the state."""

    def __init__(self, slis: Iterable[OtlpSli], limits: Limits | None = None) -> None:
        self.slis = tuple(slis)
        self.limits = limits or Limits()
        self._of: dict[Signal, tuple[OtlpSli, ...]] = {
            "traces": tuple(sli for sli in self.slis if sli.signal == "traces"),
            "logs": tuple(sli for sli in self.slis if sli.signal == "logs"),
            "metrics": tuple(sli for sli in self.slis if sli.signal == "metrics"),
        }
        self._judges = {signal: Judge(slis) for signal, slis in self._of.items()}
        self._latencies = {
            sli.name: None if sli.events.latency_ms is None else Latency(sli.events.latency_ms)
            for sli in self.slis
        }
        of_value = self._judges["metrics"].judge_value
        self._span_verdicts = Verdicts(self._judges["traces"].judge)
        self._point_verdicts = Verdicts(lambda about, _: of_value(about, None))

    def wanted(self) -> frozenset[str]:
        """The attributes that a reader of spans must keep."""
        return wanted_attributes(self.slis)

    def count(self, batch: Batch, memory: Known, *, now: Instant, closed: Instant | None = None) -> Counted:
        """The events of a batch that are new at `now`. Nothing is changed: learn `learned` when it is stored.

        Buckets before the edge `closed` have been evaluated already.
        """
        self._span_verdicts.trim()
        self._point_verdicts.trim()
        tally = Tally(self.limits, memory, now=now, closed=closed)
        tally.reasons.update(batch.refused)
        if len(batch.spans):
            self._spans(batch.spans, memory, tally)
        if batch.logs:
            self._logs(batch, memory, tally)
        if batch.metrics:
            self._metrics(batch.metrics, memory, tally)
        return tally.counted(len(batch))

    def _spans(self, spans: Spans, memory: Known, tally: Tally) -> None:
        spans = _new_spans(spans, memory, tally)
        if not len(spans):
            return
        step = tally.step
        classes, kinds = self._judges["traces"].classes(spans.durations())
        buckets = spans.starts.astype(np.int64) // step
        low = int(buckets.min())
        wide = int(buckets.max()) - low + 1
        alike = spans.slots * len(kinds) + classes
        values, counts = np.unique(alike * wide + (buckets - low), return_counts=True)
        ignored: set[int] = set()
        verdict_of = self._span_verdicts.of
        counts_of: dict[tuple[Verdict, int], int] = {}
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            same, bucket = divmod(value, wide)
            slot, place = divmod(same, len(kinds))
            verdict = verdict_of(spans.abouts[slot], kinds[place])
            if verdict.said:
                counts_of[verdict, bucket] = counts_of.get((verdict, bucket), 0) + count
            else:
                tally.unused += count
                ignored.add(same)
        for (verdict, bucket), count in counts_of.items():
            tally.said(verdict.said, low + bucket, count)
        tally.ids += compress(spans.ids, (~np.isin(alike, [*ignored])).tolist()) if ignored else spans.ids

    def _logs(self, batch: Batch, memory: Known, tally: Tally) -> None:
        judge = self._judges["logs"]
        times: dict[bytes, int] = {}
        for key, at, about in batch.logs:
            # Records that are alike in one request are several events; in a second request they are a retry.
            times[key] = times.get(key, 0) + 1
            one = key + times[key].to_bytes(4, "big")
            if not tally.first <= at < tally.last:
                tally.outside(at)
            elif one in memory:
                tally.duplicates += 1
            elif said := judge.judge_log(about):
                tally.ids.append(one)
                tally.said(said, at // tally.step, 1)
            else:
                tally.unused += 1

    def _metrics(self, metrics: Iterable[Metric], memory: Known, tally: Tally) -> None:
        counters = Counters(memory, self.limits.streams, oldest=tally.first)
        named = {sli.metric for sli in self._of["metrics"]}
        for metric in metrics:
            if None not in named and metric.name not in named:
                tally.unused += len(metric.points)
                if metric.name in SERVED and memory.streams < self.limits.streams // 2:
                    _look_at(metric, counters, tally)
            elif metric.form == "gauge":
                self._values(metric, counters, tally)
            elif not self._at_once(metric, counters, tally):
                self._increases(metric, counters, tally)
                counters.settle(metric)
        tally.points = counters.learned

    def _values(self, metric: Metric, counters: Counters, tally: Tally) -> None:
        """Points that are events by themselves, judged by their value."""
        judge = self._judges["metrics"]
        for point in metric.points:
            at = point.time - 1
            said = judge.judge_value(point.about, point.value) if isinstance(point, Number) else ()
            if not tally.first <= at < tally.last:
                tally.outside(at)
            elif not said:
                tally.unused += 1
            elif isinstance(gain := counters.gain(metric, point), str):
                tally.nothing(gain)
            else:
                tally.said(said, at // tally.step, 1)

    def _at_once(self, metric: Metric, counters: Counters, tally: Tally) -> bool:
        """Count points in columns all together; not, where something is to be said of one of them."""
        points = metric.points
        if not isinstance(points, Columns) or int(points.times.max()) > _LAST:
            return False
        ends = points.times.astype(np.int64) - 1
        if int(ends.min()) < tally.first or int(ends.max()) >= tally.last:
            return False
        gains = counters.gains(metric, points)
        if gains is None:
            return False
        self._sums(metric, *gains, ends, tally)
        return True

    def _sums(self, metric: Metric, points: Columns, events: Ints, ends: Ints, tally: Tally) -> None:
        """Increases in columns, all of them in time."""
        verdicts = self._point_verdicts
        buckets = ends // tally.step
        low = int(buckets.min())
        wide = int(buckets.max()) - low + 1
        for value, size, point in sums(points, verdicts.numbers(points) * wide + buckets - low, events):
            number, bucket = divmod(value, wide)
            if said := verdicts.listed[number].said:
                self._increase(metric, point, said, low + bucket, tally)
            else:
                tally.unused += size
        if metric.name in SERVED:
            spans = ends // _SKETCHED
            low = int(spans.min())
            wide = int(spans.max()) - low + 1
            for value, _, point in sums(points, points.slots * wide + spans - low, events):
                at = (low + value % wide) * _SKETCHED // SECOND
                tally.latencies.append(Latencies(point.about, at, sketched(point, metric)))

    def _increases(self, metric: Metric, counters: Counters, tally: Tally) -> None:
        step, verdict_of = tally.step, self._point_verdicts.of
        first, last, is_served = tally.first, tally.last, metric.name in SERVED
        alike: dict[tuple[Verdict, int], list[Point]] = {}
        for point in metric.points:
            # A point tells what happened up to its time, so at the edge of a bucket it belongs to the one that ends.
            at = point.time - 1
            if at >= last:
                tally.outside(at)
                continue
            gain = counters.gain(metric, point)
            if isinstance(gain, str):
                tally.nothing(gain)
            elif at < first:
                tally.outside(at)
            else:
                if is_served:
                    tally.latencies.append(Latencies(point.about, at // SECOND, sketched(gain, metric)))
                # What says the same is one verdict, so that its points are added up before they are weighed.
                alike.setdefault((verdict_of(point.about), at // step), []).append(gain)
        for (verdict, bucket), points in alike.items():
            if not verdict.said:
                tally.unused += len(points)
                continue
            for point in added_up(points):
                self._increase(metric, point, verdict.said, bucket, tally)

    def _increase(
        self, metric: Metric, gain: Point, said: tuple[Said, ...], bucket: int, tally: Tally
    ) -> None:
        total = events(gain)
        if total is None:
            return tally.refuse(f"the metric {metric.name} does not count whole events")
        for one in said if total else ():
            latency = self._latencies[one.sli]
            try:
                fast = total if latency is None else within(gain, metric, latency)
            except ProblemError as error:
                tally.problems.setdefault(one.sli, error.problems[0])
                continue
            tally.add(one.sli, one.group, bucket, fast if one.good else 0, total)
        tally.revision(bucket, total)
        return None


def _look_at(metric: Metric, counters: Counters, tally: Tally) -> None:
    """What requests took, by a histogram that no SLI counts: nothing of it is refused."""
    for point in metric.points:
        at = point.time - 1
        if tally.first <= at < tally.last and not isinstance(gain := counters.gain(metric, point), str):
            tally.latencies.append(Latencies(point.about, at // SECOND, sketched(gain, metric)))


def _new_spans(spans: Spans, memory: Known, tally: Tally) -> Spans:
    """Those in time that were not counted before; nearly always all of them, so that is looked at first."""
    starts = spans.starts
    if starts.min() < tally.first or starts.max() >= tally.last:
        inside = (starts >= tally.first) & (starts < tally.last)
        for start in starts[~inside].tolist():
            tally.outside(start)
        spans = spans.where(inside)
    ids = set(spans.ids)
    if len(ids) == len(spans) and memory.knows_none(ids):
        return spans
    last = {one: place for place, one in enumerate(spans.ids) if one not in memory}
    tally.duplicates += len(spans) - len(last)
    once = np.zeros(len(spans), dtype=bool)
    once[[*last.values()]] = True
    return spans.where(once)
