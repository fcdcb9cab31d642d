"""Dependency waivers: `/v1/waivers`; and who was hurt and who caused it: `/v1/attribution`."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.responses import Response

from allowance.app import exceptions as app
from allowance.app.attributed import parse_fault, slo_of, unseen
from allowance.core.duration import DAY
from allowance.core.window import Span
from allowance.governance.attribution import Attribution
from allowance.governance.waivers import WaiverAsk, end_waiver, in_time
from allowance.reports.attribution_json import attribution_json
from allowance.reports.exceptions_json import waiver_json
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.attribution_shapes import Attribution as AttributionShape
from allowance.web.exception_asks import ReasonIn, WaiverIn
from allowance.web.exception_shapes import Waiver, Waivers
from allowance.web.exceptions import Id, answered, deciding, listed, person, seconds_of
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Name, answers
from allowance.web.times import Moment, floored
from allowance.web.tokens import Caller, covers, may

router = APIRouter(tags=["exceptions"])

LONGEST = 366 * DAY
FAULT = r"^[a-z0-9][-a-z0-9.]{0,99}=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
Fault = Annotated[str, StringConstraints(pattern=FAULT)]
Faults = dict[str, list[Span]]


@router.get(
    "/v1/waivers", dependencies=[may("read")], responses=answers(Waivers), summary="Dependency waivers"
)
def waivers(asked: Asked) -> Response:
    """Newest first; `holds` says which of them lift something now."""
    now, standing = asked.clock(), asked.state.law.standing()
    return Json({"waivers": listed(standing, "waiver", now=now)})


@router.post(
    "/v1/waivers",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(Waiver, 400, 404, 409, 415, 422, status=201)
    | {
        200: {"model": AttributionShape, "description": "With dry_run: it would be granted, because of this."}
    },
    summary="Lift what a dependency's outage would mean",
)
def grant(asked: Asked, who: Annotated[Caller, may("waive")], said: WaiverIn) -> Response:
    """Strict policies want evidence of a mitigation and a confident attribution, lenient ones the owner's word."""
    now, state = asked.clock(), asked.state
    service, _ = deciding(lambda: slo_of(state.contract, said.slo))
    covers(who, service.name)
    ask = WaiverAsk(
        slo=said.slo,
        dependency=said.dependency,
        seconds=seconds_of(said.hours),
        reason=said.reason,
        evidence=tuple(said.evidence),
        owner=said.owner,
    )
    faults = deciding(lambda: _faults(said.faults))
    entries, found = deciding(
        lambda: app.grant_waiver(state, ask, person(who), declared=faults, dry_run=said.dry_run, now=now)
    )
    if said.dry_run:
        return Json(_attribution(asked, found, faults))
    return answered(asked, "waiver", entries, now)


@router.post(
    "/v1/waivers/{id}/end",
    dependencies=[OnlyJson],
    responses=answers(Waiver, 400, 404, 409, 415, 422),
    summary="End a waiver before its time",
)
def end(
    asked: Asked,
    who: Annotated[Caller, may("waive")],
    id: Id,  # noqa: A002
    said: ReasonIn,
) -> Response:
    """What it lifted counts again from this instant."""
    now, law = asked.clock(), asked.state.law
    covers(who, deciding(lambda: in_time(id, law.standing(), now=now)).service)
    deciding(lambda: law.act(lambda standing: end_waiver(id, said.reason, standing, person(who), now=now)))
    return Json(waiver_json(law.standing().waivers[id], now=now))


@router.get(
    "/v1/attribution/{service}/{name}",
    dependencies=[may("read")],
    responses=answers(AttributionShape, 404, 409, 422),
    summary="Who was hurt, and who caused it",
)
def attribution(
    asked: Asked,
    service: Name,
    name: Name,
    begin: Annotated[
        Moment | None, Query(alias="from", description="the SLO's window where both are left out")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to")] = None,
    fault: Annotated[
        list[Fault],
        Query(max_length=50, description="a fault window of what is not measured: mail=BEGIN/END"),
    ] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Both views sum to all bad events of the span, what nothing explains included."""
    faults = deciding(lambda: _faults(fault))
    found = deciding(
        lambda: app.attributed(asked.state, f"{service}/{name}", _span(asked, begin, end), faults)
    )
    return Json(_attribution(asked, found, faults))


def _attribution(asked: House, found: Attribution, faults: Faults) -> dict[str, object]:
    state = asked.state
    service, _ = slo_of(state.contract, found.slo)
    return attribution_json(found, unseen(state.contract, state.histories, service, faults))


def _span(asked: House, begin: Moment | None, end: Moment | None) -> Span | None:
    if begin is None and end is None:
        return None
    last = asked.clock() if end is None else floored(end)
    first = last - 30 * DAY if begin is None else floored(begin)
    if not 0 < last - first <= LONGEST:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "span",
            "the span ends before it begins, or is longer than a year",
            hint="give from and to, in this order",
            path="query.from",
        )
    return Span(begin=first, end=last)


def _faults(texts: Sequence[str]) -> Faults:
    found: Faults = {}
    for name, span in map(parse_fault, texts):
        found.setdefault(name, []).append(span)
    return found
