"""What one tick changes and tells: a pipeline from evaluations to new lives, notices, and reasons for silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from allowance.alerting.alert import RANK, Alert, Mute, Muted, MuteKind, Notice, signature
from allowance.alerting.lifecycle import QUIET, Hysteresis, Life, Says, Signal, advance
from allowance.alerting.message import compose
from allowance.budget.burn import RuleReading, burn_rate, exceeds
from allowance.budget.evaluate import Evaluation
from allowance.contract.rules import Severity
from allowance.core.counts import NoData
from allowance.core.time import Instant, iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How alerts behave: hysteresis per severity, and the address that links begin with."""

    hysteresis: Mapping[Severity, Hysteresis] = field(default_factory=dict)
    link: str = ""

    def limits(self, severity: Severity) -> Hysteresis:
        """The hysteresis of a severity, else the default."""
        return self.hysteresis.get(severity, Hysteresis())


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that an alert has to say this tick.

    `was_told`: somebody knows already that it is open. `is_late`: it was held back at an earlier tick.
    """

    alert: Alert
    says: Says
    was_told: bool
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The outcome of a tick: every life that is not quiet, what to tell, and what is not told and why."""

    lives: dict[str, Life]
    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]
    muted: tuple[Muted, ...]


def plan(
    evaluations: Sequence[tuple[str, Evaluation]],
    lives: Mapping[str, Life],
    mutes: Sequence[Mute],
    settings: Settings,
    *,
    now: Instant,
) -> Plan:
    """One tick over (group, evaluation) pairs. Pure: the same inputs give the same plan.

    What is open and was held back is told as soon as nothing holds it back any more; what is over is told to nobody
    who was not told that it was open.
    """
    alerts: list[Alert] = []
    said: list[Said] = []
    for group, evaluation in evaluations:
        for severity, readings in _by_severity(evaluation).items():
            limits = settings.limits(severity)
            before = lives.get(signature(evaluation.slo.id, severity, group), QUIET)
            life, words = advance(before, _signal(readings, evaluation, limits), limits, now=now)
            if life == QUIET and not words:
                continue
            alert = Alert(
                evaluation=evaluation, group=group, severity=severity, reading=_loudest(readings), life=life
            )
            alerts.append(alert)
            said += [Said(alert=alert, says=word, was_told=before.told) for word in words]
            if life.is_open and not life.told and not words:
                said.append(Said(alert=alert, says="opened", was_told=False, is_late=True))
    notices, muted = _filtered(said, alerts, mutes, settings, now=now)
    told = {n.signature: n.says != "resolved" for n in notices}
    alerts = [replace(a, life=replace(a.life, told=told.get(a.signature, a.life.told))) for a in alerts]
    return Plan(
        lives={a.signature: a.life for a in alerts if a.life.state != "quiet"},
        alerts=tuple(a for a in alerts if a.life.state != "quiet"),
        notices=notices,
        muted=muted,
    )


def _by_severity(evaluation: Evaluation) -> dict[Severity, list[RuleReading]]:
    found: dict[Severity, list[RuleReading]] = {}
    for reading in evaluation.readings:
        found.setdefault(reading.rule.severity, []).append(reading)
    return found


def _signal(readings: Iterable[RuleReading], evaluation: Evaluation, limits: Hysteresis) -> Signal:
    rows = list(readings)
    if any(reading.firing for reading in rows):
        return "over"
    allowed = 1 - evaluation.slo.target
    still = any(
        exceeds(r.short, limits.clear_below * r.factor * allowed) and r.word != "rising" for r in rows
    )
    return "between" if limits.clear_below < 1 and still else "calm"


def _loudest(readings: Sequence[RuleReading]) -> RuleReading:
    """A firing rule first, then the one that asks for the fastest burn."""
    return max(readings, key=lambda r: (r.firing, r.factor))


def _filtered(
    said: Sequence[Said], alerts: Sequence[Alert], mutes: Sequence[Mute], settings: Settings, *, now: Instant
) -> tuple[tuple[Notice, ...], tuple[Muted, ...]]:
    """Each thing said passes inhibition, mutes and grouping; the first that holds it back is its reason."""
    louder = {
        (a.evaluation.slo.id, a.group): a.severity
        for a in sorted(alerts, key=lambda a: -RANK[a.severity])
        if a.life.state == "firing"
    }
    leaders = _leaders(said, alerts)
    notices: list[Notice] = []
    muted: list[Muted] = []
    for one in said:
        if one.says == "resolved":
            reason = None if one.was_told else _muted(one, "untold", "nobody was told that it was open")
        else:
            reason = _inhibited(one, louder) or _silenced(one, mutes, now=now) or _grouped(one, leaders)
        if reason is None:
            notices.append(_notice(one, settings, now=now))
        elif not one.is_late:
            muted.append(reason)
    return tuple(notices), tuple(muted)


def _leaders(said: Sequence[Said], alerts: Sequence[Alert]) -> dict[tuple[str, Severity], str]:
    """For each service and severity the alert that speaks for the others: one told before, else the largest."""
    leaders: dict[tuple[str, Severity], str] = {}
    opening = [s.alert for s in said if s.says != "resolved"]
    told = [a for a in alerts if a.life.is_open and a.life.told]
    for one in (*told, *sorted(opening, key=lambda a: -a.reading.short.bad)):
        leaders.setdefault((one.evaluation.slo.service, one.severity), one.signature)
    return leaders


def _inhibited(one: Said, louder: Mapping[tuple[str, str], Severity]) -> Muted | None:
    top = louder.get((one.alert.evaluation.slo.id, one.alert.group))
    if top is None or RANK[top] >= RANK[one.alert.severity]:
        return None
    return _muted(one, "inhibited", f"a {top} of the same SLO is firing")


def _silenced(one: Said, mutes: Sequence[Mute], *, now: Instant) -> Muted | None:
    burn = burn_rate(one.alert.reading.short, one.alert.evaluation.slo.target)
    for mute in mutes:
        heard = (
            mute.unless_burn_above is not None
            and not isinstance(burn, NoData)
            and burn > mute.unless_burn_above
        )
        if not heard and mute.hits(one.alert.labels, now=now):
            who = f" by {mute.by}" if mute.by else ""
            why = f"{mute.kind} {mute.id}{who}: {mute.why}".rstrip(": ")
            return Muted(
                signature=one.alert.signature, says=one.says, kind=mute.kind, why=why, until=mute.end
            )
    return None


def _grouped(one: Said, leaders: Mapping[tuple[str, Severity], str]) -> Muted | None:
    leader = leaders[one.alert.evaluation.slo.service, one.alert.severity]
    if leader == one.alert.signature:
        return None
    return _muted(one, "grouped", f"told together with {leader}")


def _muted(one: Said, kind: MuteKind, why: str) -> Muted:
    return Muted(signature=one.alert.signature, says=one.says, kind=kind, why=why)


def _notice(one: Said, settings: Settings, *, now: Instant) -> Notice:
    alert = one.alert
    opened = alert.life.entries[0].begin if alert.life.entries else now
    slo = alert.evaluation.slo
    link = f"{settings.link}/slo/{slo.id}?at={iso(opened)}" if settings.link else ""
    return Notice(
        key=f"{alert.signature}/{opened}/{one.says}/{len(alert.life.entries)}",
        says=one.says,
        signature=alert.signature,
        severity=alert.severity,
        service=slo.service,
        opened=opened,
        since=alert.life.entries[-1].begin if alert.life.entries else now,
        at=now,
        labels=alert.labels,
        message=compose(alert, one.says, link=link),
    )
