"""Alert lives, notices and mutes as plain values, and back: for any store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allowance.alerting.alert import Message, Mute, Notice
from allowance.alerting.lifecycle import Entry, Life
from allowance.contract.maintenance import Recurrence
from allowance.core.time import parse_zone

Plain = dict[str, Any]


def life_to_plain(life: Life) -> Plain:
    """A life as JSON values."""
    return {
        "state": life.state,
        "since": life.since,
        "timer": life.timer,
        "entries": [[entry.begin, entry.end] for entry in life.entries],
        "told": life.told,
        **({"keep": life.keep} if life.keep else {}),
    }


def life_from_plain(raw: Plain) -> Life:
    """The life that `life_to_plain` wrote."""
    entries = tuple(Entry(begin=begin, end=end) for begin, end in raw["entries"])
    return Life(
        state=raw["state"],
        since=raw["since"],
        timer=raw["timer"],
        entries=entries,
        told=raw["told"],
        keep=raw.get("keep", 0),
    )


def notice_to_plain(notice: Notice) -> Plain:
    """A notice as JSON values."""
    message = notice.message
    return {
        "key": notice.key,
        "says": notice.says,
        "signature": notice.signature,
        "severity": notice.severity,
        "service": notice.service,
        "opened": notice.opened,
        "since": notice.since,
        "at": notice.at,
        "labels": dict(notice.labels),
        "message": {
            "title": message.title,
            "lines": list(message.lines),
            "facts": dict(message.facts),
            "first_step": message.first_step,
            "link": message.link,
        },
    }


def notice_from_plain(raw: Plain) -> Notice:
    """The notice that `notice_to_plain` wrote."""
    message = raw["message"] | {"lines": tuple(raw["message"]["lines"])}
    return Notice(**raw | {"message": Message(**message)})


def mute_to_plain(mute: Mute) -> Plain:
    """A mute as JSON values."""
    return {
        "id": mute.id,
        "kind": mute.kind,
        "begin": mute.begin,
        "end": mute.end,
        "labels": dict(mute.labels),
        "by": mute.by,
        "why": mute.why,
        "unless_burn_above": mute.unless_burn_above,
        "repeats": None if mute.repeats is None else recurrence_to_plain(mute.repeats),
    }


def mute_from_plain(raw: Plain) -> Mute:
    """The mute that `mute_to_plain` wrote."""
    repeats = raw.get("repeats")
    return Mute(**raw | {"repeats": None if repeats is None else recurrence_from_plain(repeats)})


def recurrence_to_plain(recurrence: Recurrence) -> Plain:
    """A recurrence as JSON values."""
    return {
        "rrule": recurrence.rrule,
        "duration": recurrence.duration,
        "zone": recurrence.zone.key,
        "first": recurrence.first.isoformat(),
    }


def recurrence_from_plain(raw: Plain) -> Recurrence:
    """The recurrence that `recurrence_to_plain` wrote."""
    zone, first = parse_zone(raw["zone"]), datetime.fromisoformat(raw["first"])
    return Recurrence(rrule=raw["rrule"], duration=raw["duration"], zone=zone, first=first)
