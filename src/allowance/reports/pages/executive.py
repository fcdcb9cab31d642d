"""The executive page: are we keeping our promises, and where not?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allowance.budget.forecast import Rolling
from allowance.budget.health import WORST_FIRST, Health
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant, in_zone
from allowance.reports import tabular
from allowance.reports.glyphs import Svg
from allowance.reports.page import State
from allowance.reports.pages.decided import SOON, Decided, decided, due
from allowance.reports.pages.drawings import strip
from allowance.reports.pages.facts import UTC, Facts, Promise, service_name, tally, worst
from allowance.reports.pages.hurt import Cost, Hurt, costs, hurt_most
from allowance.reports.pages.rows import NONE, Row, costliest_day, row
from allowance.reports.pages.view import Head, Link, Num, When, head
from allowance.reports.words import budget_left

MOST_EXCEPTIONS, MOST_SENTENCES, MOST_AHEAD = 20, 3, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many promises are in a state, and how that is against a week before (`""`: unknown)."""

    state: State
    count: int
    change: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A promise that is not fine: since when, why as far as the counts say, and when its budget comes back."""

    row: Row
    since: str
    cause: str
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """A service: how many of its promises are in which state, and the days of its worst one."""

    link: Link
    state: State
    counts: tuple[Tally, ...]
    tags: tuple[str, ...]
    worst: str
    strip: Svg | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Something that changes within a week."""

    at: When
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Executive:
    """The page; `rest` is how many exceptions are not shown."""

    head: Head
    kept: Num
    promises: Num
    counts: tuple[Tally, ...]
    compared: str
    sentences: tuple[str, ...]
    exceptions: tuple[Trouble, ...]
    rest: int
    portfolio: tuple[ServiceRow, ...]
    hurt: tuple[Hurt, ...]
    costs: tuple[Cost, ...]
    decided: tuple[Decided, ...]
    ahead: tuple[Ahead, ...]


def executive(facts: Facts) -> Executive:
    """The page at the newest tick."""
    found = tally(facts.promises)
    kept, total = found["ok"] + found["watch"], len(facts.promises)
    bad = [one for one in facts.worst_first if one.health != "ok"]
    shown = bad[:MOST_EXCEPTIONS]
    return Executive(
        head=head("Executive", _answer(found, total), worst(facts.promises), facts.at),
        kept=Num(text=str(kept), value=kept),
        promises=Num(text=str(total), value=total),
        counts=_counts(facts, found),
        compared=_compared(facts),
        sentences=tuple(_sentences(facts, shown)),
        exceptions=tuple(_exception(facts, one) for one in shown),
        rest=len(bad) - len(shown),
        portfolio=_portfolio(facts),
        hurt=hurt_most(facts),
        costs=tuple(costs(facts)),
        decided=decided(facts.standing, facts.at),
        ahead=_ahead(facts, shown),
    )


def _answer(found: dict[Health, int], total: int) -> str:
    if not total:
        return "No promises yet"
    if found["no data"] == total:
        return f"Nothing is known of {tabular.plural(total, 'promise')}"
    kept = found["ok"] + found["watch"]
    if kept == total:
        return f"All {total} promises kept" if total > 1 else "The promise is kept"
    return f"{kept} of {tabular.plural(total, 'promise')} kept"


def _counts(facts: Facts, found: dict[Health, int]) -> tuple[Tally, ...]:
    before = list(facts.earlier.values())
    return tuple(
        Tally(
            state=State(health=word),
            count=found[word],
            change=_change(found[word] - before.count(word)) if before else "",
            href=f"/slos?q=state%3D{word.replace(' ', '-')}",
        )
        for word in WORST_FIRST
    )


def _change(difference: int) -> str:
    if not difference:
        return "unchanged"
    return f"+{difference}" if difference > 0 else f"{tabular.MINUS}{-difference}"


def _compared(facts: Facts) -> str:
    if isinstance(facts.at, NoData) or not facts.earlier:
        return ""
    return f"against {_day(facts.at - 7 * DAY)}"


