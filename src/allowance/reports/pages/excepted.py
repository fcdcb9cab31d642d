"""Exceptions as pages show them: bullets per unit, waivers, releases, new epochs, what waits and what is owed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from allowance.contract.budget_policy import Role
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.governance.bullets import Quota
from allowance.governance.facts import Bullet, Epoch, HandBack, Override, Pending, Release, Waiver
from allowance.governance.obligations import Owed
from allowance.reports import tabular
from allowance.reports.numbers import whole
from allowance.reports.pages.excepted_rows import (
    Anew,
    Due,
    Handed,
    Released,
    Shown,
    Spent,
    Unit,
    Waits,
    Waived,
)
from allowance.reports.pages.facts import Facts, service_name
from allowance.reports.pages.rows import about
from allowance.reports.pages.view import Link, Num, When

HELD, SPENT = "\u25c7", "\u25c6"


def service_link(facts: Facts, name: str) -> Link:
    """A service that the contract may no longer know."""
    known = facts.contract.service(name)
    return Link(
        text=name if known is None else service_name(known), href=f"/services/{name}" if known else ""
    )


def entry_link(seq: int) -> Link:
    """An entry of the ledger."""
    return Link(text=f"#{seq}", href=f"/ledger/{seq}")


def units(
    facts: Facts, quotas: Sequence[Quota], owed: Sequence[Owed], period: Span, *, now: Instant
) -> tuple[Unit, ...]:
    """Every unit with what it has in its own current period, and what it spent in the period of the page."""
    spent: dict[str, list[Spent]] = {}
    for one in sorted(_both(facts), key=lambda one: -one.seq):
        if period.begin <= one.begin < period.end:
            spent.setdefault(one.unit, []).append(_spent(facts, one, owed, now=now))
    known = {one.unit for one in quotas}
    rows = [_unit(one, spent.get(one.unit, [])) for one in quotas]
    rest = [
        Unit(unit=name, period="", marks="", says="", left=_none(), blocked=(), spent=tuple(some))
        for name, some in sorted(spent.items())
        if name not in known
    ]
    return (*rows, *rest)


def _both(facts: Facts) -> Iterator[Bullet | Override]:
    yield from facts.standing.bullets.values()
    yield from facts.standing.overrides.values()


def _none() -> Num:
    return Num(text="", value=NO_DATA)


def _unit(one: Quota, spent: Sequence[Spent]) -> Unit:
    used = min(one.spent, one.granted)
    return Unit(
        unit=one.unit,
        period=one.period,
        marks=" ".join([SPENT] * used + [HELD] * one.left),
        says=f"{whole(one.left)} of {whole(one.granted)} left until {tabular.when(one.until)} UTC",
        left=Num(text=str(one.left), value=one.left),
        blocked=tuple(f"{late.what} ({late.id})" for late in one.blocked_by),
        spent=tuple(spent),
    )


def _spent(facts: Facts, one: Bullet | Override, owed: Sequence[Owed], *, now: Instant) -> Spent:
    return Spent(
        id=one.id,
        kind="silver bullet" if isinstance(one, Bullet) else f"override of {one.freeze}",
        service=service_link(facts, one.service),
        change=one.change,
        environment=one.environment,
        begin=When(at=one.begin),
        end=When(at=one.end),
        holds=one.begin <= now < one.end,
        by=one.by,
        approved_by=", ".join(one.approved_by),
        reason=one.reason,
        outcome=", ".join(part for part in (_burned(facts, one), _papers(one, owed)) if part),
        entry=entry_link(one.seq),
    )


def _burned(facts: Facts, one: Bullet | Override) -> str:
    found = most_spent(facts, one.service, one.begin, one.end)
    return f"{found} was spent while it held" if found else ""


def most_spent(
    facts: Facts, service: str, begin: Instant, end: Instant, *, least: Fraction = Fraction(0)
) -> str:
    """`12 % of the budget of availability`: of the promise that lost most from an instant to another.

    `""` where that is less than `least`, or not known.
    """
    found: list[tuple[Fraction, str]] = []
    for promise in facts.by_service.get(service, ()):
        if promise.evaluation is None or promise.counts is None or isinstance(facts.at, NoData):
            continue
        step, span, allowed = promise.counts.step, promise.evaluation.span, promise.evaluation.budget.allowed
        low, high = (at - at % step for at in (begin, min(end, facts.at)))
        if span.begin <= low < high and allowed:
            found.append((Fraction(promise.counts.between(low, high).bad) / allowed, promise.title))
    if not found:
        return ""
    share, title = max(found)
    if share < least:
        return ""
    return f"{tabular.percent(share)} of the budget of {title}"


def _papers(one: Bullet | Override, owed: Sequence[Owed]) -> str:
    paper = next((each for each in owed if each.obligation.id == one.obligation), None)
    if paper is None:
        return ""
    if not paper.open:
        return "its postmortem is written"
    return (
        "its postmortem is overdue"
        if paper.overdue
        else f"its postmortem is due on {tabular.when(paper.obligation.due)} UTC"
    )


def waived(facts: Facts, one: Waiver, *, now: Instant) -> Waived:
    """A waiver at `now`."""
    return Waived(
        id=one.id,
        service=service_link(facts, one.service),
        slo=one.slo,
        dependency=one.dependency,
        mode=one.mode,
        begin=When(at=one.begin),
        end=When(at=one.end),
        holds=one.begin <= now < one.end,
        countdown=countdown(one.begin, one.end, now),
        by=one.by,
        reason=one.reason,
        evidence=one.evidence,
        entry=entry_link(one.seq),
    )


def released(facts: Facts, one: Release, *, now: Instant) -> Released:
    """A conditional release at `now`."""
    met = sum(bool(shown) for shown in one.conditions.values())
    return Released(
        id=one.id,
        service=service_link(facts, one.service),
        change=one.change,
        environment=one.environment,
        plan=one.plan,
        begin=When(at=one.begin),
        end=When(at=one.end),
        holds=one.begin <= now < one.end,
        countdown=countdown(one.begin, one.end, now),
        by=one.by,
        approved_by=", ".join(one.approved_by),
        conditions=tuple(Shown(name=name, evidence=shown) for name, shown in one.conditions.items()),
        met=f"{met} of {len(one.conditions)} conditions shown",
        entry=entry_link(one.seq),
    )


def due(facts: Facts, one: Owed, *, now: Instant) -> Due:
    """Something owed at `now`."""
    owed = one.obligation
    if owed.done is not None:
        late = owed.done > owed.due
        says = f"done {tabular.when(owed.done)} UTC" + (
            f", {about(owed.done - owed.due)} late" if late else ""
        )
    else:
        says = f"{about(now - owed.due)} overdue" if one.overdue else f"in {about(owed.due - now)}"
    return Due(
        id=owed.id,
        kind=owed.kind,
        of=owed.of,
        unit=one.unit,
        service=service_link(facts, owed.service),
        what=owed.what,
        owner=owed.owner,
        due=When(at=owed.due),
        says=says,
        open=one.open,
        overdue=one.overdue,
        evidence=owed.evidence,
        entry=entry_link(owed.seq),
    )


def anew(facts: Facts, one: Epoch, owed: Sequence[Owed], *, now: Instant) -> Anew:
    """A bankruptcy with its sprint."""
    items = tuple(
        due(facts, each, now=now) for each in owed if each.obligation.of in (one.id, one.id.partition(".")[0])
    )
    done = sum(not each.open for each in items)
    before = one.spent_before
    known = before.get("known") and before.get("remaining") is not None
    return Anew(
        id=one.id,
        service=service_link(facts, one.service),
        slo=one.slo,
        begin=When(at=one.begin),
        signed=", ".join(f"{by} ({role})" for role, by in one.signed.items()),
        reason=one.reason,
        before=f"{tabular.percent(Fraction(before['remaining']))} was left before" if known else "",
        plan=f"plan {done} of {len(items)} done" if items else "",
        items=items,
        entry=entry_link(one.seq),
    )


def handed(facts: Facts, one: HandBack) -> Handed:
    """A hand-back."""
    return Handed(
        id=one.id,
        service=service_link(facts, one.service),
        begin=When(at=one.begin),
        end=NO_DATA if one.end is None else When(at=one.end),
        by=f"policy {one.policy}, clause {one.clause}",
        to=one.to,
        entry=entry_link(one.seq),
    )


def waits(facts: Facts, one: Pending, approvers: tuple[Role, ...], *, now: Instant) -> Waits:
    """What waits at `now`; `approvers` are those of the policy of its service."""
    terms: Mapping[str, object] = one.terms
    slos = terms.get("slos")
    what = str(terms.get("change") or "") or (
        ", ".join(map(str, slos)) if isinstance(slos, list | tuple) else ""
    )
    return Waits(
        id=one.id,
        kind="silver bullet" if one.kind == "bullet" else one.kind,
        service=service_link(facts, one.service),
        what=what,
        reason=str(terms.get("reason") or terms.get("plan") or ""),
        by=one.by,
        at=When(at=one.at),
        until=When(at=one.until),
        countdown=countdown(one.at, one.until, now),
        signed=", ".join(f"{by} ({role})" for role, by in one.signed.items()),
        approvers=approvers if one.kind == "bullet" else (),
        entry=entry_link(one.seq),
    )


def countdown(begin: Instant, end: Instant, now: Instant) -> str:
    """`ends in 3 h`, `ended 2 d ago`, `begins in 1 h`."""
    if now < begin:
        return f"begins in {about(begin - now)}"
    return f"ends in {about(end - now)}" if now < end else f"ended {about(now - end)} ago"
