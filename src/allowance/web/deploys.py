"""Deploys that were told us, and how far freezes were kept: `/v1/deploys` and `/v1/adherence`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.app.verdicts import USUAL
from allowance.changes.deploys import Deploy
from allowance.core.counts import NoData
from allowance.core.time import Instant, iso
from allowance.governance.adherence import adherence, unasked
from allowance.web.asked import Asked, House
from allowance.web.gate_shapes import Adherence, Deploys
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.times import Moment, floored
from allowance.web.tokens import may

router = APIRouter(tags=["gate"], dependencies=[may("read")])

From = Annotated[Moment | None, Query(alias="from", description="28 days before `to` where it is left out")]
To = Annotated[Moment | None, Query(description="now where it is left out; the end is not included")]
ServiceIs = Annotated[str | None, Query(max_length=200)]


@router.get("/v1/deploys", responses=answers(Deploys, 422), summary="Deploys of a period")
def deploys(
    asked: Asked,
    service: ServiceIs = None,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """Oldest first; of too many the newest."""
    begin, end = _period(asked, from_, to)
    found = asked.state.deploys(begin=begin, end=end, service=service)
    return Json({"deploys": [deploy_json(one) for one in found[-limit:]], "in_all": len(found)})


@router.get("/v1/adherence", responses=answers(Adherence, 422), summary="Deploys during a freeze")
def freeze_adherence(asked: Asked, service: ServiceIs = None, from_: From = None, to: To = None) -> Response:
    """How many of the deploys went out while their service was frozen, and which of them neither the gate nor an exception allowed.

    And which of all of them the gate was never asked about: the ledger holds no verdict from before they went out.
    """
    begin, end = _period(asked, from_, to)
    told = asked.state.deploys(begin=begin, end=end, service=service)
    standing = asked.state.law.standing()
    said = asked.state.verdicts.before(begin, end, service=service or "", now=asked.clock())
    found = adherence(told, standing, said or (), begin=begin, end=end)
    return Json(
        {
            "service": service,
            "from": iso(begin),
            "to": iso(end),
            "deploys": found.deploys,
            "during_freeze": found.during,
            "allowed": found.allowed,
            "against": [one.id for one in found.against],
            "unasked": None if said is None else [one.id for one in unasked(told, said)],
            "share": None if isinstance(found.share, NoData) else str(found.share),
        }
    )


def deploy_json(one: Deploy) -> dict[str, Any]:
    """A deploy as the API shows it."""
    return {
        "id": one.id,
        "source": one.source,
        "service": one.service,
        "version": one.version,
        "commit": one.commit,
        "environment": one.environment,
        "at": iso(one.at),
        "state": one.state,
    }


def _period(asked: House, from_: Moment | None, to: Moment | None) -> tuple[Instant, Instant]:
    end = asked.clock() if to is None else floored(to)
    begin = end - USUAL if from_ is None else floored(from_)
    return begin, end
