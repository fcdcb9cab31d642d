"""Lint: who answers for it, what do they do at three in the morning, and for which user?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import Journey, Service, Slo

MOST_SLOS = 3
_EMPTY_WORDS = re.compile(
    r"(?i)\b(?:todo|tbd|tba|fixme|changeme|xxx+|unknown|n/?a|none|nobody|somebody|placeholder)\b"
)
_EXAMPLE = re.compile(r"(?i)(?:^|[/@.])example\.(?:com|org|net)\b")


def _no_owner(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        owned = service.owner or (service.slos and all(slo.owner for slo in service.slos))
        if not owned:
            yield Finding(
                subject=service,
                where=service.origin.at("owner"),
                message=f"the service {service.name} has no owner",
            )


def _no_runbook(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if slo.runbook is None and any(rule.severity == "page" for rule in slo.rules):
            yield Finding(
                subject=slo,
                where=slo.origin.at("runbook"),
                message=f"{slo.id} wakes people up, but has no runbook",
            )


def _placeholders(facts: Facts) -> Iterator[Finding]:
    holders: list[Service | Slo] = [*facts.contract.services, *facts.slos]
    for holder in holders:
        inherited = facts.services.get(holder.service) if isinstance(holder, Slo) else None
        for name in ("owner", "runbook"):
            value = getattr(holder, name)
            if not value or (inherited is not None and value == getattr(inherited, name)):
                continue
            if _EMPTY_WORDS.search(value) or _EXAMPLE.search(value):
                yield Finding(
                    subject=holder,
                    where=holder.origin.at(name),
                    message=f"the {name} {value[:60]!r} is a placeholder",
                )


def _no_journey(facts: Facts) -> Iterator[Finding]:
    named = {name for journey in facts.contract.journeys for name in journey.slos}
    for slo in facts.slos:
        if not slo.journeys and slo.id not in named:
            yield Finding(
                subject=slo, where=slo.origin.where, message=f"{slo.id} protects no journey of a user"
            )


def _empty_journey(facts: Facts) -> Iterator[Finding]:
    for journey in facts.contract.journeys:
        if not journey.slos:
            yield _about(journey, "slos", f"the journey {journey.name} is protected by no SLO")


def _crowded_journey(facts: Facts) -> Iterator[Finding]:
    for journey in facts.contract.journeys:
        if len(journey.slos) > MOST_SLOS:
            yield _about(
                journey,
                "slos",
                f"the journey {journey.name} has {len(journey.slos)} SLOs, more than {MOST_SLOS}",
            )


def _no_outcome(facts: Facts) -> Iterator[Finding]:
    for journey in facts.contract.journeys:
        if not (journey.outcome or "").strip():
            yield _about(
                journey,
                "outcome",
                f"the journey {journey.name} does not say which business outcome it serves",
            )


def _only_synthetic(facts: Facts) -> Iterator[Finding]:
    slos = {slo.id: slo for slo in facts.slos}
    for journey in facts.contract.journeys:
        kinds = {slos[name].kind for name in journey.slos if name in slos}
        if kinds and kinds <= {"synthetic", "uptime"}:
            yield _about(
                journey,
                "slos",
                f"the journey {journey.name} is watched by our own checks alone, not by what users met",
            )


def _no_slo(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        if not service.slos:
            yield Finding(
                subject=service,
                where=service.origin.at("slos"),
                message=f"the service {service.name} promises nothing",
            )


def _no_telemetry(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if slo.source is None:
            yield Finding(
                subject=slo,
                where=slo.origin.at("source"),
                message=f"{slo.id} does not say where its telemetry is",
            )


def _about(journey: Journey, name: str, message: str) -> Finding:
    return Finding(subject=journey, where=journey.origin.at(name), message=message)


RULES = (
    LintRule(
        id="AL401",
        name="no-owner",
        severity="warning",
        why="A promise that belongs to nobody is kept by nobody; alerts and decisions need an address.",
        fix="Write owner: the team that answers for the service.",
        check=_no_owner,
    ),
    LintRule(
        id="AL402",
        name="page-without-runbook",
        severity="warning",
        why="Who is woken should find the first three steps written down, not invent them.",
        fix="Write runbook: with the address of the page that says what to do.",
        check=_no_runbook,
    ),
    LintRule(
        id="AL403",
        name="placeholder",
        severity="warning",
        why="A placeholder passes every check and helps nobody at night.",
        fix="Write the real team or address, or leave the field out until there is one.",
        check=_placeholders,
    ),
    LintRule(
        id="AL404",
        name="no-journey",
        severity="warning",
        why="An SLO is worth its alerts when it protects something that a user wants to get done.",
        fix="Name the SLO in a journey, or ask whether anybody would miss it.",
        check=_no_journey,
    ),
    LintRule(
        id="AL405",
        name="journey-without-slo",
        severity="warning",
        why="A critical journey that nothing measures fails without anybody noticing.",
        fix="Give the journey one to three SLOs.",
        check=_empty_journey,
    ),
    LintRule(
        id="AL406",
        name="crowded-journey",
        severity="warning",
        why="With more than three SLOs people no longer know which one matters, and act on none.",
        fix="Keep the one to three that its users would notice first.",
        check=_crowded_journey,
    ),
    LintRule(
        id="AL407",
        name="journey-without-outcome",
        severity="warning",
        why="Without the business outcome nobody can weigh a release against the budget.",
        fix="Write outcome: in one sentence that Business would sign.",
        check=_no_outcome,
    ),
    LintRule(
        id="AL408",
        name="only-synthetic",
        severity="info",
        why="Our own checks take one path from one place; users take all the others.",
        fix="Add an SLO over real requests or over what browsers report.",
        check=_only_synthetic,
    ),
    LintRule(
        id="AL409",
        name="service-without-slo",
        severity="warning",
        why="Others depend on a service whose reliability nobody has promised.",
        fix="Start with one SLO over its availability.",
        check=_no_slo,
    ),
    LintRule(
        id="AL410",
        name="no-telemetry",
        severity="warning",
        why="Without telemetry there is no SLI, no budget and no gate.",
        fix="Write source: {files: ...}, {prometheus: ...} or {sql: ...}, on the SLO or its service.",
        check=_no_telemetry,
    ),
)
