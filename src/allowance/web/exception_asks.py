"""What exceptions are asked for with, field by field, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from allowance.web.shapes import Line
from allowance.web.times import Moment

Said = Annotated[
    str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
]
Named = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Hours = Annotated[float, Field(gt=0, le=24 * 366)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class BulletIn(_In):
    """A silver bullet for one change; `hours` is how long it holds once it is spent (the policy's most: left out)."""

    service: Named
    change: Named
    environment: Named = "production"
    reason: Said
    hours: Hours | None = None
    dry_run: bool = False


class OverrideIn(_In):
    """An override of a governance freeze for one change; `freeze` may be left out where only one is in force."""

    service: Named
    change: Named
    environment: Named = "production"
    reason: Said
    hours: Hours | None = None
    freeze: Line = ""


class ReleaseIn(_In):
    """A conditional release: the plan that limits the damage, and what must be met before the change may go."""

    service: Named
    change: Named
    environment: Named = "production"
    plan: Said
    hours: Hours = 24
    conditions: Annotated[list[Named], Field(min_length=1, max_length=20)] | None = None


class EvidenceIn(_In):
    """Evidence that a condition is met; with a `value` where the condition has a limit."""

    condition: Named
    evidence: Said
    value: Line = ""


class ReasonIn(_In):
    """Why something ends before its time."""

    reason: Said


class WaiverIn(_In):
    """A dependency waiver. `faults` are fault windows of what is not measured: they alone prove nothing."""

    slo: Named
    dependency: Named
    reason: Said
    hours: Hours
    evidence: Annotated[list[Said], Field(max_length=20)] = []
    owner: Line = ""
    faults: Annotated[list[Line], Field(max_length=50)] = []
    dry_run: bool = False


class SprintItemIn(_In):
    """A piece of the reliability sprint that pays for a bankruptcy."""

    what: Said
    owner: Named
    due: Moment


class BankruptcyIn(_In):
    """A new epoch for the budgets of a service (`slos`: only these, by name)."""

    service: Named
    slos: Annotated[list[Named], Field(max_length=100)] = []
    reason: Said
    sprint: Annotated[list[SprintItemIn], Field(min_length=1, max_length=50)]


class DoneIn(_In):
    """What shows that an obligation was met, such as the address of a postmortem."""

    evidence: Said
