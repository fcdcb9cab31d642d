"""May this change go: `/v1/decisions` records a verdict, `/v1/gates/{service}` only looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from allowance.app.gate import Numbers, entry_of, record, verdict_of
from allowance.contract.budget_policy import ChangeClass
from allowance.contract.model import Contract
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.governance.ledger import Entry
from allowance.governance.verdict import Ask, Verdict, verdict_json
from allowance.governance.verdict_facts import SourceFact
from allowance.governance.verdict_replay import same
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.gate_shapes import AskIn, Decision, DecisionInFull
from allowance.web.gate_shapes import Verdict as VerdictShape
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Name, answers
from allowance.web.sources import by_slo
from allowance.web.tokens import Caller, covers, may

router = APIRouter(tags=["gate"])

Answer = TypeVar("Answer")

STATUS = {
    "service": HTTPStatus.NOT_FOUND,
    "decision": HTTPStatus.NOT_FOUND,
    "key": HTTPStatus.CONFLICT,
}
"""Problems of the gate that are not a value that does not fit."""

Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.post(
    "/v1/decisions",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(Decision, 400, 404, 409, 415, 422) | answers(Decision, status=201),
    summary="Ask the gate and have its verdict recorded",
)
def decide(asked: Asked, who: Annotated[Caller, may("ask")], body: AskIn) -> Response:
    """201 with a new entry of the ledger; 200 with the one that is there where the same ask came under the same key,
    409 where the key belongs to another ask."""
    covers(who, body.service)
    ask = Ask(
        service=body.service,
        change=body.change,
        version=body.version,
        commit=body.commit,
        environment=body.environment,
        change_id=body.change_id,
        actor=who.name,
        shadow=body.shadow,
    )
    entry, new = recorded(asked, ask, key=body.key)
    return Json(decision_json(entry), HTTPStatus.CREATED if new else HTTPStatus.OK)


@router.get(
    "/v1/decisions/{id}",
    dependencies=[may("read")],
    responses=answers(DecisionInFull, 404, 422),
    summary="A recorded verdict with its evidence",
)
def decision(asked: Asked, id: Annotated[int, Path(ge=1, le=2**62)]) -> Response:  # noqa: A002
    """It never changes; `replays` says whether its evidence still leads to the same verdict."""
    entry = refused(lambda: entry_of(asked.state.law, id))
    return Json(decision_json(entry) | {"evidence": entry.payload["evidence"], "replays": same(entry)})


@router.get(
    "/v1/gates/{service}",
    dependencies=[may("read")],
    responses=answers(VerdictShape, 404, 422),
    summary="What the gate would say now",
)
def gate(
    asked: Asked,
    service: Name,
    change: ChangeClass = "feature",
    env: Text = "production",
    version: Text = "",
    commit: Text = "",
    change_id: Text = "",
    shadow: bool = False,
) -> Response:
    """Nothing is recorded. The answer holds for the second in which it was given."""
    ask = Ask(
        service=service,
        change=change,
        version=version,
        commit=commit,
        environment=env or "production",
        change_id=change_id,
        shadow=shadow,
    )
    return Json(verdict_json(looked(asked, ask)))


def looked(asked: House, ask: Ask) -> Verdict:
    """The verdict of now, recorded nowhere. Errors: `Refusal`."""
    return refused(lambda: judged_now(asked, ask, now=asked.clock()))


def recorded(asked: House, ask: Ask, *, key: str = "") -> tuple[Entry, bool]:
    """The verdict of now as an entry of the ledger, and whether it is new. Errors: `Refusal`."""
    return refused(lambda: recorded_now(asked, ask, key=key, now=asked.clock()))


def judged_now(asked: House, ask: Ask, *, now: Instant) -> Verdict:
    """The verdict on an ask. Errors: `Problem`."""
    return _verdict(asked, ask, now)(asked.state.law.standing())


def recorded_now(asked: House, ask: Ask, *, key: str, now: Instant) -> tuple[Entry, bool]:
    """Like `judged_now`, in the ledger. Errors: `Problem`.

    A decision to roll back is known by its change, so that who waits for one can find it.
    """
    found = key or (rollback_key(ask) if ask.change == "rollback" and ask.change_id else "")
    return record(asked.state.law, ask, _verdict(asked, ask, now), key=found)


def rollback_key(ask: Ask) -> str:
    """The key under which the decision to roll a change back is recorded, unless it has one of its own."""
    return f"rollback:{ask.service}:{ask.environment}:{ask.change_id}"


def decision_json(entry: Entry) -> dict[str, Any]:
    """A recorded verdict as the API shows it."""
    payload = entry.payload
    return {**payload["verdict"], "id": entry.seq, "hash": entry.hash, "key": payload["key"]}


def refused(call: Callable[[], Answer]) -> Answer:
    """The answer of a call, its problems with the status that fits."""
    try:
        return call()
    except ProblemError as error:
        problem = error.problems[0]
        if problem.code not in STATUS:
            raise
        raise Refusal(STATUS[problem.code], problem.code, problem.message, hint=problem.hint) from None


def _verdict(asked: House, ask: Ask, now: Instant) -> Callable[[Standing], Verdict]:
    contract = asked.state.contract
    numbers, sources = _numbers(asked, contract, now)
    return lambda standing: verdict_of(ask, contract, numbers, sources, standing, now=now)


def _numbers(asked: House, contract: Contract, now: Instant) -> tuple[Numbers, Sequence[SourceFact]]:
    """The newest numbers and how far every source was read: the same for all who ask within a second and a tick."""
    state = asked.state
    tick = state.now
    kept = asked.kept.get("gate")
    if kept is None or kept[0] != now or kept[1] is not tick or kept[2] is not contract:
        numbers = Numbers(tick=tick, counted=state.counted, say=state.say)
        found = by_slo(state, asked.settings, now=now)
        sources = [SourceFact(slo=slo, word=one.word, reason=one.reason) for slo, one in found.items()]
        kept = asked.kept["gate"] = (now, tick, contract, numbers, sources)
    return kept[3], kept[4]
