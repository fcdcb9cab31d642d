"""What one tick changes and tells: a pipeline from evaluations to new lives, notices, and reasons for silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from allowance.alerting.alert import Alert, Message, Mute, Muted, Notice, signature
from allowance.alerting.beginning import BEFORE, LOOK_BACK, begun
from allowance.alerting.hold import AnyAlert, Heard, Said, sift
from allowance.alerting.lifecycle import QUIET, Hysteresis, Life, Says, Signal, advance
from allowance.alerting.message import Around, compose
from allowance.alerting.telemetry import LATE, Feed, TelemetryAlert, readings
from allowance.alerting.telemetry_words import compose_telemetry
from allowance.budget.budget import Windowed
from allowance.budget.burn import RuleReading, exceeds
from allowance.budget.evaluate import Evaluation
from allowance.changes.deploys import Deploy
from allowance.contract.model import Contract, NoDataAlert
from allowance.contract.rules import SEVERITIES, Severity
from allowance.core.counts import NO_DATA, NOTHING, NoData
from allowance.core.time import Instant, iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How alerts behave: hysteresis per severity where it is not that of their rules, and where links begin.

    `late`: when a source that is read late is itself an alert (nothing: never).
    """

    hysteresis: Mapping[Severity, Hysteresis] = field(default_factory=dict)
    link: str = ""
    late: NoDataAlert | None = LATE

    def limits(self, severity: Severity, readings: Iterable[RuleReading]) -> Hysteresis:
        """The hysteresis of a severity, else what its rules ask for: of each the longest."""
        fixed = self.hysteresis.get(severity)
        if fixed is not None:
            return fixed
        flaps = {reading.rule.flaps for reading in readings}
        return Hysteresis(flap_keep=max(one.keep for one in flaps), memory=max(one.within for one in flaps))


def _nothing_counted(slo_id: str, group: str) -> NoData:
    return NO_DATA


DeploysOf = Callable[[str, Instant, Instant], Sequence[Deploy]]
"""The deploys of a service in `[begin, end)`."""


def no_deploys(service: str, begin: Instant, end: Instant) -> Sequence[Deploy]:
    """Nobody has told of any."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands around the SLOs: by service the labels for mutes and routes, by journey its outcome.

    `counted`: what the budget of an SLO and group counts; `deploys`: those of a service in `[begin, end)`. Both are
    asked only when something is told.
    """

    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    counted: Callable[[str, str], Windowed | NoData] = _nothing_counted
    deploys: DeploysOf = no_deploys


