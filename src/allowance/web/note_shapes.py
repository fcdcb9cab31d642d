"""What the API takes and shows of notes and corrections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from allowance.web.shapes import Key, Line
from allowance.web.times import Moment

Said = Annotated[
    str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
]
SloId = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[a-z0-9][-a-z0-9.]*/[a-z0-9][-a-z0-9.]*$")
]


class NoteIn(BaseModel):
    """A remark on a period: from `begin` to `end` (the same instant where it is left out), on one SLO or on all."""

    model_config = ConfigDict(extra="forbid")
    service: Key
    slo: Line = ""
    begin: Moment
    end: Moment | None = None
    text: Said


class Note(BaseModel):
    """A remark, who wrote it, and when."""

    id: str
    service: str
    slo: str
    begin: str
    end: str
    text: str
    by: str
    at: str


class Notes(BaseModel):
    """Remarks on a period, oldest first."""

    notes: list[Note]


class CorrectionIn(BaseModel):
    """A period of one SLO that is taken out of the counts (`exclude`), or counted good (`count-good`), and why."""

    model_config = ConfigDict(extra="forbid")
    slo: SloId
    kind: Literal["exclude", "count-good"]
    begin: Moment
    end: Moment
    reason: Said


class Effect(BaseModel):
    """What a correction changes, in exact counts: of its period, and of the SLO's window before and after."""

    period_good: int
    period_total: int
    good_before: int
    total_before: int
    good_after: int
    total_after: int


class Correction(BaseModel):
    """A correction, what it changed when it was made, and whether it was taken back."""

    id: str
    slo: str
    kind: Literal["exclude", "count-good"]
    begin: str
    end: str
    reason: str
    by: str
    at: str
    entry: int
    effect: Effect
    revoked: str | None
    revoked_by: str
    revoked_reason: str


class Corrections(BaseModel):
    """Corrections, the newest first."""

    corrections: list[Correction]


class CorrectionPreview(BaseModel):
    """What a correction would change; nothing was saved. The shares of the budget are as they are read by people."""

    effect: Effect
    left_before: str
    left_after: str


class RevokeIn(BaseModel):
    """Why a period counts after all."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(max_length=2000)]
