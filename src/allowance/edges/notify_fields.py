"""The parts of `notify.yaml`: one rotation, one escalation, one route, from their fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from allowance.alerting.escalation import Ladder, Step
from allowance.alerting.hours import Hours, parse_stretch, parse_time, parse_weekday
from allowance.alerting.rotations import Override, Rotation
from allowance.alerting.route import Route
from allowance.alerting.telemetry import LATE
from allowance.contract.alert_document import read_no_data
from allowance.contract.amounts import parse_positive
from allowance.contract.fields import Fields
from allowance.contract.model import NoDataAlert
from allowance.contract.nodes import ListNode, ScalarNode
from allowance.contract.rules import SEVERITIES, Severity
from allowance.core.duration import MINUTE, parse_duration
from allowance.core.problem import ProblemError, refuse
from allowance.core.time import Instant, parse_instant, parse_zone, wall_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployWindow:
    """A deploy holds the tickets of its service for `hold` seconds, unless they burn faster than `unless_burn_above`."""

    hold: int = 15 * MINUTE
    unless_burn_above: float = 6.0


USUAL = DeployWindow()

DAILY = -1
MOST_TURN = 366


def read_late(top: Fields) -> NoDataAlert | None:
    """`late`: `{severity: ticket, after: 10m}`, which it is where nothing is written; `none`: never."""
    node = top.get("late")
    if isinstance(node, ScalarNode) and node.value == "none":
        return None
    return LATE if node is None else read_no_data(top, "late") or LATE


def read_deploys(top: Fields) -> DeployWindow:
    """`deploys`: `{hold: 15m, unlessBurnAbove: 6}`."""
    fields = top.fields("deploys")
    if fields is None:
        return USUAL
    hold, burn = fields.parsed("hold", parse_duration), fields.parsed("unlessBurnAbove", parse_positive)
    fields.finish()
    return DeployWindow(
        hold=USUAL.hold if hold is None else hold,
        unless_burn_above=USUAL.unless_burn_above if burn is None else float(burn),
    )


def read_rotation(name: str, fields: Fields, people: Collection[str]) -> Rotation | None:
    """`people`, `handover`, `first`, and perhaps `every`, `zone`, `overrides`; `None` where it cannot be used (reported)."""
    zone = fields.parsed("zone", parse_zone) or ZoneInfo("UTC")
    turns = fields.texts("people") if fields.need("people") else ()
    if fields.has("people") and not turns:
        fields.wrong("people", f"nobody is in the rotation {name}", hint="name the people in their order")
    _known(fields, "people", turns, people)
    handover = (
        fields.parsed("handover", _handover) if fields.need("handover", hint="such as mon 09:00") else None
    )
    first = (
        fields.parsed("first", _day)
        if fields.need("first", hint="the day on which the first begins")
        else None
    )
    every = _every(fields)
    overrides = tuple(
        override
        for inside in fields.each("overrides")
        if (override := _override(inside, zone, people)) is not None
    )
    fields.finish()
    if not turns or handover is None or first is None or every is None:
        return None
    day, second = handover
    if day not in (DAILY, first.weekday()):
        fields.wrong(
            "first", f"{first} is not the day of the hand-over", hint="give the day of the first one"
        )
        return None
    days = every if day == DAILY else every * 7
    return Rotation(
        name=name, people=turns, first=first, second=second, zone=zone, days=days, overrides=overrides
    )


def read_ladder(name: str, fields: Fields, names: Collection[str]) -> Ladder | None:
    """`steps`: each with `after` and `to`."""
    steps: list[Step] = []
    fields.need("steps", hint="each with after and to")
    for inside in fields.each("steps"):
        after = inside.parsed("after", parse_duration) if inside.need("after", hint="such as 15m") else None
        to = inside.texts("to") if inside.need("to") else ()
        _known(inside, "to", to, names)
        inside.finish()
        if after is None or not to:
            continue
        if steps and after <= steps[-1].after:
            inside.wrong(
                "after", "a step must come later than the one before it", hint="counted from the alert"
            )
        steps.append(Step(after=after, to=to))
    fields.finish()
    return Ladder(name=name, steps=tuple(steps)) if steps else None


def read_route(fields: Fields, names: Collection[str], ladders: Mapping[str, Ladder]) -> Route | None:
    """`to`, and perhaps `when`, `hours`, `escalate`, `continue`."""
    node = fields.get("to")
    nobody = isinstance(node, ListNode) and not node.items
    to = fields.texts("to") if fields.need("to", hint="names of channels, people or rotations") else ()
    _known(fields, "to", to, names)
    ladder = fields.word("escalate", ladders) or ""
    hours = _hours(fields)
    go_on = bool(fields.flag("continue"))
    severities, services, labels = _conditions(fields)
    fields.finish()
    if not to and not nobody:
        return None
    return Route(
        to=to,
        severities=severities,
        services=services,
        labels=labels,
        hours=hours,
        ladder=ladder,
        go_on=go_on,
    )


Conditions = tuple[frozenset[Severity], frozenset[str], dict[str, frozenset[str]]]


def _conditions(fields: Fields) -> Conditions:
    when = fields.fields("when")
    if when is None:
        return frozenset(), frozenset(), {}
    severities: set[Severity] = set()
    for text in when.texts("severity"):
        word = next((severity for severity in SEVERITIES if severity == text), None)
        if word is None:
            when.unknown_word("severity", text, SEVERITIES)
        else:
            severities.add(word)
    services = frozenset(when.texts("service"))
    inside = when.fields("labels")
    labels = {} if inside is None else {name: frozenset(_values(inside, name)) for name in inside.node.items}
    when.finish()
    return frozenset(severities), services, labels


def _values(fields: Fields, name: str) -> tuple[str, ...]:
    """Label values are text, however they are written: `tier: 1` is "1"."""
    node = fields.get(name)
    if isinstance(node, ScalarNode):
        return (node.text,)
    if isinstance(node, ListNode) and all(isinstance(item, ScalarNode) for item in node.items):
        return tuple(item.text for item in node.items if isinstance(item, ScalarNode))
    fields.wrong(name, f"{name} must be a value or a list of values", code="shape")
    return ()


def _hours(fields: Fields) -> Hours | None:
    inside = fields.fields("hours")
    if inside is None:
        return None
    zone = inside.parsed("zone", parse_zone) or ZoneInfo("UTC")
    stretches = []
    for text in inside.texts("on") if inside.need("on", hint="such as mon-fri 09:00-17:00") else ():
        try:
            stretches.append(parse_stretch(text))
        except ProblemError as error:
            inside.notes.refused(error, inside.where("on"))
    inside.finish()
    return Hours(zone=zone, stretches=tuple(stretches))


def _override(fields: Fields, zone: ZoneInfo, people: Collection[str]) -> Override | None:
    begin = fields.parsed("from", lambda text: _moment(text, zone)) if fields.need("from") else None
    end = fields.parsed("to", lambda text: _moment(text, zone)) if fields.need("to") else None
    person = fields.text("person") if fields.need("person") else None
    if person is not None:
        _known(fields, "person", (person,), people)
    fields.finish()
    if begin is None or end is None or person is None:
        return None
    if end <= begin:
        fields.wrong("to", "the override ends before it begins", hint="swap from and to")
        return None
    return Override(begin=begin, end=end, person=person)


def _known(fields: Fields, key: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            fields.unknown_word(key, name, known, code="reference")


def _every(fields: Fields) -> int | None:
    number = fields.number("every")
    if number is None:
        return None if fields.has("every") else 1
    if number.denominator != 1 or not 1 <= number <= MOST_TURN:
        fields.wrong(
            "every", f"every must be a whole number from 1 to {MOST_TURN}", hint="weeks, or days if daily"
        )
        return None
    return int(number)


def _handover(text: str) -> tuple[int, int]:
    """`mon 09:00` or `daily 09:00` to a weekday (or `DAILY`) and seconds of the day."""
    day, _, clock = text.strip().partition(" ")
    return (DAILY if day.lower() == "daily" else parse_weekday(day)), parse_time(clock)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise refuse("value", f"{text[:60]!r} is not a day", hint="write it as 2026-01-05") from None


def _moment(text: str, zone: ZoneInfo) -> Instant:
    """A time on the rotation's wall, or an instant with its own offset."""
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or wall.microsecond:
        return parse_instant(text)
    return wall_instant(wall.date(), wall.hour * 3600 + wall.minute * 60 + wall.second, zone)
