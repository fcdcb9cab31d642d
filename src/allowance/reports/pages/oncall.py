"""The on-call page: what needs me now, and what do I do first?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from allowance.alerting.alert import RANK, Alert, Mute
from allowance.alerting.delivery import Trouble
from allowance.alerting.hold import AnyAlert
from allowance.alerting.mute import held_until, matches
from allowance.alerting.phrases import calm
from allowance.budget.burn import Reading
from allowance.budget.health import WORST_FIRST, Health
from allowance.changes.deploys import Deploy
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.reports import tabular
from allowance.reports.page import State
from allowance.reports.pages.card import Card, burning_card, cost_per_hour, silent_card
from allowance.reports.pages.facts import Facts, Promise
from allowance.reports.pages.rows import about
from allowance.reports.pages.view import Head, Link, When, head

ARROWS: dict[Reading, str] = {
    "calm": "\u2192",
    "rising": "\u2197",
    "firing": "\u2191",
    "recovering": "\u2198",
}
MOST_WHOLE, MOST_MOVING, MOST_EVENTS, SOON = 10, 12, 30, 30 * 60
"""So many alerts are shown with everything; nobody looks at the curve of the eleventh first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Who has an alert, and what they say."""

    by: str
    at: Instant
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What keeps an alert quiet, and until when."""

    why: str
    until: Instant | NoData


