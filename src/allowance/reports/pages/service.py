"""The page of a service: how is it doing, and can we trust what we see?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.alerting.alert import Mute
from allowance.budget.promise import composites
from allowance.changes.deploys import Deploy
from allowance.contract.model import Service as ServiceOf
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.reports import tabular
from allowance.reports.glyphs import Svg
from allowance.reports.page import State
from allowance.reports.pages.calendar import Calendar, calendar
from allowance.reports.pages.excepted import most_spent
from allowance.reports.pages.excepted_rows import Due
from allowance.reports.pages.facts import Facts, Promise, service_name, tally, worst
from allowance.reports.pages.lane import LaneEvent, lane, lane_events
from allowance.reports.pages.rows import Row, about, row
from allowance.reports.pages.service_trust import Paging, Ready, Trust, owing, paging, ready
from allowance.reports.pages.verdicts import Holds, holding
from allowance.reports.pages.view import Head, Link, Num, When, head

DAYS, MOST_CHANGES = 28, 12
AFTER = 2 * HOUR
"""For so long what is spent after a deploy stands beside it."""
NOTEWORTHY = Fraction(1, 2000)
"""A share of a budget below it would be written 0.0 %, and stand beside every quiet deploy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that identifies a service."""

    name: str
    value: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that was changed or decided; `outcome` is what was spent after a deploy (`""`: nothing is known)."""

    sign: str
    kind: str
    link: Link
    at: When
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A service that this one depends on, and how that is doing."""

    link: Link
    state: State
    kind: str
    counted_on: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How far the telemetry behind the promises is known."""

    source: str
    word: str
    reason: str
    newest: When | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePage:
    """The page."""

    head: Head
    name: str
    description: str
    facts: tuple[Fact, ...]
    tags: tuple[str, ...]
    rows: tuple[Row, ...]
    year: Calendar | NoData
    lane: Svg | NoData
    changes: tuple[Change, ...]
    needs: tuple[Needed, ...]
    composite: str
    watching: tuple[Watching, ...]
    ready: Ready
    paging: Paging
    owed: tuple[Due, ...]
    holding: tuple[Holds, ...]


def service_page(
    facts: Facts,
    service: ServiceOf,
    trust: Trust,
    *,
    deploys: Sequence[Deploy] = (),
    mutes: Sequence[Mute] = (),
    now: Instant,
) -> ServicePage:
    """The page at the newest tick."""
    own = sorted(facts.by_service[service.name], key=lambda one: one.rank)
    events = _events(facts, service, deploys, mutes)
    frozen = any(facts.freezes(service.name))
    return ServicePage(
        head=head(service_name(service), _answer(service, own), worst(own), facts.at),
        name=service.name,
        description=service.description or "",
        facts=tuple(_facts(service, trust)),
        tags=("frozen",) if frozen else (),
        rows=tuple(row(facts, one) for one in own),
        year=NO_DATA if isinstance(facts.at, NoData) else calendar(own, facts.at),
        lane=_lane(facts, events),
        changes=tuple(_change(one, facts, service) for one in reversed(events[-MOST_CHANGES:])),
        needs=tuple(_needs(facts, service)),
        composite=_composite(facts, service),
        watching=_watching(facts, own),
        ready=ready(facts, service, own, trust, deploys=len(deploys), now=now),
        paging=paging(own, trust),
        owed=owing(facts, service, now=now),
        holding=holding(facts.standing, service.name, now=now),
    )


def _answer(service: ServiceOf, own: Sequence[Promise]) -> str:
    name = service_name(service)
    if not own:
        return f"{name} has made no promise yet"
    counts = tally(own)
    of = tabular.plural(len(own), "promise")
    unknown = counts["no data"] + counts["too little"]
    word, count = ("broken", counts["broken"]) if counts["broken"] else ("unknown", unknown)
    if len(own) == 1:
        return f"{name}: the promise is {word if count else 'kept'}"
    return f"{name}: {count} of {of} {word}" if count else f"{name}: all {of} kept"


