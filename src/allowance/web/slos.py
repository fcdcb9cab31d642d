"""The promises and how they stand: `/v1/slos`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from allowance.app.tick import Tick
from allowance.budget.evaluate import Evaluation
from allowance.budget.health import Health
from allowance.contract.model import Slo
from allowance.core.problem import Problem
from allowance.reports.status_report import status_json
from allowance.web.asked import Asked, House
from allowance.web.problems import Refusal
from allowance.web.shapes import Name, Slos, answers
from allowance.web.shapes import Slo as SloShape
from allowance.web.sources import SourceState, by_slo, source_json
from allowance.web.tokens import may

router = APIRouter(prefix="/v1/slos", tags=["SLOs"], dependencies=[may("read")])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "nothing has changed since that ETag"}}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One SLO at the newest tick."""

    slo: Slo
    whole: Evaluation | None
    groups: dict[str, Evaluation] | None
    problem: Problem | None

    @property
    def health(self) -> Health:
        """Its word; nothing evaluated is no data."""
        return "no data" if self.whole is None else self.whole.health


@router.get("", responses=NOT_MODIFIED | answers(Slos, 422), summary="Every SLO, page by page")
def slos(
    asked: Asked,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str, Query(max_length=200, description="`next` of the page before")] = "",
    service: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[Health | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    if_none_match: Annotated[str | None, Header(max_length=2000)] = None,
) -> Response:
    """In the order of their ids, so that a page is stable while numbers change."""
    tick = asked.state.now
    found = [
        judged(slo, tick, where)
        for slo, where in _slos(asked)
        if slo.id > cursor and service in (None, slo.service) and owner in (None, slo.owner)
    ]
    matching = [one for one in found if state in (None, one[0].health)]
    page = matching[:limit]
    following = page[-1][0].slo.id if len(matching) > limit else None
    return tagged({"slos": [row(*one) for one in page], "next": following}, if_none_match)


@router.get("/{service}/{name}", responses=NOT_MODIFIED | answers(SloShape, 404, 422), summary="One SLO")
def slo(
    asked: Asked,
    service: Name,
    name: Name,
    if_none_match: Annotated[str | None, Header(max_length=2000)] = None,
) -> Response:
    """Its numbers at the newest tick, each rule, each group, and how far its source was read."""
    for one, where in _slos(asked):
        if (one.service, one.name) == (service, name):
            return tagged(row(*judged(one, asked.state.now, where)), if_none_match)
    raise Refusal(
        HTTPStatus.NOT_FOUND,
        "slo",
        f"there is no SLO {service[:100]}/{name[:100]}",
        hint="GET /v1/slos lists all of them",
    )


def judged(slo: Slo, tick: Tick | None, where: SourceState) -> tuple[Judged, SourceState]:
    """An SLO at a tick, and its source."""
    groups = tick.groups(slo.id) if tick is not None and slo.group_by else None
    whole = None if tick is None else tick.whole(slo.id)
    return Judged(slo=slo, whole=whole, groups=groups, problem=where.problem), where


def row(one: Judged, where: SourceState) -> dict[str, Any]:
    """One SLO as the API shows it: the row of `allowance status --json`, and more."""
    (numbers,) = status_json([one])["slos"]
    return {"id": one.slo.id, "owner": one.slo.owner, **numbers, "source": source_json(where)}


def tagged(document: Any, if_none_match: str | None) -> Response:
    """A document under the tag of its bytes; 304 where the caller has it already."""
    body = orjson.dumps(document)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


def _slos(asked: House) -> list[tuple[Slo, SourceState]]:
    where = by_slo(asked.state, asked.settings, now=asked.clock())
    return sorted(
        ((slo, where[slo.id]) for slo in asked.state.contract.slos if slo.id in where),
        key=lambda one: one[0].id,
    )