@dataclass(frozen=True, kw_only=True, eq=False)
class Desk:
    """What the page looks at beside the facts: who has taken what, what is quiet and why, and the last day."""

    facts: Facts
    now: Instant
    taken: Mapping[str, Taken] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)
    mutes: Sequence[Mute] = ()
    events: Sequence[Mapping[str, Any]] = ()
    deploys: Sequence[Deploy] = ()
    troubles: Sequence[Trouble] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """A channel that fails: nobody is told through it."""

    channel: str
    since: When
    reason: str
    notices: str
    next_try: When | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A promise whose burn rate is rising or recovering, in one line."""

    arrow: str
    link: Link
    state: State
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A mute that holds now; `soon` says that it ends within half an hour."""

    kind: str
    what: str
    why: str
    by: str
    until: When | NoData
    soon: str
    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that an alert said."""

    at: When
    says: str
    title: str
    muted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Oncall:
    """The page."""

    head: Head
    unheard: tuple[Unheard, ...]
    cards: tuple[Card, ...]
    moving: tuple[Moving, ...]
    quiet: tuple[Quiet, ...]
    told: tuple[Told, ...]
    last: str


def oncall(desk: Desk) -> Oncall:
    """The page at the newest tick."""
    open_ones = [one for one in desk.facts.alerts if one.life.is_open and one.severity != "log"]
    heard = sorted((one for one in open_ones if not _is_held(desk, one)), key=_urgency)
    cards = tuple(_card(desk, one, whole=place < MOST_WHOLE) for place, one in enumerate(heard))
    return Oncall(
        head=head("On-call", _answer(cards, desk), _worst(desk.facts, heard), desk.facts.at),
        unheard=tuple(_unheard(one) for one in desk.troubles),
        cards=cards,
        moving=tuple(_moving(desk.facts, {one.signature for one in open_ones})),
        quiet=tuple(_quiet(desk, open_ones)),
        told=tuple(_told(one) for one in [*desk.events][: -MOST_EVENTS - 1 : -1]),
        last="" if cards else _last(desk),
    )


def _is_held(desk: Desk, one: AnyAlert) -> bool:
    """Whether its newest word was held back, or something keeps it quiet now."""
    return one.signature in desk.held or any(
        matches(mute, one.labels, one.burn)
        for mute in desk.mutes
        if held_until(mute, now=desk.now) is not None
    )


def _answer(cards: Sequence[Card], desk: Desk) -> str:
    if isinstance(desk.facts.at, NoData):
        return "Nothing is known yet"
    waiting = sum(not card.taken_by for card in cards)
    if not cards:
        return calm([one.channel for one in desk.troubles])
    if not waiting:
        return (
            "1 alert is open, and somebody has it"
            if len(cards) == 1
            else (f"{len(cards)} alerts are open, and all are taken")
        )
    taken = f"; {len(cards) - waiting} more taken" if waiting < len(cards) else ""
    return f"{waiting} thing{'s need' if waiting > 1 else ' needs'} you{taken}"


def _urgency(one: AnyAlert) -> tuple[int, float, str]:
    """Pages before tickets, then what costs most per hour."""
    cost = cost_per_hour(one)
    return RANK[one.severity], 0.0 if isinstance(cost, NoData) else -float(cost), one.signature


def _worst(facts: Facts, heard: Sequence[AnyAlert]) -> Health:
    if isinstance(facts.at, NoData):
        return "no data"
    words: set[Health] = {one.evaluation.health if isinstance(one, Alert) else "no data" for one in heard}
    return next((word for word in WORST_FIRST if word in words - {"ok"}), "watch" if heard else "ok")


def _card(desk: Desk, one: AnyAlert, *, whole: bool) -> Card:
    taken = desk.taken.get(one.signature)
    by = "" if taken is None else taken.by
    said = (
        ""
        if taken is None
        else f"since {tabular.when(taken.at)} UTC{f': {taken.note}' if taken.note else ''}"
    )
    if isinstance(one, Alert):
        changes = [deploy for deploy in desk.deploys if deploy.service == one.service] if whole else []
        key = ("card", one.signature, whole, tuple(changes))
        card = desk.facts.once(key, lambda: burning_card(desk.facts, one, changes, whole=whole))
    else:
        card = silent_card(desk.facts, one)
    return replace(card, taken_by=by, taken_says=said)


def _moving(facts: Facts, shown: set[str]) -> Iterator[Moving]:
    count = 0
    for one in facts.worst_first:
        word = _word(one)
        if word in ("calm", "firing") or any(name.startswith(f"{one.slo.id}/") for name in shown):
            continue
        count += 1
        if count > MOST_MOVING:
            return
        left = one.remaining
        said = "nothing measured" if isinstance(left, NoData) else f"{tabular.percent(left)} left"
        yield Moving(
            arrow=ARROWS[word],
            link=Link(text=one.name, href=facts.href(one.slo)),
            state=State(health=one.health),
            says=f"{word}, {said}",
        )


def _word(one: Promise) -> Reading:
    """The loudest reading of its rules that page or write tickets."""
    words = {
        reading.word
        for reading in (() if one.evaluation is None else one.evaluation.readings)
        if reading.rule.severity != "log" and not reading.held_back
    }
    order: tuple[Reading, ...] = ("firing", "rising", "recovering")
    return next((word for word in order if word in words), "calm")


def _quiet(desk: Desk, open_ones: Sequence[AnyAlert]) -> Iterator[Quiet]:
    for mute in desk.mutes:
        until = held_until(mute, now=desk.now)
        if until is None:
            continue
        holds = sum(matches(mute, one.labels, one.burn) for one in open_ones)
        left = until - desk.now
        yield Quiet(
            kind=mute.kind,
            what=", ".join(f"{name}={value}" for name, value in mute.labels.items()) or "everything",
            why=mute.why or "no reason given",
            by=mute.by or "nobody named",
            until=When(at=until) if left < 3650 * 24 * HOUR else NO_DATA,
            soon=f"ends in {about(left)}" if left <= SOON else "",
            holds=tabular.plural(holds, "open alert") if holds else "",
        )


def _unheard(one: Trouble) -> Unheard:
    waits = f"{tabular.plural(one.waiting, 'notice')} waiting" if one.waiting else "no notice waiting"
    return Unheard(
        channel=one.channel,
        since=When(at=one.since),
        reason=one.reason,
        notices=waits + (f", {one.lost} lost" if one.lost else ""),
        next_try=NO_DATA if one.next_try is None else When(at=one.next_try),
    )


def _told(event: Mapping[str, Any]) -> Told:
    muted = f"{event['muted_by']}: {event['why']}" if "muted_by" in event else ""
    return Told(
        at=When(at=event["at"]),
        says=event["says"],
        title=event.get("title") or event["signature"],
        muted=muted,
    )


def _last(desk: Desk) -> str:
    over = [one for one in desk.events if one["says"] == "resolved"]
    if not over:
        return ""
    newest = over[-1]
    return f"The last alert, {newest['signature']}, ended {about(desk.now - newest['at'])} ago."