def _facts(service: ServiceOf, trust: Trust) -> Iterator[Fact]:
    yield Fact(name="team", value=Link(text=service.owner or "nobody named", href=_team(service.owner)))
    yield Fact(name="tier", value=Link(text=str(service.tier)))
    if not isinstance(trust.on_call, NoData):
        yield Fact(name="on call", value=Link(text=", ".join(trust.on_call) or "nobody"))
    yield Fact(name="policy", value=Link(text=service.policy))
    runbook = service.runbook or next((slo.runbook for slo in service.slos if slo.runbook), None)
    if runbook:
        safe = runbook if runbook.startswith(("https://", "http://")) else ""
        yield Fact(name="runbook", value=Link(text=runbook, href=safe))
    else:
        yield Fact(name="runbook", value=Link(text="none written"))
    if service.journeys:
        yield Fact(name="journeys", value=Link(text=", ".join(service.journeys)))


def _team(owner: str | None) -> str:
    simple = owner is not None and all(sign.isalnum() or sign in "-_." for sign in owner)
    return f"/slos?q=team%3D{owner}" if simple else ""


def _events(
    facts: Facts, service: ServiceOf, deploys: Sequence[Deploy], mutes: Sequence[Mute]
) -> tuple[LaneEvent, ...]:
    if isinstance(facts.at, NoData):
        return ()
    span = Span(begin=facts.at - DAYS * DAY, end=facts.at)
    return lane_events(service.name, span, deploys=deploys, standing=facts.standing, mutes=mutes)


def _lane(facts: Facts, events: Sequence[LaneEvent]) -> Svg | NoData:
    if isinstance(facts.at, NoData) or not events:
        return NO_DATA
    return lane(events, Span(begin=facts.at - DAYS * DAY, end=facts.at), paths=facts.pages)


def _change(one: LaneEvent, facts: Facts, service: ServiceOf) -> Change:
    spent = (
        most_spent(facts, service.name, one.at, one.at + AFTER, least=NOTEWORTHY)
        if one.kind == "deploy"
        else ""
    )
    href = one.href if "/ledger/{n}" in facts.pages else ""
    return Change(
        sign=one.sign,
        kind=one.kind,
        link=Link(text=one.name, href=href),
        at=When(at=one.at),
        outcome=f"{spent} was spent in the {AFTER // HOUR} h after it" if spent else "",
    )


def _needs(facts: Facts, service: ServiceOf) -> Iterator[Needed]:
    targets = {
        part.name: part.availability
        for found in composites(facts.contract)
        if found.service == service.name
        for part in found.dependencies
    }
    for one in service.dependencies:
        known = facts.contract.service(one.service)
        target: Fraction | NoData = targets.get(one.service, NO_DATA)
        yield Needed(
            link=Link(
                text=one.service if known is None else service_name(known),
                href="" if known is None else f"/services/{one.service}",
            ),
            state=State(health=worst(facts.by_service.get(one.service, ()))),
            kind=one.kind,
            counted_on=Num(
                text="" if isinstance(target, NoData) else tabular.target_percent(target), value=target
            ),
        )


def _composite(facts: Facts, service: ServiceOf) -> str:
    for found in composites(facts.contract):
        if found.service == service.name:
            own = tabular.target_percent(found.own)
            reached = tabular.sli_percent(found.why.availability, found.own)
            held = "can" if found.can_hold else "cannot"
            return f"With what it depends on it comes to {reached} where {own} is promised: the target {held} hold."
    return ""


def _watching(facts: Facts, own: Sequence[Promise]) -> tuple[Watching, ...]:
    by: dict[str, list[Promise]] = {}
    for one in own:
        by.setdefault(one.known.source, []).append(one)
    return tuple(
        Watching(
            source=name or "no source",
            word=some[0].known.word,
            reason=some[0].known.reason,
            newest=_newest(facts, some),
        )
        for name, some in by.items()
    )


def _newest(facts: Facts, some: Sequence[Promise]) -> When | NoData:
    """The newest event of any of the promises."""
    known = [at for one in some if not isinstance(at := one.known.newest, NoData)]
    if not known or isinstance(facts.at, NoData):
        return NO_DATA
    return When(at=max(known), ago=_ago(facts.at - max(known)))


def _ago(seconds: int) -> str:
    """Less than two minutes are no news."""
    return about(seconds) if seconds >= 2 * MINUTE else ""
