"""What would change a verdict: classes that pass, time, better data, and the exceptions that exist with their price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allowance.contract.budget_policy import ChangeClass, ErrorBudgetPolicy
from allowance.core.time import Instant
from allowance.governance.conditions import unmet
from allowance.governance.facts import Standing
from allowance.governance.periods import period_name
from allowance.governance.verdict import Ask, Way
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_findings import Finding


def ways(
    request: Ask,
    facts: GateFacts,
    policy: ErrorBudgetPolicy,
    standing: Standing,
    found: Sequence[Finding],
    passing: Sequence[ChangeClass],
    *,
    now: Instant,
) -> tuple[Way, ...]:
    """Everything that would turn a verdict that is not go; nothing where it is go."""
    against = [one for one in found if one.word != "go"]
    if not against:
        return ()
    return (
        *_classes(request, passing),
        *_time(facts, against),
        *_data(against),
        *_releases(facts, standing, request),
        *_bullets(facts, policy, standing, against, now),
        *_waivers(facts, against),
        *_overrides(against),
    )


def _classes(request: Ask, passing: Sequence[ChangeClass]) -> Iterator[Way]:
    if passing:
        names = ", ".join(passing)
        yield Way(
            kind="class", text=f"if it is something else: {names} would go (instead of {request.change})"
        )


def _time(facts: GateFacts, against: Sequence[Finding]) -> Iterator[Way]:
    freezes = {one.freeze for one in against if one.freeze}
    for progress in facts.progress:
        if progress.freeze in freezes:
            text = f"wait until freeze {progress.freeze} ends by itself"
            yield Way(kind="wait", text=text, at=progress.earliest)
    slos = {one.slo for one in against if one.slo and not one.blind}
    for comeback in facts.comebacks:
        if comeback.slo in slos:
            text = f"wait until {comeback.slo} has budget again, if nothing more fails"
            yield Way(kind="wait", text=text, at=comeback.earliest)


def _data(against: Sequence[Finding]) -> Iterator[Way]:
    blind = dict.fromkeys(one.slo for one in against if one.blind)
    if blind:
        names = ", ".join(slo for slo in blind if slo) or "this service"
        yield Way(kind="data", text=f"let the telemetry of {names} come in again")


def _releases(facts: GateFacts, standing: Standing, request: Ask) -> Iterator[Way]:
    for one in standing.releases.values():
        open_ones = unmet(one, facts.clauses.burning)
        if one.change == request.change_id and open_ones:
            text = f"meet what conditional release {one.id} asks for: {'; '.join(open_ones)}"
            yield Way(kind="release", text=text)


def _bullets(
    facts: GateFacts, policy: ErrorBudgetPolicy, standing: Standing, against: Sequence[Finding], now: Instant
) -> Iterator[Way]:
    rules = policy.exceptions
    if any(one.governance for one in against) or not rules.silver_bullets:
        return
    period = period_name(rules.per, now)
    spent = sum(one.unit == facts.unit and one.period == period for one in standing.bullets.values())
    left = max(0, rules.silver_bullets - spent)
    who = facts.unit or facts.service
    if left:
        price = "a postmortem, and it is gone for the rest of the " + rules.per
        text = f"spend a silver bullet on this change: {who} has {left} of {rules.silver_bullets} left in {period}"
        yield Way(kind="bullet", text=f"{text} (price: {price})")
    else:
        text = f"no silver bullet is left: {who} has spent {spent} of {rules.silver_bullets} in {period}"
        yield Way(kind="bullet", text=text)


def _waivers(facts: GateFacts, against: Sequence[Finding]) -> Iterator[Way]:
    slos = any(one.slo and not one.blind and not one.governance for one in against)
    if slos and facts.dependencies:
        names = ", ".join(one.service for one in facts.dependencies)
        yield Way(kind="waiver", text=f"ask for a waiver, if a dependency burned the budget ({names})")


def _overrides(against: Sequence[Finding]) -> Iterator[Way]:
    if any(one.governance for one in against):
        yield Way(kind="override", text="ask an executive to override the freeze for this change")
