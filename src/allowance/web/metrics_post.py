"""How notices leave, for `/metrics`: what waits, how long, and for which channels every try fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from allowance.core.time import Instant
from allowance.web.state import LiveState

Rows = Iterable[tuple[tuple[str, ...], float]]


def notices(state: LiveState) -> Rows:
    """How many there are by channel and state; `due` also where it is 0."""
    counts = state.outbox_counts()
    every = {(channel, "due"): 0 for channel, _ in counts} | dict(counts)
    return sorted((labels, float(number)) for labels, number in every.items())


def oldest(state: LiveState, *, now: Instant) -> Rows:
    """Seconds that the oldest has waited, by channel."""
    return _ages(state, state.outbox_oldest(), now)


def failing(state: LiveState, *, now: Instant) -> Rows:
    """Seconds for which every try has failed, by channel."""
    return _ages(state, {one.channel: one.since for one in state.troubles()}, now)


def _ages(state: LiveState, since: Mapping[str, Instant], now: Instant) -> Rows:
    """0 where there is nothing of that, so that a promise about it has data."""
    channels = {channel for channel, _ in state.outbox_counts()} | since.keys() or {""}
    return [((name,), float(max(0, now - since.get(name, now)))) for name in sorted(channels)]
