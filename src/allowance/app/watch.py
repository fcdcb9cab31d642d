"""Everything that is counted, judged at an instant: one sweep over all says who needs a closer look."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from allowance.alerting.alert import Mute, signature
from allowance.alerting.lifecycle import Life
from allowance.alerting.plan import NO_CONTEXT, Context, Settings, plan
from allowance.alerting.telemetry import Feed
from allowance.app.newest import Newest
from allowance.app.tick import NO_CORRECTIONS, NO_EPOCHS, Corrections, Key, Tick
from allowance.budget.budget import Windowed
from allowance.budget.epoch import since_epoch
from allowance.budget.evaluate import Evaluation, by_method, evaluate_counted
from allowance.budget.figures import Figures, Sheet, SweptFigures
from allowance.budget.fleet import Fleet, Member, Rows, sweepable
from allowance.budget.marks import ASK, NO_EVENTS, Mark, Marks, Signs
from allowance.contract.model import Slo
from allowance.contract.rules import SEVERITIES
from allowance.core.buckets import Buckets, add, empty
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.time import Instant
from allowance.signals.corrections import corrected


class Totals(Rows, Protocol):
    """Running totals of every stored series, by its number."""

    @property
    def step(self) -> int: ...
    @property
    def head(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def columns(self) -> int: ...
    def history(self, column: int, since: Instant) -> Buckets: ...
    def apply(self, gains: Iterable[tuple[int, bytes]], *, until: Instant) -> None: ...
    @property
    def is_torn(self) -> bool: ...
    def sync(self) -> None: ...
    def keep(self) -> None: ...


class Histories(Mapping[Key, Buckets]):
    """The history of every SLO and group, read when it is asked for."""

    def __init__(self, series: Mapping[Key, int], totals: Totals, since: Instant) -> None:
        self._series, self._totals, self._since = series, totals, since

    def __getitem__(self, key: Key) -> Buckets:
        return self._totals.history(self._series[key], self._since)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)


@dataclass(frozen=True, slots=True)
class _Sum:
    """The counts of some columns together."""

    totals: Totals
    columns: tuple[int, ...]

    @property
    def step(self) -> int:
        return self.totals.step

    def between(self, begin: Instant, end: Instant) -> Counts:
        (good, total), (good_before, total_before) = self.totals.at(end), self.totals.at(begin)
        return Counts(
            good=sum(int(good[c]) - int(good_before[c]) for c in self.columns),
            total=sum(int(total[c]) - int(total_before[c]) for c in self.columns),
        )


class Watch:
    """The SLOs of a contract over the stored totals; made anew when the contract or the series change."""

    def __init__(
        self, slos: Sequence[Slo], series: Mapping[Key, int], totals: Totals, since: Instant
    ) -> None:
        self.histories = Histories(series, totals, since)
        self.newest = Newest(series, totals, since)
        self._totals, self._since = totals, since
        self._members = tuple(_members(slos, series))
        self._keys = tuple((member.slo.id, member.group) for member in self._members)
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        self._sheet: tuple[Sheet, SweptFigures, frozenset[str]] | None = None
        swept = [n for n, m in enumerate(self._members) if sweepable(m.slo) and m.columns]
        self._marks: tuple[Sequence[Mark], Marks, NDArray[np.intp], Signs] | None = None
        self._swept, self._fleet = swept, Fleet([self._members[n] for n in swept])
        one_by_one = set(range(len(self._members))) - set(swept)
        self._always = {n for n in one_by_one if self._members[n].columns}
        self._asking = {
            n for n in swept if any(r.remaining_below is not None for r in self._members[n].slo.rules)
        }
        self._by_signature = {
            signature(member.slo.id, severity, member.group): number
            for number, member in enumerate(self._members)
            for severity in SEVERITIES
        }

    def judged(
        self,
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
        """The same tick as `app.tick.tick` over the histories: who is calm and was calm has nothing to say."""
        known: dict[int, Evaluation] = {}

        def evaluate(number: int) -> Evaluation:
            if number not in known:
                member = self._members[number]
                counted = self._counted(member, corrections)
                found = evaluate_counted(member.slo, counted, now=now)
                known[number] = since_epoch(found, counted, epochs.get(member.slo.id))
            return known[number]

        changed = {n for n, m in enumerate(self._members) if m.columns and m.slo.id in corrections}
        changed |= {n for n in self._asking if self._members[n].slo.id in epochs}
        closer = sorted(self._firing(now) | self._always | self._alive(lives) | changed)
        looked_at = [(self._members[number].group, evaluate(number)) for number in closer]
        around = replace(context, counted=lambda slo_id, group: self._of(slo_id, group, corrections))
        return Tick(
            at=now,
            plan=plan(looked_at, lives, mutes, settings, now=now, feeds=feeds, context=around),
            feeds=feeds,
            members=self._keys,
            evaluate=evaluate,
            figures=lambda: self._figures(evaluate, {*epochs, *corrections}, now=now),
        )

    def _figures(
        self, evaluate: Callable[[int], Evaluation], changed: Collection[str], *, now: Instant
    ) -> Figures:
        """One sweep over all, and one by one those that no sweep can read."""
        if self._sheet is None:
            self._sheet = self._wholes()
        sheet, swept, others = self._sheet
        found = swept.read(self._totals, now=now)
        for number, slo in enumerate(sheet.slos):
            if slo.id in changed or slo.id in others:
                found.put(number, evaluate(self._numbers[slo.id, ""]))
        return found

    def _wholes(self) -> tuple[Sheet, SweptFigures, frozenset[str]]:
        wholes = [member for member in self._members if not member.group]
        swept = [n for n, member in enumerate(wholes) if sweepable(member.slo) and member.columns]
        others = frozenset(member.slo.id for member in wholes if not sweepable(member.slo))
        sheet = Sheet([member.slo for member in wholes])
        return sheet, SweptFigures(sheet, swept, [wholes[n] for n in swept]), others

    def signs(
        self, marks: Sequence[Mark], *, now: Instant, corrections: Corrections = NO_CORRECTIONS
    ) -> Signs:
        """On which side of each mark the counts are at `now`; the same object of marks is worked out once."""
        if self._marks is None or self._marks[0] is not marks:
            self._marks = marks, *self._placed(marks)
        _, known, which, signs = self._marks
        found = signs.copy()
        found[which] = known.signs(self._totals, now=now)
        for number, mark in enumerate(marks) if corrections else ():
            if mark.slo in corrections:
                found[number] = ASK
        return found

    def _placed(self, marks: Sequence[Mark]) -> tuple[Marks, NDArray[np.intp], Signs]:
        """The marks that the sweep can read, their places, and what is said of all others."""
        place = {member: number for number, member in enumerate(self._swept)}
        members = [self._numbers.get((mark.slo, "")) for mark in marks]
        swept = [n for n, member in enumerate(members) if member in place]
        others = np.full(len(marks), ASK, dtype=np.int8)
        for number, member in enumerate(members):
            if member is None or not self._members[member].columns:
                others[number] = NO_EVENTS
        known = Marks(self._fleet, [marks[n] for n in swept], [place[members[n]] for n in swept])  # type: ignore[index]
        return known, np.array(swept, dtype=np.intp), others

    def counted(
        self, slo_id: str, corrections: Corrections = NO_CORRECTIONS, *, group: str = ""
    ) -> Windowed | None:
        """What the budget of an SLO counts, over all its groups or of one; nothing where there is no such SLO."""
        found = self._of(slo_id, group, corrections)
        return None if isinstance(found, NoData) else found

    def _of(self, slo_id: str, group: str, corrections: Corrections) -> Windowed | NoData:
        number = self._numbers.get((slo_id, group))
        return NO_DATA if number is None else self._counted(self._members[number], corrections)

    def _firing(self, now: Instant) -> set[int]:
        sweep = self._fleet.sweep(self._totals, now=now)
        return {self._swept[int(number)] for number in sweep.firing.nonzero()[0]}

    def _alive(self, lives: Mapping[str, Life]) -> set[int]:
        return {self._by_signature[name] for name in lives if name in self._by_signature}

    def _counted(self, member: Member, corrections: Corrections) -> Windowed:
        own = corrections.get(member.slo.id, ())
        if sweepable(member.slo) and not own:
            return _Sum(self._totals, member.columns)
        return by_method(member.slo, corrected(self._history(member), own))

    def _history(self, member: Member) -> Buckets:
        if not member.columns:
            return empty(self._totals.step)
        return add(self._totals.history(column, self._since) for column in member.columns)


def _members(slos: Sequence[Slo], series: Mapping[Key, int]) -> Iterator[Member]:
    columns: dict[str, dict[str, int]] = {}
    for (slo_id, group), column in series.items():
        columns.setdefault(slo_id, {})[group] = column
    for slo in slos:
        own = columns.get(slo.id, {})
        if not slo.group_by:
            yield Member(slo=slo, group="", columns=(own[""],) if "" in own else ())
            continue
        yield Member(slo=slo, group="", columns=tuple(own.values()))
        for group, column in sorted((name, column) for name, column in own.items() if name):
            yield Member(slo=slo, group=group, columns=(column,))
