"""Risk against reward: `/v1/risk/{service}`."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.contract.budget_policy import ChangeClass
from allowance.governance.risk import parse_lift
from allowance.reports.risk_json import risk_json
from allowance.web.asked import Asked
from allowance.web.attribution_shapes import Risk
from allowance.web.exceptions import deciding
from allowance.web.problems import Json
from allowance.web.shapes import Name, answers
from allowance.web.tokens import may

LIFT = r"^[0-9]{1,12}(\.[0-9]{1,6})? [A-Z]{3}/(hour|day|week|month)$"

router = APIRouter(prefix="/v1/risk", tags=["exceptions"])


@router.get(
    "/{service}",
    dependencies=[may("read")],
    responses=answers(Risk, 404, 409, 422),
    summary="What shipping now would probably cost",
)
def risk(
    asked: Asked,
    service: Name,
    lift: Annotated[
        str | None, Query(pattern=LIFT, description="what the change brings: 1200 EUR/day")
    ] = None,
    minutes: Annotated[
        float | None,
        Query(gt=0, le=100_000, description="minutes of outage, where the record should not say"),
    ] = None,
    change: Annotated[
        ChangeClass | None, Query(description="the class of the change: its own record counts most")
    ] = None,
) -> Response:
    """From the service's own deploys, shrunk to everybody's where they are few; every number with its interval."""
    wanted = None if lift is None else parse_lift(lift)
    said = None if minutes is None else Fraction(minutes).limit_denominator(1000)
    now = asked.clock()
    found = deciding(
        lambda: app.weighed(asked.state, service, now=now, lift=wanted, minutes=said, change=change)
    )
    return Json(risk_json(found))
