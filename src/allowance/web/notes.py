"""Remarks on periods, shown on every chart of a promise: `/v1/notes`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from allowance.core.duration import DAY
from allowance.core.time import iso
from allowance.edges.store.notes import Note
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.note_shapes import Note as NoteShape
from allowance.web.note_shapes import NoteIn, Notes
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.times import Moment, floored
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/notes", tags=["notes"])

USUAL, LONGEST = 28 * DAY, 366 * DAY
"""The period that is read where none is named, and the longest that a note may be about."""


@router.get("", dependencies=[may("read")], responses=answers(Notes, 422), summary="Remarks on a period")
def notes(
    asked: Asked,
    service: Annotated[str | None, Query(max_length=200)] = None,
    slo: Annotated[str | None, Query(max_length=200, description="with those of its whole service")] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="28 days before `to`")] = None,
    to: Annotated[Moment | None, Query(description="now, where it is left out")] = None,
) -> Response:
    """Oldest first; of more than a thousand the newest."""
    end = asked.clock() + 1 if to is None else floored(to)
    begin = end - USUAL if from_ is None else floored(from_)
    found = asked.state.notes(begin=begin, end=end, service=service)
    return Json({"notes": [note_json(one) for one in found if slo is None or one.slo in ("", slo)]})


@router.post(
    "",
    dependencies=[OnlyJson],
    status_code=HTTPStatus.CREATED,
    responses=answers(NoteShape, 400, 404, 409, 415, 422, status=201),
    summary="Write a remark",
)
def write(asked: Asked, who: Annotated[Caller, may("annotate")], said: NoteIn) -> Response:
    """It stays as it was written, with who wrote it."""
    return Json(note_json(written(asked, who, said)), HTTPStatus.CREATED)


def written(house: House, who: Caller, said: NoteIn) -> Note:
    """A remark, saved. Errors: `Refusal` 404 for what is not promised, 409 for a period that ends before it begins."""
    service = house.state.contract.service(said.service)
    if service is None or (said.slo and all(one.name != said.slo for one in service.slos)):
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "slo",
            f"there is no {said.service[:100]}{'/' if said.slo else ''}{said.slo[:100]}",
            hint="GET /v1/slos lists what there is",
        )
    covers(who, said.service)
    begin = floored(said.begin)
    end = begin if said.end is None else floored(said.end)
    if not 0 <= end - begin <= LONGEST:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "period",
            f"the period from {iso(begin)} to {iso(end)} is none, or longer than a year",
            hint="begin comes before end",
        )
    return house.state.save_note(
        Note(
            begin=begin,
            end=end,
            service=said.service,
            slo=said.slo,
            text=said.text.strip(),
            by=who.name,
            at=house.clock(),
        )
    )


def note_json(one: Note) -> dict[str, Any]:
    """A note as the API shows it."""
    return {
        "id": one.id,
        "service": one.service,
        "slo": one.slo,
        "begin": iso(one.begin),
        "end": iso(one.end),
        "text": one.text,
        "by": one.by,
        "at": iso(one.at),
    }
