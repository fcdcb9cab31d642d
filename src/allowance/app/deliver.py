"""From the outbox to the channels: every notice at least once, and no channel waits for another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from allowance.alerting.alert import Event, Notice
from allowance.alerting.delivery import Due, Later, OutboxState, Outcome, Refused, Sent, Settled, settled
from allowance.app.threads import in_daemon
from allowance.core.time import Instant

REPEAT_EVERY = 60
"""Alertmanager forgets a firing alert after five minutes by default."""
REPEAT_RESOLVED = 300
"""A resolution is repeated for so long, for an Alertmanager that was away or started anew."""
IN_A_ROW = 3
"""After so many failures in a row a channel rests until the next round, instead of running into every time-out."""


class Outbox(Protocol):
    """Where notices wait; what is settled is durable when `settle` returns."""

    def due(self, channel: str, *, now: Instant, most: int = 100) -> Sequence[Due]:
        """Notices that a channel should be given now, in the order in which to give them."""
        ...

    def settle(self, due: Due, settled: Settled) -> None:
        """What became of a try."""
        ...

    def answered(self, channel: str, error: str, *, now: Instant) -> None:
        """How a channel took what was repeated to it; no error: well."""
        ...

    def told(self, channel: str, *, since: Instant) -> Sequence[Notice]:
        """What a channel was told last of alerts that fire, or that were resolved after `since`."""
        ...


class Channel(Protocol):
    """A way to tell somebody. `send` may block; it returns what became of the notice and raises nothing."""

    @property
    def name(self) -> str:
        """The name that settings and outbox use."""
        ...

    def send(self, notice: Notice) -> Outcome:
        """Tell it. The receiver may be told twice: `notice.key` and `notice.opened` say what is the same."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A channel whose receiver forgets alerts that are not repeated."""

    def refresh(self, notices: Sequence[Notice]) -> Outcome:
        """Say again what still holds."""
        ...


@runtime_checkable
class Hearing(Protocol):
    """A channel that wants to know of more than an alert's life."""

    @property
    def hears(self) -> frozenset[Event]:
        """Of what else."""
        ...


def hearing(channels: Iterable[Channel], event: Event) -> frozenset[str]:
    """The names of the channels that want to know of an event."""
    return frozenset(one.name for one in channels if isinstance(one, Hearing) and event in one.hears)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of the notices of one round: how many were sent, wait again, were refused or expired."""

    counts: Mapping[OutboxState, int] = field(default_factory=dict)
    working: tuple[str, ...] = ()
    """Channels that had not come back when the round was over; they go on by themselves."""
    not_repeated: tuple[str, ...] = ()
    """Why what still fires could not be repeated; it is tried again in the next minute."""


Counts = dict[OutboxState, int]
Try = tuple[str, str, int]
"""The key of a notice, the channel, and how often it was tried before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What one worker did."""

    counts: Counts
    not_repeated: str = ""


class Post:
    """One worker per channel, at most: a channel that hangs keeps its own notices waiting and nobody else's."""

    def __init__(
        self, outbox: Outbox, channels: Iterable[Channel], *, allowed: Callable[[], bool] = lambda: True
    ) -> None:
        """`allowed` is asked before every try: whether it is still ours to deliver."""
        self._outbox, self._allowed = outbox, allowed
        self._unsettled: dict[Try, Settled] = {}
        self._channels = {channel.name: channel for channel in channels}
        self._working: dict[str, Future[_Done]] = {}
        self._repeated: dict[str, Instant] = {}

    def round(self, *, now: Instant, patience: float) -> Delivered:
        """Give every idle channel what is due, and wait at most `patience` seconds for them to come back.

        What a slow channel does after that is counted in the round that finds it idle. Not for several threads at
        once. Errors: what the outbox raised, after every channel had its turn.
        """
        finished = self._collect(0)
        for name, channel in self._channels.items():
            if name not in self._working:
                self._working[name] = in_daemon(f"deliver-{name}", self._work(channel, now))
        finished += self._collect(patience)
        counts: Counts = {}
        done = [future.result() for future in finished]
        for one in done:
            for state, number in one.counts.items():
                counts[state] = counts.get(state, 0) + number
        reasons = tuple(one.not_repeated for one in done if one.not_repeated)
        return Delivered(counts=counts, working=tuple(self._working), not_repeated=reasons)

    def _work(self, channel: Channel, now: Instant) -> Callable[[], _Done]:
        repeats = (
            isinstance(channel, Refreshing) and now - self._repeated.get(channel.name, 0) >= REPEAT_EVERY
        )
        if repeats:
            self._repeated[channel.name] = now

        def work() -> _Done:
            counts = deliver_channel(
                self._outbox, channel, now=now, allowed=self._allowed, unsettled=self._unsettled
            )
            if not repeats:
                return _Done(counts=counts)
            return _Done(counts=counts, not_repeated=self._repeat(channel, now))

        return work

    def _repeat(self, channel: Channel, now: Instant) -> str:
        told = self._outbox.told(channel.name, since=now - REPEAT_RESOLVED)
        outcome = refresh(channel, told)
        error = "" if isinstance(outcome, Sent) else outcome.reason
        if told:
            self._outbox.answered(channel.name, error, now=now)
        return error

    def _collect(self, patience: float) -> list[Future[_Done]]:
        done = wait(self._working.values(), timeout=patience).done
        self._working = {name: future for name, future in self._working.items() if future not in done}
        return list(done)


def deliver_once(
    outbox: Outbox, channels: Iterable[Channel], *, now: Instant, patience: float = 30
) -> Delivered:
    """One round over all channels, for a program that ends afterwards; a loop keeps a `Post`."""
    return Post(outbox, channels).round(now=now, patience=patience)


def deliver_channel(
    outbox: Outbox,
    channel: Channel,
    *,
    now: Instant,
    allowed: Callable[[], bool],
    unsettled: MutableMapping[Try, Settled],
) -> Counts:
    """Everything that one channel should be given now, in order, until it fails too often in a row.

    `unsettled` are tries whose end could not be written down (the disk was full): they are written down first, and
    nobody is told a second time.
    """
    counts: Counts = {}
    failed = 0
    while failed < IN_A_ROW:
        waiting = outbox.due(channel.name, now=now)
        if not waiting:
            break
        for due in waiting:
            if not allowed():
                return counts
            name = (due.notice.key, due.channel, due.tries)
            if name not in unsettled:
                unsettled[name] = settled(due, attempt(channel, due.notice), now=now)
            after = unsettled[name]
            outbox.settle(due, after)
            del unsettled[name]
            counts[after.state] = counts.get(after.state, 0) + 1
            failed = failed + 1 if after.state in ("due", "expired") else 0
            if failed == IN_A_ROW:
                break
    return counts


def attempt(channel: Channel, notice: Notice) -> Outcome:
    """What became of one try. A fault of the channel's own code is a failed try, so that it is seen and repeated."""
    try:
        return channel.send(notice)
    except Exception as error:  # noqa: BLE001 - the text may hold a secret, its type does not
        return Later(reason=f"the channel {channel.name} broke: {type(error).__name__}")


def refresh(channel: Channel, notices: Sequence[Notice]) -> Outcome:
    """Repeat what still holds, where the receiver wants that; a channel without such a need has done it."""
    if not isinstance(channel, Refreshing) or not notices:
        return Sent()
    try:
        return channel.refresh(notices)
    except Exception as error:  # noqa: BLE001
        return Refused(reason=f"the channel {channel.name} broke: {type(error).__name__}")
