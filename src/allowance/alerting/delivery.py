"""What becomes of a notice on its way: sent, tried again after a while, or given up, and why.

a try ends as    and the notice is   becomes   next try
--------------   -----------------   -------   --------
Sent             -                   sent      -
Refused          -                   refused   -
Later            young enough        due       after the wait, or what the receiver asked for if that is longer
Later            too old             expired   -
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from allowance.alerting.alert import Notice
from allowance.contract.rules import Severity
from allowance.core.duration import DAY, MINUTE, short
from allowance.core.time import Instant

FIRST_WAIT = 5
LONGEST_WAIT = 5 * MINUTE
LONGEST_ASKED = 60 * MINUTE
"""A receiver may ask for a longer wait than ours, but not for one without end."""

MOST_AGE: dict[Severity, int] = {"page": DAY, "ticket": 7 * DAY, "log": DAY}
"""A page of yesterday wakes nobody; a ticket survives a week without its tracker."""

OutboxState = Literal["due", "sent", "refused", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The receiver has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not now: `reason` in one sentence without secrets; `after` is how many seconds the receiver asked to wait."""

    reason: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never: the same notice would be refused again."""

    reason: str


Outcome = Sent | Later | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notice that waits for one channel, and how often it was tried."""

    notice: Notice
    channel: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the outbox remembers after a try."""

    state: OutboxState
    at: Instant
    next_due: Instant
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A channel whose last try failed: at all since `since`, for the last time at `last`, and why, without secrets.

    So many notices are `waiting` for it, and so many were `lost` since then: refused, or given up. `next_try` is
    nothing where none of those that wait was tried yet.
    """

    channel: str
    since: Instant
    last: Instant
    reason: str
    waiting: int = 0
    lost: int = 0
    next_try: Instant | None = None


def settled(due: Due, outcome: Outcome, *, now: Instant) -> Settled:
    """The row of the table above that a try belongs to."""
    if isinstance(outcome, Sent):
        return Settled(state="sent", at=now, next_due=now)
    if isinstance(outcome, Refused):
        return Settled(state="refused", at=now, next_due=now, error=outcome.reason)
    age = MOST_AGE[due.notice.severity]
    if now - due.notice.at >= age:
        error = f"given up after {short(age)}; at last: {outcome.reason}"
        return Settled(state="expired", at=now, next_due=now, error=error)
    pause = max(wait(due), min(outcome.after, LONGEST_ASKED))
    return Settled(state="due", at=now, next_due=now + pause, error=outcome.reason)


def wait(due: Due) -> int:
    """Seconds until the next try: doubling from 5 s to 5 min, spread by up to a quarter.

    The spread comes from the key, so that many notices do not return in one instant, and a test can foresee it.
    """
    full = min(LONGEST_WAIT, FIRST_WAIT << min(due.tries, 16))
    digest = hashlib.sha256(f"{due.channel}/{due.notice.key}/{due.tries}".encode()).digest()
    return max(1, full - full * digest[0] // 1024)


def incident(notice: Notice) -> str:
    """What all notices of one alert share, through every flap, escalation and retry: at most 255 characters."""
    return at_most(f"{notice.signature}/{notice.opened}", 255)


def at_most(name: str, length: int) -> str:
    """A name that fits: where it is too long, its end gives way to a digest of the whole."""
    if len(name) <= length:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: length - 17]}~{digest}"
