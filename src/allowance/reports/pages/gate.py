"""The gate: may this change go now, and why? Asked live, recorded, and listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from allowance.contract.budget_policy import ChangeClass
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.governance.ledger import Entry
from allowance.governance.verdict_facts import GateFacts
from allowance.reports.pages import verdicts
from allowance.reports.pages.facts import Facts, worst
from allowance.reports.pages.governance import Choice, Line, line
from allowance.reports.pages.verdicts import Answer, Evidence, Holds, Row
from allowance.reports.pages.view import Head, Link, head, query_text

CHANGES: tuple[ChangeClass, ...] = get_args(ChangeClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The question, and where a service is named the answer of this second, recorded nowhere."""

    head: Head
    services: tuple[Choice, ...]
    changes: tuple[Choice, ...]
    service: str
    change: str
    version: str
    env: str
    change_id: str
    answer: Answer | NoData
    holding: tuple[Holds, ...]
    newest: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A recorded verdict. `replays` says what its evidence leads to today; `since` is what happened after it."""

    head: Head
    answer: Answer
    evidence: tuple[Evidence, ...]
    holding: tuple[Holds, ...]
    replays: str
    whole: bool
    entry: Link
    digest: str
    key: str
    api: str
    since: tuple[Line, ...]
    again: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The list, newest first; `older` leads to those before."""

    head: Head
    services: tuple[Choice, ...]
    words: tuple[Choice, ...]
    service: str
    word: str
    actor: str
    rows: tuple[Row, ...]
    older: str


def gate(
    facts: Facts,
    said: Mapping[str, str],
    found: Mapping[str, Any] | None,
    newest: Sequence[Entry],
    *,
    now: Instant,
) -> Gate:
    """The form with what was filled in, and the answer to it (`verdict_json`)."""
    service = said.get("service", "")
    told = NO_DATA if found is None else verdicts.answer(facts, found)
    h1 = "May this change go now?" if isinstance(told, NoData) else f"{told.word.upper()}: {told.short}"
    state = worst(facts.promises) if found is None else verdicts.health(found)
    return Gate(
        head=head("Gate", h1, state, facts.at),
        services=tuple(Choice(value=one.name, chosen=one.name == service) for one in facts.contract.services),
        changes=tuple(Choice(value=one, chosen=one == said.get("change", "feature")) for one in CHANGES),
        service=service,
        change=said.get("change", "feature"),
        version=said.get("version", ""),
        env=said.get("env", "") or "production",
        change_id=said.get("change_id", ""),
        answer=told,
        holding=verdicts.holding(facts.standing, service, now=now) if found is not None else (),
        newest=tuple(verdicts.row(facts, one) for one in newest),
    )


def decision(
    facts: Facts,
    entry: Entry,
    known: GateFacts | None,
    replays: str,
    since: Sequence[Entry],
    holds: Sequence[Holds],
) -> Decision:
    """The page of entry `entry.seq`; `replays` is `""` where the evidence leads to the same verdict."""
    found = entry.payload["verdict"]
    told = verdicts.answer(facts, found)
    ask = found["ask"]
    query = query_text(
        service=ask["service"],
        change=ask["change"],
        version=ask["version"],
        env=ask["environment"],
        change_id=ask["change_id"],
    )
    return Decision(
        head=head(
            f"Decision {entry.seq}", f"{told.word.upper()}: {told.short}", verdicts.health(found), facts.at
        ),
        answer=told,
        evidence=() if known is None else verdicts.evidence(facts, known),
        holding=tuple(holds),
        replays=replays or "judged again from its evidence, it is the same verdict",
        whole=not replays,
        entry=Link(text=f"#{entry.seq}", href=f"/ledger/{entry.seq}"),
        digest=entry.hash,
        key=entry.payload["key"],
        api=f"/v1/decisions/{entry.seq}",
        since=tuple(line(one) for one in since),
        again=Link(text="Ask the same again now", href=f"/gate{query}"),
    )


def decisions(
    facts: Facts, entries: Sequence[Entry], *, service: str, word: str, actor: str, older: str
) -> Decisions:
    """The list of some verdicts, newest first."""
    rows = tuple(verdicts.row(facts, one) for one in entries)
    return Decisions(
        head=head("Decisions", verdicts.summary(rows), worst(facts.promises), facts.at),
        services=tuple(Choice(value=one.name, chosen=one.name == service) for one in facts.contract.services),
        words=tuple(Choice(value=one, chosen=one == word) for one in ("go", "hold", "stop")),
        service=service,
        word=word,
        actor=actor,
        rows=rows,
        older=older,
    )
