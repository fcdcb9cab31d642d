"""The file `notify.yaml`: channels, people, rotations, escalations and routes, with a place for every error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from allowance.alerting.alert import Notice
from allowance.alerting.route import Directory, Route, targets
from allowance.alerting.telemetry import LATE
from allowance.app.deliver import Channel
from allowance.contract.amounts import parse_name
from allowance.contract.fields import Fields
from allowance.contract.model import NoDataAlert
from allowance.contract.nodes import MapNode, Node, load_documents
from allowance.contract.notes import Notes
from allowance.core.problem import Problem, ProblemError, Where, errors, refuse
from allowance.core.time import Instant
from allowance.edges.channels.given import Given
from allowance.edges.channels.table import CHANNELS
from allowance.edges.notify_fields import (
    USUAL,
    DeployWindow,
    read_deploys,
    read_ladder,
    read_late,
    read_rotation,
    read_route,
)

PARTS = ("channels", "people", "rotations", "escalations", "routes", "late", "deploys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """What the file says: the channels by name, who is told by which, and what else it sets.

    `late`: when a source that is read late is an alert. `deploys`: what a deploy holds back.
    """

    channels: Mapping[str, Channel]
    directory: Directory
    late: NoDataAlert | None = LATE
    deploys: DeployWindow = USUAL
    problems: tuple[Problem, ...] = ()
    """Warnings."""

    def targets(
        self, notice: Notice, *, acknowledged: Instant | None = None, instead: str | None = None, now: Instant
    ) -> tuple[str, ...]:
        """The channels that are told a notice now; `instead` is the rotation that carries the pager in place of others."""
        return targets(self.directory, notice, acknowledged=acknowledged, instead=instead, now=now)


def read_notify(path: Path, environment: Mapping[str, str] | None = None) -> Notify:
    """Read the file; secrets come from the environment variables that it names.

    Errors: `ProblemError` with every error of the file, each with line and column, none with a secret in it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(
            "file",
            f"{path} cannot be read: {error.strerror}",
            hint="give the path of your notify.yaml",
            where=Where(file=str(path)),
        ) from None
    return notify_of(data, file=str(path), environment=os.environ if environment is None else environment)


def notify_of(data: bytes, *, file: str, environment: Mapping[str, str]) -> Notify:
    """Like `read_notify`, from bytes; `file` is the name that places carry."""
    documents = load_documents(data, file=file)
    if len(documents) != 1 or not isinstance(documents[0], MapNode):
        raise refuse(
            "shape",
            "this file must be one map of channels and routes",
            hint=f"its parts are {', '.join(PARTS)}",
            where=documents[0].where if documents else Where(file=file),
        )
    notes = Notes()
    notify = _Reader(Fields(documents[0], "", notes, strict=True), notes, environment).notify()
    found = errors(notes.problems)
    if found:
        raise ProblemError(*found)
    return notify


class _Reader:
    """One reading of the file. Names are checked when all of them are known."""

    def __init__(self, top: Fields, notes: Notes, environment: Mapping[str, str]) -> None:
        self._top = top
        self._notes = notes
        self._environment = environment
        self._names: dict[str, Where] = {}

    def notify(self) -> Notify:
        top = self._top
        channels = {
            name: channel for name, node in self._named("channels") if (channel := self._channel(name, node))
        }
        people = self._people()
        rotations = {
            name: rotation
            for name, fields in self._maps("rotations")
            if (rotation := read_rotation(name, fields, people))
        }
        ladders = {
            name: ladder
            for name, fields in self._maps("escalations", own_names=True)
            if (ladder := read_ladder(name, fields, self._names))
        }
        routes = tuple(
            route for fields in top.each("routes") if (route := read_route(fields, self._names, ladders))
        )
        self._check_routes(routes)
        late, deploys = read_late(top), read_deploys(top)
        top.finish()
        directory = Directory(
            channels=frozenset(channels), people=people, rotations=rotations, routes=routes, ladders=ladders
        )
        return Notify(
            channels=channels,
            directory=directory,
            late=late,
            deploys=deploys,
            problems=tuple(self._notes.problems),
        )

    def _named(self, part: str, *, own_names: bool = False) -> list[tuple[str, Node]]:
        """The entries of a map of names; a name stands for one thing in the whole file."""
        fields = self._top.fields(part)
        if fields is None:
            return []
        found = []
        for name, node in fields.node.items.items():
            where = fields.key_where(name)
            fields.has(name)
            try:
                parse_name(name)
            except ProblemError as error:
                self._notes.refused(error, where)
                continue
            if not own_names and name in self._names:
                self._notes.error(
                    "duplicate",
                    f"{name!r} is named twice",
                    where=where,
                    hint=f"the first stands in line {self._names[name].line}; routes could not tell them apart",
                )
                continue
            if not own_names:
                self._names[name] = where
            found.append((name, node))
        return found

    def _maps(self, part: str, *, own_names: bool = False) -> list[tuple[str, Fields]]:
        entered = [
            (name, self._top.enter(node, f"{part}.{name}"))
            for name, node in self._named(part, own_names=own_names)
        ]
        return [(name, fields) for name, fields in entered if fields is not None]

    def _channel(self, name: str, node: Node) -> Channel | None:
        fields = self._top.enter(node, f"channels.{name}")
        if fields is None or not fields.need("kind", hint=f"one of {', '.join(CHANNELS)}"):
            return None
        kind = fields.word("kind", CHANNELS)
        if kind is None:
            return None
        channel = CHANNELS[kind](name, Given(fields=fields, environment=self._environment))
        fields.finish()
        return channel

    def _people(self) -> dict[str, tuple[str, ...]]:
        """Each person's channels: a list of names, or one name."""
        holder = self._top.fields("people")
        known = dict.fromkeys(name for name in self._names)
        people: dict[str, tuple[str, ...]] = {}
        if holder is None:
            return people
        for name, _ in self._named("people"):
            people[name] = holder.texts(name)
            if not people[name]:
                holder.wrong(name, f"{name} has no channel", hint="name the channels that reach them")
            for channel in people[name]:
                if channel not in known:
                    holder.unknown_word(name, channel, known, code="reference")
        return people

    def _check_routes(self, routes: tuple[Route, ...]) -> None:
        top = self._top
        if not top.need("routes", hint="at least one: {to: [name of a channel]}"):
            return
        if self._notes.failed:
            return
        if not routes or not routes[-1].takes_all:
            top.wrong(
                "routes",
                "the last route has conditions, so there are alerts that nobody is told of",
                hint="end with a route without conditions; {to: []} says that the rest is told to nobody",
                code="route",
            )
        for number, route in enumerate(routes[:-1]):
            if route.takes_all and not route.go_on:
                top.wrong(
                    "routes",
                    f"route {number + 1} takes everything, so the routes after it are never asked",
                    hint="move it to the end, or say continue: true",
                    code="route",
                )
