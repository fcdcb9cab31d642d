"""Governance: which rules bind us, and who made exceptions?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from allowance.budget.health import Health
from allowance.core.counts import NoData
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.governance.bullets import Quota
from allowance.governance.facts import Standing
from allowance.governance.ledger import Entry
from allowance.governance.obligations import Owed, owed, unit_of
from allowance.governance.periods import period_name, period_span
from allowance.reports import tabular
from allowance.reports.ledger_words import in_short
from allowance.reports.pages import excepted
from allowance.reports.pages.excepted_rows import Anew, Due, Handed, Released, Unit, Waits, Waived
from allowance.reports.pages.facts import Facts
from allowance.reports.pages.frozen import Frozen, Progressing, every_freeze
from allowance.reports.pages.kept import Kept, Shipping, kept
from allowance.reports.pages.signed import Policy, SignedPolicy, signed_policy
from allowance.reports.pages.view import Head, Link, When, head, query_text

PERIODS = 5
"""So many quarters can be chosen, the present one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Governing:
    """What the page is made of beside the facts: ways of freezes by id, quotas, policies, and the ledger's end."""

    facts: Facts
    now: Instant
    ways: Mapping[str, Progressing]
    quotas: Sequence[Quota]
    policies: Sequence[Policy]
    tail: Sequence[Entry]
    shipping: Shipping
    period: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value that a filter can take."""

    value: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry of the ledger in one line."""

    entry: Link
    at: When
    kind: str
    subject: str
    actor: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """The page; `period` and `team` are what it is narrowed to, and `again` is its own address without them."""

    head: Head
    lead: str
    period: str
    team: str
    periods: tuple[Choice, ...]
    teams: tuple[Choice, ...]
    freezes: tuple[Frozen, ...]
    ended: tuple[Frozen, ...]
    kept: Kept
    units: tuple[Unit, ...]
    waiting: tuple[Waits, ...]
    waivers: tuple[Waived, ...]
    releases: tuple[Released, ...]
    epochs: tuple[Anew, ...]
    hand_backs: tuple[Handed, ...]
    obligations: tuple[Due, ...]
    settled: tuple[Due, ...]
    policies: tuple[SignedPolicy, ...]
    tail: tuple[Line, ...]
    newest: int


def governance(what: Governing) -> Governance:
    """The page at `what.now`."""
    facts, now = what.facts, what.now
    facts = replace(facts, standing=of_team(facts, what.team))
    standing = facts.standing
    span = _span(what.period, now)
    freezes = every_freeze(facts, what.ways, standing, now=now)
    shipped = kept(facts, what.shipping, standing, _services(facts, what.team) if what.team else None)
    debts = owed(standing, now=now)
    dues = tuple(excepted.due(facts, one, now=now) for one in debts)
    approvers = {
        service.name: one.policy.exceptions.approvers for one in what.policies for service in one.services
    }
    asked = tuple(
        excepted.waits(facts, one, approvers.get(one.service, ()), now=now)
        for one in sorted(standing.pending.values(), key=lambda one: one.until)
        if now < one.until
    )
    quotas = [one for one in what.quotas if what.team in ("", one.unit)]
    policies = [
        one
        for one in what.policies
        if not what.team or any(unit_of(service) == what.team for service in one.services)
    ]
    return Governance(
        head=head(
            "Governance", _answer(standing, debts, span, what), _health(standing, debts, now), facts.at
        ),
        lead=_lead(asked, policies, standing, now, shipped),
        period=period_name("quarter", span.begin),
        team=what.team,
        periods=_periods(span, now),
        teams=tuple(Choice(value=one, chosen=one == what.team) for one in teams(facts)),
        freezes=tuple(one for one in freezes if isinstance(one.end, NoData)),
        ended=tuple(
            one
            for one in freezes
            if not isinstance(one.end, NoData) and _meets(one.begin.at, one.end.at, span)
        ),
        kept=shipped,
        units=excepted.units(facts, quotas, debts, span, now=now),
        waiting=asked,
        waivers=tuple(
            excepted.waived(facts, one, now=now)
            for one in sorted(standing.waivers.values(), key=lambda one: -one.seq)
            if _meets(one.begin, one.end, span)
        ),
        releases=tuple(
            excepted.released(facts, one, now=now)
            for one in sorted(standing.releases.values(), key=lambda one: -one.seq)
            if _meets(one.begin, one.end, span)
        ),
        epochs=tuple(
            excepted.anew(facts, one, debts, now=now)
            for one in sorted(standing.epochs.values(), key=lambda one: (-one.seq, one.id))
        ),
        hand_backs=tuple(
            excepted.handed(facts, one)
            for one in sorted(standing.hand_backs.values(), key=lambda one: -one.seq)
            if one.end is None or _meets(one.begin, one.end, span)
        ),
        obligations=tuple(one for one in dues if one.open),
        settled=tuple(one for one in dues if not one.open),
        policies=tuple(signed_policy(one, what.facts.standing, now=now) for one in policies),
        tail=tuple(line(one) for one in what.tail),
        newest=what.facts.standing.head,
    )