def context_of(contract: Contract) -> Context:
    """Its services' labels, with `tier`, and why its journeys matter."""
    return Context(
        services={one.name: {**one.labels, "tier": str(one.tier)} for one in contract.services},
        outcomes={one.name: one.outcome for one in contract.journeys if one.outcome},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The outcome of a tick: every life that is not quiet, what to tell, and what is not told and why."""

    lives: dict[str, Life]
    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]
    muted: tuple[Muted, ...]
    telemetry: tuple[TelemetryAlert, ...] = ()


Moved = tuple[AnyAlert, Life, tuple[Says, ...]]
"""An alert after this tick, its life before, and what it says."""

NO_CONTEXT = Context()


def plan(
    evaluations: Sequence[tuple[str, Evaluation]],
    lives: Mapping[str, Life],
    mutes: Sequence[Mute],
    settings: Settings,
    *,
    now: Instant,
    feeds: Sequence[Feed] = (),
    context: Context = NO_CONTEXT,
) -> Plan:
    """One tick over (group, evaluation) pairs and the sources they come from. Pure: the same in, the same out.

    What is open and was held back is told as soon as nothing holds it back any more; what is over is told to nobody
    who was not told that it was open. What fires while its source does not answer stays as it is.
    """
    moved = [
        *_burning(evaluations, lives, settings, feeds, context, now=now),
        *_unseen(lives, settings, feeds, context, now=now),
    ]
    said: list[Said] = []
    for alert, before, words in moved:
        said += [Said(alert=alert, says=word, was_told=before.told) for word in words]
        if alert.life.is_open and not alert.life.told and not words:
            said.append(Said(alert=alert, says="opened", was_told=False, is_late=True))
    heard, muted = sift(said, [alert for alert, _, _ in moved], mutes, now=now)
    known = {alert.signature for alert, _, _ in moved}
    notices = (
        *(_notice(one, settings, context, now=now) for one in heard),
        *(
            _ended(name, life, now=now)
            for name, life in lives.items()
            if name not in known and _is_told(life)
        ),
    )
    told = {n.signature: n.says != "resolved" for n in notices}
    alive = [_told(alert, told) for alert, _, _ in moved if alert.life.state != "quiet"]
    return Plan(
        lives={alert.signature: alert.life for alert in alive},
        alerts=tuple(alert for alert in alive if isinstance(alert, Alert)),
        telemetry=tuple(alert for alert in alive if isinstance(alert, TelemetryAlert)),
        notices=notices,
        muted=muted,
    )


def _burning(
    evaluations: Sequence[tuple[str, Evaluation]],
    lives: Mapping[str, Life],
    settings: Settings,
    feeds: Sequence[Feed],
    context: Context,
    *,
    now: Instant,
) -> Iterator[Moved]:
    """Every alert of a burn-rate rule that is not quiet, or says something."""
    blind = {slo.id for feed in feeds if feed.unread(now=now) for slo in feed.slos}
    for group, evaluation in evaluations:
        slo = evaluation.slo
        for severity, found in _by_severity(evaluation).items():
            limits = settings.limits(severity, found)
            before = lives.get(signature(slo.id, severity, group), QUIET)
            signal = _signal(found, evaluation)
            if signal == "calm" and slo.id in blind:
                signal = "between"
            life, words = advance(before, signal, limits, now=now)
            life = _keeping(life, before, found)
            if life == QUIET and not words:
                continue
            about = context.services.get(slo.service, {})
            yield (
                Alert(
                    evaluation=evaluation,
                    group=group,
                    severity=severity,
                    reading=_loudest(found),
                    life=life,
                    about=about,
                ),
                before,
                words,
            )


def _unseen(
    lives: Mapping[str, Life], settings: Settings, feeds: Sequence[Feed], context: Context, *, now: Instant
) -> Iterator[Moved]:
    """Every alert about telemetry that is not quiet, or says something."""
    for one in readings(feeds, settings.late, settings.hysteresis, context.services, now=now):
        before = lives.get(one.alert.signature, QUIET)
        life, words = advance(before, one.signal, one.limits, now=now)
        if life != QUIET or words:
            yield replace(one.alert, life=life), before, words


def _told(alert: AnyAlert, told: Mapping[str, bool]) -> AnyAlert:
    return replace(alert, life=replace(alert.life, told=told.get(alert.signature, alert.life.told)))


def _by_severity(evaluation: Evaluation) -> dict[Severity, list[RuleReading]]:
    found: dict[Severity, list[RuleReading]] = {}
    for reading in evaluation.readings:
        found.setdefault(reading.rule.severity, []).append(reading)
    return found


def _keeping(life: Life, before: Life, readings: Iterable[RuleReading]) -> Life:
    """The longest keep of the rules that fired in this stretch; what is over asks for none."""
    keeps = [reading.rule.keep for reading in readings if reading.firing]
    return replace(life, keep=max([*keeps, before.keep if before.is_open else 0]) if life.is_open else 0)


def _signal(readings: Sequence[RuleReading], evaluation: Evaluation) -> Signal:
    """What the rules of one severity say together: the loudest of them counts."""
    if any(reading.firing for reading in readings):
        return "over"
    if any(reading.waits for reading in readings):
        return "waiting"
    allowed = 1 - evaluation.slo.target
    still = any(
        r.rule.clear < 1
        and exceeds(r.short, r.rule.clear * r.factor * allowed)
        and r.word != "rising"
        and not r.plenty
        for r in readings
    )
    return "between" if still else "calm"


def _loudest(readings: Sequence[RuleReading]) -> RuleReading:
    """A firing rule first, then the one that asks for the fastest burn."""
    return max(readings, key=lambda r: (r.firing, r.factor))


def _is_told(life: Life) -> bool:
    return life.is_open and life.told


def _ended(name: str, life: Life, *, now: Instant) -> Notice:
    """The end of an alert that nothing is known of any more, such as after a change of the contract."""
    service, _, rest = name.partition("/")
    slo, _, word = rest.partition("/")
    quiet: Severity = "ticket"
    severity = next((one for one in SEVERITIES if one == word.partition("/")[0]), quiet)
    message = Message(
        title=f"resolved: {name} is not watched any more",
        lines=("The contract does not promise it any more, or asks for no alert about it.",),
        facts={"service": service, "slo": slo},
    )
    return Notice(
        key=f"{name}/{life.entries[0].begin}/resolved/{len(life.entries)}",
        says="resolved",
        signature=name,
        severity=severity,
        service=service,
        opened=life.entries[0].begin,
        since=life.entries[-1].begin,
        at=now,
        labels={"service": service, "slo": slo, "severity": severity},
        message=message,
    )


def _notice(one: Heard, settings: Settings, context: Context, *, now: Instant) -> Notice:
    alert, says = one.said.alert, one.said.says
    opened = alert.life.entries[0].begin if alert.life.entries else now
    return Notice(
        key=f"{alert.signature}/{opened}/{says}/{len(alert.life.entries)}",
        says=says,
        signature=alert.signature,
        severity=alert.severity,
        service=alert.service,
        opened=opened,
        since=alert.life.entries[-1].begin if alert.life.entries else now,
        at=now,
        labels=alert.labels,
        message=_message(one, settings, context, opened),
    )


def _message(one: Heard, settings: Settings, context: Context, opened: Instant) -> Message:
    alert, says = one.said.alert, one.said.says
    slo = alert.evaluation.slo if isinstance(alert, Alert) else alert.slo
    link = f"{settings.link}/slo/{slo.id}?at={iso(opened)}" if settings.link and slo is not None else ""
    if isinstance(alert, TelemetryAlert):
        return compose_telemetry(alert, says, link=link)
    return compose(alert, says, link=link, around=_around(one, alert, context))


def _around(one: Heard, alert: Alert, context: Context) -> Around:
    slo, at = alert.evaluation.slo, alert.evaluation.at
    together = [other for other in one.together if isinstance(other, Alert)]
    counted = context.counted(slo.id, alert.group)
    if isinstance(counted, NoData):
        return Around(together=together, outcomes=context.outcomes)
    if one.said.says == "resolved":
        step = counted.step
        ends = [(entry.begin, at if entry.end is None else entry.end) for entry in alert.life.entries]
        spans = [counted.between(begin - begin % step, end - end % step) for begin, end in ends]
        return Around(cost=sum(spans, start=NOTHING))
    deploys = context.deploys(slo.service, at - LOOK_BACK - BEFORE, at + 1)
    return Around(together=together, outcomes=context.outcomes, beginning=begun(counted, deploys, at=at))
