"""Where nobody acknowledges: the next ones are queued, once each, in every tick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from allowance.alerting.alert import Mute, Notice
from allowance.alerting.mute import hits
from allowance.alerting.route import Directory, escalations
from allowance.core.counts import NO_DATA
from allowance.core.time import Instant


class Queue(Protocol):
    """The open outbox: a key that is queued for a channel already stays as it is."""

    def tell(self, notices: Sequence[Notice], channels: Mapping[str, Sequence[str]], *, now: Instant) -> None:
        """Queue notices for the channels that are named by their keys."""
        ...


class Desk(Protocol):
    """What fires, what is muted, and an outbox."""

    def firing(self) -> Sequence[Notice]:
        """For each alert that fires, the notice that said so last."""
        ...

    def mutes(self, *, now: Instant) -> Sequence[Mute]:
        """What keeps alerts quiet."""
        ...

    def writing(self) -> AbstractContextManager[Queue]:
        """All or nothing."""
        ...


def escalate(
    desk: Desk, directory: Directory, *, acknowledged: Callable[[Notice], Instant | None], now: Instant
) -> int:
    """Queue every escalation that had to be told by now; how many there are, those queued before included.

    A silence holds escalations back too, unless it lets fast burns through: then it is not asked how fast this is.
    """
    mutes = [mute for mute in desk.mutes(now=now) if mute.unless_burn_above is None]
    steps = [
        step
        for notice in desk.firing()
        if not any(hits(mute, notice.labels, NO_DATA, now=now) for mute in mutes)
        for step in escalations(directory, notice, acknowledged=acknowledged(notice), now=now)
    ]
    if steps:
        with desk.writing() as queue:
            queue.tell(
                [notice for notice, _ in steps], {notice.key: channels for notice, channels in steps}, now=now
            )
    return len(steps)
