"""What is asked of the gate, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from allowance.contract.budget_policy import ChangeClass
from allowance.core.time import Instant, iso, parse_instant

Word = Literal["go", "stop", "hold"]
WORDS: tuple[Word, ...] = ("go", "hold", "stop")
"""From lenient to strict: of several the last one wins."""

Mark = Literal["ok", "against", "info"]
Mode = Literal["binding", "advice", "shadow"]

PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """May this change of a service go? `change_id` is what exceptions are bound to, `actor` who asks."""

    service: str
    change: ChangeClass
    version: str = ""
    commit: str = ""
    environment: str = PRODUCTION
    change_id: str = ""
    actor: str = ""
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule and what it found: `ok`, `against`, or `info` (it decides nothing). `link` is a path of the pages.

    `lifted_by` names the exception because of which a rule that is against does not count.
    """

    mark: Mark
    rule: str
    fact: str
    link: str = ""
    lifted_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Something that would change the verdict: what it is, its price in words, and when at the earliest.

    `command` is what somebody types who wants it.
    """

    kind: Literal["class", "wait", "data", "bullet", "waiver", "release", "override"]
    text: str
    at: Instant | None = None
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `truth` is what the rules say; `word` is what counts, which is `go` where they only advise.

    `mode` says why the two may differ: the policy is not signed (`advice`), or the gate only watches (`shadow`).
    `blind`: some data were late, so that the policy's `without_data` spoke. `as_of` is the instant of the numbers.
    `evidence` holds every input, exact, as plain JSON: from it alone the same verdict follows again.
    """

    word: Word
    truth: Word
    mode: Mode
    sentence: str
    reasons: tuple[Reason, ...]
    ways: tuple[Way, ...]
    policy: str
    policy_hash: str
    blind: bool
    as_of: Instant | None
    at: Instant
    ask: Ask
    evidence: Mapping[str, Any] = field(hash=False, compare=False, repr=False)


def strictest(words: tuple[Word, ...]) -> Word:
    """Of several words the strictest; of none, go."""
    return max(words, key=WORDS.index, default="go")


def ask_json(ask: Ask) -> dict[str, Any]:
    """An ask as plain JSON."""
    return {
        "service": ask.service,
        "change": ask.change,
        "version": ask.version,
        "commit": ask.commit,
        "environment": ask.environment,
        "change_id": ask.change_id,
        "actor": ask.actor,
        "shadow": ask.shadow,
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain JSON, without its evidence."""
    return {
        "verdict": verdict.word,
        "true_verdict": verdict.truth,
        "mode": verdict.mode,
        "advice": verdict.truth if verdict.mode == "advice" else None,
        "shadow": verdict.mode == "shadow",
        "sentence": verdict.sentence,
        "reasons": [
            {
                "mark": one.mark,
                "rule": one.rule,
                "fact": one.fact,
                "link": one.link,
                "lifted_by": one.lifted_by,
            }
            for one in verdict.reasons
        ],
        "ways": [
            {
                "kind": one.kind,
                "text": one.text,
                "at": None if one.at is None else iso(one.at),
                "command": one.command,
            }
            for one in verdict.ways
        ],
        "policy": {"name": verdict.policy, "hash": verdict.policy_hash},
        "blind": verdict.blind,
        "as_of": None if verdict.as_of is None else iso(verdict.as_of),
        "at": iso(verdict.at),
        "ask": ask_json(verdict.ask),
    }


def ask_of(document: Mapping[str, Any]) -> Ask:
    """The ask that `ask_json` wrote."""
    return Ask(**document)


def instant_of(text: str | None) -> Instant | None:
    """What `iso` wrote, or nothing."""
    return None if text is None else parse_instant(text)