def _sentences(facts: Facts, shown: list[Promise]) -> Iterator[str]:
    broken = [one for one in shown if one.health == "broken"]
    for one in broken[: MOST_SENTENCES - 1]:
        assert one.evaluation is not None
        budget, since = one.evaluation.budget, one.since
        begun = "" if isinstance(since, NoData) else f" since {_day(since)}"
        good = tabular.share_words(budget.counts, one.slo.target)
        text = f"{one.name} is broken{begun}: {good}, and {budget_left(budget)}."
        yield text + (" Releases are frozen there." if one.freezes else "")
    watched = [one for one in shown if one.health == "watch" and costliest_day([one])]
    for one in watched[: max(1, MOST_SENTENCES - len(broken))]:
        yield f"{one.name} has {tabular.percent(one.remaining)} of its budget left; {costliest_day([one])} went."
    if facts.promises and not shown:
        yield "Every promise is kept, and none is on watch."


def _exception(facts: Facts, one: Promise) -> Trouble:
    return Trouble(
        row=row(facts, one),
        since=NONE if isinstance(one.since, NoData) else _day(one.since),
        cause=_cause(one),
        back=_back(one),
    )


def _cause(one: Promise) -> str:
    """What the counts alone say."""
    if one.health in ("broken", "watch"):
        firing = one.evaluation.firing if one.evaluation is not None else ()
        loud = f"fires now: {firing[0].rule.name}" if firing else ""
        return "; ".join(filter(None, (costliest_day([one]), loud))) or "spread over many days"
    return ""


def _back(one: Promise) -> str:
    """When there is budget again."""
    if one.health != "broken" or isinstance(one.ahead, NoData):
        return NONE
    launch = one.ahead.launch
    if launch.word == "later" and isinstance(launch.at, int):
        return _day(launch.at)
    return "now" if launch.word == "now" else "not in sight"


def _portfolio(facts: Facts) -> tuple[ServiceRow, ...]:
    rows = []
    for service in facts.contract.services:
        own = sorted(facts.by_service[service.name], key=lambda one: one.rank)
        if not own:
            continue
        found = tally(own)
        counts = tuple(
            Tally(state=State(health=word), count=count, change="", href="")
            for word, count in found.items()
            if count
        )
        rows.append(
            ServiceRow(
                link=Link(text=service_name(service), href=f"/services/{service.name}"),
                state=State(health=worst(own)),
                counts=counts,
                tags=("frozen",) if any(facts.freezes(service.name)) else (),
                worst=own[0].title,
                strip=strip(own[0].days, own[0].slo.target) if own[0].days else NO_DATA,
            )
        )
    return tuple(sorted(rows, key=lambda one: WORST_FIRST.index(one.state.health)))


def _ahead(facts: Facts, shown: list[Promise]) -> tuple[Ahead, ...]:
    found = list(due(facts.standing, facts.at))
    for one in shown:
        if one.health == "broken" and not isinstance(one.ahead, NoData):
            found += _leaving(one, facts.at)
    return tuple(Ahead(at=When(at=at), what=what) for at, what in sorted(found)[:MOST_AHEAD])


def _leaving(one: Promise, at: Instant | NoData) -> Iterator[tuple[Instant, str]]:
    """Days that leave the window within a week and bring back something that is worth a line."""
    assert not isinstance(one.ahead, NoData)
    back = one.ahead.recovery
    if isinstance(back, Rolling) and not isinstance(at, NoData):
        for day in back.days:
            if day.leaves.end < at + SOON and day.share * 20 >= 1:
                name = tabular.day(day.day, year=False)
                yield (
                    day.leaves.end,
                    f"{name} has left the window of {one.name}: {tabular.percent(day.share)} of its budget is back",
                )


def _day(instant: Instant) -> str:
    return tabular.day(in_zone(instant, UTC).date().isoformat(), year=False)
