"""The names that exported rules, dashboards and routes share, and which SLOs can be exported at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from allowance.contract.indicator import Events, Foreign, PromShare
from allowance.contract.lint import BY_ID
from allowance.contract.lint_rule import facts
from allowance.contract.model import Contract, RatioTimeslices, Service, Slo, Timeslices
from allowance.contract.rules import BurnRule, Severity
from allowance.core.duration import short
from allowance.core.problem import Problem, ProblemError, refuse
from allowance.core.window import RollingWindow
from allowance.signals.prom_sli import PromIndicator
from allowance.signals.promql_text import quoted

TOTAL, BAD, RATIO, BURN = "slo:total", "slo:bad", "slo:bad_ratio", "slo:burn"
GOOD, LEFT, TARGET, PERIOD_SECONDS = "slo:good", "slo:budget_left", "slo:target", "slo:period_seconds"

OURS = frozenset({"alertname", "alertstate", "owner", "service", "severity", "slo", "tier"})
"""Labels that exported alerts set themselves; a group by one of them is told apart as `group_<label>`."""

ALERTS: dict[Severity, str] = {"page": "SloBurnPage", "ticket": "SloBurnTicket", "log": "SloBurnLog"}
NO_DATA_ALERT = "SloNoData"

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSlo:
    """An SLO that a PromQL system can evaluate; `indicator` is its own, known to be PromQL."""

    slo: Slo
    service: Service
    indicator: PromIndicator

    @property
    def selector(self) -> str:
        """`{service="shop",slo="availability"}`."""
        return f"{{service={quoted(self.slo.service)},slo={quoted(self.slo.name)}}}"

    @property
    def has_period(self) -> bool:
        """Whether PromQL can look over the SLO's own window: it knows no calendar."""
        return isinstance(self.slo.window, RollingWindow)

    @property
    def counts_events(self) -> bool:
        """Whether its counts are whole events or slices; a share stands for an unknown number of them."""
        return not isinstance(self.indicator, PromShare) and not isinstance(self.slo.method, RatioTimeslices)

    @property
    def rules(self) -> tuple[BurnRule, ...]:
        """Its alert rules that PromQL can answer: not those that ask what is left of a calendar's budget."""
        return tuple(rule for rule in self.slo.rules if self.has_period or rule.remaining_below is None)

    @property
    def asks_what_is_left(self) -> bool:
        """Whether one of them needs the counts of the SLO's own window every minute."""
        return any(rule.remaining_below is not None for rule in self.rules)

    def windowed(self, name: str, seconds: int) -> str:
        """A recorded series over a window, as a selector: `slo:bad_ratio:1h{...}`."""
        return f"{name}:{short(seconds)}{self.selector}"

    def period(self, name: str) -> str:
        """A recorded series over the SLO's own window, as a selector: `slo:bad:period{...}`."""
        return f"{name}:period{self.selector}"


def group_label(label: str) -> str:
    """How a group's label is called on recorded series and alerts."""
    return f"group_{label}" if label in OURS else label


def windows(rules: Sequence[BurnRule]) -> tuple[int, ...]:
    """Every window that some rules look over, the shortest first."""
    return tuple(sorted({seconds for rule in rules for seconds in (rule.long, rule.short)}))


def choose_rules(contract: Contract, names: Sequence[str]) -> Contract:
    """The contract with those rules alone that have one of these names, such as `1h/5m`; all of them without names.

    Errors: `Problem` `rules` for a name that no SLO's rule has.
    """
    if not names:
        return contract
    known = {rule.windows: None for slo in contract.slos for rule in slo.rules}
    for name in names:
        if name not in known:
            raise refuse(
                "rules",
                f"no SLO of this contract has a rule {name}",
                hint=f"there are: {', '.join(known) or 'no rules at all'}",
            )
    return replace(contract, services=tuple(_with_rules(service, names) for service in contract.services))


def _with_rules(service: Service, names: Sequence[str]) -> Service:
    slos = (
        replace(slo, rules=tuple(rule for rule in slo.rules if rule.windows in names)) for slo in service.slos
    )
    return replace(service, slos=tuple(slos))


def exportable(contract: Contract) -> tuple[tuple[ExportedSlo, ...], tuple[Problem, ...]]:
    """The SLOs that a PromQL system can evaluate, and a warning for each of the others.

    Errors: every dead rule (in the words of lint's AL301) and every group by a label that Prometheus does not allow;
    `Problem` `export` where nothing is left.
    """
    found: list[ExportedSlo] = []
    left_out: list[Problem] = []
    for service in contract.services:
        for slo in service.slos:
            if isinstance(slo.indicator, Events | Foreign):
                left_out.append(_left_out(slo, _foreign(slo.indicator)))
            elif isinstance(slo.method, Timeslices) and slo.method.no_data != "ignore":
                said = f"counts slices without data as {slo.method.no_data}, which PromQL cannot see"
                left_out.append(_left_out(slo, said))
            else:
                found.append(ExportedSlo(slo=slo, service=service, indicator=slo.indicator))
    wrong = [*_dead(contract, {one.slo.id for one in found}), *_wrong_labels(found)]
    if wrong:
        raise ProblemError(*wrong)
    if not found:
        why = Problem(
            code="export",
            message="no SLO of this contract can be exported",
            hint="only SLOs over PromQL can; see promql in the documents",
        )
        raise ProblemError(*left_out, why)
    return tuple(found), tuple(left_out)


def _left_out(slo: Slo, why: str) -> Problem:
    return Problem(
        code="export",
        message=f"{slo.id} {why}: it is left out",
        where=slo.origin.at("indicator"),
        hint="allowance itself evaluates it",
        severity="warning",
    )


def _foreign(indicator: Events | Foreign) -> str:
    if isinstance(indicator, Foreign):
        return f"is measured by {indicator.system}, not by PromQL"
    return "counts events of files or tables, not series of a PromQL system"


def _dead(contract: Contract, exported: set[str]) -> list[Problem]:
    rule = BY_ID["AL301"]
    return [
        Problem(code=rule.id, message=found.message, where=found.where, hint=rule.fix)
        for found in rule.check(facts(contract, today=date.min))
        if isinstance(found.subject, Slo) and found.subject.id in exported
    ]


def _wrong_labels(slos: Sequence[ExportedSlo]) -> list[Problem]:
    return [
        Problem(
            code="export",
            message=f"{one.slo.id} has groups by {label!r}, which is no label of Prometheus",
            where=one.slo.origin.at("group_by"),
            hint="labels have letters, digits and _, and do not begin with a digit or __",
        )
        for one in slos
        for label in one.slo.group_by
        if not _LABEL.fullmatch(label) or label.startswith("__")
    ]
