"""A sink that counts in memory, as the program would, and can be told to be busy."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from allowance.contract.source import Signal
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.signals.otlp_answer import JSON, ContentType
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_json import JsonReader
from allowance.signals.otlp_memory import Memory
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.otlp_sli import OtlpSli
from allowance.signals.otlp_tally import Counted, Limits
from allowance.web.otlp_sink import Accepted, Busy, Invalid, Outcome, Request


class CountingSink:
    """Counts for its SLIs at the instant `now`; `busy` answers, as long as there are any, come first."""

    def __init__(self, slis: Iterable[OtlpSli], *, now: Instant, limits: Limits | None = None) -> None:
        self.counter = OtlpCounter(slis, limits)
        self.memory = Memory()
        self.now = now
        self.busy: list[Busy] = []
        self.found: list[Counted] = []
        self.requests = 0
        self._readers = ProtobufReader(self.counter.wanted()), JsonReader(self.counter.wanted())
        self._lock = threading.Lock()

    def accept(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """Count requests, one after the other."""
        return [self._accept(*request) for request in requests]

    def _accept(self, signal: Signal, body: bytes, content_type: ContentType) -> Outcome:
        with self._lock:
            self.requests += 1
            if self.busy:
                return self.busy.pop(0)
            reader = self._readers[content_type == JSON]
            try:
                counted = self.counter.count(reader.read(signal, body), self.memory, now=self.now)
            except ProblemError as error:
                return Invalid(message=str(error.problems[0]))
            self.memory.learn(counted.learned)
            self.found.append(counted)
            return Accepted(rejected=counted.rejected, message=counted.message())

    def sums(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Good and total by SLI and group."""
        good: Counter[tuple[str, str]] = Counter()
        total: Counter[tuple[str, str]] = Counter()
        for one in self.found:
            for key, buckets in one.gains.items():
                good[key] += buckets.all().good
                total[key] += buckets.all().total
        return {key: (good[key], total[key]) for key in total}
