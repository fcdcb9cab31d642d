"""What was remarkable about OTLP telemetry since the start: late, refused, folded, unreadable. For logs and metrics."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import structlog

from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.signals.otlp_tally import Counted

Item = Literal["accepted", "unused", "duplicate", "rejected"]
ITEMS: tuple[Item, ...] = ("accepted", "unused", "duplicate", "rejected")
_MOST_FOLDED = 1_000

log = structlog.get_logger()


class Remarks:
    """Takes in what each request came to. The same remark is logged once an hour."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: Counter[Item] = Counter()
        self._folded: dict[str, set[str]] = {}
        self._unread: dict[str, str] = {}
        self._logged: dict[tuple[str, str], Instant] = {}
        self.revised = 0

    def take(self, counted: Counted, *, now: Instant) -> None:
        """One request that was stored."""
        with self._lock:
            idle = counted.duplicates + counted.unused
            self._items["accepted"] += max(counted.accepted - idle, 0)
            self._items["unused"] += counted.unused
            self._items["duplicate"] += counted.duplicates
            self._items["rejected"] += counted.rejected
            self.revised += counted.revised
            for slo, groups in counted.folded.items():
                names = self._folded.setdefault(slo, set())
                if len(names) < _MOST_FOLDED:
                    names.update(groups)
                self._say("groups beyond the limit are counted together, as (other)", slo, now, groups=groups)
            for slo, _ in counted.rows:
                self._unread.pop(slo, None)
            for slo, problem in counted.problems.items():
                self._unread[slo] = str(problem)
                self._say("a promise cannot be told from what came", slo, now, problem=str(problem))
            if counted.revised:
                events = counted.revised
                self._say("late telemetry changes minutes that were judged", "", now, events=events)

    def _say(self, what: str, slo: str, now: Instant, **more: object) -> None:
        last = self._logged.get((what, slo))
        if last is None or now >= last + HOUR:
            self._logged[what, slo] = now
            say = log.warning if slo else log.info  # a long request is late by nature
            say(what, **({"slo": slo} if slo else {}), **more)

    def items(self) -> list[tuple[tuple[str], int]]:
        """Every result that an item can have, with its number."""
        with self._lock:
            return [((one,), self._items[one]) for one in ITEMS]

    def folded(self) -> Mapping[str, int]:
        """By SLO how many groups were counted together because there were too many."""
        with self._lock:
            return {slo: len(names) for slo, names in self._folded.items()}

    def unread(self) -> Mapping[str, str]:
        """By SLO why the newest telemetry of its metric could not be read."""
        with self._lock:
            return dict(self._unread)
