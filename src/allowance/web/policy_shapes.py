"""What policies, states and freezes are asked for and answered with, field by field, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from allowance.contract.budget_policy import BudgetState, FreezeModel, Role
from allowance.web.shapes import Instant
from allowance.web.times import Moment

Named = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Said = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
Hash = Annotated[str, Field(min_length=1, max_length=64, pattern="^[0-9a-f]+$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FreezeIn(_In):
    """A freeze that a person begins. Without `until` a person ends it."""

    service: Named
    reason: Said
    model: FreezeModel = "hard"
    until: Moment | None = None


class EndIn(_In):
    """Why something is ended."""

    reason: Said


class SignatureIn(_In):
    """The hash of the version that was read, as the policy's answer says it."""

    hash: Hash


class Freeze(BaseModel):
    """A stop of some changes of a service; not `binding` where the policy only advises it."""

    id: str
    service: str
    slo: str | None
    binding: bool
    model: FreezeModel
    begin: Instant
    end: Instant | None
    until: Instant | None
    policy: str | None
    clause: int
    why: str
    by: str
    ends_when: str
    progress: str
    earliest_end: Instant | None
    entry: int


class Freezes(BaseModel):
    """Freezes, newest first."""

    freezes: list[Freeze]


class State(BaseModel):
    """The state of the budget of a service or an SLO, and the entry of the ledger that says so."""

    subject: str
    state: BudgetState
    since: Instant
    entry: int


class HandBack(BaseModel):
    """The developers carry the pager of a service."""

    id: str
    service: str
    to: str
    begin: Instant
    end: Instant | None
    policy: str
    clause: int
    entry: int


class States(BaseModel):
    """Every state, and every hand-back."""

    states: list[State]
    hand_backs: list[HandBack]


class Signer(BaseModel):
    """Who signed this version for a party."""

    role: Role
    by: str


class Earlier(BaseModel):
    """A signature under another version."""

    role: Role
    by: str
    hash: str
    at: Instant
    entry: int


class Policy(BaseModel):
    """An error-budget policy: in force when all three parties signed exactly this version."""

    name: str
    version: str
    hash: str
    in_force: bool
    missing: list[Role]
    signatures: list[Signer]
    earlier: list[Earlier]
    services: list[str]
    description: str | None
    escalation: str | None
    revisit: str | None
    overdue: bool
    spec: dict[str, Any]


class Policies(BaseModel):
    """Policies by name."""

    policies: list[Policy]


class PolicySignature(BaseModel):
    """A signature in the ledger; `in_force`: it was the last one that was needed."""

    policy: str
    hash: str
    role: Role
    by: str
    at: Instant
    entry: int
    in_force: bool


Active = Literal["active", "all"]
