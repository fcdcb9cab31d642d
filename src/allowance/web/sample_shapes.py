"""What the API says of errors, latencies and coverage, field by field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from allowance.web.shapes import Instant


class ErrorSample(BaseModel):
    """One span that failed; `link` leads to its trace where an address was given. Texts are redacted."""

    trace: str
    span: str
    at: Instant
    milliseconds: float
    version: str
    tenant: str
    region: str
    message: str
    link: str | None


class ErrorMinute(BaseModel):
    """Errors of one minute."""

    at: Instant
    errors: int


class ErrorSignature(BaseModel):
    """What errors have in common. `share` is that of all errors of the service in the period, exact (`1/3`)."""

    id: str
    place: str
    kind: str
    error: str
    exception: str
    errors: int
    share: str
    first: Instant
    last: Instant
    minutes: list[ErrorMinute]
    samples: list[ErrorSample]


class ServiceErrors(BaseModel):
    """The errors of a service in a period: signatures with most errors first. Signatures above the limit are
    together in the one whose place is `(other)`; `folded` says whether there is one."""

    service: str
    from_: Instant = Field(alias="from")
    to: Instant
    errors: int
    folded: bool
    signatures: list[ErrorSignature]


class Percentiles(BaseModel):
    """Milliseconds; null where nothing came."""

    events: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class LatencyBucket(Percentiles):
    """Five minutes."""

    at: Instant


class RouteLatency(Percentiles):
    """A route in the period, and by five minutes. `source` is `spans`, or `metrics`: histograms, whose buckets say how
    exact they are; `relative_error` is then null."""

    route: str
    source: Literal["spans", "metrics"]
    relative_error: str | None
    buckets: list[LatencyBucket]


class ServiceLatency(BaseModel):
    """How long requests to a service took. Shown, and never used to decide."""

    service: str
    from_: Instant = Field(alias="from")
    to: Instant
    routes: list[RouteLatency]
