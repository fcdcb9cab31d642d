"""What the ledger's fold knows at an instant: states, freezes, exceptions, obligations, signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from allowance.contract.budget_policy import BudgetState, ExemptionMode, FreezeModel, Role
from allowance.core.time import Instant
from allowance.governance.ledger import GENESIS

BY_HAND: Final = 0
"""The clause of a freeze that a person began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFact:
    """The budget state of a service or an SLO, since when, and the entry that says so."""

    subject: str
    state: BudgetState
    since: Instant
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A stop of some changes of a service: by a clause of its policy, or by a person (`clause` is `BY_HAND`).

    `slo` is the SLO whose budget began it (`""`: none), `ends_when` the condition in words, `end` when it ended.
    `clause` counts from 1 within the policy. `until` is when a freeze of a person ends by itself (nothing: when a
    person ends it); `noted` when its way to the end was written down last.
    """

    id: str
    service: str
    slo: str
    begin: Instant
    end: Instant | None
    model: FreezeModel
    policy: str
    clause: int
    why: str
    by: str
    ends_when: str
    seq: int
    until: Instant | None = None
    noted: Instant = 0

    @property
    def by_hand(self) -> bool:
        """Whether a person began it: such a freeze binds whether or not a policy is signed."""
        return self.clause == BY_HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A correction of `[begin, end)` of an SLO (`service/name`), and whether it was taken back.

    `effect` is what it changed when it was made: exact counts of the window before and after.
    """

    id: str
    slo: str
    kind: Literal["exclude", "count-good"]
    begin: Instant
    end: Instant
    why: str
    by: str
    at: Instant
    effect: Mapping[str, int] = field(hash=False)
    seq: int
    revoked: Instant | None = None
    revoked_by: str = ""
    revoked_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Something owed because of an exception: a postmortem, or an item of a reliability sprint."""

    id: str
    kind: Literal["postmortem", "sprint"]
    of: str
    service: str
    what: str
    owner: str
    due: Instant
    done: Instant | None
    evidence: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullet:
    """A silver bullet that was spent: for one change in one environment, in `[begin, end)`.

    `unit` is the organisation unit it counts against (the owner of the service), `period` for example `2026-Q4`.
    """

    id: str
    unit: str
    period: str
    service: str
    change: str
    environment: str
    begin: Instant
    end: Instant
    by: str
    approved_by: tuple[str, ...]
    reason: str
    memo: Mapping[str, Any] = field(hash=False)
    obligation: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """The consequence of a dependency's outage lifted in `[begin, end)`; the budget stays burned."""

    id: str
    service: str
    slo: str
    dependency: str
    mode: ExemptionMode
    begin: Instant
    end: Instant
    by: str
    reason: str
    evidence: tuple[str, ...]
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A bankruptcy: the budget of an SLO counts from `begin`; `spent_before` is the old consumption, kept."""

    id: str
    service: str
    slo: str
    begin: Instant
    signed: Mapping[Role, str] = field(hash=False)
    reason: str
    spent_before: Mapping[str, Any] = field(hash=False)
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBack:
    """The developers carry the pager of a service since `begin`; `to` is the rotation that alerts go to."""

    id: str
    service: str
    begin: Instant
    end: Instant | None
    policy: str
    clause: int
    to: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A conditional release: one change may go in `[begin, end)` while every condition is met by evidence.

    `conditions` maps the name of a condition to the evidence shown for it (`""`: not shown yet).
    """

    id: str
    service: str
    change: str
    environment: str
    begin: Instant
    end: Instant
    by: str
    approved_by: tuple[str, ...]
    plan: str
    conditions: Mapping[str, str] = field(hash=False)
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A governance freeze lifted by an executive: for one change in one environment, in `[begin, end)`.

    `freeze` is the freeze that it is about (`""`: whichever is in force), `obligation` what it makes somebody owe.
    """

    id: str
    service: str
    freeze: str
    change: str
    environment: str
    begin: Instant
    end: Instant
    by: str
    reason: str
    obligation: str
    seq: int
    unit: str = ""
    approved_by: tuple[str, ...] = ()
    memo: Mapping[str, Any] = field(default_factory=dict, hash=False)


PendingKind = Literal["bullet", "override", "release", "bankruptcy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An exception that somebody asked for and that waits for the yes of others until `until`.

    `terms` is what was asked for, as plain JSON; `signed` who has said yes already, by the party they speak for.
    """

    id: str
    kind: PendingKind
    service: str
    by: str
    at: Instant
    until: Instant
    terms: Mapping[str, Any] = field(hash=False)
    signed: Mapping[Role, str] = field(hash=False)
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A role's signature under one exact version of a policy, given through the ledger."""

    policy: str
    hash: str
    role: Role
    by: str
    at: Instant
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that governs now: the fold over the ledger up to entry `head`.

    All of the past stays in it (ended freezes, spent bullets); whoever asks picks by instant.
    """

    head: int = 0
    head_hash: str = GENESIS
    states: Mapping[str, StateFact] = field(default_factory=dict, hash=False)
    freezes: Mapping[str, Freeze] = field(default_factory=dict, hash=False)
    obligations: Mapping[str, Obligation] = field(default_factory=dict, hash=False)
    bullets: Mapping[str, Bullet] = field(default_factory=dict, hash=False)
    waivers: Mapping[str, Waiver] = field(default_factory=dict, hash=False)
    epochs: Mapping[str, Epoch] = field(default_factory=dict, hash=False)
    hand_backs: Mapping[str, HandBack] = field(default_factory=dict, hash=False)
    releases: Mapping[str, Release] = field(default_factory=dict, hash=False)
    overrides: Mapping[str, Override] = field(default_factory=dict, hash=False)
    pending: Mapping[str, Pending] = field(default_factory=dict, hash=False)
    advised: Mapping[str, Freeze] = field(default_factory=dict, hash=False)
    """Freezes that a policy without all its signatures would have begun: nobody is bound by them."""

    amendments: Mapping[str, Amendment] = field(default_factory=dict, hash=False)
    """Corrections of counts, those that were revoked too."""

    signed: tuple[Signed, ...] = ()
    decisions: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Idempotency key of a recorded verdict -> its entry."""

    denied: int = 0
    """How many attempts were refused for want of a right."""
