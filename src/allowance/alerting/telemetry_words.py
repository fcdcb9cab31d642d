"""What an alert about telemetry says: since when, which source, whether it answers at all, and what it usually is."""

from __future__ import annotations

from allowance.alerting.alert import Message
from allowance.alerting.lifecycle import Says
from allowance.alerting.phrases import about, span, when
from allowance.alerting.telemetry import TelemetryAlert
from allowance.core.counts import NoData

MOST_NAMED = 5

UNREAD_CAUSES = "Usual causes: the server is down, the network between is, or the credentials have changed."
SILENT_CAUSES = "Usual causes: a renamed metric or label, an exporter that stopped, or no traffic at all."


def compose_telemetry(alert: TelemetryAlert, says: Says, *, link: str = "") -> Message:
    """The message for one thing that an alert about telemetry says."""
    if says == "resolved":
        what = (
            f"{alert.feed.name} is read again" if alert.slo is None else f"{_subject(alert)} is counted again"
        )
        title, lines = f"resolved: {what}", [_lasted(alert)]
    else:
        again = "again: " if says == "reopened" else ""
        title = again + (_late_title(alert) if alert.slo is None else _silent_title(alert))
        lines = [_since(alert), _answers(alert), _fellows(alert), _consequence(alert), _causes(alert)]
    return Message(
        title=title,
        lines=tuple(line for line in lines if line),
        facts=_facts(alert),
        first_step="" if says == "resolved" else _first_step(alert),
        link=link,
    )


def _subject(alert: TelemetryAlert) -> str:
    return alert.feed.name if alert.slo is None else f"{alert.slo.service} {alert.slo.name}"


def _late_title(alert: TelemetryAlert) -> str:
    if isinstance(alert.since, NoData):
        return f"{alert.feed.name} has never been read"
    return f"{alert.feed.name} was last read {about(alert.at - alert.since)} ago"


def _silent_title(alert: TelemetryAlert) -> str:
    if isinstance(alert.since, NoData):
        title = f"{_subject(alert)}: nothing has ever been counted"
    else:
        title = f"{_subject(alert)}: no data for {about(alert.at - alert.since)}"
    others = len(alert.fellows)
    return f"{title}, nor for {others} more of its source" if others else title


def _since(alert: TelemetryAlert) -> str:
    if isinstance(alert.since, NoData):
        return "Nothing of it is known at all."
    if alert.slo is None:
        return f"What happened after {when(alert.since)} is not known ({about(alert.at - alert.since)})."
    return f"No event has been counted since {when(alert.since)} ({about(alert.at - alert.since)})."


def _answers(alert: TelemetryAlert) -> str:
    feed = alert.feed
    who = "It" if alert.slo is None else f"Its source, {feed.name},"
    if not feed.pulled:
        return f"{who} sends to us: nothing has arrived."
    if feed.problem is not None:
        return f"{who} does not answer: {feed.problem.message}."
    if feed.unread(now=alert.at):
        return f"{who} was not read in time."
    return f"{who} answers, but gives no events for it."


def _fellows(alert: TelemetryAlert) -> str:
    if not alert.fellows:
        return ""
    named = ", ".join(alert.fellows[:MOST_NAMED])
    more = len(alert.fellows) - MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{'Measured by it' if alert.slo is None else 'Silent too'}: {named}{rest}."


def _consequence(alert: TelemetryAlert) -> str:
    its = "their budgets stand" if alert.slo is None and len(alert.fellows) > 1 else "its budget stands"
    return f"While this lasts, {its} still and no burn rate can raise an alert."


def _causes(alert: TelemetryAlert) -> str:
    return UNREAD_CAUSES if alert.feed.unread(now=alert.at) else SILENT_CAUSES


def _first_step(alert: TelemetryAlert) -> str:
    if alert.feed.unread(now=alert.at):
        return "Ask the source yourself, from this machine and with the same credentials."
    if alert.slo is not None and alert.slo.runbook:
        return f"See whether there is traffic, then open the runbook: {alert.slo.runbook}"
    return "See whether there is traffic; if so, whether its telemetry still has the names in the contract."


def _lasted(alert: TelemetryAlert) -> str:
    entries = alert.life.entries
    if not entries:
        return ""
    seconds = sum((e.end if e.end is not None else alert.at) - e.begin for e in entries)
    times = "" if len(entries) == 1 else f" in {len(entries)} stretches"
    return f"This alert was open for {span(seconds)}{times}, since {when(entries[0].begin)}."


def _facts(alert: TelemetryAlert) -> dict[str, str]:
    facts = {"service": alert.service, "severity": alert.severity, "source": alert.feed.name}
    if not isinstance(alert.since, NoData):
        facts["known to"] = when(alert.since)
    if alert.slo is not None:
        facts |= {"slo": alert.slo.name, "owner": alert.slo.owner or "nobody"}
    return facts
