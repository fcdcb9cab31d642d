"""What holds an alert back: it was not told, something louder speaks, it is muted, another speaks for it.

    asked in this order    of what           holds it back
    ------------------     ---------------   -----------------------------------------------------------
    untold                 a resolution      nobody was told that it was open
    inhibited              everything else   a louder alert of the same SLO fires
    a mute                 everything else   its labels match, and it does not burn too fast
    grouped                everything else   another alert of its service (of its source) was told, or is told now

The first that answers is the reason that is recorded. Only who is told can speak for others: behind a silenced
alert nobody hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from allowance.alerting.alert import RANK, Alert, Mute, Muted, MuteKind
from allowance.alerting.lifecycle import Says
from allowance.alerting.mute import held_until, matches
from allowance.alerting.telemetry import TelemetryAlert
from allowance.contract.rules import Severity
from allowance.core.duration import MINUTE
from allowance.core.time import Instant

AnyAlert = Alert | TelemetryAlert

TOGETHER = 30 * MINUTE
"""Alerts of one service that began within so long of each other are one trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that an alert has to say this tick.

    `was_told`: somebody knows already that it is open. `is_late`: it was held back at an earlier tick.
    """

    alert: AnyAlert
    says: Says
    was_told: bool
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something that is told, and the alerts that it speaks for besides its own."""

    said: Said
    together: tuple[AnyAlert, ...] = ()


@dataclass(slots=True)
class _Speakers:
    """Who speaks, by whom they may speak for, and for whom they do in this tick."""

    by_party: dict[tuple[str, str], list[AnyAlert]] = field(default_factory=dict)
    followers: dict[str, list[AnyAlert]] = field(default_factory=dict)


def sift(
    said: Sequence[Said], alerts: Sequence[AnyAlert], mutes: Sequence[Mute], *, now: Instant
) -> tuple[tuple[Heard, ...], tuple[Muted, ...]]:
    """What is told, in the order given, and what is not and why.

    What was held back before is recorded again only where another speaks for it now.
    """
    louder = _louder(alerts)
    reasons = {id(one): _alone(one, louder, mutes, now=now) for one in said}
    opening = [one for one in said if one.says != "resolved" and reasons[id(one)] is None]
    told = [alert for alert in alerts if alert.life.is_open and alert.life.told]
    speakers = _Speakers()
    for alert in sorted(told, key=_begin):
        speakers.by_party.setdefault(_party(alert), []).append(alert)
    for one in sorted(opening, key=lambda one: _weight(one.alert)):
        reasons[id(one)] = _behind(one, speakers)
    heard = [
        Heard(said=one, together=tuple(speakers.followers.get(one.alert.signature, ())))
        for one in said
        if reasons[id(one)] is None
    ]
    again = {other.signature for one in heard for other in one.together}
    muted = [
        reason
        for one in said
        if (reason := reasons[id(one)]) is not None and (not one.is_late or one.alert.signature in again)
    ]
    return tuple(heard), tuple(muted)


def _louder(alerts: Iterable[AnyAlert]) -> Mapping[tuple[str, str], Severity]:
    """For each SLO and group the loudest severity that fires."""
    return {
        (one.evaluation.slo.id, one.group): one.severity
        for one in sorted(
            (one for one in alerts if isinstance(one, Alert)), key=lambda one: -RANK[one.severity]
        )
        if one.life.state == "firing"
    }


def _alone(
    one: Said, louder: Mapping[tuple[str, str], Severity], mutes: Sequence[Mute], *, now: Instant
) -> Muted | None:
    """What holds it back whoever else speaks."""
    if one.says == "resolved":
        return None if one.was_told else _muted(one, "untold", "nobody was told that it was open")
    return _inhibited(one, louder) or _silenced(one, mutes, now=now)


def _inhibited(one: Said, louder: Mapping[tuple[str, str], Severity]) -> Muted | None:
    if not isinstance(one.alert, Alert):
        return None
    top = louder.get((one.alert.evaluation.slo.id, one.alert.group))
    if top is None or RANK[top] >= RANK[one.alert.severity]:
        return None
    return _muted(one, "inhibited", f"a {top} of the same SLO is firing")


def _silenced(one: Said, mutes: Sequence[Mute], *, now: Instant) -> Muted | None:
    labels, burn = one.alert.labels, one.alert.burn
    for mute in mutes:
        if not matches(mute, labels, burn):
            continue
        until = held_until(mute, now=now)
        if until is not None:
            who = f" by {mute.by}" if mute.by else ""
            why = f"{mute.kind} {mute.id}{who}: {mute.why}".rstrip(": ")
            return Muted(signature=one.alert.signature, says=one.says, kind=mute.kind, why=why, until=until)
    return None


def _behind(one: Said, speakers: _Speakers) -> Muted | None:
    """Another alert that speaks for it; where there is none, it speaks, for those that come after it too."""
    party = speakers.by_party.setdefault(_party(one.alert), [])
    for speaker in party:
        if _speaks_for(speaker, one.alert) and speaker.signature != one.alert.signature:
            speakers.followers.setdefault(speaker.signature, []).append(one.alert)
            return _muted(one, "grouped", f"told together with {speaker.signature}")
    party.append(one.alert)
    return None


def _party(alert: AnyAlert) -> tuple[str, str]:
    """Only alerts of one service and severity, and those of one source, speak for each other."""
    return ("", alert.feed.key) if isinstance(alert, TelemetryAlert) else (alert.service, alert.severity)


def _speaks_for(speaker: AnyAlert, alert: AnyAlert) -> bool:
    if isinstance(alert, TelemetryAlert):
        # One dead source is one page: whatever it blinds, however late the next one notices.
        same = isinstance(speaker, TelemetryAlert) and speaker.feed.key == alert.feed.key
        return same and RANK[speaker.severity] <= RANK[alert.severity]
    return (
        isinstance(speaker, Alert)
        and (speaker.service, speaker.severity) == (alert.service, alert.severity)
        and abs(_begin(speaker) - _begin(alert)) <= TOGETHER
    )


def _weight(alert: AnyAlert) -> tuple[int, int, int, Fraction | int]:
    """Who speaks first: what is louder, then what users feel, then what fails most."""
    if isinstance(alert, TelemetryAlert):
        return RANK[alert.severity], 0, 0 if alert.slo is None else 1, -len(alert.fellows)
    journeys = alert.evaluation.slo.journeys
    return RANK[alert.severity], 0 if journeys else 1, 0, -alert.reading.short.bad


def _begin(alert: AnyAlert) -> Instant:
    return alert.life.entries[-1].begin if alert.life.entries else alert.life.since


def _muted(one: Said, kind: MuteKind, why: str) -> Muted:
    return Muted(signature=one.alert.signature, says=one.says, kind=kind, why=why)
