"""Whether a service is ready, whether its pages were worth it, and what it owes: the last blocks of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.alerting.quality import Paged, Quality, Word, quality
from allowance.budget.onset import onset
from allowance.budget.promise import composites
from allowance.contract.model import Service
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.governance.obligations import owed
from allowance.governance.readiness import Evidence, Outcome, readiness
from allowance.reports import tabular
from allowance.reports.pages.excepted import due
from allowance.reports.pages.excepted_rows import Due
from allowance.reports.pages.facts import Facts, Promise
from allowance.reports.pages.rows import NONE, about
from allowance.reports.pages.view import Num

QUALITY_DAYS = 90
LOOKED = 3 * HOUR
"""How long before a page the step is looked for that it found."""

SIGNS: dict[Outcome, str] = {"met": "\u2713", "missing": "\u2717", "open": "\u00b7"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One point of readiness."""

    name: str
    sign: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """`11 of 13`, what is missing, and every point with its reason."""

    met: Num
    counted: Num
    missing: tuple[Checked, ...]
    checks: tuple[Checked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The pages of a while: how many, how many of those that were judged were real, how fast they found."""

    pages: Num
    real: Num
    said: Num
    share: Num
    find: Num
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is known about a service beside its counts: evidence for its readiness, and what its alerts said.

    `findings` are the errors of a reviewer, `events` what alerts said in `QUALITY_DAYS`, `words` what people said of
    them. `on_call` is `NO_DATA` where nobody wrote down who is told.
    """

    signed: bool
    findings: Sequence[Problem] = ()
    attributes: Mapping[str, Any] | None = None
    events: Sequence[Mapping[str, Any]] = ()
    words: Sequence[Word] = ()
    on_call: tuple[str, ...] | NoData = NO_DATA


def ready(
    facts: Facts, service: Service, own: Sequence[Promise], trust: Trust, *, deploys: int, now: Instant
) -> Ready:
    """How ready a service is."""
    reaches = {one.service: one.can_hold for one in composites(facts.contract)}
    late = [
        one for one in owed(facts.standing, now=now) if one.overdue and one.obligation.service == service.name
    ]
    found = readiness(
        Evidence(
            service=service,
            contract=facts.contract,
            newest={one.slo.id: one.known.newest for one in own},
            signed=trust.signed,
            can_hold=reaches.get(service.name, NO_DATA),
            errors=[one.message for one in trust.findings if one.severity == "error"],
            overdue=len(late),
            deploys=deploys,
            attributes=trust.attributes or {},
            now=now,
        )
    )
    checks = tuple(
        Checked(name=one.name, sign=SIGNS[one.outcome], outcome=one.outcome, reason=one.reason)
        for one in found.checks
    )
    return Ready(
        met=Num(text=str(found.met), value=found.met),
        counted=Num(text=str(found.counted), value=found.counted),
        missing=tuple(one for one in checks if one.outcome == "missing"),
        checks=checks,
    )


def paging(own: Sequence[Promise], trust: Trust) -> Paging:
    """How good the pages of a service were."""
    return _words(quality(_pages(own, trust.events), trust.words))


def _pages(own: Sequence[Promise], events: Sequence[Mapping[str, Any]]) -> list[Paged]:
    by = {one.slo.id: one for one in own}
    found = []
    for event in events:
        slo_id, severity = event["signature"].split("/")[:2], event["signature"].split("/")[2:3]
        promise = by.get("/".join(slo_id))
        told = event["says"] in ("opened", "reopened") and "muted_by" not in event
        if promise is not None and severity == ["page"] and told:
            at = event["at"]
            found.append(Paged(signature=event["signature"], at=at, delay=_delay(promise, at)))
    return found


def _delay(promise: Promise, at: Instant) -> int | NoData:
    counts = promise.counts
    if counts is None or LOOKED % counts.step:
        return NO_DATA
    end = at - at % counts.step
    step = onset(counts, begin=end - LOOKED, end=end)
    return step if isinstance(step, NoData) else at - step.at


def _words(found: Quality) -> Paging:
    pages = tabular.plural(found.pages, "page") if found.pages else "No page"
    says = f"{pages} in {QUALITY_DAYS} days"
    if found.said:
        says += (
            f"; of {found.said} that people judged {found.real} {'was' if found.real == 1 else 'were'} real"
        )
    elif found.pages:
        says += "; nobody has said yet what came of it"
    return Paging(
        pages=Num(text=str(found.pages), value=found.pages),
        real=Num(text=str(found.real), value=found.real),
        said=Num(text=str(found.said), value=found.said),
        share=Num(
            text=NONE if isinstance(found.share, NoData) else tabular.percent(found.share), value=found.share
        ),
        find=Num(text=NONE if isinstance(found.find, NoData) else about(found.find), value=found.find),
        says=f"{says}.",
    )


def owing(facts: Facts, service: Service, *, now: Instant) -> tuple[Due, ...]:
    """What a service still owes: postmortems and pieces of a sprint, what is overdue first."""
    open_ones = [
        one for one in owed(facts.standing, now=now) if one.open and one.obligation.service == service.name
    ]
    return tuple(due(facts, one, now=now) for one in open_ones)


SINCE = QUALITY_DAYS * DAY
