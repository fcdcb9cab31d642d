"""Who is on call: people who take turns, hand over at a time on the wall, and stand in for each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from allowance.core.time import Instant, in_zone, wall_instant
from allowance.core.window import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """In `[begin, end)` this person is on call, whoever's turn it is."""

    begin: Instant
    end: Instant
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People in turn; the first of them begins on `first` at `second` of that day in `zone`.

    A turn lasts `days`. Of overrides that overlap, the one written last holds.
    """

    name: str
    people: tuple[str, ...]
    first: date
    second: int
    zone: ZoneInfo
    days: int = 7
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        if not self.people or self.days < 1:
            raise ValueError("a rotation needs people, and turns of at least a day")

    def handover(self, turn: int) -> Instant:
        """When a turn begins; turn 0 is the first one."""
        return wall_instant(self.first + timedelta(days=self.days * turn), self.second, self.zone)

    def turn(self, at: Instant) -> int:
        """The turn that an instant lies in. Before the first one the turns count backwards: somebody is on call."""
        turn = (in_zone(at, self.zone).date() - self.first).days // self.days
        while self.handover(turn) > at:
            turn -= 1
        while self.handover(turn + 1) <= at:
            turn += 1
        return turn

    def on_call(self, at: Instant) -> str:
        """Who it is at an instant."""
        for override in reversed(self.overrides):
            if override.begin <= at < override.end:
                return override.person
        return self.people[self.turn(at) % len(self.people)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One person's time on call without a break."""

    span: Span
    person: str


def shifts(rotation: Rotation, *, begin: Instant, end: Instant) -> tuple[Shift, ...]:
    """The plan over `[begin, end)`, without a gap; neighbours are different people."""
    edges = {begin}
    for override in rotation.overrides:
        edges |= {override.begin, override.end}
    turn = rotation.turn(begin) + 1
    while rotation.handover(turn) < end:
        edges.add(rotation.handover(turn))
        turn += 1
    inside = [*sorted(edge for edge in edges if begin <= edge < end), end]
    plan: list[Shift] = []
    for first, last in pairwise(inside):
        person = rotation.on_call(first)
        if plan and plan[-1].person == person:
            first = plan.pop().span.begin
        plan.append(Shift(span=Span(begin=first, end=last), person=person))
    return tuple(plan)
