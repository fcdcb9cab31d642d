"""What would change a verdict: classes that pass, time, better data, and the exceptions that exist with their price."""

from __future__ import annotations

import shlex
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
        *_releases(facts, standing, request, against),
        *_bullets(request, facts, policy, standing, against, now),
        *_waivers(facts, against),
        *_overrides(request, against),
    )


def _classes(request: Ask, passing: Sequence[ChangeClass]) -> Iterator[Way]:
    if passing:
        names = ", ".join(passing)
        yield Way(kind="class", text=f"another class of change: {names} would go now")


def _time(facts: GateFacts, against: Sequence[Finding]) -> Iterator[Way]:
    freezes = {one.freeze for one in against if one.freeze}
    for progress in facts.progress:
        if progress.freeze in freezes:
            yield Way(kind="wait", text=f"{progress.freeze} ends by itself", at=progress.earliest)
    thaw = {one.slo for one in against if one.freeze in freezes and one.clause}
    slos = {one.slo for one in against if one.slo and not one.blind} - thaw
    for comeback in facts.comebacks:
        if comeback.slo in slos:
            text = f"{comeback.slo} has budget again, if nothing more fails"
            yield Way(kind="wait", text=text, at=comeback.earliest)


def _data(against: Sequence[Finding]) -> Iterator[Way]:
    blind = dict.fromkeys(one.slo for one in against if one.blind)
    if blind:
        names = ", ".join(slo for slo in blind if slo) or "this service"
        yield Way(kind="data", text=f"the telemetry of {names} comes in again")


def _releases(
    facts: GateFacts, standing: Standing, request: Ask, against: Sequence[Finding]
) -> Iterator[Way]:
    mine = [one for one in standing.releases.values() if one.change == request.change_id]
    for one in mine:
        if open_ones := unmet(one, facts.clauses.burning):
            text = f"conditional release {one.id} still asks for: {'; '.join(open_ones)}"
            command = f"allowance release show-evidence {one.id} CONDITION --evidence URL"
            yield Way(kind="release", text=text, command=command)
    if not mine and not any(one.governance for one in against):
        text = "a conditional release: a mitigation plan whose conditions are checked"
        command = f'allowance release ask {_change(request)} --plan "..."'
        yield Way(kind="release", text=text, command=command)


def _bullets(
    request: Ask,
    facts: GateFacts,
    policy: ErrorBudgetPolicy,
    standing: Standing,
    against: Sequence[Finding],
    now: Instant,
) -> Iterator[Way]:
    rules = policy.exceptions
    if any(one.governance for one in against) or not rules.silver_bullets:
        return
    period = period_name(rules.per, now)
    spent = sum(one.unit == facts.unit and one.period == period for one in standing.bullets.values())
    left = max(0, rules.silver_bullets - spent)
    who = facts.unit or facts.service
    if left:
        text = f"a silver bullet: {who} has {left} of {rules.silver_bullets} left in {period}"
        command = f'allowance bullet spend {_change(request)} --reason "..." --dry-run'
        yield Way(kind="bullet", text=f"{text}; the price is a postmortem", command=command)
    else:
        text = f"no silver bullet: {who} has spent {spent} of {rules.silver_bullets} in {period}"
        yield Way(kind="bullet", text=text)


def _waivers(facts: GateFacts, against: Sequence[Finding]) -> Iterator[Way]:
    slos = [one.slo for one in against if one.slo and not one.blind and not one.governance]
    names = [one.service for one in facts.dependencies]
    if slos and names:
        text = f"a waiver, if a dependency burned the budget ({', '.join(names)})"
        asked = f"{shlex.quote(slos[0])} --dependency {shlex.quote(names[0])}"
        command = f'allowance waive grant {asked} --reason "..." --hours 72 --dry-run'
        yield Way(kind="waiver", text=text, command=command)


def _overrides(request: Ask, against: Sequence[Finding]) -> Iterator[Way]:
    if any(one.governance for one in against):
        command = f'allowance override ask {_change(request)} --reason "..."'
        text = "an executive overrides the freeze for this change"
        yield Way(kind="override", text=text, command=command)


def _change(request: Ask) -> str:
    """What an exception is bound to, as it is typed."""
    return f"{shlex.quote(request.service)} --change {shlex.quote(request.change_id or 'ID')}"
