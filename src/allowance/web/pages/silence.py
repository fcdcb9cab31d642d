"""`/silence`: what a silence would hit, seen before it is saved."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.core.duration import HOUR, MINUTE
from allowance.core.time import Instant, iso
from allowance.reports.pages.silence import Choice, Silence, silence
from allowance.web.asked import Asked, House
from allowance.web.mute_shapes import MuteIn
from allowance.web.mutes import save
from allowance.web.pages.forms import form
from allowance.web.pages.page import Page, Wanted
from allowance.web.problems import Refusal
from allowance.web.tokens import Caller, covers, covers_all, may

router = APIRouter(include_in_schema=False)

LENGTHS = {"30m": 30 * MINUTE, "1h": HOUR, "2h": 2 * HOUR, "4h": 4 * HOUR, "8h": 8 * HOUR, "24h": 24 * HOUR}
USUAL = "1h"
LABELS = ("service", "slo", "severity", "group")
LONGEST = 200


def _view(wanted: Wanted) -> Silence:
    labels = {name: value for name in LABELS if (value := wanted.query.get(name, "")[:LONGEST].strip())}
    length = wanted.query.get("for", USUAL)
    length = length if length in LENGTHS else USUAL
    preview: dict[str, Any] | None = None
    if labels:
        asked = _mute(labels, length, "preview", now=wanted.now)
        preview = orjson.loads(bytes(save(wanted.house, wanted.who, asked, preview=True).body))
    return silence(
        wanted.facts,
        labels=labels,
        reason=wanted.query.get("reason", "")[:2000],
        lengths=tuple(Choice(value=one, text=one, chosen=one == length) for one in LENGTHS),
        preview=preview,
    )


PAGE = Page(path="/silence", name="silence", view=_view, right="mute")


@router.post("/silence")
async def keep_quiet(request: Request, asked: Asked, who: Annotated[Caller, may("mute")]) -> Response:
    """Save it, as `POST /v1/mutes` does, and go back to the on-call page."""
    said = await form(request)
    labels = {name: value.strip() for name in LABELS if (value := said.get(name, "")).strip()}
    length = said.get("for", USUAL)
    await run_in_threadpool(
        _save, asked, who, labels, length if length in LENGTHS else USUAL, said.get("reason", "")
    )
    return RedirectResponse("/oncall#muted", HTTPStatus.SEE_OTHER)


def _save(asked: House, who: Caller, labels: dict[str, str], length: str, reason: str) -> None:
    if "service" in labels:
        covers(who, labels["service"])
    else:
        covers_all(who)
    save(asked, who, _mute(labels, length, reason, now=asked.clock()))


def _mute(labels: dict[str, str], length: str, reason: str, *, now: Instant) -> MuteIn:
    try:
        return MuteIn.model_validate({"labels": labels, "reason": reason, "end": iso(now + LENGTHS[length])})
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        missing = "a silence needs a reason" if place == "reason" else "a silence needs at least one label"
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "request",
            missing if place in ("reason", "labels") else f"{place}: {error.errors()[0]['msg']}",
            hint="go back and fill it in",
        ) from None
