"""What happened before today: sixty days of counts of every promise, the same for every seed, ending where live begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Buckets, from_arrays
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant
from allowance.demo.live.load import TENANTS
from allowance.demo.live.shop import REGIONS
from allowance.edges.counts_file import write_counts

DAYS = 60
"""Twice the window of the promises, so that the first day of the story has a full window before it."""
COARSE = 5 * MINUTE
"""Where nothing happens, one count stands for so many seconds."""
CLOSE = HOUR
"""So long before and after a short spell, and at the end, every minute has counts of its own."""
USUAL = 0.00004
"""The share that fails on a good day."""
HURT = "globex"
ALL = (("", 100),)
GROUPS: Mapping[str, tuple[tuple[str, int], ...]] = {"": ALL, "tenant": TENANTS, "region": REGIONS}
"""By the column of a promise's groups: their names, and how many of a hundred events are theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """One promise: events a minute at this hour of the day, and whether nothing of it ever fails."""

    slo: str
    a_minute: int
    by: str = ""
    perfect: bool = False

    @property
    def file(self) -> str:
        """The name of the file of its counts, as the contract says it."""
        return f"{self.slo.replace('/', '-')}.csv"


PROMISED = (
    Promised(slo="storefront/pages", a_minute=1200, by="region"),
    Promised(slo="storefront/fast-pages", a_minute=1200),
    Promised(slo="checkout/orders", a_minute=120, by="tenant"),
    Promised(slo="payments/charges", a_minute=120, by="tenant"),
    Promised(slo="inventory/stock", a_minute=480),
    Promised(slo="search/answers", a_minute=240),
    Promised(slo="search/fast-answers", a_minute=240),
    Promised(slo="mail/sent", a_minute=120, perfect=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """From `ago` seconds before the end, for `lasts` seconds, a share of a promise's events failed.

    Only in the group `only`, if given; `crowd` multiplies its traffic then.
    """

    slo: str
    ago: int
    lasts: int
    share: float
    what: str
    only: str = ""
    crowd: int = 1


def _flaps() -> tuple[Spell, ...]:
    what = "A cache node in us restarts ten times in one night, four minutes each time."
    first = 14 * DAY + 8 * HOUR
    return tuple(
        Spell(
            slo="storefront/pages",
            ago=first - n * 35 * MINUTE,
            lasts=4 * MINUTE,
            share=0.9,
            what=what,
            only="us",
        )
        for n in range(10)
    )


PROVIDER = "The card provider times out for two hours: one payment in six fails, and the order with it."
BAD_DEPLOY = "checkout 2.14.0 breaks guest orders until it is rolled back 25 minutes later."
SECOND_DEPLOY = "checkout 2.15.0 loses orders with a voucher for twenty minutes, and the rest of the budget."

SPELLS: tuple[Spell, ...] = (
    Spell(
        slo="search/answers",
        ago=26 * DAY,
        lasts=6 * DAY,
        share=0.002,
        what="A connection pool leaks: 0.2 % of all searches fail, day and night, for six days.",
    ),
    Spell(slo="checkout/orders", ago=17 * DAY, lasts=25 * MINUTE, share=0.3, what=BAD_DEPLOY),
    *_flaps(),
    Spell(
        slo="storefront/fast-pages",
        ago=11 * DAY,
        lasts=2 * HOUR,
        share=0.6,
        what="A query loses its index: pages are right, but three times slower.",
    ),
    Spell(slo="payments/charges", ago=9 * DAY, lasts=2 * HOUR, share=0.16, what=PROVIDER),
    Spell(slo="checkout/orders", ago=9 * DAY, lasts=2 * HOUR, share=0.16, what=PROVIDER),
    Spell(slo="checkout/orders", ago=5 * DAY, lasts=20 * MINUTE, share=0.3, what=SECOND_DEPLOY),
    Spell(
        slo="payments/charges",
        ago=3 * DAY,
        lasts=HOUR,
        share=0.02,
        only=HURT,
        crowd=12,
        what=f"The tenant {HURT} imports its back catalogue with twelve times its usual traffic.",
    ),
)


def write_past(folder: Path, *, end: Instant, seed: int = 7) -> None:
    """A file of counts per promise, up to `end`, an edge of the minutes. Errors: `Problem` `write`."""
    folder.mkdir(parents=True, exist_ok=True)
    for promised in PROMISED:
        found = counts(promised, end=end, seed=seed)
        write_counts(str(folder / promised.file), found if promised.by else found[""], by=promised.by)


def counts(promised: Promised, *, end: Instant, seed: int = 7) -> Mapping[str, Buckets]:
    """The counts of a promise by group; under the empty name where it has none."""
    return {
        name: _group(promised, name, weight / 100, end=end, seed=seed) for name, weight in GROUPS[promised.by]
    }


def _group(promised: Promised, name: str, part: float, *, end: Instant, seed: int) -> Buckets:
    chance = np.random.default_rng([seed, *f"{promised.slo} {name}".encode()])
    every = np.arange(end - DAYS * DAY, end, MINUTE, dtype=np.int64)
    fine = every >= end - CLOSE
    for spell in SPELLS:
        if spell.lasts < DAY:
            near = (every >= end - spell.ago - CLOSE) & (every < end - spell.ago + spell.lasts + CLOSE)
            fine |= near
    coarse = ((every - end) % COARSE == 0) & ~fine
    at = every[fine | coarse]
    length = np.where(coarse[fine | coarse], COARSE // MINUTE, 1)
    wave = 0.65 + 0.35 * np.cos(2 * np.pi * (at - end) / DAY)
    expected = promised.a_minute * part * wave * length
    share = np.full(len(at), 0.0 if promised.perfect else USUAL)
    for spell in SPELLS:
        if spell.slo == promised.slo and spell.only in ("", name):
            inside = _inside(at, spell, end)
            share[inside] = spell.share
            expected[inside] *= spell.crowd
    total = chance.poisson(expected).astype(np.int64)
    bad = chance.binomial(total, share).astype(np.int64)
    return from_arrays(at, total - bad, total)


def _inside(at: NDArray[np.int64], spell: Spell, end: Instant) -> NDArray[np.bool_]:
    begin = end - spell.ago
    inside: NDArray[np.bool_] = (at >= begin) & (at < begin + spell.lasts)
    return inside
