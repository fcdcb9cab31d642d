"""Who is told next where nobody acknowledges, as a table.

    the alert            a step that is due       is told
    ------------------   ----------------------   ----------------------------
    nobody has seen it   at or before now         once
    acknowledged         before that              it was told; none after it
    resolved             before that              it was told; none after it

A step is due so many seconds after the alert was told. Because a notice of a step has a key of its own, and an
outbox takes each key once, asking again in every tick tells nothing twice, and nothing is lost by a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from allowance.alerting.alert import Notice
from allowance.core.duration import short
from allowance.core.time import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """After so many seconds without an acknowledgement these are told."""

    after: int
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Steps in the order of their times."""

    name: str
    steps: tuple[Step, ...]


def due_steps(
    ladder: Ladder,
    *,
    told: Instant,
    acknowledged: Instant | None,
    resolved: Instant | None = None,
    now: Instant,
) -> tuple[tuple[Instant, Step], ...]:
    """Every step that had to be told by now, with its instant."""
    ends = [end for end in (acknowledged, resolved) if end is not None]
    due = ((told + step.after, step) for step in ladder.steps)
    return tuple((at, step) for at, step in due if at <= now and all(at < end for end in ends))


def escalated(notice: Notice, ladder: Ladder, step: Step, at: Instant) -> Notice:
    """The notice of a step: the same alert, a key of its own, and a title that says why it comes."""
    title = f"nobody has acknowledged for {short(step.after)}: {notice.message.title}"
    return replace(
        notice,
        key=f"{notice.key}/{ladder.name}/{step.after}",
        at=at,
        message=replace(notice.message, title=title),
    )
