"""Deploys that were told us, and how far freezes were kept: `/v1/deploys` and `/v1/adherence`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.app.law import Asked as Entries
from allowance.changes.deploys import Deploy
from allowance.core.counts import NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant, iso
from allowance.governance.adherence import adherence, unasked
from allowance.governance.ledger import Entry
from allowance.governance.verdict_record import DECIDED
from allowance.web.asked import Asked, House
from allowance.web.gate_shapes import Adherence, Deploys
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.times import Moment, floored
from allowance.web.tokens import may

router = APIRouter(tags=["gate"], dependencies=[may("read")])

USUAL = 28 * DAY
"""The period where none is named."""

AHEAD = 7 * DAY
"""So long before its deploy a change may have been asked about."""

MOST = 20_000
"""With more verdicts in a period it is not said which deploys had none."""

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
    """How many of the deploys went out while their service was frozen, and which of them no exception allowed.

    And which of all of them the gate was never asked about: the ledger holds no verdict from before they went out.
    """
    begin, end = _period(asked, from_, to)
    told = asked.state.deploys(begin=begin, end=end, service=service)
    found = adherence(told, asked.state.law.standing(), begin=begin, end=end)
    asked_about = _verdicts(asked, service or "", begin, end)
    return Json(
        {
            "service": service,
            "from": iso(begin),
            "to": iso(end),
            "deploys": found.deploys,
            "during_freeze": found.during,
            "allowed": found.allowed,
            "against": list(found.against),
            "unasked": None if asked_about is None else list(unasked(told, asked_about)),
            "share": None if isinstance(found.share, NoData) else str(found.share),
        }
    )


def _verdicts(asked: House, service: str, begin: Instant, end: Instant) -> Sequence[Entry] | None:
    """The verdicts of a period and of the week before it; nothing where they are too many to look at."""
    wanted = Entries(kind=DECIDED, subject=service, since=begin - AHEAD, until=end, most=MOST)
    found = asked.state.law.ledger.find(wanted)
    return found if len(found) < MOST else None


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
