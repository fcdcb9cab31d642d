"""GitHub deployments that wait for the gate: judged again and again, and answered when they may go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import structlog

from allowance.core.duration import DAY
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.governance.ledger import Entry
from allowance.governance.verdict import Ask, Verdict, Word

EVERY = 15
"""Seconds between two looks at one that waits."""

MOST_NOTES = 10
"""GitHub takes so many status notes for one deployment."""

LONGEST = 30 * DAY
"""After so long GitHub has given the job up itself."""

SLOWEST = 600
"""Seconds between two tries to deliver an answer, at most."""

PendingState = Literal["waiting", "approved", "rejected", "given-up"]
State = Literal["approved", "rejected"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One deployment that waits: where its answer goes, when it is looked at next, and what was said so far.

    `installation` is the id of the app's installation (0: none), `said` the word that was told last. `notes` counts
    status notes, `tries` answers in a row that could not be delivered.
    """

    id: str
    ask: Ask
    callback: str
    installation: int
    begin: Instant
    due: Instant
    state: PendingState = "waiting"
    said: str = ""
    notes: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of an answer: delivered, to be tried again, or nobody waits for it any more; and why."""

    said: Literal["done", "later", "gone"]
    why: str = ""


class Answers(Protocol):
    """Tells GitHub: approved, rejected, or (without a state) only a note."""

    def answer(self, pending: Pending, state: State | None, comment: str, *, now: Instant) -> Answered: ...


class Gate(Protocol):
    """Judges an ask: `look` records nothing, `record` writes it down once per key."""

    def look(self, ask: Ask, *, now: Instant) -> Verdict: ...
    def record(self, ask: Ask, key: str, *, now: Instant) -> Entry: ...


def attend(
    waiting: Iterable[Pending],
    gate: Gate,
    answers: Answers,
    settle: Callable[[Pending], None],
    *,
    rejects: bool,
    now: Instant,
) -> None:
    """Look at each once: one that may go is approved, one that must wait is told why, once per reason.

    `rejects`: one that the gate stops is rejected instead of kept waiting. What cannot be judged or delivered is
    tried again later, and nothing is ever approved without a verdict.
    """
    for one in waiting:
        if now - one.begin > LONGEST:
            settle(replace(one, state="given-up"))
            continue
        try:
            settle(_attended(one, gate, answers, rejects=rejects, now=now))
        except ProblemError as error:
            log.error("a deployment cannot be judged", id=one.id, problem=str(error))
            settle(replace(one, due=now + EVERY))


def _attended(one: Pending, gate: Gate, answers: Answers, *, rejects: bool, now: Instant) -> Pending:
    word = gate.look(one.ask, now=now).word
    if word == "hold" or (word == "stop" and not rejects):
        return _held(one, word, gate, answers, now=now)
    state: State = "approved" if word == "go" else "rejected"
    entry = gate.record(one.ask, f"github:{one.id}:{word}", now=now)
    told = answers.answer(one, state, comment(entry), now=now)
    if told.said == "done":
        log.info("deployment answered", id=one.id, state=state, ledger=entry.seq)
        return replace(one, state=state, said=word, tries=0)
    return _failed(one, told, now=now)


def _held(one: Pending, word: Word, gate: Gate, answers: Answers, *, now: Instant) -> Pending:
    """An absent answer holds the deployment; a note says why, when the word is a new one."""
    if one.said == word or one.notes >= MOST_NOTES:
        return replace(one, due=now + EVERY)
    entry = gate.record(one.ask, f"github:{one.id}:{word}:{one.notes}", now=now)
    told = answers.answer(one, None, comment(entry), now=now)
    if told.said == "done":
        return replace(one, due=now + EVERY, said=word, notes=one.notes + 1, tries=0)
    return _failed(one, told, now=now)


def _failed(one: Pending, told: Answered, *, now: Instant) -> Pending:
    log.warning("a deployment could not be answered", id=one.id, why=told.why)
    if told.said == "gone":
        return replace(one, state="given-up")
    wait = min(SLOWEST, EVERY * 2 ** min(one.tries, 10))
    return replace(one, due=now + wait, tries=one.tries + 1)


def comment(entry: Entry) -> str:
    """What people read beside the deployment, in Markdown."""
    verdict = entry.payload["verdict"]
    ways = "".join(f"\n- {one['text']}" for one in verdict["ways"][:3])
    return f"**{verdict['verdict'].upper()}**: {verdict['sentence']} (ledger #{entry.seq}){ways}"
