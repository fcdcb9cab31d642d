"""What exceptions are answered with, field by field, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from allowance.governance.in_force import ExceptionKind
from allowance.web.shapes import Instant


class Pending(BaseModel):
    """Asked for, and waiting for others' yes until `until`; `signed` says who has said it, by party."""

    id: str
    kind: Literal["bullet", "override", "release", "bankruptcy"]
    service: str
    by: str
    at: Instant
    until: Instant
    signed: dict[str, str]
    terms: dict[str, Any]
    entry: int


class Quota(BaseModel):
    """What a unit has left in its period; `blocked_by` are overdue postmortems that keep it from the next one."""

    unit: str
    period: str
    until: Instant
    granted: int
    spent: int
    left: int
    blocked_by: list[str]


class _Granted(BaseModel):
    id: str
    service: str
    change: str
    environment: str
    begin: Instant
    end: Instant
    holds: bool
    by: str
    approved_by: list[str]


class Bullet(_Granted):
    """A silver bullet that was spent, with the memo that was put a name under."""

    reason: str
    unit: str
    period: str
    obligation: str
    memo: dict[str, Any]
    memo_markdown: str
    entry: int


class Override(_Granted):
    """A governance freeze that was overridden for one change."""

    reason: str
    unit: str
    freeze: str
    obligation: str
    memo: dict[str, Any]
    memo_markdown: str
    entry: int


class Price(BaseModel):
    """What a bullet would cost; nothing was recorded."""

    dry_run: Literal[True]
    quota: Quota
    left_after: int
    approvers: list[str]
    two_people: bool
    ends: Instant
    postmortem_due: Instant
    memo: dict[str, Any]
    memo_markdown: str


class Bullets(BaseModel):
    """Every bullet, what waits for a yes, and what each unit has left in the period of its policy."""

    bullets: list[Bullet]
    pending: list[Pending]
    quotas: list[Quota]


class Overrides(BaseModel):
    """Every override, and what waits for an executive's yes."""

    overrides: list[Override]
    pending: list[Pending]


class Condition(BaseModel):
    """A condition of a release; null evidence: nothing was shown (what the program looks up needs none)."""

    condition: str
    evidence: str | None


class Release(_Granted):
    """A conditional release: of use while every condition is met."""

    plan: str
    conditions: list[Condition]
    entry: int


class Releases(BaseModel):
    """Every conditional release, and what waits for a yes."""

    releases: list[Release]
    pending: list[Pending]


class Waiver(BaseModel):
    """A waiver: the consequence is lifted, the budget stays burned."""

    id: str
    service: str
    slo: str
    dependency: str
    mode: Literal["strict", "lenient"]
    begin: Instant
    end: Instant
    holds: bool
    by: str
    reason: str
    evidence: list[str]
    entry: int


class Waivers(BaseModel):
    """Every waiver."""

    waivers: list[Waiver]


class Epoch(BaseModel):
    """A budget that began anew; what was spent before is kept."""

    id: str
    service: str
    slo: str
    begin: Instant
    signed: dict[str, str]
    reason: str
    spent_before: dict[str, Any]
    entry: int


class Bankruptcies(BaseModel):
    """Every epoch, and what waits for signatures."""

    epochs: list[Epoch]
    pending: list[Pending]


class Obligation(BaseModel):
    """Something owed because of an exception; `done` is null while it is open."""

    id: str
    kind: Literal["postmortem", "sprint"]
    of: str
    service: str
    what: str
    owner: str
    due: Instant
    done: Instant | None
    evidence: str | None
    entry: int


class Owed(Obligation):
    """An obligation with the unit that owes it."""

    unit: str
    open: bool
    overdue: bool


class Obligations(BaseModel):
    """What is overdue first, then what is open, then what is done."""

    obligations: list[Owed]


class InForce(BaseModel):
    """An exception that holds now; a null end is an epoch's."""

    id: str
    kind: ExceptionKind
    service: str
    what: str
    begin: Instant
    end: Instant | None
    by: str
    reason: str


class Exceptions(BaseModel):
    """Every exception that holds now."""

    exceptions: list[InForce]
