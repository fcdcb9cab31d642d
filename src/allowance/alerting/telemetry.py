"""Alerts about telemetry itself: an SLO that nothing is counted for, a source that is read too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from allowance.alerting.lifecycle import Hysteresis, Life, Signal
from allowance.contract.model import NoDataAlert, Slo
from allowance.contract.rules import Severity
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import MINUTE
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.signals.watermark import LATE_STEPS, Watermark, watermark

LATE = NoDataAlert(severity="ticket", after=10 * MINUTE)
"""A source that was not read for so long is an alert about telemetry, unless the settings say otherwise."""

OWN_SERVICE = "allowance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source at an instant and the SLOs that are measured by it.

    `name` says it to people, `key` stands in signatures. `read_to`: everything before it was asked for. `newest`:
    per SLO id the end of the newest bucket with events. `pulled`: we ask it (else it sends to us).
    """

    name: str
    key: str
    slos: tuple[Slo, ...]
    pulled: bool
    read_to: Instant | NoData
    newest: Mapping[str, Instant | NoData]
    problem: Problem | None = None
    silence_counts: bool = False

    @property
    def newest_bucket(self) -> Instant | NoData:
        """The end of the newest bucket with events of any of its SLOs."""
        known = [at for at in self.newest.values() if not isinstance(at, NoData)]
        return max(known, default=NO_DATA)

    def watermark(self, *, now: Instant, step: int = MINUTE) -> Watermark:
        """How far it is known."""
        return watermark(
            self.read_to,
            self.newest_bucket,
            self.problem,
            now=now,
            step=step,
            silence_counts=self.silence_counts,
        )

    def unread(self, *, now: Instant, step: int = MINUTE) -> bool:
        """Whether it does not answer: what its counts say of the last minutes is not known."""
        if not self.pulled:
            return False
        behind = isinstance(self.read_to, NoData) or now - self.read_to >= LATE_STEPS * step
        return behind or self.problem is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryAlert:
    """Silence of one SLO (`no-data`), or a source that is read late (`late`; then there is no `slo`).

    `since`: the end of what is known; `NO_DATA` where nothing ever was. `fellows`: the ids of the other SLOs of
    the source that nothing is counted for either, though they may not ask for an alert.
    """

    kind: Literal["no-data", "late"]
    feed: Feed
    severity: Severity
    since: Instant | NoData
    at: Instant
    life: Life
    slo: Slo | None = None
    fellows: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """`checkout/availability/no-data`, or `allowance/telemetry/prometheus-eu-9090`."""
        if self.slo is None:
            return late_signature(self.feed)
        return silence_signature(self.slo)

    @property
    def service(self) -> str:
        """The service that is not seen; Allowance itself where a source is late."""
        return OWN_SERVICE if self.slo is None else self.slo.service

    @property
    def labels(self) -> dict[str, str]:
        """What mutes and routes match on."""
        own = {
            "service": self.service,
            "severity": self.severity,
            "source": self.feed.key,
            "alert": self.kind,
        }
        if self.slo is None:
            return {**own, "slo": "telemetry", "group": "", "owner": ""}
        slo = self.slo
        return {**self.about, **slo.labels, **own, "slo": slo.name, "group": "", "owner": slo.owner or ""}

    @property
    def burn(self) -> Fraction | NoData:
        """Nothing is known."""
        return NO_DATA


def silence_signature(slo: Slo) -> str:
    """The identity of the silence of an SLO."""
    return f"{slo.id}/no-data"


def late_signature(feed: Feed) -> str:
    """The identity of a source that is late."""
    return f"{OWN_SERVICE}/telemetry/{feed.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is seen at one instant: an alert whose life has not been moved yet, and the signal and limits to move it."""

    alert: TelemetryAlert
    signal: Signal
    limits: Hysteresis


def readings(
    feeds: Sequence[Feed],
    late: NoDataAlert | None,
    limits: Mapping[Severity, Hysteresis],
    about: Mapping[str, Mapping[str, str]],
    *,
    now: Instant,
) -> Iterator[Reading]:
    """One reading per SLO that asks for it, and one per source that we ask (none where `late` is none)."""
    for feed in feeds:
        alarmed = any(slo.no_data_alert is not None for slo in feed.slos)
        silent = _silent(feed, now=now) if alarmed else ()
        for slo in feed.slos:
            if slo.no_data_alert is not None:
                yield _silence(feed, slo, slo.no_data_alert, silent, limits, about, now=now)
        if late is not None and feed.pulled:
            yield _lateness(feed, late, limits, now=now)


def _silence(
    feed: Feed,
    slo: Slo,
    asked: NoDataAlert,
    silent: tuple[str, ...],
    limits: Mapping[Severity, Hysteresis],
    about: Mapping[str, Mapping[str, str]],
    *,
    now: Instant,
) -> Reading:
    since = feed.newest.get(slo.id, NO_DATA)
    alert = TelemetryAlert(
        kind="no-data",
        feed=feed,
        slo=slo,
        severity=asked.severity,
        since=since,
        at=now,
        life=Life(),
        fellows=tuple(one for one in silent if one != slo.id),
        about=about.get(slo.service, {}),
    )
    return _reading(alert, asked, limits, now=now)


def _lateness(
    feed: Feed, asked: NoDataAlert, limits: Mapping[Severity, Hysteresis], *, now: Instant
) -> Reading:
    alert = TelemetryAlert(
        kind="late",
        feed=feed,
        severity=asked.severity,
        since=feed.read_to,
        at=now,
        life=Life(),
        fellows=tuple(slo.id for slo in feed.slos),
    )
    return _reading(alert, asked, limits, now=now)


def _reading(
    alert: TelemetryAlert, asked: NoDataAlert, limits: Mapping[Severity, Hysteresis], *, now: Instant
) -> Reading:
    """What was never known has no beginning to count from: the life of the alert waits instead."""
    own = limits.get(asked.severity, Hysteresis())
    never = isinstance(alert.since, NoData)
    over = isinstance(alert.since, NoData) or now - alert.since >= asked.after
    hold = asked.after if never else 0
    return Reading(alert=alert, signal="over" if over else "calm", limits=replace(own, hold=hold))


def _silent(feed: Feed, *, now: Instant) -> tuple[str, ...]:
    """The SLOs of a source that nothing has been counted for in a quarter of an hour."""
    quiet = []
    for slo in feed.slos:
        newest = feed.newest.get(slo.id, NO_DATA)
        if isinstance(newest, NoData) or now - newest >= 15 * MINUTE:
            quiet.append(slo.id)
    return tuple(quiet)
