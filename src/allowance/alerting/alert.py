"""Alerts, what mutes them, and what is sent about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from allowance.alerting.lifecycle import Life, Says
from allowance.budget.burn import RuleReading
from allowance.budget.evaluate import Evaluation
from allowance.contract.rules import Severity
from allowance.core.time import Instant

RANK: dict[Severity, int] = {"page": 0, "ticket": 1, "log": 2}
"""Louder first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One SLO (or one group of it) at one severity: the rules of that severity speak as one.

    `reading` is the rule that speaks loudest, `evaluation` everything known about the SLO at that instant.
    """

    evaluation: Evaluation
    group: str
    severity: Severity
    reading: RuleReading
    life: Life

    @property
    def signature(self) -> str:
        """`checkout/availability/page`, with the group behind it where there is one: the same trouble, the same text."""
        return signature(self.evaluation.slo.id, self.severity, self.group)

    @property
    def labels(self) -> dict[str, str]:
        """What mutes and routes match on."""
        slo = self.evaluation.slo
        return {
            **slo.labels,
            "service": slo.service,
            "slo": slo.name,
            "severity": self.severity,
            "group": self.group,
            "owner": slo.owner or "",
        }


def signature(slo_id: str, severity: Severity, group: str = "") -> str:
    """The identity of an alert."""
    return "/".join([slo_id, severity, *([group] if group else [])])


MuteKind = Literal["maintenance", "silence", "deploy", "inhibited", "grouped", "untold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Something that keeps alerts quiet in `[begin, end)` where all its `labels` match.

    `unless_burn_above`: an alert whose short window burns faster than this is heard all the same.
    """

    id: str
    kind: MuteKind
    begin: Instant
    end: Instant
    labels: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    why: str = ""
    unless_burn_above: float | None = None

    def hits(self, labels: Mapping[str, str], *, now: Instant) -> bool:
        """Whether it is in force and every label that it names has its value."""
        return self.begin <= now < self.end and all(labels.get(k) == v for k, v in self.labels.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Muted:
    """An alert that is not sent, and why not: by what, and until when (nothing: as long as that lasts)."""

    signature: str
    says: Says
    kind: MuteKind
    why: str
    until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person reads: a title, sentences, facts by name, the first step, and a link to the instant."""

    title: str
    lines: tuple[str, ...]
    facts: Mapping[str, str]
    first_step: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell: `key` is its identity, so that it can be delivered twice and told once.

    `opened`: when the alert began; with the signature it names the alert through all its flaps. `since`: when it
    began to fire the last time. `at`: the tick that says it.
    """

    key: str
    says: Says
    signature: str
    severity: Severity
    service: str
    opened: Instant
    since: Instant
    at: Instant
    labels: Mapping[str, str]
    message: Message
