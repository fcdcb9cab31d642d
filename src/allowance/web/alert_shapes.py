"""What the API says of alerts and takes about them, for its OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from allowance.alerting.lifecycle import State
from allowance.contract.rules import Severity
from allowance.edges.store.acks import Disposition
from allowance.web.shapes import Instant, Line, Text


class Ack(BaseModel):
    """Who has taken an alert, and what they say it was."""

    signature: str
    at: Instant
    opened: Instant | None
    by: str
    note: str
    disposition: Disposition | None


class AckIn(BaseModel):
    """`by` is the name on the token where it is left out."""

    model_config = ConfigDict(extra="forbid")
    by: Line = ""
    note: Text = ""
    disposition: Disposition | None = None


class Entry(BaseModel):
    """One stretch of firing; it goes on while `end` is null."""

    begin: Instant
    end: Instant | None


class Held(BaseModel):
    """What keeps an alert quiet, why, and until when (null: as long as that lasts)."""

    kind: str
    why: str
    until: Instant | None


class Alert(BaseModel):
    """An alert that is not over: its life, and the rule of it that speaks loudest (burn null: no events).

    `about` says of what it is: too fast a burn; no data of an SLO, or a source that is read late (then there is no
    rule, but a `source`, and how far it is `known_to`). `told`: somebody was told that it is open, and has not been told that it is over.
    """

    signature: str
    about: Literal["burn rate", "no-data", "late"]
    service: str
    slo: str
    group: str
    severity: Severity
    state: State
    since: Instant
    opened: Instant | None
    entries: list[Entry]
    rule: str | None
    factor: str | None
    long: float | None
    short: float | None
    bad: int
    total: int
    remaining: float | None
    source: str | None
    known_to: Instant | None
    owner: str | None
    runbook: str | None
    told: bool
    muted: Held | None
    acknowledged: Ack | None


class Failing(BaseModel):
    """A channel whose last try failed, for the first time at `since`; `lost`: refused or given up since then.

    `next_try` is null where none of those that are `waiting` was tried yet.
    """

    channel: str
    since: Instant
    last: Instant
    reason: str
    waiting: int
    lost: int
    next_try: Instant | None


class Alerts(BaseModel):
    """Every alert that is not quiet, at the instant of the newest tick; louder ones first. `failing`: who hears nothing."""

    at: Instant | None
    alerts: list[Alert]
    failing: list[Failing]


class AlertEvent(BaseModel):
    """Something that an alert said; where it was held back, by what and why.

    `began`: since when what opens was to be seen in the counts; from there to `at` it took to be found.
    """

    at: Instant
    signature: str
    says: str
    title: str
    began: Instant | None
    muted: Held | None


class AlertEvents(BaseModel):
    """Oldest first; `next` is the cursor of what follows, null where this was the end."""

    events: list[AlertEvent]
    next: str | None