def of_team(facts: Facts, team: str) -> Standing:
    """What stands about the services of a team; everything where none is named."""
    if not team:
        return facts.standing
    names = _services(facts, team)
    known = facts.standing
    return replace(
        known,
        freezes=_within(known.freezes, names),
        advised=_within(known.advised, names),
        obligations=_within(known.obligations, names),
        waivers=_within(known.waivers, names),
        epochs=_within(known.epochs, names),
        hand_backs=_within(known.hand_backs, names),
        releases=_within(known.releases, names),
        pending=_within(known.pending, names),
        bullets=_within(known.bullets, names),
        overrides=_within(known.overrides, names),
    )


def _services(facts: Facts, team: str) -> set[str]:
    return {one.name for one in facts.contract.services if unit_of(one) == team}


class _OfService(Protocol):
    @property
    def service(self) -> str: ...


Some = TypeVar("Some", bound=_OfService)


def _within(some: Mapping[str, Some], names: Collection[str]) -> dict[str, Some]:
    return {key: one for key, one in some.items() if one.service in names}


def teams(facts: Facts) -> tuple[str, ...]:
    """Every organisation unit."""
    return tuple(sorted({unit_of(one) for one in facts.contract.services}))


def line(one: Entry) -> Line:
    """An entry in one line."""
    return Line(
        entry=Link(text=f"#{one.seq}", href=f"/ledger/{one.seq}"),
        at=When(at=one.at),
        kind=one.kind,
        subject=one.subject,
        actor=one.actor,
        says=_told(one),
    )


def _told(one: Entry) -> str:
    """What an entry says; verdicts and requests say it deeper inside."""
    said = one.payload.get("verdict")
    if isinstance(said, Mapping):
        return f"{said['verdict'].upper()}: {said['sentence']}"
    terms = one.payload.get("terms")
    if isinstance(terms, Mapping):
        asked = [str(terms[key]) for key in ("change", "reason", "plan") if terms.get(key)]
        return ": ".join(asked) or in_short(one)
    return in_short(one)


def _span(period: str, now: Instant) -> Span:
    """The quarter with this name, of those that can be chosen; else the present one."""
    return next(
        (one for one in _quarters(now) if period_name("quarter", one.begin) == period), _quarters(now)[0]
    )


def _quarters(now: Instant) -> list[Span]:
    found = [period_span("quarter", now)]
    while len(found) < PERIODS:
        found.append(period_span("quarter", found[-1].begin - 1))
    return found


def _periods(span: Span, now: Instant) -> tuple[Choice, ...]:
    return tuple(
        Choice(value=period_name("quarter", one.begin), chosen=one == span) for one in _quarters(now)
    )


def _meets(begin: Instant, end: Instant, span: Span) -> bool:
    return begin < span.end and end > span.begin


def _answer(standing: Standing, debts: Sequence[Owed], span: Span, what: Governing) -> str:
    now = what.now
    freezes = sum(one.end is None for one in standing.freezes.values())
    waivers = sum(one.begin <= now < one.end for one in standing.waivers.values())
    bullets = sum(span.begin <= one.begin < span.end for one in standing.bullets.values())
    late = sum(one.overdue for one in debts)
    when = "this quarter" if span.begin <= now < span.end else f"in {period_name('quarter', span.begin)}"
    if not (freezes or waivers or bullets or late):
        return "Nothing is frozen, and nobody made an exception"
    parts = [
        tabular.plural(freezes, "freeze"),
        tabular.plural(waivers, "waiver"),
        f"{tabular.plural(bullets, 'silver bullet')} spent {when}",
    ]
    if late:
        parts.insert(0, f"{tabular.plural(late, 'obligation')} overdue")
    return ", ".join(parts)


def _lead(
    asked: Sequence[Waits], policies: Sequence[Policy], standing: Standing, now: Instant, shipped: Kept
) -> str:
    """What waits for somebody. Without a policy there is nothing that the gate should have been asked about."""
    said = [shipped.finding] if shipped.finding and policies else []
    if asked:
        verb = "waits" if len(asked) == 1 else "wait"
        said.append(f"{tabular.plural(len(asked), 'request')} {verb} for another person's yes.")
    unsigned = [one for one in policies if not signed_policy(one, standing, now=now).in_force]
    if policies and len(unsigned) == len(policies):
        said.append("No policy is signed by all three parties, so the gate advises and binds nobody.")
    elif unsigned:
        verb = "is" if len(unsigned) == 1 else "are"
        noun = "policy" if len(unsigned) == 1 else "policies"
        said.append(f"{len(unsigned)} {noun} {verb} not signed by all three parties and only advise.")
    return " ".join(said)


def _health(standing: Standing, debts: Sequence[Owed], now: Instant) -> Health:
    open_ = [one for one in standing.freezes.values() if one.end is None]
    if any(one.overdue for one in debts) or any(one.model != "soft" for one in open_):
        return "broken"
    return "watch" if open_ or any(now < one.until for one in standing.pending.values()) else "ok"


def address(*, period: str = "", team: str = "") -> str:
    """The page, narrowed."""
    return "/governance" + query_text(period=period, team=team)
