"""Who was hurt, who caused it, and what it may cost, field by field, for the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from allowance.contract.budget_policy import ChangeClass
from allowance.governance.attribution import Basis, CauseKind
from allowance.web.shapes import Instant


class Hurt(BaseModel):
    """What a group of customers met; `share` is its part of all bad events."""

    group: str
    bad: int
    total: int
    sli: float | None
    share: float | None


class Window(BaseModel):
    """A fault window."""

    model_config = ConfigDict(populate_by_name=True)
    from_: Instant = Field(alias="from")
    to: Instant


class Cause(BaseModel):
    """What is attributed to a cause: bad events as exact decimals, and how sure that is (null: cannot be said)."""

    kind: CauseKind
    name: str
    basis: Basis
    bad: str
    share: float | None
    inside: str
    expected: str
    fault_seconds: int
    confidence: float | None
    windows: list[Window]


class Rest(BaseModel):
    """What nothing here explains."""

    bad: str
    share: float | None


class Attribution(BaseModel):
    """Both views of an SLO: `hurt` sums to `bad`, and so do `caused` and `unattributed`."""

    model_config = ConfigDict(populate_by_name=True)
    slo: str
    from_: Instant = Field(alias="from")
    to: Instant
    total: int
    bad: int
    hurt: list[Hurt]
    caused: list[Cause]
    unattributed: Rest
    unseen: list[str]


class Chance(BaseModel):
    """A chance, and the ends of its interval."""

    mean: float
    low: float
    high: float


class Minutes(BaseModel):
    """Minutes of a full outage that an incident comes to; `spells` 0: as the question said."""

    usual: float
    least: float
    most: float
    spells: int


class Amount(BaseModel):
    """An amount and the ends of its interval, in a currency, or in days (`d`)."""

    usual: float
    low: float
    high: float
    unit: str


class Tally(BaseModel):
    """How many of some deploys failed."""

    deploys: int
    failed: int


class RiskInputs(BaseModel):
    """What the answer was made of."""

    burn_now: float | None
    burning: bool | None
    own: Tally
    change: ChangeClass | None
    own_of_this_class: Tally | None
    own_at_this_burn: Tally
    other_services: Tally
    per_minute: str | None
    lift_per_day: str | None


class Risk(BaseModel):
    """What shipping now would probably cost; null is what is not known, and `missing` says why."""

    service: str
    level: float
    chance: Chance | None
    outage_minutes: Minutes | None
    expected_loss: Amount | None
    days_of_lift: Amount | None
    inputs: RiskInputs
    missing: list[str]
    sentence: str
