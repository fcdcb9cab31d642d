"""What was decided, in one line: freezes, exceptions, and what waits for a yes."""

from __future__ import annotations

from dataclasses import dataclass

from allowance.core.counts import NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant
from allowance.core.window import CalendarWindow
from allowance.governance.facts import Standing
from allowance.reports import numbers, tabular
from allowance.reports.pages.facts import UTC
from allowance.reports.pages.view import Num

SOON = 7 * DAY
QUARTER = CalendarWindow(unit="quarter", zone=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """`2 freezes in force`, and where they stand."""

    count: Num
    href: str


def decided(standing: Standing, at: Instant | NoData) -> tuple[Decided, ...]:
    """`1 freeze in force`, `0 waivers in force`, ...; nothing where nothing was ever decided."""
    if isinstance(at, NoData) or not standing.head:
        return ()
    quarter = QUARTER.whole(at + 1)
    freezes = sum(one.begin <= at and one.end is None for one in standing.freezes.values())
    bullets = sum(quarter.begin <= one.begin < quarter.end for one in standing.bullets.values())
    waivers = sum(one.begin <= at < one.end for one in standing.waivers.values())
    waiting = sum(one.until > at for one in standing.pending.values())
    said = [
        _counted(freezes, "freeze", "in force", "/governance#freezes"),
        _counted(bullets, "silver bullet", "spent this quarter", "/governance#bullets"),
        _counted(waivers, "waiver", "in force", "/governance#waivers"),
    ]
    if waiting:
        said.append(_counted(waiting, "request", "waiting for a yes", "/governance#waiting"))
    if standing.decisions:
        said.append(_counted(len(standing.decisions), "verdict", "recorded", "/decisions"))
    return tuple(said)


def due(standing: Standing, at: Instant | NoData) -> tuple[tuple[Instant, str], ...]:
    """What the ledger expects within a week, soonest first: what is owed, and what ends."""
    if isinstance(at, NoData):
        return ()
    found = [
        (one.due, f"{one.what} {_due(one.due, at)} from {one.owner or 'nobody named'} ({one.service})")
        for one in standing.obligations.values()
        if one.done is None and one.due < at + SOON
    ]
    found += [
        (one.end, f"the waiver of {one.service} for {one.dependency} ends")
        for one in standing.waivers.values()
        if at <= one.end < at + SOON
    ]
    return tuple(sorted(found))


def _due(due: Instant, at: Instant) -> str:
    return "is due" if due > at else "is overdue"


def _counted(count: int, noun: str, rest: str, href: str) -> Decided:
    plural = "" if count == 1 else "s"
    text = f"{numbers.whole(count)}{tabular.NBSP}{noun}{plural} {rest}"
    return Decided(count=Num(text=text, value=count), href=href)
