"""Verdicts as pages show them: a word, a sentence, why, and what would change it; the same words as the API's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.budget.health import Health
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant, parse_instant
from allowance.governance.facts import Standing
from allowance.governance.in_force import in_force
from allowance.governance.ledger import Entry
from allowance.governance.verdict_facts import GateFacts
from allowance.reports import tabular
from allowance.reports.pages.facts import Facts
from allowance.reports.pages.rows import left
from allowance.reports.pages.view import Link, Num, When, query_text

SIGNS = {"ok": "\u2713", "against": "\u2717", "info": "\u00b7"}
MARKS = {"ok": "in favour", "against": "against", "info": "to know"}
HEALTH: dict[str, Health] = {"go": "ok", "hold": "watch", "stop": "broken"}
LONGEST_HEADLINE = 110
MODES = {
    "binding": "",
    "advice": "The policy is not signed by all three parties: this only advises",
    "shadow": "The gate of this service only watches",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """A rule and what it found."""

    sign: str
    mark: str
    means: str
    rule: str
    fact: str
    link: Link
    lifted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Something that would change the verdict; its link is where that is asked for."""

    text: str
    at: When | NoData
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verdict; `short` is its sentence up to the first pause. `aside` says why its word is not what the rules say, where it is not."""

    word: str
    truth: str
    sentence: str
    short: str
    aside: str
    what: str
    change: str
    actor: str
    at: When
    as_of: When | NoData
    blind: bool
    because: tuple[Because, ...]
    ways: tuple[Instead, ...]
    policy: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """An exception that a service has."""

    kind: str
    what: str
    until: When | NoData
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was known of one promise when the verdict was given."""

    link: Link
    state: str
    left: Num
    source: str


def answer(facts: Facts, found: Mapping[str, Any]) -> Answer:
    """A verdict from its plain JSON."""
    ask = found["ask"]
    aside = MODES[found["mode"]]
    if aside and found["true_verdict"] != found["verdict"]:
        aside = f"{aside}; the rules say {found['true_verdict']}"
    version = f" {ask['version']}" if ask["version"] else ""
    return Answer(
        word=found["verdict"],
        truth=found["true_verdict"],
        sentence=found["sentence"],
        short=in_brief(found["sentence"]),
        aside=aside,
        what=f"{ask['service']}{version} \u2192 {ask['environment']}",
        change=ask["change"] + (f" {ask['change_id']}" if ask["change_id"] else ""),
        actor=ask["actor"],
        at=When(at=parse_instant(found["at"])),
        as_of=_when(found["as_of"]),
        blind=found["blind"],
        because=tuple(_because(facts, one) for one in found["reasons"]),
        ways=tuple(_way(facts, ask, one) for one in found["ways"]),
        policy=found["policy"]["name"],
        digest=found["policy"]["hash"],
    )


def in_brief(sentence: str) -> str:
    """The first part of a sentence, without its remark in brackets, where all of it is too long for a headline."""
    if len(sentence) <= LONGEST_HEADLINE:
        return sentence
    first = sentence.partition("; ")[0]
    first = first if len(first) <= LONGEST_HEADLINE else first.partition(" (")[0]
    return f"{first.rstrip('.')}."


def health(found: Mapping[str, Any]) -> Health:
    """The colour and the glyph of a verdict."""
    return HEALTH[found["verdict"]]


def _when(text: str | None) -> When | NoData:
    return NO_DATA if text is None else When(at=parse_instant(text))


def _because(facts: Facts, one: Mapping[str, Any]) -> Because:
    return Because(
        sign=SIGNS[one["mark"]],
        mark=one["mark"],
        means=MARKS[one["mark"]],
        rule=one["rule"],
        fact=one["fact"],
        link=_evidence_link(facts, one["link"]),
        lifted_by=one["lifted_by"],
    )


def _evidence_link(facts: Facts, path: str) -> Link:
    """A reason's path, where this server has such a page."""
    parts = path.strip("/").split("/")
    match parts:
        case ["ledger", _]:
            return Link(text="ledger", href=path)
        case ["services", name] if facts.contract.service(name) is not None:
            return Link(text="service", href=path)
        case ["slo" | "slos", service, name]:
            slo = facts.contract.slo(f"{service}/{name}")
            return Link(text="promise", href="" if slo is None else facts.href(slo))
    return Link(text="")


def _way(facts: Facts, ask: Mapping[str, Any], one: Mapping[str, Any]) -> Instead:
    about_it = query_text(
        service=ask["service"], change=ask["change_id"] or ask["version"], environment=ask["environment"]
    )
    links = {
        "bullet": Link(text="See its price\u2026", href=f"/governance/bullet{about_it}"),
        "override": Link(text="See its price\u2026", href=f"/governance/override{about_it}"),
        "waiver": Link(text="Ask for it\u2026", href="/governance/waiver"),
        "release": Link(text="Ask for it\u2026", href=f"/governance/release{about_it}"),
    }
    known = "/governance" in facts.pages
    link = links.get(one["kind"], Link(text="")) if known else Link(text="")
    return Instead(text=one["text"], at=_when(one["at"]), link=link)


def holding(standing: Standing, service: str, *, now: Instant) -> tuple[Holds, ...]:
    """The exceptions that a service has at an instant."""
    return tuple(
        Holds(
            kind={"epoch": "bankruptcy", "bullet": "silver bullet"}.get(one.kind, one.kind),
            what=one.what,
            until=NO_DATA if one.end is None else When(at=one.end, ago=""),
            by=one.by,
            reason=one.reason,
        )
        for one in in_force(standing, service, now=now)
    )


def evidence(facts: Facts, known: GateFacts) -> tuple[Evidence, ...]:
    """The numbers that a verdict was given on: those of its evidence, whatever is measured today."""
    sources = {one.slo: one for one in known.sources}
    found = []
    for slo_id, numbers in sorted(known.clauses.slos.items()):
        slo, source = facts.contract.slo(slo_id), sources.get(slo_id)
        told = "" if source is None else source.word + (f": {source.reason}" if source.reason else "")
        found.append(
            Evidence(
                link=Link(text=slo_id, href="" if slo is None else facts.href(slo)),
                state=numbers.state or "not known",
                left=left(numbers.remaining),
                source=told,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A recorded verdict in a list."""

    entry: Link
    word: str
    what: str
    change: str
    sentence: str
    actor: str
    at: When
    aside: str


def row(facts: Facts, entry: Entry) -> Row:
    """One line of the list of verdicts."""
    found = answer(facts, entry.payload["verdict"])
    return Row(
        entry=Link(text=f"#{entry.seq}", href=f"/gate/{entry.seq}"),
        word=found.word,
        what=found.what,
        change=found.change,
        sentence=found.sentence,
        actor=entry.actor,
        at=When(at=entry.at),
        aside=found.aside,
    )


def summary(rows: Sequence[Row]) -> str:
    """`12 verdicts: 3 stop, 9 go`."""
    counts = {word: sum(one.word == word for one in rows) for word in ("stop", "hold", "go")}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{tabular.plural(len(rows), 'verdict')}: {said}" if rows else "No verdict was recorded"
