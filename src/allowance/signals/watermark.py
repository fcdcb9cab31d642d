"""How far the telemetry of a source is known, in one word, with the reason: the one place that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from allowance.core.counts import NoData
from allowance.core.duration import MINUTE, short
from allowance.core.problem import Problem
from allowance.core.time import Instant, iso

LATE_STEPS, STALE_STEPS = 3, 15
"""So many steps behind the clock a source is late, and stale."""

Word = Literal["fresh", "late", "stale", "no data"]
"""fresh: decide on it. late: it is behind, or failed the last time. stale: far behind. no data: never known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Everything before `known_to` has been counted (`NO_DATA`: nothing ever was); why it is not further."""

    word: Word
    reason: str
    known_to: Instant | NoData

    @property
    def is_fresh(self) -> bool:
        """Whether decisions may lean on it."""
        return self.word == "fresh"


def watermark(
    read_to: Instant | NoData,
    newest_bucket: Instant | NoData,
    problem: Problem | None,
    *,
    now: Instant,
    step: int = MINUTE,
    silence_counts: bool = False,
) -> Watermark:
    """Where a source stands at `now`.

    `read_to`: up to where it was asked with success (what is pushed to us is read to the newest tick).
    `newest_bucket`: the end of the newest bucket with events. `problem`: why the last reading failed.
    `silence_counts`: a source that gives no events may as well be broken (pushed telemetry, tables, logs). A
    Prometheus is scraped also where nothing happens, so its silence alone says nothing.
    """
    why = f": {problem.message}" if problem is not None else ""
    if isinstance(read_to, NoData):
        return Watermark(word="no data", reason=f"it has never been read{why}", known_to=read_to)
    word = _behind(read_to, now=now, step=step)
    if word != "fresh":
        return Watermark(
            word=word, reason=f"it was not read for more than {_limit(word, step)}{why}", known_to=read_to
        )
    if problem is not None:
        return Watermark(word="late", reason=f"it could not be read{why}", known_to=read_to)
    if isinstance(newest_bucket, NoData):
        return Watermark(
            word="no data", reason="it answers, but has never given an event", known_to=newest_bucket
        )
    silent = _behind(newest_bucket, now=now, step=step)
    if silence_counts and silent != "fresh":
        reason = f"it answers, but has given no event since {iso(newest_bucket)}"
        return Watermark(word=silent, reason=reason, known_to=newest_bucket)
    return Watermark(word="fresh", reason="", known_to=read_to)


def _behind(at: Instant, *, now: Instant, step: int) -> Word:
    behind = (now - at) // step
    return "stale" if behind >= STALE_STEPS else "late" if behind >= LATE_STEPS else "fresh"


def _limit(word: Word, step: int) -> str:
    return short((STALE_STEPS if word == "stale" else LATE_STEPS) * step)
