"""How good the pages were: how many there were, how many were worth waking up for, and how fast they found what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant

REAL = ("actionable_automated", "actionable_manual", "missed_then_found")
ASIDE = ("test", "duplicate")
"""Neither real nor noise: these are left out."""

Worth = Literal["real", "noise", "aside", "unsaid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person said an alert was, during it or after its end."""

    signature: str
    at: Instant
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """A page that went out; `delay` is in seconds from the step that it found."""

    signature: str
    at: Instant
    delay: int | NoData = NO_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Pages of a span. `said` are those that somebody judged; `find` is the median time to find, over `found` pages."""

    pages: int
    real: int
    noise: int
    found: int
    find: int | NoData

    @property
    def said(self) -> int:
        """How many were judged."""
        return self.real + self.noise

    @property
    def share(self) -> Fraction | NoData:
        """real / said."""
        return Fraction(self.real, self.said) if self.said else NO_DATA


def quality(pages: Sequence[Paged], words: Sequence[Word]) -> Quality:
    """Every page with the newest word about it; a word is about the last page of its name before it."""
    judged = [worth(one, pages, words) for one in pages]
    delays = [one.delay for one in pages if not isinstance(one.delay, NoData)]
    return Quality(
        pages=len(pages) - judged.count("aside"),
        real=judged.count("real"),
        noise=judged.count("noise"),
        found=len(delays),
        find=sorted(delays)[(len(delays) - 1) // 2] if delays else NO_DATA,
    )


def worth(page: Paged, pages: Sequence[Paged], words: Sequence[Word]) -> Worth:
    """What one page was worth."""
    newest = None
    for one in words:
        if one.signature == page.signature and _about(one, pages) == page.at:
            newest = one if newest is None or one.at >= newest.at else newest
    if newest is None:
        return "unsaid"
    if newest.disposition in ASIDE:
        return "aside"
    return "real" if newest.disposition in REAL else "noise"


def _about(word: Word, pages: Sequence[Paged]) -> Instant | None:
    earlier = [one.at for one in pages if one.signature == word.signature and one.at <= word.at]
    return max(earlier, default=None)
