"""One step of governing: from what was measured and what stands to what is to be recorded.

The live loop takes this step after every tick, a replay takes it at every instant of a history: the same function.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from allowance.contract.budget_policy import STATES, BudgetState
from allowance.core.time import Instant
from allowance.governance import freezes, hand_backs
from allowance.governance.facts import Standing
from allowance.governance.ledger import Draft
from allowance.governance.measures import ServiceMeasures, SloMeasures, evidence, policy_of
from allowance.governance.states import CHANGED, Since, change_text, next_state, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What has been asked for without a break, since when: the edges of the states by SLO, ends by id.

    Only what waits is in it, so that it is empty nearly always. It can be made again from the counts.
    """

    states: Mapping[str, Since] = field(default_factory=dict, hash=False)
    ends: Mapping[str, Instant] = field(default_factory=dict, hash=False)


NOTHING_WAITS = Waiting()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be recorded at an instant, and what waits after it."""

    drafts: tuple[Draft, ...]
    waiting: Waiting


def govern(
    services: Sequence[ServiceMeasures], standing: Standing, waiting: Waiting, *, now: Instant
) -> Step:
    """States, then ends, then beginnings, then the daily notes. Nothing is recorded where nothing changes."""
    drafts: list[Draft] = []
    since: dict[str, Since] = {}
    judged: dict[str, ServiceMeasures] = {}
    for service in services:
        found, changes, asked = _states(service, standing, waiting, now=now)
        judged[service.service] = found
        drafts += changes
        since |= asked
    closing, ends = _ends(judged, standing, waiting, now=now)
    drafts += closing
    drafts += _beginnings(judged.values(), standing, now=now)
    drafts += _notes(judged, standing, {str(one.payload["id"]) for one in closing}, now=now)
    return Step(drafts=tuple(drafts), waiting=Waiting(states=since, ends=ends))


def _states(
    service: ServiceMeasures, standing: Standing, waiting: Waiting, *, now: Instant
) -> tuple[ServiceMeasures, list[Draft], dict[str, Since]]:
    """The service with the states of now in its numbers, their changes, and the edges that wait."""
    drafts: list[Draft] = []
    since: dict[str, Since] = {}
    after: list[SloMeasures] = []
    for one in service.slos:
        fact = standing.states.get(one.slo)
        before = None if fact is None else fact.state
        asked = waiting.states.get(one.slo, {})
        step = next_state(
            service.policy.thresholds,
            before,
            one.numbers.remaining,
            asked,
            now=now,
            entered=None if fact is None else fact.since,
        )
        if step.since:
            since[one.slo] = step.since
        if step.state is not None and step.state != before:
            drafts.append(_changed(service, one, before, step.state, now))
        after.append(replace(one, numbers=replace(one.numbers, state=step.state)))
    whole = worst(one.numbers.state for one in after)
    known = standing.states.get(service.service)
    if whole is not None and (known is None or known.state != whole):
        cause = next(one for one in after if one.numbers.state == whole)
        drafts.append(_service_changed(service, cause, None if known is None else known.state, whole, now))
    return replace(service, slos=tuple(after)), drafts, since


def _ends(
    services: Mapping[str, ServiceMeasures], standing: Standing, waiting: Waiting, *, now: Instant
) -> tuple[list[Draft], dict[str, Instant]]:
    drafts: list[Draft] = []
    ends: dict[str, Instant] = {}
    for freeze in (*freezes.open_freezes(standing), *freezes.open_freezes(standing, advised=True)):
        why, since = freezes.over(freeze, services.get(freeze.service), waiting.ends, now=now)
        if why:
            drafts.append(freezes.ended(freeze, why, now=now))
        elif since is not None:
            ends[freeze.id] = since
    for held in hand_backs.open_hand_backs(standing):
        why, since = hand_backs.over(held, services.get(held.service), waiting.ends, now=now)
        if why:
            drafts.append(hand_backs.ended(held, why, now=now))
        elif since is not None:
            ends[held.id] = since
    return drafts, ends


def _beginnings(services: Iterable[ServiceMeasures], standing: Standing, *, now: Instant) -> Iterator[Draft]:
    """New freezes and hand-backs, and the daily notes on the old ones.

    What ends at this instant cannot begin at it: its clause has been left by then.
    """
    taken = {True: len(standing.freezes), False: len(standing.advised)}
    carried = len(standing.hand_backs)
    for service in services:
        new = list(freezes.begun(service, standing, taken=taken[service.binding], now=now))
        taken[service.binding] += len(new)
        yield from new
        back = list(hand_backs.begun(service, standing, taken=carried, now=now))
        carried += len(back)
        yield from back


def _notes(
    services: Mapping[str, ServiceMeasures], standing: Standing, ended: Collection[str], *, now: Instant
) -> Iterator[Draft]:
    """Once a day, how far each freeze is."""
    for freeze in freezes.open_freezes(standing):
        service = services.get(freeze.service)
        note = None if service is None or freeze.id in ended else freezes.noted(freeze, service, now=now)
        if note is not None:
            yield note


def _changed(
    service: ServiceMeasures, one: SloMeasures, before: BudgetState | None, state: BudgetState, now: Instant
) -> Draft:
    payload = {
        "from": before or "",
        "to": state,
        "why": change_text(before, state, one.numbers.remaining, service.policy.thresholds),
        "evidence": evidence(one, service),
    }
    return Draft(kind=CHANGED, subject=one.slo, actor=freezes.ITSELF, at=now, payload=payload)


def _service_changed(
    service: ServiceMeasures, cause: SloMeasures, before: BudgetState | None, state: BudgetState, now: Instant
) -> Draft:
    worse = before is None or STATES.index(state) > STATES.index(before)
    why = f"{cause.slo} is {state}" if worse else f"its worst budget is {state} now, that of {cause.slo}"
    payload = {
        "from": before or "",
        "to": state,
        "why": why,
        "because": cause.slo,
        "policy": policy_of(service),
    }
    return Draft(kind=CHANGED, subject=service.service, actor=freezes.ITSELF, at=now, payload=payload)
