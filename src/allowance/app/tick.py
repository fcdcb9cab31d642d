"""One tick of the live loop: everything at an instant, what it changes, and what is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from allowance.alerting.alert import Mute
from allowance.alerting.lifecycle import Life
from allowance.alerting.plan import NO_CONTEXT, Context, Plan, Settings, plan
from allowance.alerting.telemetry import Feed
from allowance.budget.epoch import since_epoch
from allowance.budget.evaluate import Evaluation, by_method, evaluate_counted
from allowance.budget.figures import Figures, Sheet
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets, add, empty
from allowance.core.counts import NO_DATA
from allowance.core.time import Instant
from allowance.signals.corrections import Correction, corrected

NO_EPOCHS: Mapping[str, Instant] = {}
"""Every budget counts over its whole window."""

Corrections = Mapping[str, Sequence[Correction]]
"""By SLO the periods that are taken out of its counts, or counted good."""

NO_CORRECTIONS: Corrections = {}

Key = tuple[str, str]
"""(SLO id, group); the group is `""` for the whole of an SLO."""


class Tick:
    """The state of everything at one instant; an evaluation is worked out when it is asked for, and once."""

    def __init__(
        self,
        *,
        at: Instant,
        plan: Plan,
        members: Sequence[Key],
        evaluate: Callable[[int], Evaluation],
        feeds: Sequence[Feed] = (),
        figures: Callable[[], Figures] | None = None,
    ) -> None:
        self.at, self.plan, self.members, self.feeds = at, plan, tuple(members), tuple(feeds)
        self._evaluate, self._known = evaluate, dict[int, Evaluation]()
        self._swept = figures

    @property
    def evaluations(self) -> tuple[tuple[str, Evaluation], ...]:
        """(group, evaluation) of every member: each SLO as a whole, then its groups."""
        return tuple((group, self._of(number)) for number, (_, group) in enumerate(self.members))

    def whole(self, slo_id: str) -> Evaluation | None:
        """The evaluation of an SLO over all its groups."""
        number = self._numbers.get((slo_id, ""))
        return None if number is None else self._of(number)

    def groups(self, slo_id: str) -> dict[str, Evaluation]:
        """The evaluations of an SLO's groups."""
        return {group: self._of(self._numbers[slo_id, group]) for group in self._groups.get(slo_id, ())}

    @cached_property
    def figures(self) -> Figures:
        """The counts of every SLO as a whole, as columns: those of its evaluation, sooner than all evaluations."""
        if self._swept is not None:
            return self._swept()
        wholes = [evaluation for group, evaluation in self.evaluations if not group]
        return Sheet([one.slo for one in wholes]).filled(wholes)

    def _of(self, number: int) -> Evaluation:
        if number not in self._known:
            self._known[number] = self._evaluate(number)
        return self._known[number]

    @cached_property
    def _numbers(self) -> dict[Key, int]:
        return {key: number for number, key in enumerate(self.members)}

    @cached_property
    def _groups(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for slo_id, group in self.members:
            if group:
                found.setdefault(slo_id, []).append(group)
        return found


def tick(
    slos: Sequence[Slo],
    histories: Mapping[Key, Buckets],
    lives: Mapping[str, Life],
    mutes: Sequence[Mute],
    settings: Settings,
    *,
    now: Instant,
    feeds: Sequence[Feed] = (),
    context: Context = NO_CONTEXT,
    epochs: Mapping[str, Instant] = NO_EPOCHS,
    corrections: Corrections = NO_CORRECTIONS,
) -> Tick:
    """Evaluate every SLO and group at `now`, an edge of the buckets, one by one.

    `feeds`: how far the sources were read. `context`: what the contract says around its SLOs. `epochs`: by SLO, from
    when its budget counts. `corrections`: by SLO what does not count as it was counted.
    This is what a tick means; `app.watch` comes to the same by one sweep over all.
    """
    counted = {
        (slo.id, group): by_method(slo, corrected(history, corrections.get(slo.id, ())))
        for slo in slos
        for group, history in _of(slo, histories).items()
    }
    by_id = {slo.id: slo for slo in slos}
    evaluations = [
        (group, _judged(by_id[slo_id], history, epochs.get(slo_id), now))
        for (slo_id, group), history in counted.items()
    ]
    around = replace(context, counted=lambda slo_id, group: counted.get((slo_id, group), NO_DATA))
    return Tick(
        at=now,
        plan=plan(evaluations, lives, mutes, settings, now=now, feeds=feeds, context=around),
        feeds=feeds,
        members=[(evaluation.slo.id, group) for group, evaluation in evaluations],
        evaluate=lambda number: evaluations[number][1],
    )


def gained(histories: Mapping[Key, Buckets], gains: Mapping[Key, Buckets]) -> dict[Key, Buckets]:
    """Histories after some gains; gains into old buckets are revisions and add up."""
    return {
        key: add([part for part in (histories.get(key), gains.get(key)) if part is not None])
        for key in {**histories, **gains}
    }


def _judged(slo: Slo, counted: Buckets, epoch: Instant | None, now: Instant) -> Evaluation:
    return since_epoch(evaluate_counted(slo, counted, now=now), counted, epoch)


def _of(slo: Slo, histories: Mapping[Key, Buckets]) -> dict[str, Buckets]:
    own = {group: history for (name, group), history in histories.items() if name == slo.id}
    if not slo.group_by:
        return {"": own.get("", empty())}
    return {"": add(own.values()), **dict(sorted(own.items()))}
