"""Periods that do not count as they were counted, each with who and why: `/v1/corrections`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from allowance.app.corrected import Preview, preview_of
from allowance.core.time import iso
from allowance.core.window import Span
from allowance.governance.amendments import make, revoke
from allowance.governance.facts import Amendment
from allowance.reports import tabular
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.deciding import deciding
from allowance.web.note_shapes import Correction, CorrectionIn, CorrectionPreview, Corrections, RevokeIn
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.times import floored
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/corrections", tags=["corrections"])

STATUS = {
    "slo": HTTPStatus.NOT_FOUND,
    "no-correction": HTTPStatus.NOT_FOUND,
    "revoked": HTTPStatus.CONFLICT,
    "correction": HTTPStatus.UNPROCESSABLE_ENTITY,
}

Id = Annotated[str, Path(max_length=100, json_schema_extra={"pattern": "^correction-[0-9]+$"})]


@router.get(
    "",
    dependencies=[may("read")],
    responses=answers(Corrections, 422),
    summary="Periods that do not count as they were counted",
)
def corrections(
    asked: Asked,
    slo: Annotated[str | None, Query(max_length=200, description="`service/name`")] = None,
) -> Response:
    """The newest first, those that were taken back too."""
    found = asked.state.law.standing().amendments.values()
    shown = sorted((one for one in found if slo in (None, one.slo)), key=lambda one: -one.seq)
    return Json({"corrections": [correction_json(one) for one in shown]})


@router.post(
    "",
    dependencies=[OnlyJson],
    status_code=HTTPStatus.CREATED,
    responses=answers(Correction, 400, 404, 415, 422, status=201)
    | {200: {"model": CorrectionPreview, "description": (CorrectionPreview.__doc__ or "").strip()}},
    summary="Correct a period",
)
def correct(
    asked: Asked,
    who: Annotated[Caller, may("correct")],
    said: CorrectionIn,
    preview: Annotated[bool, Query(description="say what it would change, and save nothing")] = False,
) -> Response:
    """Counted telemetry stays as it is; what the period counts as is written into the ledger, and can be revoked."""
    if preview:
        covers(who, said.slo.partition("/")[0])
        return Json(preview_json(previewed(asked, said)))
    return Json(correction_json(made(asked, who, said)), HTTPStatus.CREATED)


@router.post(
    "/{id}/revoke",
    dependencies=[OnlyJson],
    responses=answers(Correction, 400, 404, 409, 415, 422),
    summary="Take a correction back",
)
def take_back(
    asked: Asked,
    who: Annotated[Caller, may("correct")],
    id: Id,  # noqa: A002 - the word of the field
    said: RevokeIn,
) -> Response:
    """Its period counts again as it was counted."""
    return Json(correction_json(revoked(asked, who, id, said.reason)))


def previewed(house: House, said: CorrectionIn) -> Preview:
    """What a correction would change. Errors: `Refusal` 404 where there is no such SLO, 422 for no period."""
    return deciding(
        lambda: preview_of(
            house.state.contract,
            house.state.histories,
            house.state.law.standing(),
            said.slo,
            said.kind,
            _span(said),
            now=_now(house),
        ),
        STATUS,
    )


def made(house: House, who: Caller, said: CorrectionIn) -> Amendment:
    """A correction, recorded and in force."""
    covers(who, said.slo.partition("/")[0])
    effect = previewed(house, said).effect
    entries = deciding(
        lambda: house.state.law.act(
            lambda standing: [
                make(
                    said.slo,
                    said.kind,
                    _span(said),
                    said.reason,
                    standing,
                    by=who.name,
                    effect=effect,
                    now=house.clock(),
                )
            ]
        ),
        STATUS,
    )
    house.state.judge_again()
    return house.state.law.standing().amendments[entries[0].payload["id"]]


def revoked(house: House, who: Caller, id: str, reason: str) -> Amendment:  # noqa: A002
    """A correction that does not hold any more."""
    found = house.state.law.standing().amendments.get(id)
    if found is not None:
        covers(who, found.slo.partition("/")[0])
    deciding(
        lambda: house.state.law.act(
            lambda standing: [revoke(id, reason, standing, by=who.name, now=house.clock())]
        ),
        STATUS,
    )
    house.state.judge_again()
    return house.state.law.standing().amendments[id]


def correction_json(one: Amendment) -> dict[str, Any]:
    """A correction as the API shows it."""
    return {
        "id": one.id,
        "slo": one.slo,
        "kind": one.kind,
        "begin": iso(one.begin),
        "end": iso(one.end),
        "reason": one.why,
        "by": one.by,
        "at": iso(one.at),
        "entry": one.seq,
        "effect": dict(one.effect),
        "revoked": None if one.revoked is None else iso(one.revoked),
        "revoked_by": one.revoked_by,
        "revoked_reason": one.revoked_why,
    }


def preview_json(one: Preview) -> dict[str, Any]:
    """What a correction would change, as the API shows it."""
    return {
        "effect": dict(one.effect),
        "left_before": tabular.percent(one.before.remaining),
        "left_after": tabular.percent(one.after.remaining),
    }


def _span(said: CorrectionIn) -> Span:
    return Span(begin=floored(said.begin), end=floored(said.end))


def _now(house: House) -> int:
    tick = house.state.now
    return house.clock() if tick is None else tick.at
