"""What came and went while nobody watched: told in one notice, instead of old pages that are over.

    before the gap    at its end       what is told
    --------------    --------------   ----------------------------------------------------------
    untold            over             nothing of its own: a line of the one summary
    untold            fires            that it is open, since when it truly began, as it is now
    told              over             its resolution, whose instant is the true one
    told              fires            nothing new; where it was over in between, both

Everything that was said in the gap is recorded with its instant all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from allowance.alerting.alert import RANK, Message, Mute, Notice
from allowance.alerting.hold import AnyAlert
from allowance.alerting.plan import Plan
from allowance.contract.rules import Severity
from allowance.core.duration import MINUTE, short
from allowance.core.time import Instant, iso

LONG = 10 * MINUTE
"""A shorter gap is nothing special: what opened in it is told as ever."""
MOST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An alert of which nobody was told, and which is over: it fired in `[begin, end)`."""

    signature: str
    severity: Severity
    service: str
    labels: Mapping[str, str]
    begin: Instant
    end: Instant


def away(last: Instant, until: Instant) -> tuple[Mute, ...]:
    """What holds back the openings of a long gap between two ticks; what is open at its end is told at its end."""
    if until - last <= LONG:
        return ()
    why = f"nobody watched between {iso(last)} and {iso(until)}"
    return (Mute(id="away", kind="away", begin=last, end=until, why=why),)


def missed(plans: Iterable[tuple[Instant, Plan]]) -> tuple[Missed, ...]:
    """What opened and was over within the gap, untold for no other reason; in the order in which it ended."""
    held: dict[str, Missed] = {}
    found: list[Missed] = []
    for at, plan in plans:
        known: tuple[AnyAlert, ...] = (*plan.alerts, *plan.telemetry)
        alerts = {alert.signature: alert for alert in known}
        for one in plan.muted:
            if one.kind == "away" and one.signature in alerts:
                alert = alerts[one.signature]
                held[one.signature] = Missed(
                    signature=alert.signature,
                    severity=alert.severity,
                    service=alert.service,
                    labels=alert.labels,
                    begin=at,
                    end=at,
                )
        for signature in [name for name in held if name not in alerts or not alerts[name].life.is_open]:
            found.append(replace(held.pop(signature), end=at))
    return tuple(found)


def summary(some: Sequence[Missed], last: Instant, until: Instant, *, link: str = "") -> Notice:
    """One ticket about all of them, at least one, the loudest and longest first."""
    ordered = sorted(some, key=lambda one: (RANK[one.severity], one.begin - one.end, one.signature))
    lines = [
        f"{one.signature} from {iso(one.begin)} for {short(one.end - one.begin)}."
        for one in ordered[:MOST_LINES]
    ]
    rest = len(ordered) - MOST_LINES
    what = "1 alert" if len(some) == 1 else f"{len(some)} alerts"
    return Notice(
        key=f"allowance/away/{last}/{until}",
        says="opened",
        signature="allowance/away",
        severity="ticket",
        service="allowance",
        opened=until,
        since=until,
        at=until,
        labels={"service": "allowance", "slo": "away", "severity": "ticket", "group": "", "owner": ""},
        message=Message(
            title=f"{what} came and went while nobody watched",
            lines=(
                f"Allowance was off from {iso(last)} to {iso(until)}; what opened then and is over is told only here.",
                *lines,
                *([f"And {rest} more."] if rest > 0 else []),
            ),
            facts={"off since": iso(last), "back at": iso(until), "alerts": str(len(some))},
            first_step="Look at what broke while it was off; nobody was told then.",
            link=link,
        ),
    )


def as_notice(one: Missed, told: Notice) -> Notice:
    """The summary as if it were about one alert only: who would have been told of that one is told of all."""
    return replace(
        told, signature=one.signature, severity=one.severity, service=one.service, labels=one.labels
    )
