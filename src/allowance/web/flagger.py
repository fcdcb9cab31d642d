"""Flagger's webhooks, each kind at its own address, and as much of Prometheus as its metric checks ask for.

Flagger takes every status up to 202 for a yes. Its `rollback` hook is therefore answered with 409 whatever happens,
unless a decision to roll exactly this canary back is in the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import PlainTextResponse, Response

from allowance.app.gate import entry_of
from allowance.contract.budget_policy import CHANGE_CLASSES, ChangeClass
from allowance.core.counts import NoData
from allowance.core.duration import HOUR
from allowance.core.ratio import decimal_text
from allowance.governance.ledger import Entry
from allowance.governance.verdict import Ask, Verdict
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.gate import looked, recorded, rollback_key
from allowance.web.gate_shapes import CanaryHook, PrometheusAnswer
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, covers, may

router = APIRouter(tags=["gate"])

Confirmed = Literal[
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
]

HELD = HTTPStatus.CONFLICT
"""What Flagger takes for a no."""

ROLLBACK_HOLDS = HOUR
"""A decision to roll back counts for so long."""

MOST_TEXT = 300

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "go on", "content": {"text/plain": {"schema": {"type": "string"}}}},
    409: {
        "description": "not now; the text says why",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
}


def _hook_answers() -> dict[int | str, dict[str, Any]]:
    return answers(None, 400, 404, 415, 422) | _TEXT


@router.post(
    "/v1/flagger/event",
    dependencies=[OnlyJson, may("read")],
    responses=_hook_answers(),
    summary="The event hook of Flagger",
)
def event(body: CanaryHook) -> Response:
    """Taken and answered with 200; Flagger ignores what is said."""
    return PlainTextResponse("seen")


@router.post(
    "/v1/flagger/rollback",
    dependencies=[OnlyJson, may("read")],
    responses=_hook_answers(),
    summary="The rollback hook of Flagger: 409 by default",
)
def rollback(asked: Asked, body: CanaryHook) -> Response:
    """200 rolls the canary back at once. It takes a decision of the last hour in the ledger: of class `rollback`, for
    this service and environment, with the checksum of the canary as its `change_id`."""
    ask = _ask(body, "", change="rollback", change_id=body.checksum)
    entry = _decided(asked, ask) if body.checksum else None
    if entry is None:
        return PlainTextResponse("no decision to roll this canary back is recorded", HELD)
    return PlainTextResponse(f"roll back: ledger #{entry.seq} by {entry.actor}"[:MOST_TEXT])


@router.post(
    "/v1/flagger/{hook}", dependencies=[OnlyJson], responses=_hook_answers(), summary="A webhook of Flagger"
)
def confirm(asked: Asked, who: Annotated[Caller, may("read")], hook: Confirmed, body: CanaryHook) -> Response:
    """200 where the gate says go, else 409 with the reason as plain text. A caller that may `ask` has the verdict
    recorded, once per canary, hook and answer. `metadata`: service, change, version, environment, change_id."""
    ask = _ask(body, who.name)
    found = looked(asked, ask)
    if "ask" in who.rights:
        covers(who, ask.service)
        key = f"flagger:{body.namespace}/{body.name}:{body.checksum}:{hook}:{found.word}"[:200]
        recorded(asked, ask, key=key)
    if found.word == "go":
        return PlainTextResponse("go")
    return PlainTextResponse(f"{found.word}: {found.sentence}"[:MOST_TEXT], HELD)


def _decided(asked: House, ask: Ask) -> Entry | None:
    """The young decision to roll back, if there is one."""
    number = asked.state.law.standing().decisions.get(rollback_key(ask))
    if number is None:
        return None
    entry = entry_of(asked.state.law, number)
    told: Mapping[str, Any] = entry.payload["ask"]
    meant = (told["change"], told["service"], told["environment"], told["change_id"]) == (
        "rollback",
        ask.service,
        ask.environment,
        ask.change_id,
    )
    young = 0 <= asked.clock() - entry.at < ROLLBACK_HOLDS
    return entry if meant and young and entry.payload["verdict"]["verdict"] == "go" else None


def _ask(body: CanaryHook, actor: str, *, change: ChangeClass | None = None, change_id: str = "") -> Ask:
    told = body.metadata
    named = told.get("change", "feature")
    known = change or next((one for one in CHANGE_CLASSES if one == named), None)
    if known is None:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "change",
            f"{named[:60]!r} is not a class of changes",
            hint=f"metadata.change is one of {', '.join(CHANGE_CLASSES)}",
        )
    return Ask(
        service=told.get("service") or body.name,
        change=known,
        version=told.get("version", ""),
        environment=told.get("environment") or "production",
        change_id=change_id or told.get("change_id", ""),
        actor=actor,
    )


_PAIR = r' ?[a-z_]+ ?= ?"[^"\\\x00-\x1f]*" ?'
_METRIC = rf"(?:allowance_gate|allowance_budget_remaining_ratio) ?(?:\{{(?:{_PAIR}(?:,{_PAIR})*)? ?\}})?"
UNDERSTOOD = rf"^ *(?:vector\( ?1 ?\)|{_METRIC}) *$"
"""What can be asked: this is no Prometheus, only the gate in its clothes."""

_LABEL = re.compile(r'(?P<name>[a-z_]+) ?= ?"(?P<value>[^"]*)"')
Rows = Iterator[tuple[dict[str, str], str]]


@router.get(
    "/prometheus/api/v1/query",
    dependencies=[may("read")],
    responses=answers(PrometheusAnswer, 422),
    summary="The gate as a metric, for Flagger's metric templates",
)
def query(
    asked: Asked, query: Annotated[str, Query(max_length=1000, pattern=UNDERSTOOD)], time: str = ""
) -> Response:
    """`vector(1)`, `allowance_gate{service="checkout"}` (1 where the gate says go, else 0; also with `change` and
    `environment`), `allowance_budget_remaining_ratio{service="checkout"}` (the worst SLO stands last, because Flagger
    takes the last value). What is not known has no row: Flagger counts that as a failed check."""
    found = [
        {"metric": labels, "value": [asked.clock(), value]} for labels, value in _rows(asked, query.strip())
    ]
    return Json({"status": "success", "data": {"resultType": "vector", "result": found}})


def _rows(asked: House, text: str) -> Rows:
    if text.startswith("vector"):
        yield {}, "1"
        return
    name = text.partition("{")[0].strip()
    yield from METRICS[name](asked, {found["name"]: found["value"] for found in _LABEL.finditer(text)})


def _gate(asked: House, labels: Mapping[str, str]) -> Rows:
    change = next((one for one in CHANGE_CLASSES if one == labels.get("change", "feature")), None)
    if change is None or asked.state.contract.service(labels.get("service", "")) is None:
        return
    ask = Ask(service=labels["service"], change=change, environment=labels.get("environment") or "production")
    found: Verdict = looked(asked, ask)
    yield {"__name__": "allowance_gate", **labels}, "1" if found.word == "go" else "0"


def _remaining(asked: House, labels: Mapping[str, str]) -> Rows:
    tick = asked.state.now
    known = []
    for slo in asked.state.contract.slos if tick is not None else ():
        one = tick.whole(slo.id) if tick is not None else None
        fits = labels.get("service", slo.service) == slo.service and labels.get("slo", slo.name) == slo.name
        if one is None or not fits or isinstance(one.budget.remaining, NoData):
            continue
        known.append((one.budget.remaining, slo))
    for left, slo in sorted(known, key=lambda pair: (-pair[0], pair[1].id)):
        row = {"__name__": "allowance_budget_remaining_ratio", "service": slo.service, "slo": slo.name}
        yield row, decimal_text(left)


METRICS = {"allowance_gate": _gate, "allowance_budget_remaining_ratio": _remaining}
"""What can be asked for, and who answers."""
