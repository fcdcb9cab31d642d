"""Refused attempts go into the ledger, so many an hour and no more, so that nobody can flood it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from http import HTTPStatus

from allowance.app.law import Law
from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.governance.access import Attempt, access_denied

EACH, ALL = 5, 100
"""Entries per hour: of one caller, and of all callers together. What is beyond is counted in the caller's next entry."""

MOST_CALLERS = 10_000
READING = ("GET", "HEAD", "OPTIONS")
"""Methods that decide nothing: there only a known caller without the right is recorded."""


class Denials:
    """Counts by hour of the clock, in this process."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._lock = threading.Lock()
        self._hour = -1
        self._written: dict[str, int] = {}
        self._unrecorded: OrderedDict[str, int] = OrderedDict()

    def wants(self, method: str, status: int) -> bool:
        """Whether such an answer is recorded, where a token or a session was shown."""
        deciding = method not in READING
        return status == HTTPStatus.FORBIDDEN or (status == HTTPStatus.UNAUTHORIZED and deciding)

    def record(self, key: str, attempt: Attempt, *, now: Instant) -> bool:
        """Record an attempt of the caller `key`, durable when it returns; `False` where it is only counted."""
        with self._lock:
            missed = self._take(key, now)
            if missed is None:
                return False
        counted = replace(attempt, unrecorded=missed)
        self._law.act(lambda _: (access_denied(counted, now=now),))
        return True

    def _take(self, key: str, now: Instant) -> int | None:
        """How many of this caller were only counted before; nothing where this one is only counted, too."""
        if now // HOUR != self._hour:
            self._hour, self._written = now // HOUR, {}
        mine = self._written.get(key, 0)
        if mine >= EACH or sum(self._written.values()) >= ALL:
            self._unrecorded[key] = self._unrecorded.pop(key, 0) + 1
            while len(self._unrecorded) > MOST_CALLERS:
                self._unrecorded.popitem(last=False)
            return None
        self._written[key] = mine + 1
        return self._unrecorded.pop(key, 0)
