"""What the API says of coverage, field by field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from allowance.web.shapes import Instant


class CoveredService(BaseModel):
    """A service that is declared, or seen in the last day, or both. `signals` counts items of telemetry, `attributes`
    are exact shares of them (`1/3`), `promises` says when each SLO last had an event."""

    name: str
    declared: bool
    seen: bool
    signals: dict[Literal["spans", "metrics", "logs"], int]
    attributes: dict[str, str]
    promises: dict[str, Instant | None]
    routes: list[str]
    unseen_routes: list[str]


class CoveredJourney(BaseModel):
    """A journey, and its promises that have no events."""

    name: str
    critical: bool
    covered: bool
    unseen: list[str]


class CoverageFinding(BaseModel):
    """Something that should be seen and is not, or should not be seen and is."""

    code: str
    severity: Literal["error", "warning", "info"]
    service: str
    message: str
    hint: str


class Coverage(BaseModel):
    """`ratio`: the exact share of declared services that are seen; `uncovered`: critical journeys that are blind."""

    at: Instant
    ratio: str | None
    uncovered: list[str]
    services: list[CoveredService]
    journeys: list[CoveredJourney]
    findings: list[CoverageFinding]
