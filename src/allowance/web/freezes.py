"""Freezes and states: what is stopped, since when, how far it is from its end: `/v1/freezes`, `/v1/states`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from allowance.app.freezing import known_service, way_of
from allowance.governance.facts import Freeze
from allowance.governance.freezes import begin_by_hand, end_by_hand
from allowance.reports.policy_json import freeze_json, hand_back_json, state_json
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.deciding import deciding
from allowance.web.policy_shapes import Active, EndIn, FreezeIn, Freezes, States
from allowance.web.policy_shapes import Freeze as FreezeShape
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.times import floored
from allowance.web.tokens import Caller, covers, may

router = APIRouter(tags=["policy"])

STATUS = {
    "service": HTTPStatus.NOT_FOUND,
    "freeze": HTTPStatus.NOT_FOUND,
    "ended": HTTPStatus.CONFLICT,
    "by-itself": HTTPStatus.CONFLICT,
    "until": HTTPStatus.UNPROCESSABLE_ENTITY,
}

Id = Annotated[str, Path(max_length=100, json_schema_extra={"pattern": "^(freeze|advice)-[0-9]+$"})]


@router.get("/v1/freezes", dependencies=[may("read")], responses=answers(Freezes, 422), summary="Freezes")
def freezes(
    asked: Asked,
    service: Annotated[str | None, Query(max_length=100, description="only of this service")] = None,
    which: Annotated[Active, Query(description="only those that have not ended, or all")] = "active",
) -> Response:
    """Newest first, with the advice of policies that are not signed by all (`binding` false)."""
    standing = asked.state.law.standing()
    found = [(True, one) for one in standing.freezes.values()]
    found += [(False, one) for one in standing.advised.values()]
    shown = [
        (binding, one)
        for binding, one in sorted(found, key=lambda pair: -pair[1].seq)
        if service in (None, one.service) and (which == "all" or one.end is None)
    ]
    return Json({"freezes": [_shown(asked, one, binding=binding) for binding, one in shown]})


@router.post(
    "/v1/freezes",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(FreezeShape, 400, 404, 415, 422, status=201),
    summary="Begin a freeze by hand",
)
def begin(asked: Asked, who: Annotated[Caller, may("freeze")], said: FreezeIn) -> Response:
    """It stops features, configuration and experiments until it is ended, or until the clock says `until`."""
    deciding(lambda: known_service(asked.state.contract, said.service), STATUS)
    covers(who, said.service)
    now = asked.clock()
    until = None if said.until is None else floored(said.until)
    entries = deciding(
        lambda: asked.state.law.act(
            lambda standing: [
                begin_by_hand(
                    standing, said.service, said.model, reason=said.reason, by=who.name, until=until, now=now
                )
            ]
        ),
        STATUS,
    )
    one = asked.state.law.standing().freezes[entries[0].payload["id"]]
    return Json(_shown(asked, one, binding=True), HTTPStatus.CREATED)


@router.post(
    "/v1/freezes/{id}/end",
    dependencies=[OnlyJson],
    responses=answers(FreezeShape, 400, 404, 409, 415, 422),
    summary="End a freeze that was begun by hand",
)
def end(asked: Asked, who: Annotated[Caller, may("freeze")], id: Id, said: EndIn) -> Response:  # noqa: A002
    """409 for a freeze of a policy: that one ends by its own condition, and exceptions are the way around it."""
    now = asked.clock()
    found = asked.state.law.standing().freezes.get(id)
    if found is not None:
        covers(who, found.service)
    deciding(
        lambda: asked.state.law.act(
            lambda standing: [end_by_hand(standing, id, reason=said.reason, by=who.name, now=now)]
        ),
        STATUS,
    )
    return Json(_shown(asked, asked.state.law.standing().freezes[id], binding=True))


@router.get("/v1/states", dependencies=[may("read")], responses=answers(States), summary="Budget states")
def states(asked: Asked) -> Response:
    """Of every service and SLO, and who carries the pager in place of the usual rotation."""
    standing = asked.state.law.standing()
    backs = sorted(standing.hand_backs.values(), key=lambda one: -one.seq)
    return Json(
        {
            "states": [state_json(standing.states[name]) for name in sorted(standing.states)],
            "hand_backs": [hand_back_json(one) for one in backs],
        }
    )


def _shown(asked: House, one: Freeze, *, binding: bool) -> dict[str, Any]:
    state = asked.state
    if one.end is not None or state.now is None:
        return freeze_json(one, binding=binding)
    way = way_of(one, state.contract, state.counted, state.law.standing(), now=state.now.at)
    return freeze_json(one, binding=binding, text=way.text, earliest=way.earliest)
