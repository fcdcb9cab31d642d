"""The life of an alert as a table: when it opens, when it recovers, and when a flap is the same alert again.

    state       sees     timer   becomes      says
    ---------   ------   -----   ----------   --------
    quiet       over     -       pending      -
    quiet       waiting  -       pending      -            a rule is met, but not yet for long enough
    pending     over     due     firing       opened      the timer is the hold
    pending     calm     -       quiet        -
    firing      calm     -       recovering   -
    recovering  over     -       firing       -           it never was over
    recovering  calm     due     resolved     resolved    the timer is the keep, once it flaps the longer one
    resolved    over     -       firing       reopened    a flap: the same alert, one entry more
    resolved    calm     due     quiet        -           the timer is the memory

`waiting` is calm for what has fired. `between` (not over, but above the clear line) leaves everything as it is and restarts the keep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from allowance.contract.rules import USUAL_FLAPS
from allowance.core.time import Instant

State = Literal["quiet", "pending", "firing", "recovering", "resolved"]
Signal = Literal["over", "waiting", "between", "calm"]
Says = Literal["opened", "reopened", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One row of the table: the next state, what is said, and whether the timer must have run out."""

    to: State
    says: Says | None = None
    after: Literal["now", "hold", "keep", "memory"] = "now"


TABLE: dict[tuple[State, Signal], Move] = {
    ("quiet", "over"): Move(to="pending"),
    ("quiet", "waiting"): Move(to="pending"),
    ("pending", "over"): Move(to="firing", says="opened", after="hold"),
    ("pending", "between"): Move(to="quiet"),
    ("pending", "calm"): Move(to="quiet"),
    ("firing", "calm"): Move(to="recovering"),
    ("recovering", "over"): Move(to="firing"),
    ("recovering", "calm"): Move(to="resolved", says="resolved", after="keep"),
    ("resolved", "over"): Move(to="firing", says="reopened"),
    ("resolved", "calm"): Move(to="quiet", after="memory"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """How slow an alert is to change its mind, in seconds, besides what its rules ask for.

    `hold`: over for so long before it opens. `keep`: calm for so long before it is resolved, and `flap_keep` from
    its second stretch of firing on, so that a night of flaps is not a night of messages. `memory`: over again within
    so long after it was resolved is the same alert.
    """

    hold: int = 0
    keep: int = 0
    flap_keep: int = USUAL_FLAPS.keep
    memory: int = USUAL_FLAPS.within


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stretch of firing inside an alert: `[begin, end)`; it goes on while `end` is not set."""

    begin: Instant
    end: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Where an alert stands: its state, since when, when its timer began, and its stretches of firing.

    `told`: somebody was told that it is open, and has not been told that it is over. `keep`: for so long the rules
    that fired in this stretch want it to be calm.
    """

    state: State = "quiet"
    since: Instant = 0
    timer: Instant = 0
    entries: tuple[Entry, ...] = ()
    told: bool = False
    keep: int = 0

    @property
    def is_open(self) -> bool:
        """Firing, or calm for too short a time to be over."""
        return self.state in ("firing", "recovering")


QUIET = Life()


def advance(life: Life, signal: Signal, limits: Hysteresis, *, now: Instant) -> tuple[Life, tuple[Says, ...]]:
    """One tick. More than one row may apply at once: with no hold, quiet passes through pending to firing."""
    said: list[Says] = []
    if signal == "waiting" and life.state not in ("quiet", "pending"):
        signal = "calm"
    if life.state == "recovering" and signal == "between":
        return replace(life, timer=now), ()
    for _ in TABLE:
        move = TABLE.get((life.state, signal))
        if move is None or now - life.timer < _wait(move, life, limits):
            break
        life = _moved(life, move, now)
        if move.says is not None:
            said.append(move.says)
    return life, tuple(said)


def _wait(move: Move, life: Life, limits: Hysteresis) -> int:
    keep = max(life.keep, limits.keep, limits.flap_keep if len(life.entries) > 1 else 0)
    return {"now": 0, "hold": limits.hold, "keep": keep, "memory": limits.memory}[move.after]


def _moved(life: Life, move: Move, now: Instant) -> Life:
    entries = life.entries
    if move.to == "quiet":
        entries = ()
    elif move.to == "firing":
        entries = (*entries, Entry(begin=now))
    elif move.to == "recovering":
        entries = (*entries[:-1], replace(entries[-1], end=now))
    return replace(
        life, state=move.to, since=now, timer=now, entries=entries, told=life.told and move.to != "quiet"
    )
