"""What an alert says, in plain words: how many fail, how long the budget lasts, since when, and what to do first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from allowance.alerting.alert import Alert, Message
from allowance.alerting.lifecycle import Says
from allowance.budget.budget import Budget
from allowance.budget.burn import burn_rate
from allowance.core.counts import Counts, NoData
from allowance.core.duration import DAY, HOUR, short
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.time import iso

VERBS: dict[Says, str] = {"opened": "", "reopened": "again: ", "resolved": "resolved: "}


NO_OUTCOMES: Mapping[str, str] = {}


def compose(
    alert: Alert,
    says: Says,
    *,
    link: str = "",
    together: Sequence[Alert] = (),
    outcomes: Mapping[str, str] = NO_OUTCOMES,
) -> Message:
    """The message for one thing that an alert says.

    `together`: alerts of the same service that this message speaks for as well. `outcomes`: why a journey matters,
    by its name.
    """
    slo, budget = alert.evaluation.slo, alert.evaluation.budget
    name = _name(alert)
    failing = failing_words(alert.reading.short)
    if says == "resolved":
        lines = [_lasted(alert), left_words(budget)]
        title = f"resolved: {name} is calm again"
    else:
        title = f"{VERBS[says]}{name}: {failing}"
        lines = [
            f"{failing[0].upper()}{failing[1:]} in the last {short(alert.reading.rule.short)}"
            f" (over the whole window: {_share(budget.counts)}).",
            pace_words(alert),
            _rule_words(alert),
            _since(alert),
            *(f"With it {_name(one)}: {failing_words(one.reading.short)}." for one in together),
            _felt((alert, *together), outcomes),
        ]
    return Message(
        title=title,
        lines=tuple(line for line in lines if line),
        facts=_facts(alert),
        first_step=f"Open the runbook: {slo.runbook}"
        if slo.runbook
        else "There is no runbook: find the last change.",
        link=link,
    )


def _name(alert: Alert) -> str:
    slo = alert.evaluation.slo
    return f"{slo.service} {slo.name}" + (f" ({alert.group})" if alert.group else "")


def _felt(alerts: Sequence[Alert], outcomes: Mapping[str, str]) -> str:
    """Which journeys of users lean on it, and why they matter."""
    journeys = dict.fromkeys(journey for one in alerts for journey in one.evaluation.slo.journeys)
    said = [f"{name} ({outcomes[name].rstrip('.')})" if name in outcomes else name for name in journeys]
    return f"Users feel it in: {', '.join(said)}." if said else ""


def failing_words(counts: Counts) -> str:
    """`28 of 100 requests fail`; with few failures `3 of 1 000`, so that a small number stays a count."""
    if not counts.total:
        return "nothing is measured"
    ratio = Fraction(counts.bad, counts.total)
    of = next((n for n in (100, 1000, 10_000, 100_000) if ratio * n >= 1), None)
    if of is None or counts.total < of:
        return f"{counts.bad} of {counts.total} requests fail"
    return f"{decimal_text(ratio * of, 0)} of {of} requests fail"


def left_words(budget: Budget) -> str:
    """`84 % of the budget is left`."""
    left = budget.remaining
    if isinstance(left, NoData):
        return "Nothing was measured over the window."
    if left < 0:
        return f"The budget is overspent: {percent_text(left, 0)} is left."
    return f"{percent_text(left, 0)} of the budget is left."


def pace_words(alert: Alert) -> str:
    """How long what is left lasts at the pace of the short window."""
    budget = alert.evaluation.budget
    left, burn = budget.remaining, burn_rate(alert.reading.short, alert.evaluation.slo.target)
    if isinstance(left, NoData) or isinstance(burn, NoData) or burn == 0:
        return left_words(budget)
    if left <= 0:
        return left_words(budget)
    seconds = left * alert.evaluation.span.seconds / burn
    return f"At this pace the budget lasts {_about(seconds)}; {left_words(budget)}"


def _about(seconds: Fraction) -> str:
    if seconds >= 2 * DAY:
        return f"{decimal_text(seconds / DAY, 0)} d"
    if seconds >= 2 * HOUR:
        return f"{decimal_text(seconds / HOUR, 0)} h"
    return f"{max(1, round(seconds / 60))} min"


def _rule_words(alert: Alert) -> str:
    reading, target = alert.reading, alert.evaluation.slo.target
    return (
        f"Rule: {percent_text(reading.rule.share, 2)} of the budget in {short(reading.rule.long)}. Burn rate "
        f"{_times(burn_rate(reading.short, target))} over {short(reading.rule.short)} and "
        f"{_times(burn_rate(reading.long, target))} over {short(reading.rule.long)}; "
        f"the limit is {_times(reading.factor)}."
    )


def _times(value: Fraction | NoData) -> str:
    return "unknown" if isinstance(value, NoData) else f"{decimal_text(value, 1)}x"


def _since(alert: Alert) -> str:
    entries = alert.life.entries
    if not entries:
        return ""
    if len(entries) == 1:
        return f"Since {iso(entries[0].begin)}."
    return f"Since {iso(entries[0].begin)}, {len(entries)} times; this time since {iso(entries[-1].begin)}."


def _lasted(alert: Alert) -> str:
    entries = alert.life.entries
    seconds = sum((e.end if e.end is not None else alert.evaluation.at) - e.begin for e in entries)
    times = "" if len(entries) == 1 else f" in {len(entries)} stretches"
    return f"It fired for {short(seconds)}{times}, since {iso(entries[0].begin)}." if entries else ""


def _share(counts: Counts) -> str:
    return failing_words(counts).removesuffix(" requests fail") if counts.total else "nothing measured"


def _facts(alert: Alert) -> dict[str, str]:
    slo = alert.evaluation.slo
    facts = {
        "service": slo.service,
        "slo": slo.name,
        "severity": alert.severity,
        "rule": alert.reading.rule.name,
        "target": percent_text(slo.target, 5),
        "window": str(slo.window),
        "owner": slo.owner or "nobody",
    }
    if "tier" in alert.about:
        facts["tier"] = alert.about["tier"]
    if alert.group:
        facts["group"] = alert.group
    return facts
