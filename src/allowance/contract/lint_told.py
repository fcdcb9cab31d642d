"""Lint: can beacons come in, and does one failed probe wake somebody?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import Slo
from allowance.contract.probe import Probe
from allowance.contract.rules import BurnRule
from allowance.contract.source import Rum


def _without_origins(facts: Facts) -> Iterator[Finding]:
    told = [(slo, slo.source) for slo in facts.slos if isinstance(slo.source, Rum)]
    open_ = {source.site for _, source in told if source.origins}
    for slo, source in told:
        if source.site not in open_:
            yield Finding(
                subject=slo,
                where=slo.origin.at("source"),
                message=f"{slo.id} takes beacons of pages of our own origin only, because {source.site} names none",
            )


def _one_failure(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if not isinstance(slo.source, Probe) or slo.group_by:
            continue
        rule = next((one for one in slo.rules if _fires_on_one(slo, slo.source, one)), None)
        if rule is not None:
            yield Finding(
                subject=slo,
                where=slo.origin.at("rules"),
                message=f"one failed probe of {slo.id} is a page: {rule.name} sees {rule.long // slo.source.interval}",
            )


def _fires_on_one(slo: Slo, probe: Probe, rule: BurnRule) -> bool:
    """The burn of one failure among the probes of a window, against the factor, in both windows."""
    if rule.severity != "page" or rule.guard.min_bad > 1 or rule.hold > rule.short:
        return False
    factor = rule.factor(slo.period)
    return all(
        Fraction(probe.interval, span) > factor * (1 - slo.target)
        and rule.guard.min_events <= span // probe.interval
        for span in (rule.long, rule.short)
    )


RULES = (
    LintRule(
        id="AL110",
        name="beacons-without-origins",
        severity="warning",
        why="A browser sends beacons from the page's own origin; those of pages elsewhere are refused.",
        fix="Write the origins of the site's pages into its source: origins: ['https://shop.example'].",
        check=_without_origins,
    ),
    LintRule(
        id="AL311",
        name="one-failed-probe-pages",
        severity="warning",
        why="A single lost packet then wakes somebody, and after some nights nobody believes the page.",
        fix="Probe more often, ask for two failures (lowTraffic: {minBad: 2}), or promise less.",
        check=_one_failure,
    ),
)
