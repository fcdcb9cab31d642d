"""The contract: what is promised to whom, on which telemetry does it stand, and who agreed?"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from allowance.contract.explain import indicator_words, method_words
from allowance.contract.lint_names import RULES as NAME_RULES
from allowance.contract.model import Journey
from allowance.core.counts import NO_DATA
from allowance.core.problem import Problem
from allowance.diagnosis.coverage import Coverage
from allowance.governance.ledger import Entry
from allowance.reports import tabular
from allowance.reports.page import State
from allowance.reports.pages.carried import Telemetry, telemetry
from allowance.reports.pages.facts import Facts, Promise, service_name, worst
from allowance.reports.pages.signed import SignedPolicy
from allowance.reports.pages.view import Head, Link, Num, When, head

FEW, MANY = 1, 3
"""A journey is told by one to three promises: with none nobody knows, with more nobody looks."""

MOST_SAID, MOST_LISTED = 20, 100
NAMING = frozenset(rule.id for rule in NAME_RULES)
"""What a reviewer says about names stands in a list of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a careful reviewer says."""

    code: str
    severity: str
    message: str
    hint: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One promise from what is measured down to where that comes from. `sla` is text, `""` where there is none."""

    id: str
    link: Link
    service: Link
    state: State
    target: Num
    window: str
    sla: Num
    measures: str
    counts: str
    source: str
    telemetry: str
    written: str
    journeys: tuple[str, ...]
    findings: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A journey: what people get out of it, and the promises that tell whether they do."""

    name: str
    outcome: str
    owner: str
    state: State
    remark: str
    promises: tuple[Traced, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A source, and every promise and outcome that would be blind without it; `more` promises are not listed here."""

    source: str
    word: str
    promises: tuple[Traced, ...]
    more: int
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change of the contract while it was in force; `more` is how many are not listed here."""

    entry: Link
    at: When
    by: str
    count: Num
    says: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPage:
    """The page."""

    head: Head
    lead: str
    journeys: tuple[Outcome, ...]
    rest: tuple[Traced, ...]
    more: int
    sources: tuple[Back, ...]
    policies: tuple[SignedPolicy, ...]
    changes: tuple[Changed, ...]
    naming: tuple[Found, ...]
    telemetry: Telemetry
    findings: tuple[Found, ...]


def contract_page(
    facts: Facts,
    findings: Sequence[Problem],
    policies: Sequence[SignedPolicy],
    changed: Sequence[Entry],
    seen: Coverage,
) -> ContractPage:
    """The contract in force; `changed` are entries of its changes, newest first."""
    about = _by_promise(facts, findings)
    traced = {one.slo.id: _traced(facts, one, about.get(one.slo.id, ())) for one in facts.promises}
    journeys = tuple(_outcome(facts, one, traced) for one in facts.contract.journeys)
    told = {one.id for journey in journeys for one in journey.promises}
    claimed = {found for some in about.values() for found in some}
    rest = [one for one in traced.values() if one.id not in told]
    return ContractPage(
        head=head("Contract", _answer(facts), worst(facts.promises), facts.at),
        lead=_lead(findings, policies),
        journeys=journeys,
        rest=tuple(rest[:MOST_LISTED]),
        more=max(0, len(rest) - MOST_LISTED),
        sources=tuple(_sources(facts, traced)),
        policies=tuple(policies),
        changes=tuple(_changed(one) for one in changed),
        naming=tuple(_found(one) for one in findings if one.code in NAMING),
        telemetry=telemetry(facts, seen),
        findings=tuple(
            _found(one) for one in findings if one.code not in NAMING and _found(one) not in claimed
        ),
    )


def _answer(facts: Facts) -> str:
    if not facts.promises:
        return "Nothing is promised yet"
    journeys = len(facts.contract.journeys)
    kept = f"{tabular.plural(len(facts.promises), 'promise')} of {tabular.plural(len(facts.contract.services), 'service')}"
    return (
        f"{kept} stand for {tabular.plural(journeys, 'outcome')}" if journeys else f"{kept}, no outcome named"
    )


def _lead(findings: Sequence[Problem], policies: Sequence[SignedPolicy]) -> str:
    errors = sum(one.severity == "error" for one in findings)
    said = (
        f"A reviewer would say {tabular.plural(len(findings), 'thing')}"
        if findings
        else "A reviewer finds nothing to say"
    )
    said += f", {tabular.plural(errors, 'error')} among them." if errors else "."
    unsigned = sum(not one.in_force for one in policies)
    if unsigned:
        noun = "policy is" if unsigned == 1 else "policies are"
        said += f" {unsigned} error-budget {noun} not signed by all three parties."
    return said


def _traced(facts: Facts, one: Promise, findings: Sequence[Found]) -> Traced:
    slo = one.slo
    return Traced(
        id=slo.id,
        link=Link(text=one.title, href=facts.href(slo)),
        service=Link(text=service_name(one.service), href=f"/services/{slo.service}"),
        state=State(health=one.health),
        target=Num(text=tabular.target_percent(slo.target), value=slo.target),
        window=tabular.window(slo.window),
        sla=Num(
            text="" if slo.sla is None else tabular.target_percent(slo.sla),
            value=NO_DATA if slo.sla is None else slo.sla,
        ),
        measures=indicator_words(slo.indicator),
        counts=method_words(slo.method),
        source=one.known.source or "no source",
        telemetry=one.known.word,
        written=str(slo.origin.where),
        journeys=tuple(j.name for j in facts.contract.journeys if slo.id in j.slos),
        findings=tuple(findings),
    )


_WORDS = re.compile(r"[\w./-]+")


def whose(finding: Problem, services: Container[str]) -> str:
    """The service that a finding is about: the first one that it names, by itself or by a promise; else `""`."""
    words = (one.partition("/")[0].rstrip(".") for one in _WORDS.findall(finding.message))
    return next((one for one in words if one in services), "")


def _by_promise(facts: Facts, findings: Sequence[Problem]) -> dict[str, list[Found]]:
    """By the id of a promise, what is said of it: the whole name, not the beginning of a longer one."""
    found: dict[str, list[Found]] = {}
    for one in findings:
        if one.code not in NAMING:
            for name in dict.fromkeys(each.rstrip(".") for each in _WORDS.findall(one.message)):
                if name in facts.by_id:
                    found.setdefault(name, []).append(_found(one))
    return found


def _found(one: Problem) -> Found:
    return Found(
        code=one.code,
        severity=one.severity,
        message=one.message,
        hint=one.hint,
        where=str(one.where),
    )


def _outcome(facts: Facts, journey: Journey, traced: dict[str, Traced]) -> Outcome:
    own = tuple(traced[slo] for slo in journey.slos if slo in traced)
    remark = ""
    if len(own) < FEW:
        remark = "no promise tells whether people get this"
    elif len(own) > MANY:
        remark = f"{len(own)} promises: more than {MANY} and nobody looks at them"
    return Outcome(
        name=journey.display_name or journey.name,
        outcome=journey.outcome or journey.description or "",
        owner=journey.owner or "",
        state=State(health=worst([facts.by_id[one.id] for one in own])),
        remark=remark,
        promises=own,
    )


def _sources(facts: Facts, traced: dict[str, Traced]) -> Iterator[Back]:
    by: dict[str, list[Traced]] = {}
    for one in traced.values():
        by.setdefault(one.source, []).append(one)
    for source, some in sorted(by.items()):
        names = dict.fromkeys(name for one in some for name in one.journeys)
        known = {one.name: one.outcome or one.name for one in facts.contract.journeys}
        words = dict.fromkeys(one.telemetry for one in some)
        yield Back(
            source=source,
            word=", ".join(words),
            promises=tuple(some[:MOST_LISTED]),
            more=max(0, len(some) - MOST_LISTED),
            outcomes=tuple(known[name] for name in names),
        )


def _changed(entry: Entry) -> Changed:
    told = entry.payload
    said = tuple(one["says"] for one in told["changes"][:MOST_SAID])
    return Changed(
        entry=Link(text=f"#{entry.seq}", href=f"/ledger/{entry.seq}"),
        at=When(at=entry.at),
        by=entry.actor,
        count=Num(text=tabular.plural(told["count"], "change"), value=told["count"]),
        says=said,
        more=max(0, told["count"] - len(said)),
    )
