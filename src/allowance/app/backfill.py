"""What was before telemetry came: counts from files, added once under the name of the promise that goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from allowance.app.collect import Reader
from allowance.app.status import STEP, lookback
from allowance.app.tick import Key
from allowance.contract.indicator import Events
from allowance.contract.model import Contract, Slo
from allowance.contract.source import Files, Otlp
from allowance.core.buckets import Buckets
from allowance.core.problem import Problem, ProblemError
from allowance.core.time import Instant

PREFIX = "backfill:"
"""What the names of these readings begin with."""

COUNTS = Events()
"""Files of counts say themselves what is good."""

log = structlog.get_logger()


class Writing(Protocol):
    """What a backfill writes, all or nothing."""

    def add(self, at: Instant, buckets: Mapping[Key, Buckets]) -> None: ...
    def save_reading(self, source: str, read_to: Instant, body: Any) -> None: ...


class Keeps(Protocol):
    """What a backfill needs of a store."""

    def writing(self) -> AbstractContextManager[Writing]: ...
    def reading(self, source: str) -> tuple[Instant, Any] | None: ...


@dataclass(slots=True, kw_only=True)
class Backfill:
    """Remembers which series have their past, so that the store is asked once about each.

    `first` says when the telemetry of a series began (nothing where none came yet): the past ends there.
    """

    store: Keeps
    reader: Reader
    first: Callable[[str], Instant | None]
    _done: set[str] = field(default_factory=set)

    def fill(self, contract: Contract, names: Mapping[str, str], *, until: Instant) -> dict[str, Problem]:
        """Read what is missing before `until`. `names`: SLO id -> series. The problems, by the name of the reading."""
        problems = {}
        for slo, paths in self._missing(contract.slos, names):
            try:
                back = max(2 * lookback([slo]), lookback([slo], contract))
                self._fill(slo, paths, names[slo.id], back, until=until)
            except ProblemError as error:
                problems[PREFIX + names[slo.id]] = error.problems[0]
        return problems

    def _missing(
        self, slos: Sequence[Slo], names: Mapping[str, str]
    ) -> Iterator[tuple[Slo, tuple[str, ...]]]:
        for slo in slos if names else ():
            name = names.get(slo.id)
            if name is None or name in self._done or not isinstance(slo.source, Otlp):
                continue
            if not slo.source.backfill:
                continue
            if self.store.reading(PREFIX + name) is None:
                yield slo, slo.source.backfill
            else:
                self._done.add(name)

    def _fill(self, slo: Slo, paths: tuple[str, ...], name: str, back: int, *, until: Instant) -> None:
        begun = self.first(name)
        end = until if begun is None else min(begun, until)
        begin = end - back
        as_counts = replace(slo, indicator=COUNTS)
        by = slo.group_by[0] if slo.group_by else None
        read = self.reader(Files(paths=paths), [as_counts], by, None, begin=begin - begin % STEP, end=end)
        gains = {(name, group): buckets for (_, group), buckets in read.gains.items()}
        with self.store.writing() as writing:
            writing.add(until, gains)
            writing.save_reading(PREFIX + name, end, None)
        self._done.add(name)
        events = sum(buckets.all().total for buckets in gains.values())
        log.info("the past was counted", slo=slo.id, events=events)
