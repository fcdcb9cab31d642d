"""A period of a promise, chosen on its page: remarked on, or corrected after a look at what that changes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import iso
from allowance.reports.pages.remarked import WORDS, Proposed, effect_words
from allowance.reports.pages.rows import left
from allowance.reports.pages.slo_asked import SloAsked
from allowance.web.asked import Asked
from allowance.web.corrections import made, previewed, revoked
from allowance.web.note_shapes import CorrectionIn, NoteIn
from allowance.web.notes import written
from allowance.web.pages.forms import form
from allowance.web.pages.page import Wanted
from allowance.web.problems import Refusal
from allowance.web.tokens import Caller, may

router = APIRouter(include_in_schema=False)

LONGEST = 2000
Shape = TypeVar("Shape", bound=BaseModel)


def proposed(wanted: Wanted, slo: Slo, asked: SloAsked) -> Proposed | NoData:
    """What a correction of the period would change; nothing where none is thought of."""
    kind, reason, period = (
        wanted.query.get("kind", ""),
        wanted.query.get("reason", "")[:LONGEST],
        asked.chosen,
    )
    if period is None or kind not in WORDS:
        return NO_DATA
    said = {"kind": kind, "begin": iso(period.begin), "end": iso(period.end)}
    try:
        seen = previewed(
            wanted.house,
            _shaped(CorrectionIn, slo=slo.id, **said, reason=reason.strip() or "a preview"),
        )
    except Refusal as refusal:
        return Proposed(kind=kind, reason=reason, problem=refusal.problem.message)
    effect = seen.effect
    return Proposed(
        kind=kind,
        reason=reason,
        period=effect_words(effect["period_good"], effect["period_total"]),
        counts=f"Good and total of the window: {effect['good_before']} of {effect['total_before']} now, "
        f"{effect['good_after']} of {effect['total_after']} with it",
        before=left(seen.before.remaining),
        after=left(seen.after.remaining),
    )


@router.post("/slo/{service}/{name}/notes")
async def remark(
    request: Request, asked: Asked, who: Annotated[Caller, may("annotate")], service: str, name: str
) -> Response:
    """The same as `POST /v1/notes`, and back to the page."""
    said = await form(request)
    note = _shaped(
        NoteIn,
        service=service,
        slo=name,
        begin=said.get("from", ""),
        end=said.get("to", ""),
        text=said.get("reason", ""),
    )
    await run_in_threadpool(written, asked, who, note)
    return _back(service, name, "happened")


@router.post("/slo/{service}/{name}/corrections")
async def correct(
    request: Request, asked: Asked, who: Annotated[Caller, may("correct")], service: str, name: str
) -> Response:
    """The same as `POST /v1/corrections`, and back to the page."""
    said = await form(request)
    correction = _shaped(
        CorrectionIn,
        slo=f"{service}/{name}",
        kind=said.get("kind", ""),
        begin=said.get("from", ""),
        end=said.get("to", ""),
        reason=said.get("reason", ""),
    )
    await run_in_threadpool(made, asked, who, correction)
    return _back(service, name, "period")


@router.post("/slo/{service}/{name}/corrections/revoke")
async def take_back(
    request: Request, asked: Asked, who: Annotated[Caller, may("correct")], service: str, name: str
) -> Response:
    """The same as `POST /v1/corrections/{id}/revoke`, and back to the page."""
    said = await form(request)
    await run_in_threadpool(revoked, asked, who, said.get("id", ""), said.get("reason", ""))
    return _back(service, name, "period")


def _back(service: str, name: str, anchor: str) -> Response:
    return RedirectResponse(f"/slo/{service}/{name}#{anchor}", HTTPStatus.SEE_OTHER)


def _shaped(shape: type[Shape], **values: Any) -> Shape:
    """What a form says, held to the rules of the API. Errors: `Refusal` 422."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        empty = {"text": "the remark is empty", "reason": "the reason is missing"}
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "request",
            empty.get(place, f"{place}: {first['msg']}"),
            hint="go back and fill it in",
        ) from None
