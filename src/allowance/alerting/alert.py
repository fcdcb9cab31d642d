"""Alerts, what mutes them, and what is sent about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from allowance.alerting.lifecycle import Life, Says
from allowance.budget.burn import RuleReading, burn_rate
from allowance.budget.evaluate import Evaluation
from allowance.contract.maintenance import Recurrence
from allowance.contract.model import Slo
from allowance.contract.rules import Severity
from allowance.core.counts import NoData
from allowance.core.time import Instant

RANK: dict[Severity, int] = {"page": 0, "ticket": 1, "log": 2}
"""Louder first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One SLO (or one group of it) at one severity: the rules of that severity speak as one.

    `reading` is the rule that speaks loudest, `evaluation` everything known about the SLO at that instant. `about`
    has the labels of its service, `tier` among them.
    """

    evaluation: Evaluation
    group: str
    severity: Severity
    reading: RuleReading
    life: Life
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """`checkout/availability/page`, with the group behind it where there is one: the same trouble, the same text."""
        return signature(self.evaluation.slo.id, self.severity, self.group)

    @property
    def service(self) -> str:
        """The service whose promise it is."""
        return self.evaluation.slo.service

    @property
    def labels(self) -> dict[str, str]:
        """What mutes and routes match on."""
        return labels_of(self.evaluation.slo, self.severity, self.group, self.about)

    @property
    def burn(self) -> Fraction | NoData:
        """How fast the budget goes in the short window of the rule that speaks loudest."""
        return burn_rate(self.reading.short, self.evaluation.slo.target)


def signature(slo_id: str, severity: Severity, group: str = "") -> str:
    """The identity of an alert."""
    return "/".join([slo_id, severity, *([group] if group else [])])


def labels_of(slo: Slo, severity: Severity, group: str, about: Mapping[str, str]) -> dict[str, str]:
    """What mutes and routes match on: the labels of the service, over them those of the SLO, over them its names.

    `journey` is the first journey that leans on it.
    """
    journey = {"journey": slo.journeys[0]} if slo.journeys else {}
    return {
        **about,
        **journey,
        **slo.labels,
        "service": slo.service,
        "slo": slo.name,
        "severity": severity,
        "group": group,
        "owner": slo.owner or "",
    }


MuteKind = Literal["maintenance", "silence", "deploy", "inhibited", "grouped", "untold", "away"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Something that keeps alerts quiet in `[begin, end)` where all its `labels` match (see `alerting.mute`).

    `unless_burn_above`: an alert whose short window burns faster than this is heard all the same. With `repeats`
    it holds only in the occurrences that lie in `[begin, end)`.
    """

    id: str
    kind: MuteKind
    begin: Instant
    end: Instant
    labels: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    why: str = ""
    unless_burn_above: float | None = None
    repeats: Recurrence | None = None


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


Event = Says | Literal["taken", "changed"]
"""What a notice is about: an alert's life; that somebody has taken it; that something was deployed, frozen or
let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell: `key` is its identity, so that it can be delivered twice and told once.

    `opened`: when the alert began; with the signature it names the alert through all its flaps. `since`: when it
    began to fire the last time. `at`: the tick that says it.
    """

    key: str
    says: Event
    signature: str
    severity: Severity
    service: str
    opened: Instant
    since: Instant
    at: Instant
    labels: Mapping[str, str]
    message: Message
