"""Argo Rollouts asks the gate: as a `web` metric, and as if we were a Kayenta: `/v1/argo`.

Whatever happens, the `web` metric gets JSON, because Argo takes an answer that is none for a success; and where no
verdict can be had it gets `hold`, because five errors in a row would abort the rollout.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allowance.contract.budget_policy import CHANGE_CLASSES, ChangeClass
from allowance.core.time import Instant, iso
from allowance.governance.verdict import Ask, Verdict
from allowance.web.asked import Asked, House
from allowance.web.gate import Text, looked
from allowance.web.gate_shapes import CanaryAnswer, CanaryConfigs, CanaryStarted, Evaluated
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Name, answers
from allowance.web.times import floored, read_moment
from allowance.web.tokens import may

router = APIRouter(prefix="/v1/argo", tags=["gate"], dependencies=[may("read")])

log = structlog.get_logger()

PASS, MARGINAL = 95, 75
"""Kayenta's usual thresholds, where a canary brings none."""

LONGEST_ID = 2000


@router.get(
    "/gates/{service}", responses=answers(Evaluated, 404, 422), summary="A web metric of Argo Rollouts"
)
def evaluate(
    asked: Asked,
    service: Name,
    change: ChangeClass = "feature",
    env: Text = "production",
    version: Text = "",
    change_id: Text = "",
) -> Response:
    """`successCondition: result.verdict == "go"`, `failureCondition: result.verdict == "stop"`; `hold` is neither,
    so the rollout pauses. Nothing is recorded."""
    ask = Ask(
        service=service, change=change, environment=env or "production", version=version, change_id=change_id
    )
    try:
        found = looked(asked, ask)
    except SQLAlchemyError as error:
        log.error("the gate cannot read the ledger", error=type(error).__name__)
        return Json(
            {
                "verdict": "hold",
                "sentence": "The ledger cannot be read at this moment, so nobody knows: wait.",
                "reasons": [],
                "as_of": None,
            }
        )
    return Json(_evaluated(found))


def _evaluated(found: Verdict) -> dict[str, Any]:
    against = [
        f"{one.rule}: {one.fact}" for one in found.reasons if one.mark == "against" and not one.lifted_by
    ]
    return {
        "verdict": found.word,
        "sentence": found.sentence,
        "reasons": against,
        "as_of": None if found.as_of is None else iso(found.as_of),
    }


@router.get(
    "/kayenta/canaryConfig",
    responses=answers(CanaryConfigs, 422),
    summary="The canary configurations of Kayenta",
)
def configs(application: Text = "", configurationAccountName: Text = "") -> Response:  # noqa: N803
    """One for each class of changes, under its name: `canaryConfigName: feature`."""
    return Json(
        [
            {
                "Id": change,
                "Name": change,
                "UpdatedTimestamp": 0,
                "UpdatedTimestampIso": "",
                "Applications": [application] if application else [],
            }
            for change in CHANGE_CLASSES
        ]
    )


_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "object"}}},
}


@router.post(
    "/kayenta/canary/{id}",
    responses=answers(CanaryStarted, 400, 404, 422),
    openapi_extra={"requestBody": _BODY},
    summary="Begin a canary analysis of Kayenta",
)
async def start(
    request: Request,
    asked: Asked,
    id: ChangeClass,  # noqa: A002 - one address, one name
    application: Annotated[str, Query(min_length=1, max_length=200)],
    metricsAccountName: Text = "",  # noqa: N803
    configurationAccountName: Text = "",  # noqa: N803
    storageAccountName: Text = "",  # noqa: N803
) -> Response:
    """`application` is the service. The answer is complete when the scopes have ended: then the gate is asked."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "request",
            "the body is not a JSON object",
            hint="send scopes and thresholds",
        )
    if asked.state.contract.service(application) is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "service",
            f"there is no service {application[:100]!r} in the contract",
            hint="name the service as application",
        )
    return Json({"canaryExecutionId": _packed(application, id, body, asked.clock())})


@router.get(
    "/kayenta/canary/{id}",
    responses=answers(CanaryAnswer, 404, 422),
    summary="A canary analysis of Kayenta",
)
async def result(
    asked: Asked,
    id: Annotated[str, Path(max_length=LONGEST_ID, pattern="^[A-Za-z0-9_-]+$")],  # noqa: A002
) -> Response:
    """Go scores 100, stop 0, and hold the marginal threshold, which Argo calls inconclusive."""
    told = _unpacked(id)
    if asked.clock() < told["end"]:
        return Json({"complete": False})
    score = await run_in_threadpool(_score, asked, told)
    return Json({"complete": True, "result": {"judgeResult": {"score": {"score": score}}}})


def _score(asked: House, told: Mapping[str, Any]) -> float:
    ask = Ask(service=told["service"], change=told["change"])
    try:
        word = looked(asked, ask).word
    except SQLAlchemyError as error:
        log.error("the gate cannot read the ledger", error=type(error).__name__)
        word = "hold"
    return {"go": 100.0, "hold": float(told["marginal"]), "stop": 0.0}[word]


def _packed(service: str, change: str, body: Mapping[str, Any], now: Instant) -> str:
    """All that is needed later stands in the id itself, so a restart loses nothing; it grants nothing either."""
    thresholds = body.get("thresholds")
    marginal = thresholds.get("marginal") if isinstance(thresholds, dict) else None
    usable = isinstance(marginal, int | float) and not isinstance(marginal, bool) and 0 < marginal <= 100
    told = {
        "service": service,
        "change": change,
        "end": _ends(body, now),
        # Argo cuts the score off to a whole number before it compares.
        "marginal": int(-(-marginal // 1)) if usable and marginal is not None else MARGINAL,
    }
    return base64.urlsafe_b64encode(json.dumps(told, sort_keys=True).encode()).decode().rstrip("=")


def _ends(body: Mapping[str, Any], now: Instant) -> Instant:
    """When the last scope ends; now where none says so. Argo never waits for longer than a day."""
    ends = [now]
    scopes = body.get("scopes")
    for scope in scopes.values() if isinstance(scopes, dict) else ():
        for side in scope.values() if isinstance(scope, dict) else ():
            text = side.get("end") if isinstance(side, dict) else None
            if isinstance(text, str):
                try:
                    ends.append(floored(read_moment(text)))
                except ValueError:
                    raise Refusal(
                        HTTPStatus.BAD_REQUEST,
                        "request",
                        f"the end of a scope is not a timestamp: {text[:60]!r}",
                        hint="write it as 2026-11-21T14:00:00Z",
                    ) from None
    return max(ends)


def _unpacked(execution: str) -> dict[str, Any]:
    try:
        told = json.loads(base64.urlsafe_b64decode(execution + "=" * (-len(execution) % 4)))
        if (
            isinstance(told["service"], str)
            and told["change"] in CHANGE_CLASSES
            and type(told["end"]) is int
            and type(told["marginal"]) is int
        ):
            return dict(told)
    except (ValueError, KeyError, TypeError, binascii.Error):
        pass
    raise Refusal(
        HTTPStatus.NOT_FOUND,
        "canary",
        "there is no such canary analysis",
        hint="POST /v1/argo/kayenta/canary/feature begins one",
    )
