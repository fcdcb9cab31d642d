"""OTLP requests become durable counts: counted once, however often they are sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from allowance.app.collect import fingerprint
from allowance.contract.model import Slo
from allowance.contract.source import Otlp
from allowance.core.problem import Problem, ProblemError
from allowance.core.time import Instant
from allowance.edges.samples_file import SampleSettings
from allowance.edges.store import errors, seen
from allowance.edges.store import learned as memory_of
from allowance.edges.store.store import Store
from allowance.signals.error_samples import Taken
from allowance.signals.otlp_answer import JSON
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_group import Group, count_together
from allowance.signals.otlp_json import JsonReader
from allowance.signals.otlp_learned import from_bytes
from allowance.signals.otlp_memory import remembered
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.otlp_sli import otlp_sli_of
from allowance.signals.otlp_tally import Counted
from allowance.signals.sightings import SHOWN, Sighting, SketchKey
from allowance.signals.sketch import Sketch
from allowance.web.otlp_remarks import Remarks
from allowance.web.otlp_shown import Shown
from allowance.web.otlp_sink import Accepted, Busy, Invalid, Outcome, Request
from allowance.web.tally import Tally

PARTS = 256
"""After so many requests what was learned is written as one part again."""


class OtlpDoor:
    """The sink of the OTLP routes; the loop finds in the store what has come in.

    Counts and the memory of what was counted are written in one transaction before requests are acknowledged. Other
    replicas may write to the same memory: what they learned is taken in first.
    """

    def __init__(
        self,
        slos: Sequence[Slo],
        store: Store,
        clock: Callable[[], Instant],
        tally: Tally | None = None,
        samples: SampleSettings | None = None,
    ) -> None:
        self._tally = tally or Tally()
        self.samples = samples or SampleSettings()
        self.remarks = Remarks()
        self.judged_to: Callable[[], Instant | None] = lambda: None
        """Up to where minutes were judged: what comes later for one of those revises it."""
        self._lock = threading.Lock()
        self.take_over(slos)
        self._store, self._clock = store, clock
        parts = store.otlp_parts()
        self._memory = remembered(from_bytes(part) for _, part in parts)
        self._seq = max((seq for seq, _ in parts), default=0)
        self._parts = 0
        self._kept: Sequence[memory_of.Kept] = ()
        with store.snapshot() as connection:
            self._shown = Shown(self.samples, connection)

    def take_over(self, slos: Sequence[Slo]) -> None:
        """Count for these SLOs from now on. Errors: `Problem` `predicate`, `indicator`; nothing has changed then."""
        received = [(slo, slo.source) for slo in slos if isinstance(slo.source, Otlp)]
        counter = OtlpCounter([otlp_sli_of(slo, source) for slo, source in received])
        wanted = counter.wanted() | SHOWN
        readers = ProtobufReader(wanted), JsonReader(wanted)
        with self._lock:
            self.slos = tuple(slo for slo, _ in received)
            self._names = {slo.id: f"{fingerprint(slo)}@otlp" for slo in self.slos}
            self._counter, self._readers = counter, readers

    def series(self, slo_id: str) -> str | None:
        """The name under which the counts of an SLO are stored; none where it is not received here."""
        return self._names.get(slo_id)

    def accept(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """Count requests and store them together."""
        with self._lock:
            outcomes = self._accept(requests)
        for outcome in outcomes:
            self._tally.count("otlp", "failed" if isinstance(outcome, Busy) else "ok")
        return outcomes

    def _accept(self, requests: Sequence[Request]) -> list[Outcome]:
        read = [self._read(request) for request in requests]
        batches = [one for one in read if isinstance(one, Batch)]
        counted = iter(self._count(batches) if batches else ())
        return [next(counted) if isinstance(one, Batch) else one for one in read]

    def _read(self, request: Request) -> Batch | Invalid:
        try:
            return self._readers[request.content_type == JSON].read(request.signal, request.body)
        except ProblemError as error:
            return Invalid(message=str(error.problems[0]))

    def _count(self, batches: Sequence[Batch]) -> list[Outcome]:
        now, busy = self._clock(), [Busy() for _ in batches]
        try:
            while True:
                group = count_together(batches, self._counter, self._memory, now=now, closed=self.judged_to())
                told = self._shown.take(batches, self._memory, self._counter.limits, now=now)
                if self._write(now, group, told):
                    break
                self._catch_up()
        except (SQLAlchemyError, ProblemError):
            # What another version of this program remembers is no fault of the sender.
            return [*busy]
        self._memory.learn(group.learned)
        self._shown.learn(told, now=now)
        for batch, counted in group.shown:
            self._shown.see(batch, counted.latencies, now=now)
            self.remarks.take(counted, now=now)
        return [_outcome(part) for part in group.parts]

    def _catch_up(self) -> None:
        for seq, part in self._store.otlp_parts(after=self._seq):
            self._memory.learn(from_bytes(part))
            self._seq = seq

    def flush(self) -> None:
        """Store the samples, latencies and sightings that are held until now. Errors: what the database raises."""
        with self._lock:
            now = self._clock()
            with self._store.writing() as writing:
                self._shown.write(writing.connection, now=now)
            self._shown.settle(now=now)

    def _write(self, now: Instant, group: Group, told: Taken) -> bool:
        """Store it, unless another replica has learned something since we counted: then nothing is written."""
        gains, due = group.rows(), self._shown.is_due(now=now)
        learned = group.learned.as_bytes() if group.learned else b""
        if not gains and not learned and not told and not due:
            return True
        compact, seq, kept = self._parts >= PARTS, self._seq, self._kept
        with self._store.writing() as writing:
            if memory_of.newest(writing.connection) != self._seq:
                return False
            writing.add_rows(now, {(self._names[slo], group): rows for (slo, group), rows in gains.items()})
            if compact:
                self._memory.forget_silent(now=now)
                memory = self._memory
                seq, kept = memory_of.gather(
                    writing.connection, kept, memory.standing(), most=memory.most_ids
                )
            if learned:
                seq = memory_of.append(writing.connection, learned)
            errors.add(writing.connection, told)
            if due:
                self._shown.write(writing.connection, now=now)
        if due:
            self._shown.settle(now=now)
        self._parts, self._seq, self._kept = 0 if compact else self._parts + 1, seq, kept
        return True

    def errors(self, service: str, *, begin: Instant, end: Instant) -> list[errors.Counted]:
        """The errors of a service in `[begin, end)` by signature, most of them first."""
        self.flush()
        with self._store.snapshot() as connection:
            return errors.of_service(connection, service, begin=begin, end=end)

    def latencies(
        self, service: str, *, begin: Instant, end: Instant, route: str | None = None
    ) -> dict[SketchKey, Sketch]:
        """What a service took, by route, source and bucket of five minutes that begins in `[begin, end)`."""
        self.flush()
        with self._store.snapshot() as connection:
            return seen.latencies(connection, service, begin=begin, end=end, route=route)

    def seen(self, *, since: Instant) -> list[Sighting]:
        """What came from whom at or after an instant."""
        self.flush()
        with self._store.snapshot() as connection:
            return seen.seen(connection, since=since)

    def error_spans(self, *, begin: Instant, end: Instant) -> dict[str, int]:
        """How many spans with an error came in `[begin, end)`, by service."""
        with self._store.snapshot() as connection:
            return errors.by_service(connection, begin=begin, end=end)


def _outcome(part: Counted | Problem) -> Outcome:
    if isinstance(part, Problem):
        return Invalid(message=str(part))
    return Accepted(rejected=part.rejected, message=part.message())
