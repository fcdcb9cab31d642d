"""What the API answers, field by field, for its OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field, StringConstraints

from allowance.budget.health import Health
from allowance.contract.rules import Severity
from allowance.signals.watermark import Word

Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def _looks_like(pattern: str) -> Any:
    """What a part of an address looks like, for the document alone: what looks otherwise is not found."""
    return Path(json_schema_extra={"pattern": pattern})


_NAME = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
Name = Annotated[str, _looks_like(f"^{_NAME}$")]
Signature = Annotated[str, Path(examples=["checkout/availability/page"])]
MuteId = Annotated[str, _looks_like("^[a-z]+-[0-9a-f]+$")]
Instant = Annotated[str, Field(examples=["2026-11-21T14:00:00Z"])]


class Problem(BaseModel):
    """What went wrong, where, and what to do next: the one shape of every error."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    where: str
    hint: str


class Budget(BaseModel):
    """The error budget of the window, in events; exact decimals are text."""

    allowed: str
    spent: int
    left: str
    remaining: float


class TooLittle(BaseModel):
    """Too few events for a rule to speak."""

    what: Literal["events", "bad events"]
    needed: int
    has: int


class PlentyLeft(BaseModel):
    """A rule that waits until less of the budget is left."""

    below: str
    left: float | None


class Rule(BaseModel):
    """What a burn-rate rule reads: the burn rates of its windows (null: no events), and the word for both.

    `waits`: for so many seconds more it must read so before it fires.
    """

    rule: str
    severity: Severity
    factor: str
    long: float | None
    short: float | None
    reading: Literal["calm", "rising", "firing", "recovering"]
    firing: bool
    waits: int
    too_little: TooLittle | None
    plenty_left: PlentyLeft | None


class Evaluation(BaseModel):
    """An SLO, or a group of it, at an instant; without these fields where nothing was evaluated yet."""

    state: Health
    at: Instant | None = None
    from_: Instant | None = Field(None, alias="from")
    good: int | None = None
    total: int | None = None
    sli: float | None = None
    met: bool | None = None
    budget: Budget | None = None
    rules: list[Rule] = []


class Group(Evaluation):
    """One group of an SLO, judged by itself."""

    group: str


class Source(BaseModel):
    """How far the telemetry of an SLO was read, and why not further."""

    name: str
    state: Word
    reason: str
    read_to: Instant | None
    newest: Instant | None
    problem: Problem | None


class Slo(Evaluation):
    """A promise, and how it stands: the same numbers as `allowance status --json`."""

    id: str
    service: str
    slo: str
    target: str
    window: str
    sla: str | None = None
    owner: str | None
    source: Source
    groups: list[Group] = []
    problem: Problem | None = None


class Slos(BaseModel):
    """One page of SLOs in the order of their ids; `next` is the cursor of the following page."""

    slos: list[Slo]
    next: str | None


class Healthy(BaseModel):
    """The process is up."""

    status: Literal["ok"]


class Ready(BaseModel):
    """The store takes writes, and the newest tick is young; sources with problems are named to those who may read."""

    ready: Literal[True]
    tick: Instant
    evaluates_here: bool
    evaluator: str
    contract: Problem | None
    sources_in_trouble: int
    sources: list[Source]


OTHER_ERRORS: dict[int, str] = {
    401: "the token is missing or not known",
    403: "the role does not allow it",
    413: "the body is too large",
    429: "too many requests; Retry-After says when to go on",
    503: "the store or the tokens cannot be read at this moment",
}

ERRORS: dict[int, str] = {
    400: "the request cannot be read",
    404: "there is no such thing",
    409: "it does not fit the state of things",
    415: "the body is of another type",
    422: "a value does not fit",
}


def answers(
    model: type[BaseModel] | None, *errors: int, status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """The responses of a route for the OpenAPI document: its own errors, and those that every route has."""
    words = OTHER_ERRORS | {code: ERRORS[code] for code in errors}
    found: dict[int | str, dict[str, Any]] = {
        code: {"model": Problem, "description": text} for code, text in sorted(words.items())
    }
    if model is not None:
        found[status] = {"model": model, "description": (model.__doc__ or "").strip()}
    return found
