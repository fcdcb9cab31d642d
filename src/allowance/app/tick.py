"""One tick of the live loop: evaluate everything at an instant, plan, and say what to record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allowance.alerting.alert import Mute
from allowance.alerting.lifecycle import Life
from allowance.alerting.plan import Plan, Settings, plan
from allowance.budget.evaluate import Evaluation, evaluate
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets, add, empty
from allowance.core.time import Instant

Key = tuple[str, str]
"""(SLO id, group); the group is `""` for the whole of an SLO that is not grouped."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tick:
    """The state of everything at one instant."""

    at: Instant
    evaluations: tuple[tuple[str, Evaluation], ...]
    plan: Plan

    def whole(self, slo_id: str) -> Evaluation | None:
        """The evaluation of an SLO over all its groups."""
        return next((e for group, e in self.evaluations if group == "" and e.slo.id == slo_id), None)

    def groups(self, slo_id: str) -> dict[str, Evaluation]:
        """The evaluations of an SLO's groups."""
        return {group: e for group, e in self.evaluations if group and e.slo.id == slo_id}


def tick(
    slos: Sequence[Slo],
    histories: Mapping[Key, Buckets],
    lives: Mapping[str, Life],
    mutes: Sequence[Mute],
    settings: Settings,
    *,
    now: Instant,
) -> Tick:
    """Evaluate every SLO and group at `now`, an edge of the buckets. Pure: replay takes the very same step."""
    evaluations = tuple(
        (group, evaluate(slo, history, now=now))
        for slo in slos
        for group, history in _of(slo, histories).items()
    )
    return Tick(at=now, evaluations=evaluations, plan=plan(evaluations, lives, mutes, settings, now=now))


def gained(histories: Mapping[Key, Buckets], gains: Mapping[Key, Buckets]) -> dict[Key, Buckets]:
    """Histories after some gains; gains into old buckets are revisions and add up."""
    return {
        key: add([part for part in (histories.get(key), gains.get(key)) if part is not None])
        for key in {**histories, **gains}
    }


def _of(slo: Slo, histories: Mapping[Key, Buckets]) -> dict[str, Buckets]:
    own = {group: history for (name, group), history in histories.items() if name == slo.id}
    if not slo.group_by:
        return {"": own.get("", empty())}
    return {"": add(own.values()), **dict(sorted(own.items()))}
