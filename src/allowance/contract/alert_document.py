"""Alerts as our documents write them: names of policies, rules in a line, and the AlertPolicy document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from allowance.contract.amounts import parse_count, parse_positive, parse_share
from allowance.contract.defaults import short_window
from allowance.contract.envelope import Envelope
from allowance.contract.factor_rule import FactorRule, Rule
from allowance.contract.fields import Fields
from allowance.contract.minutes import whole_minutes
from allowance.contract.model import AlertPolicy, NoDataAlert
from allowance.contract.nodes import ListNode, MapNode
from allowance.contract.notes import Notes
from allowance.contract.rules import (
    ANY_TRAFFIC,
    SEVERITIES,
    USUAL_FLAPS,
    BurnRule,
    Flaps,
    LowTraffic,
    Severity,
)
from allowance.contract.written import Alerting, Written
from allowance.core.duration import parse_duration, short
from allowance.core.problem import refuse

NO_ALERTS = "none"


def read_alerting(holder: Fields) -> Alerting | None:
    """`alerts` of an SLO or a service: a name, a list of names, `none`, or a list of rules."""
    node = holder.get("alerts")
    if node is None:
        return None
    if isinstance(node, ListNode) and any(isinstance(item, MapNode) for item in node.items):
        return Alerting(rules=read_rules(holder, "alerts"))
    names = holder.texts("alerts")
    return Alerting(names=tuple(name for name in names if name != NO_ALERTS))


def read_rules(
    holder: Fields, key: str, guard: LowTraffic = ANY_TRAFFIC, flaps: Flaps = USUAL_FLAPS
) -> tuple[Rule, ...]:
    """A list of rules; `guard` and `flaps` are those of rules that do not say their own."""
    read = [_rule(fields, guard, flaps) for fields in holder.each(key)]
    return tuple(rule for rule in read if rule is not None)


def _rule(fields: Fields, guard: LowTraffic, flaps: Flaps) -> Rule | None:
    severity: Severity | None = fields.word("severity", SEVERITIES) if fields.need("severity") else None
    share, factor = fields.parsed("spend", _spend), fields.parsed("burn", parse_positive)
    long = (
        fields.parsed("in", whole_minutes) if fields.need("in", hint="the long window, such as 1h") else None
    )
    brief = fields.parsed("and", whole_minutes)
    slow = _Slow(
        hold=fields.parsed("for", parse_duration) or 0,
        keep=fields.parsed("keepFor", parse_duration) or 0,
        clear=fields.parsed("clearBelow", _clear) or Fraction(1),
        flaps=read_flaps(fields, "flaps") or flaps,
    )
    own = read_low_traffic(fields, "lowTraffic")
    below = fields.parsed("remainingBelow", _below)
    fields.finish()
    if fields.has("spend") == fields.has("burn"):
        fields.notes.error(
            "rule",
            f"{fields.called()} needs exactly one of spend and burn",
            where=fields.where(),
            hint="spend: 2% is a share of the budget within the long window, burn: 14.4 a burn rate",
        )
        return None
    if severity is None or long is None or (share is None and factor is None):
        return None
    return _built(fields, severity, share, factor, long, brief, slow, own or guard, below)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slow:
    """How slow a rule is to change its mind."""

    hold: int
    keep: int
    clear: Fraction
    flaps: Flaps


def _built(
    fields: Fields,
    severity: Severity,
    share: Fraction | None,
    factor: Fraction | None,
    long: int,
    brief: int | None,
    slow: _Slow,
    guard: LowTraffic,
    below: Fraction | None,
) -> Rule | None:
    brief = short_window(long) if brief is None else brief
    if brief > long:
        fields.wrong(
            "and",
            f"the short window {short(brief)} is longer than the long window {short(long)}",
            hint="the short window clears a rule soon after the trouble ends; a twelfth of the long one is usual",
        )
        return None
    if share is not None:
        rule: Rule = BurnRule(severity=severity, share=share, long=long, short=brief, guard=guard)
    elif factor is not None:
        rule = FactorRule(severity=severity, factor=factor, long=long, short=brief, guard=guard)
    else:
        return None
    return replace(
        rule, hold=slow.hold, keep=slow.keep, clear=slow.clear, flaps=slow.flaps, remaining_below=below
    )


def _clear(text: str) -> Fraction:
    share = parse_share(text)
    if not 0 < share <= 1:
        raise refuse(
            "share",
            f"a rule cannot clear below {text} of its burn rate",
            hint="write a share of it, such as 50%; what clears above it would never have begun",
        )
    return share


def _spend(text: str) -> Fraction:
    share = parse_share(text)
    if share <= 0:
        raise refuse("share", f"a rule cannot wait for {text} of the budget", hint="write a share such as 2%")
    return share


def _below(text: str) -> Fraction:
    share = parse_share(text)
    if 0 <= share < 1:
        return share
    raise refuse(
        "share",
        f"{text} is no limit on what is left of a budget",
        hint="write what is left when it becomes critical, such as 10%; 0% is an overspent budget",
    )


def read_low_traffic(holder: Fields, key: str) -> LowTraffic | None:
    """`{minEvents: 100, minBad: 10}`: below it a rule stays silent and says so."""
    fields = holder.fields(key)
    if fields is None:
        return None
    events, bad = fields.parsed("minEvents", parse_count), fields.parsed("minBad", parse_count)
    fields.finish()
    return LowTraffic(min_events=events or 0, min_bad=bad or 0)


def read_flaps(holder: Fields, key: str) -> Flaps | None:
    """`{keepFor: 2h, within: 12h}`: when trouble that comes again is the same alert."""
    fields = holder.fields(key)
    if fields is None:
        return None
    keep, within = fields.parsed("keepFor", parse_duration), fields.parsed("within", parse_duration)
    fields.finish()
    return Flaps(keep=keep or USUAL_FLAPS.keep, within=within or USUAL_FLAPS.within)


def read_no_data(holder: Fields, key: str) -> NoDataAlert | None:
    """`{severity: ticket, after: 30m}`."""
    fields = holder.fields(key)
    if fields is None:
        return None
    severity: Severity | None = fields.word("severity", SEVERITIES) if fields.need("severity") else None
    after = fields.parsed("after", parse_duration) if fields.need("after") else None
    fields.finish()
    return None if severity is None or after is None else NoDataAlert(severity=severity, after=after)


def read_alert_policy(envelope: Envelope, notes: Notes) -> Written:
    """An AlertPolicy document."""
    spec = envelope.spec
    guard = read_low_traffic(spec, "lowTraffic") or ANY_TRAFFIC
    flaps = read_flaps(spec, "flaps") or USUAL_FLAPS
    rules = read_rules(spec, "rules", guard, flaps) if spec.need("rules") else ()
    policy = AlertPolicy(
        name=envelope.name,
        rules=rules,
        no_data=read_no_data(spec, "noData"),
        notify=spec.texts("notify"),
        display_name=envelope.display_name,
        description=spec.text("description"),
        origin=replace(spec.origin(noData="no_data"), where=envelope.where),
    )
    spec.finish()
    return Written(alert_policies=(policy,))
