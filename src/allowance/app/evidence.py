"""The evidence of a period: its entries without a gap, and an oath on the last of them."""

from __future__ import annotations

from collections.abc import Callable

from allowance.app.law import Asked, Ledger
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.governance.verify import Broken, Checkpoint, Point, Verified, verify
from allowance.reports.evidence_page import Evidence


def collect(
    ledger: Ledger,
    whole: Verified,
    *,
    begin: Instant,
    end: Instant,
    swear: Callable[[Verified], Checkpoint],
    now: Instant,
) -> Evidence:
    """From the first to the last entry of `[begin, end)`; entries between, of another instant, stay in.

    `whole` is what was verified of the ledger. Errors: `Problem` `ledger`: there is no entry, or it changes meanwhile.
    """
    oldest = ledger.find(Asked(since=begin, until=end, most=1))
    newest = ledger.find(Asked(since=begin, until=end, most=1, newest=True))
    if begin >= end or not oldest:
        raise refuse(
            "ledger",
            f"the ledger has no entry from {iso(begin)} to {iso(end)}",
            hint="see allowance ledger log --since ... --until ...",
        )
    first, last = oldest[0], newest[0]
    entries = ledger.entries(after=first.seq - 1, most=last.seq - first.seq + 1)
    part = verify(entries, after=Point(seq=first.seq - 1, hash=first.prev))
    if isinstance(part, Broken) or part.head != last.seq:
        raise refuse("ledger", "the ledger changed while it was read", hint="run allowance ledger verify")
    return Evidence(
        entries=tuple(entries),
        begin=begin,
        end=end,
        of=max(whole.head, last.seq),
        checkpoint=swear(part),
        made_at=now,
    )
