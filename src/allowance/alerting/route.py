"""Who is told: routes from alerts to names, and names to the channels of people, rotations and rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from allowance.alerting.alert import Notice
from allowance.alerting.escalation import Ladder, due_steps, escalated
from allowance.alerting.hours import Hours
from allowance.alerting.rotations import Rotation
from allowance.contract.rules import Severity
from allowance.core.time import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Alerts that meet every condition go to `to`. An empty condition is met by all.

    The first route that fits decides, unless it says `go_on`: then later ones are asked too.
    """

    to: tuple[str, ...]
    severities: frozenset[Severity] = frozenset()
    services: frozenset[str] = frozenset()
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hours: Hours | None = None
    ladder: str = ""
    go_on: bool = False

    @property
    def takes_all(self) -> bool:
        """Whether nothing can fail to meet it."""
        return not (self.severities or self.services or self.labels or self.hours)

    def fits(self, notice: Notice, *, at: Instant) -> bool:
        """Whether a notice that is told at an instant meets every condition."""
        return (
            (not self.severities or notice.severity in self.severities)
            and (not self.services or notice.service in self.services)
            and all(notice.labels.get(name, "") in values for name, values in self.labels.items())
            and (self.hours is None or self.hours.hold(at))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Routes, and what the names in them stand for. Every name is a channel, a person or a rotation, of one kind only."""

    channels: frozenset[str]
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    ladders: Mapping[str, Ladder] = field(default_factory=dict)

    def channels_of(self, names: Iterable[str], *, at: Instant) -> tuple[str, ...]:
        """The channels behind names at an instant, each once, in their order. An unknown name is nobody."""
        found: dict[str, None] = {}
        for name in names:
            rotation = self.rotations.get(name)
            person = name if rotation is None else rotation.on_call(at)
            for channel in self.people.get(person, (person,)):
                if channel in self.channels:
                    found[channel] = None
        return tuple(found)


def chosen(routes: Sequence[Route], notice: Notice, *, at: Instant) -> tuple[Route, ...]:
    """The routes that a notice takes, in their order."""
    taken: list[Route] = []
    for route in routes:
        if route.fits(notice, at=at):
            taken.append(route)
            if not route.go_on:
                break
    return tuple(taken)


def on_call(
    directory: Directory, service: str, *, instead: str | None = None, now: Instant
) -> tuple[str, ...]:
    """The people whom a page of a service reaches at an instant; rooms and channels are nobody.

    Routes that ask for labels or for other services are left out. `instead` is as in `targets`.
    """
    names = [] if instead is None else [instead]
    for route in directory.routes if instead is None else ():
        asks = (not route.severities or "page" in route.severities) and not route.labels
        if asks and service in (route.services or {service}) and (not route.hours or route.hours.hold(now)):
            names += route.to
            if not route.go_on:
                break
    turns = {name: one.on_call(now) for name, one in directory.rotations.items()}
    found = [turns.get(name, name) for name in names]
    return tuple(dict.fromkeys(one for one in found if one in directory.people))


def targets(
    directory: Directory,
    notice: Notice,
    *,
    acknowledged: Instant | None = None,
    instead: str | None = None,
    now: Instant,
) -> tuple[str, ...]:
    """The channels that are told a notice now. `instead`: who carries the pager in place of whom the routes name.

    A resolution goes to those who were told of the alert: by the routes and the people on call of that instant, and
    by every step of an escalation since.
    """
    if notice.says != "resolved":
        return _told_at_once(directory, notice, instead, at=now)
    since = notice.since
    found = dict.fromkeys(_told_at_once(directory, notice, instead, at=since))
    for ladder in _ladders(directory, notice, at=since):
        steps = due_steps(ladder, told=since, acknowledged=acknowledged, resolved=notice.at, now=now)
        for at, step in steps:
            found |= dict.fromkeys(directory.channels_of(step.to, at=at))
    return tuple(found)


def escalations(
    directory: Directory, notice: Notice, *, acknowledged: Instant | None, now: Instant
) -> tuple[tuple[Notice, tuple[str, ...]], ...]:
    """For the last notice of an alert that fires: every escalation that had to be told by now, and its channels.

    Each has a key of its own and is meant to be queued in every tick: a key is queued once. Who is on call is
    asked for the instant of the step, so that a hand-over tells nobody twice.
    """
    if notice.says == "resolved":
        return ()
    found = []
    for ladder in _ladders(directory, notice, at=notice.at):
        for at, step in due_steps(ladder, told=notice.at, acknowledged=acknowledged, now=now):
            found.append((escalated(notice, ladder, step, at), directory.channels_of(step.to, at=at)))
    return tuple(found)


def _told_at_once(
    directory: Directory, notice: Notice, instead: str | None, *, at: Instant
) -> tuple[str, ...]:
    """A name that nobody knows is told nothing: then the routes decide, so that somebody is."""
    handed = directory.channels_of([instead], at=at) if instead is not None else ()
    if handed:
        return handed
    names = [name for route in chosen(directory.routes, notice, at=at) for name in route.to]
    return directory.channels_of(names, at=at)


def _ladders(directory: Directory, notice: Notice, *, at: Instant) -> tuple[Ladder, ...]:
    names = dict.fromkeys(route.ladder for route in chosen(directory.routes, notice, at=at))
    return tuple(directory.ladders[name] for name in names if name in directory.ladders)
