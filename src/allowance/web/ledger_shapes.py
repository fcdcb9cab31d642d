"""What the ledger's routes answer, field by field, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from allowance.web.shapes import Instant


class LedgerEntry(BaseModel):
    """What was decided, by whom, when; sealed with the hash of the entry before it."""

    seq: int
    at: Instant
    kind: str
    subject: str
    actor: str
    payload: dict[str, Any]
    form: int = Field(alias="schema")
    prev: str
    hash: str


class LedgerPage(BaseModel):
    """Entries in their order; `next` is the `after` of the next page, null on the last one."""

    entries: list[LedgerEntry]
    next: int | None


class BrokenLink(BaseModel):
    """The first entry that does not hold, and what is wrong with it."""

    seq: int
    why: str


class Verification(BaseModel):
    """Whether every link of the ledger holds, and when that was looked at."""

    at: Instant
    whole: bool
    after: int | None = None
    head: int | None = None
    hash: str | None = None
    checkpoints: int | None = None
    broken: BrokenLink | None = None
