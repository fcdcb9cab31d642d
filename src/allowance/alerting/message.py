"""What an alert says, in plain words: how many fail, how long the budget lasts, since when, and what to do first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from allowance.alerting.alert import Alert, Message
from allowance.alerting.beginning import Beginning, sudden_words, suspect_words
from allowance.alerting.lifecycle import Says
from allowance.alerting.phrases import about, span, when
from allowance.budget.budget import Budget
from allowance.budget.burn import burn_rate
from allowance.contract.defaults import KINDS
from allowance.contract.model import Occurrences, Slo
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.ratio import decimal_text, percent_text

VERBS: dict[Says, str] = {"opened": "", "reopened": "again: ", "resolved": "resolved: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside an alert itself.

    `together`: alerts of the same service that the message speaks for as well. `outcomes`: why a journey matters, by
    its name. `beginning`: how the trouble began. `cost`: what was counted while it fired.
    """

    together: Sequence[Alert] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    beginning: Beginning | NoData = NO_DATA
    cost: Counts | NoData = NO_DATA


NOTHING_AROUND = Around()


def compose(alert: Alert, says: Says, *, link: str = "", around: Around = NOTHING_AROUND) -> Message:
    """The message for one thing that an alert says; what a reader needs first stands first."""
    name = _name(alert)
    if says == "resolved":
        title, lines = f"resolved: {name} is calm again", _over(alert, around)
    else:
        failing = failing_words(alert.reading.short, alert.evaluation.slo)
        title, lines = f"{VERBS[says]}{name}: {failing}", _open(alert, around)
    return Message(
        title=title,
        lines=tuple(line for line in lines if line),
        facts=_facts(alert),
        first_step="" if says == "resolved" else first_step(alert.evaluation.slo, around.beginning),
        link=link,
    )


def _open(alert: Alert, around: Around) -> list[str]:
    began = around.beginning
    return [
        usual_words(alert),
        "" if isinstance(began, NoData) else sudden_words(began),
        "" if isinstance(began, NoData) else suspect_words(began),
        pace_words(alert),
        _rule_words(alert),
        _since(alert),
        *(
            f"With it {_name(one)}: {failing_words(one.reading.short, one.evaluation.slo)}."
            for one in around.together
        ),
        _felt((alert, *around.together), around.outcomes),
    ]


def _over(alert: Alert, around: Around) -> list[str]:
    return [_lasted(alert), _cost_words(alert, around.cost), left_words(alert.evaluation.budget)]


def first_step(slo: Slo, beginning: Beginning | NoData) -> str:
    """What to do before anything else."""
    suspect = NO_DATA if isinstance(beginning, NoData) else beginning.suspect
    back = "" if isinstance(suspect, NoData) else f"Roll back {suspect.name} if you can. "
    if slo.runbook:
        return f"{back}Open the runbook: {slo.runbook}"
    return back.rstrip() or "There is no runbook: find the last change."


def _name(alert: Alert) -> str:
    slo = alert.evaluation.slo
    return f"{slo.service} {slo.name}" + (f" ({alert.group})" if alert.group else "")


def _felt(alerts: Sequence[Alert], outcomes: Mapping[str, str]) -> str:
    """Which journeys of users lean on it, and why they matter."""
    journeys = dict.fromkeys(journey for one in alerts for journey in one.evaluation.slo.journeys)
    said = [f"{name} ({outcomes[name].rstrip('.')})" if name in outcomes else name for name in journeys]
    return f"Users feel it in: {', '.join(said)}." if said else ""


def failing_words(counts: Counts, slo: Slo) -> str:
    """`28 of 100 requests fail`; with few failures `3 of 1 000`, so that a small number stays a count."""
    if not counts.total:
        return "nothing is measured"
    return f"{_of(counts)} {_fails(slo)}"


def _of(counts: Counts) -> str:
    if not counts.bad:
        return f"none of {_whole(counts.total)}"
    ratio = Fraction(counts.bad, counts.total)
    of = next((n for n in (100, 1000, 10_000, 100_000) if ratio * n >= 1), None)
    if of is None or counts.total < of:
        return f"{_whole(counts.bad)} of {_whole(counts.total)}"
    return f"{decimal_text(ratio * of, 0)} of {_whole(of)}"


def _fails(slo: Slo) -> str:
    if isinstance(slo.method, Occurrences) or slo.method == KINDS[slo.kind].method:
        return KINDS[slo.kind].fails
    return f"slices of {span(slo.method.slice)} are bad"


def _whole(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def usual_words(alert: Alert) -> str:
    """How many fail now, against what is usual: the window without what the long window of the rule looks at."""
    reading, slo = alert.reading, alert.evaluation.slo
    failing = failing_words(reading.short, slo)
    now = f"{failing[0].upper()}{failing[1:]} in the last {span(reading.rule.short)}"
    whole, long = alert.evaluation.budget.counts, reading.long
    if whole.total <= long.total or whole.bad < long.bad or whole.good < long.good:
        return f"{now}."
    return f"{now}; usual is {_of(whole - long)}."


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
    return f"At this pace the budget lasts {about(float(seconds))}; {left_words(budget)}"


def _rule_words(alert: Alert) -> str:
    reading, target = alert.reading, alert.evaluation.slo.target
    rule = reading.rule
    both = (
        ""
        if rule.short == rule.long
        else f"{_times(burn_rate(reading.short, target))} over {span(rule.short)} and "
    )
    low = (
        ""
        if rule.remaining_below is None
        else f" while less than {percent_text(rule.remaining_below, 2)} is left"
    )
    return (
        f"Rule: {percent_text(rule.share, 2)} of the budget in {span(rule.long)}{low}. Burn rate {both}"
        f"{_times(burn_rate(reading.long, target))} over {span(rule.long)}; the limit is {_times(reading.factor)}."
    )


def _times(value: Fraction | NoData) -> str:
    return "unknown" if isinstance(value, NoData) else f"{decimal_text(value, 1)}x"


def _since(alert: Alert) -> str:
    entries = alert.life.entries
    if not entries:
        return ""
    if len(entries) == 1:
        return f"Fires since {when(entries[0].begin)}."
    return (
        f"Fires for the {_ordinal(len(entries))} time since {when(entries[0].begin)}; "
        f"this time since {when(entries[-1].begin)}."
    )


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _lasted(alert: Alert) -> str:
    entries = alert.life.entries
    seconds = sum((e.end if e.end is not None else alert.evaluation.at) - e.begin for e in entries)
    times = "" if len(entries) == 1 else f" in {len(entries)} stretches"
    return f"It fired for {span(seconds)}{times}, since {when(entries[0].begin)}." if entries else ""


def _cost_words(alert: Alert, cost: Counts | NoData) -> str:
    """What it cost while it fired: bad events, and their share of the budget."""
    allowed = alert.evaluation.budget.allowed
    if isinstance(cost, NoData) or not cost.bad or not allowed:
        return ""
    return (
        f"In that time {_whole(cost.bad)} of {_whole(cost.total)} were bad: "
        f"{percent_text(cost.bad / allowed, 1)} of the budget."
    )


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
