"""What the API takes to keep alerts quiet, and what it says that would hit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from allowance.web.alert_shapes import AlertEvent
from allowance.web.shapes import Instant, Key, Line
from allowance.web.times import Moment


class Repeats(BaseModel):
    """Occurrences of so many seconds by a rule of RFC 5545 on the wall clock of a zone; `next`: now or next."""

    rrule: str
    duration: int
    zone: str
    next_begin: Instant | None
    next_end: Instant | None


class Mute(BaseModel):
    """Something that keeps alerts quiet in `[begin, end)` where all its labels match; with `repeats` only in its
    occurrences."""

    id: str
    kind: Literal["silence", "maintenance", "deploy"]
    begin: Instant
    end: Instant
    labels: dict[str, str]
    by: str
    reason: str
    unless_burn_above: float | None
    repeats: Repeats | None


class Mutes(BaseModel):
    """Everything in force or planned."""

    mutes: list[Mute]


class Taken(BaseModel):
    """What became of the events: how many were new, how many known already, and which mutes they began."""

    accepted: int
    duplicates: int
    mutes: list[Mute]
    notes: list[str]


class RepeatsIn(BaseModel):
    """A rule of RFC 5545, days or longer apart, on the wall clock of `zone`, and how long an occurrence is."""

    model_config = ConfigDict(extra="forbid")
    rrule: Annotated[str, Field(max_length=300, examples=["FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0"])]
    duration: Annotated[str, Field(max_length=40, examples=["2h"])]
    zone: Annotated[str, Field(max_length=64, examples=["Europe/Berlin"])] = "UTC"


class MuteIn(BaseModel):
    """A silence or a maintenance: from `begin` (now where it is left out) to `end`, and never without a reason.

    With `repeats` it holds only in the occurrences that lie between.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    kind: Literal["silence", "maintenance"] = "silence"
    begin: Moment | None = None
    end: Moment
    labels: Annotated[dict[Key, Line], Field(min_length=1, max_length=20)]
    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
    ]
    by: Line = ""
    unless_burn_above: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    repeats: RepeatsIn | None = None


class Preview(BaseModel):
    """What a mute would hit: alerts that fire now, and what was said in the last 7 days (the newest 100).

    `promises`: how many promises have its labels; none is perhaps a slip of the pen.
    """

    mute: Mute
    promises: int
    firing: list[str]
    events: list[AlertEvent]
    events_in_all: int
