"""What the pages of the demo show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allowance.budget.health import Health
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.demo.living.scenarios import SCENARIOS, Scenario
from allowance.reports.pages.rows import about
from allowance.reports.pages.view import Head, Link, When, head


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One scenario on the page; `since` where it holds now."""

    name: str
    title: str
    what: str
    watch: Link
    since: When | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The page with the levers."""

    head: Head
    levers: tuple[Lever, ...]
    broken: int


def control(broken: Mapping[str, Instant], *, as_of: Instant | NoData, now: Instant) -> Control:
    """What can be broken, and what is."""
    levers = tuple(_lever(one, broken, now) for one in SCENARIOS)
    count = len(broken)
    health: Health = "broken" if count else "ok"
    words = "The shop works. Break something" if not count else _broken_words(levers)
    return Control(head=head("Break it", words, health, as_of), levers=levers, broken=count)


def _lever(one: Scenario, broken: Mapping[str, Instant], now: Instant) -> Lever:
    at = broken.get(one.name)
    since = NO_DATA if at is None else When(at=at, ago=about(max(1, now - at)))
    return Lever(
        name=one.name,
        title=one.title,
        what=one.what,
        watch=Link(text=one.watch, href=one.href),
        since=since,
    )


def _broken_words(levers: Sequence[Lever]) -> str:
    names = [one.title for one in levers if not isinstance(one.since, NoData)]
    return f"Broken on purpose: {', '.join(names).lower()}"
