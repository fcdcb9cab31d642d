"""What the gate is asked and answers, field by field, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from allowance.contract.budget_policy import ChangeClass
from allowance.governance.verdict import Mark, Mode, Word
from allowance.web.shapes import Instant

Short = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
ServiceName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class AskIn(BaseModel):
    """May this change go? Under one `key` there is one answer, however often it is asked."""

    model_config = ConfigDict(extra="forbid")
    service: ServiceName
    change: ChangeClass = "feature"
    version: Short = ""
    commit: Short = ""
    environment: ServiceName = "production"
    change_id: Short = ""
    shadow: bool = False
    key: Short = ""


class Asked(BaseModel):
    """What was asked; `actor` is the name on the token."""

    service: str
    change: ChangeClass
    version: str
    commit: str
    environment: str
    change_id: str
    actor: str
    shadow: bool


class Reason(BaseModel):
    """One rule and what it found; `info` decides nothing. `lifted_by`: the exception because of which it does not count."""

    mark: Mark
    rule: str
    fact: str
    link: str
    lifted_by: str


class Way(BaseModel):
    """Something that would change the verdict, when at the earliest, and what is typed to ask for it."""

    kind: Literal["class", "wait", "data", "bullet", "waiver", "release", "override"]
    text: str
    at: Instant | None
    command: str = ""


class Policy(BaseModel):
    """The error-budget policy that spoke, and the hash of exactly this version of it."""

    name: str
    hash: str


class Verdict(BaseModel):
    """The answer. `verdict` is what counts, `true_verdict` what the rules say; `mode` says why they may differ."""

    verdict: Word
    true_verdict: Word
    mode: Mode
    advice: Word | None
    shadow: bool
    sentence: str
    reasons: list[Reason]
    ways: list[Way]
    policy: Policy
    blind: bool
    as_of: Instant | None
    at: Instant
    ask: Asked


class Decision(Verdict):
    """A verdict that is in the ledger, as entry `id` with this hash."""

    id: int
    hash: str
    key: str


class DecisionInFull(Decision):
    """A recorded verdict with all of its evidence; `replays`: the evidence leads to the same verdict again."""

    evidence: dict[str, object]
    replays: bool


class Adherence(BaseModel):
    """Deploys in `[from, to)`; those during a freeze, the ones that the gate or an exception let go, and the ids of the
    others.

    `unasked` are the ids of those that the gate was never asked about; null where there are too many verdicts to look
    at, and then exceptions alone allow.
    `share` is during / deploys as an exact fraction, null without deploys.
    """

    service: str | None
    from_: Instant = Field(alias="from")
    to: Instant
    deploys: int
    during_freeze: int
    allowed: int
    against: list[str]
    unasked: list[str] | None
    share: str | None


class Evaluated(BaseModel):
    """The gate's word for Argo Rollouts: `go` succeeds, `stop` fails, `hold` is inconclusive and pauses."""

    verdict: Word
    sentence: str
    reasons: list[str]
    as_of: Instant | None


class PrometheusVector(BaseModel):
    """An instant vector; the number of each value is text."""

    resultType: Literal["vector"]  # noqa: N815 - Prometheus calls it so
    result: list[dict[str, object]]


class PrometheusAnswer(BaseModel):
    """The answer of Prometheus' query API."""

    status: Literal["success"]
    data: PrometheusVector


class CanaryHook(BaseModel):
    """What Flagger posts: the canary, the phase, the checksum of its spec, and the metadata of the hook."""

    name: ServiceName
    namespace: Short = ""
    phase: Short = ""
    checksum: Short = ""
    metadata: dict[str, str] = Field(default_factory=dict, max_length=50)


class CanaryConfig(BaseModel):
    """A canary configuration as Kayenta's clients read it; there is one for each class of changes."""

    Id: str
    Name: str
    UpdatedTimestamp: int
    UpdatedTimestampIso: str
    Applications: list[str]


class CanaryConfigs(RootModel[list[CanaryConfig]]):
    """All of them."""


class CanaryStarted(BaseModel):
    """The id under which the result is asked for."""

    canaryExecutionId: str  # noqa: N815 - Kayenta calls it so


class CanaryAnswer(BaseModel):
    """`complete`, and then `result.judgeResult.score.score`, a number."""

    complete: bool
    result: dict[str, object] | None = None


class Deploy(BaseModel):
    """One deploy; (`source`, `id`) is its identity."""

    id: str
    source: str
    service: str
    version: str
    commit: str
    environment: str
    at: Instant
    state: Literal["ok", "failed", "rolled-back"]


class Deploys(BaseModel):
    """Deploys of a period, oldest first; `in_all` counts also those that are not shown."""

    deploys: list[Deploy]
    in_all: int


class WebhookTaken(BaseModel):
    """What a webhook led to."""

    note: str
