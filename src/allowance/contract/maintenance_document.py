"""Maintenance that comes again, as our documents write it: `maintenance` of a service."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from allowance.contract.fields import Fields
from allowance.contract.maintenance import LONGEST, MONDAY, MaintenanceRule, Recurrence, parse_rrule
from allowance.core.duration import parse_duration, short
from allowance.core.problem import refuse
from allowance.core.time import parse_zone


def read_maintenance(holder: Fields) -> tuple[MaintenanceRule, ...]:
    """The list `maintenance`: each with `rrule`, `duration`, `reason`, and perhaps `zone`, `from`, `unlessBurnAbove`."""
    read = [_rule(fields) for fields in holder.each("maintenance")]
    return tuple(rule for rule in read if rule is not None)


def _rule(fields: Fields) -> MaintenanceRule | None:
    rule = (
        fields.parsed("rrule", parse_rrule)
        if fields.need("rrule", hint="such as FREQ=WEEKLY;BYDAY=SU")
        else None
    )
    duration = fields.parsed("duration", parse_length) if fields.need("duration", hint="such as 2h") else None
    zone = fields.parsed("zone", parse_zone) or ZoneInfo("UTC")
    first = fields.parsed("from", parse_wall)
    reason = fields.text("reason") if fields.need("reason", hint="what is done, in a sentence") else None
    limit = fields.number("unlessBurnAbove")
    if limit is not None and limit < 0:
        fields.wrong("unlessBurnAbove", "a burn rate is not below zero", hint="such as 50")
    fields.finish()
    if rule is None or duration is None or reason is None:
        return None
    return MaintenanceRule(
        recurrence=Recurrence(rrule=rule, duration=duration, zone=zone, first=first or MONDAY),
        reason=reason,
        unless_burn_above=None if limit is None else float(limit),
        origin=fields.origin(unlessBurnAbove="unless_burn_above"),
    )


def parse_length(text: str) -> int:
    """How long an occurrence is: a duration of at most 31 days. Errors: `Problem` `duration`."""
    seconds = parse_duration(text)
    if seconds > LONGEST:
        raise refuse(
            "duration", f"{text} is more than {short(LONGEST)}", hint="what lasts longer is no maintenance"
        )
    return seconds


def parse_wall(text: str) -> datetime:
    """A time on a wall, `2026-01-04 02:00`, without an offset. Errors: `Problem` `instant`."""
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or wall.microsecond:
        raise refuse(
            "instant",
            f"{text[:60]!r} is not a time on the wall of the zone",
            hint="write it as 2026-01-04 02:00",
        )
    return wall


def maintenance_document(rule: MaintenanceRule) -> dict[str, object]:
    """One entry of `maintenance`."""
    recurrence, limit = rule.recurrence, rule.unless_burn_above
    return {
        "rrule": recurrence.rrule,
        "duration": short(recurrence.duration),
        **({} if recurrence.zone.key == "UTC" else {"zone": recurrence.zone.key}),
        **({} if recurrence.first == MONDAY else {"from": recurrence.first.isoformat(" ")}),
        "reason": rule.reason,
        **({} if limit is None else {"unlessBurnAbove": int(limit) if limit.is_integer() else limit}),
    }
