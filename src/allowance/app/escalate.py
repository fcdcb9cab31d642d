"""Where nobody acknowledges, the next ones are queued; where somebody does, who was told. Once each, in every round."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from allowance.alerting.alert import Mute, Notice
from allowance.alerting.mute import hits
from allowance.alerting.route import Directory, escalations, targets
from allowance.alerting.word import taken
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
    return _queue(desk, steps, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Who took an alert first, when, and what they said."""

    by: str
    note: str
    at: Instant


def tell_taken(
    desk: Desk,
    directory: Directory,
    hear: Collection[str],
    taking: Callable[[Notice], Taking | None],
    *,
    now: Instant,
) -> int:
    """Queue for every alert that fires and was taken that it was: for those of the channels in `hear` that were told.

    How many there are, those queued before included. An alert of the log is told to nobody, and so is this.
    """
    found: list[tuple[Notice, tuple[str, ...]]] = []
    for notice in desk.firing() if hear else ():
        one = taking(notice)
        if one is not None:
            word = taken(notice, by=one.by, note=one.note, at=one.at)
            told = targets(
                directory, replace(notice, says="resolved", at=one.at), acknowledged=one.at, now=now
            )
            found.append((word, tuple(name for name in told if name in hear)))
    return _queue(desk, found, now=now)


def tell_changes(
    desk: Desk, directory: Directory, hear: Collection[str], words: Sequence[Notice], *, now: Instant
) -> int:
    """Queue every word of a change for those of the channels in `hear` that a page of its service would go to."""
    found = [
        (word, tuple(name for name in targets(directory, word, now=now) if name in hear)) for word in words
    ]
    return _queue(desk, found, now=now)


def _queue(desk: Desk, found: Sequence[tuple[Notice, Sequence[str]]], *, now: Instant) -> int:
    if found:
        with desk.writing() as queue:
            queue.tell([word for word, _ in found], {word.key: names for word, names in found}, now=now)
    return len(found)
