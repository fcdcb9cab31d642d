"""`/oncall`, and taking an alert from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.alerting.hold import AnyAlert
from allowance.alerting.mute import maintenance_of
from allowance.core.counts import NO_DATA
from allowance.core.duration import DAY, HOUR
from allowance.edges.store.acks import Ack
from allowance.reports.pages.card import anchor
from allowance.reports.pages.oncall import Desk, Held, Oncall, Taken, oncall
from allowance.web.alert_shapes import AckIn
from allowance.web.alerts import acknowledge, opened_at
from allowance.web.asked import Asked
from allowance.web.pages.forms import form
from allowance.web.pages.page import Page, Wanted
from allowance.web.problems import Refusal
from allowance.web.tokens import Caller, may

router = APIRouter(include_in_schema=False)


def _view(wanted: Wanted) -> Oncall:
    state, now = wanted.house.state, wanted.now
    alerts = wanted.facts.alerts
    begins = [opened for one in alerts if (opened := opened_at(one)) is not None]
    events = state.events(since=min([now - DAY, *begins]))
    return oncall(
        Desk(
            facts=wanted.facts,
            now=now,
            taken=_taken(alerts, state.latest_acks([one.signature for one in alerts])),
            held=_held(events),
            mutes=[*state.mutes(now=now), *maintenance_of(state.contract)],
            events=[one for one in events if one["at"] >= now - DAY],
            deploys=state.deploys(begin=now - 5 * HOUR, end=now + 1),
            troubles=state.troubles(),
        )
    )


PAGE = Page(path="/oncall", name="oncall", view=_view, nav="On-call", key="o")


@router.post("/oncall/ack")
async def take(request: Request, asked: Asked, who: Annotated[Caller, may("acknowledge")]) -> Response:
    """The form of a card: the same as `POST /v1/alerts/{signature}/ack`, and back to the card."""
    said = await form(request)
    signature = said.get("signature", "")
    try:
        ack = AckIn(note=said.get("note", ""))
    except ValidationError:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "request",
            "the note cannot be kept",
            hint="write less, in plain text",
        ) from None
    await run_in_threadpool(acknowledge, asked, who, signature, ack)
    return RedirectResponse(f"/oncall#{anchor(signature)}", HTTPStatus.SEE_OTHER)


def _taken(alerts: Sequence[AnyAlert], acks: Mapping[str, Ack]) -> dict[str, Taken]:
    """The newest word about each alert, where it is about this one and not about an earlier of its name."""
    found = {}
    for one in alerts:
        ack, opened = acks.get(one.signature), opened_at(one)
        if ack is not None and opened is not None and ack.opened == opened:
            found[one.signature] = Taken(by=ack.by, at=ack.at, note=ack.note)
    return found


def _held(events: Sequence[Mapping[str, Any]]) -> dict[str, Held]:
    """By signature, why its newest word was held back; who was told is not in it."""
    found: dict[str, Held] = {}
    for event in events:
        found.pop(event["signature"], None)
        if "muted_by" in event:
            until = event["until"]
            found[event["signature"]] = Held(
                why=f"{event['muted_by']}: {event['why']}", until=NO_DATA if until is None else until
            )
    return found
