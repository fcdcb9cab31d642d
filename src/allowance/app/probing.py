"""Probes on time: each at its own second, none made up for, and none counted that could not be made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from allowance.contract.probe import Probe
from allowance.core.time import Instant
from allowance.signals.event_sli import Told
from allowance.signals.probe import Attempt, NotMade, judge, next_due, told_by

GRACE = 5
"""A probe that begins or ends later than by so many seconds was held up by us: it is not made, or not counted."""

Try: TypeAlias = Callable[[Probe], Attempt | NotMade]

log = structlog.get_logger()


class Probing:
    """Makes the probes of a contract until it is stopped. `record` makes a result durable.

    `probes` is asked again and again, so that a contract may change. `may` says whether it is up to this process;
    while it is not, nothing is made.
    """

    def __init__(
        self,
        probes: Callable[[], Sequence[Probe]],
        attempt: Try,
        record: Callable[[Told], None],
        clock: Callable[[], Instant],
        may: Callable[[], bool] = lambda: True,
    ) -> None:
        self._probes, self._attempt, self._record = probes, attempt, record
        self._clock, self._may = clock, may
        self._due: dict[Probe, Instant] = {}
        self._busy: set[Probe] = set()
        self._words: dict[Probe, str] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until `stop` is called from another thread."""
        self.due()
        while not self._stopped.wait(self._pause()):
            for probe in self.due():
                self._busy.add(probe)
                # A thread of its own, and one that nobody waits for: a slow answer holds up neither the next
                # probe nor the end of the program.
                threading.Thread(target=self.make, args=(probe,), name="probe", daemon=True).start()

    def stop(self) -> None:
        """Begin no more; those that run are not waited for, and are not counted."""
        self._stopped.set()

    def due(self) -> list[Probe]:
        """The probes to begin now. One whose time has passed (we slept, or it still runs) is left out: a gap."""
        now, found = self._clock(), []
        self._due = {one: self._due.get(one, next_due(one, now=now)) for one in self._probes()}
        for probe, at in self._due.items():
            if at > now:
                continue
            self._due[probe] = next_due(probe, now=now)
            if now - at <= GRACE and probe not in self._busy and self._may():
                found.append(probe)
        return found

    def make(self, probe: Probe) -> None:
        """Make one and count it."""
        try:
            found = self._attempt(probe)
            if self._stopped.is_set():
                return
            if isinstance(found, Attempt) and self._clock() - found.at > probe.timeout + GRACE:
                found = NotMade(at=found.at, why="this process was held up while it waited for the answer")
            if isinstance(found, Attempt):
                judged = judge(found, probe.expect)
                self._record(told_by(probe, judged))
                self._tell(probe, "; ".join(judged.failures))
            else:
                self._tell(probe, f"not made: {found.why}")
        except Exception:
            # It is not counted, which is what no data means; the next one comes in its time.
            log.exception("a probe failed to be made or stored", url=probe.url)
        finally:
            self._busy.discard(probe)

    def _tell(self, probe: Probe, words: str) -> None:
        """Only changes are logged."""
        if self._words.get(probe, "") != words:
            self._words[probe] = words
            log.info("probe", url=probe.url, says=words or "as expected")

    def _pause(self) -> float:
        return max(0.05, min(1.0, min(self._due.values()) - self._clock()) if self._due else 1.0)
