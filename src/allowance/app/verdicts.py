"""What the gate has said in the last weeks, in little: read on from where it was read last, however long the ledger is."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from allowance.app.law import Asked, Ledger
from allowance.core.duration import DAY
from allowance.core.time import Instant
from allowance.governance.adherence import Said, said
from allowance.governance.verdict_record import DECIDED

USUAL = 28 * DAY
"""The period over which deploys are compared with verdicts where none is named."""

AHEAD = 7 * DAY
"""So long before its deploy a change may have been asked about."""

MOST = 20_000
"""Of a period further back, no more verdicts than these are looked at."""

AT_ONCE = 500


class Verdicts:
    """Verdicts on versions and commits, in the order of the ledger; from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._lock = ledger, threading.Lock()
        self._recent, self._after = deque[Said](), 0

    def recent(self, *, now: Instant) -> Sequence[Said]:
        """Those of the usual period and of the week before it."""
        begin = now - USUAL - AHEAD
        with self._lock:
            while True:
                wanted = Asked(kind=DECIDED, after=self._after, since=begin, most=AT_ONCE)
                entries = self._ledger.find(wanted)
                self._recent.extend(said(entry) for entry in entries)
                self._after = entries[-1].seq if entries else self._after
                if len(entries) < AT_ONCE:
                    break
            while self._recent and self._recent[0].at < begin:
                self._recent.popleft()
            return tuple(self._recent)

    def before(self, begin: Instant, end: Instant, *, service: str, now: Instant) -> Sequence[Said] | None:
        """Those that deploys in `[begin, end)` may rest on; nothing where they are too many to look at."""
        if begin >= now - USUAL:
            return self.recent(now=now)
        wanted = Asked(kind=DECIDED, subject=service, since=begin - AHEAD, until=end, most=MOST)
        entries = self._ledger.find(wanted)
        return [said(entry) for entry in entries] if len(entries) < MOST else None
