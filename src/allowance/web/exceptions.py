"""What holds now against the policy: `/v1/exceptions`; and what every route of an exception shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from allowance.app.exceptions import Wish, approve, ruled
from allowance.core.problem import ProblemError
from allowance.core.time import Instant
from allowance.governance.facts import Pending, PendingKind, Standing
from allowance.governance.in_force import in_force
from allowance.governance.ledger import Entry
from allowance.governance.pending import Person, still_waiting, waiting
from allowance.governance.roles import SIGNS
from allowance.reports.exceptions_json import (
    bullet_json,
    in_force_json,
    override_json,
    pending_json,
    release_json,
    waiver_json,
)
from allowance.web.asked import Asked, House
from allowance.web.exception_asks import BulletIn, OverrideIn
from allowance.web.exception_shapes import Exceptions
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/exceptions", tags=["exceptions"])

Answer = TypeVar("Answer")
Id = Annotated[str, Path(json_schema_extra={"pattern": "^[a-z]+-[0-9]+(\\.[a-z0-9]+)?$"})]

STATUS = {
    "service": HTTPStatus.NOT_FOUND,
    "slo": HTTPStatus.NOT_FOUND,
    "unknown-id": HTTPStatus.NOT_FOUND,
    "approver": HTTPStatus.FORBIDDEN,
    **dict.fromkeys(
        (
            "bullet",
            "override",
            "release",
            "waiver",
            "bankruptcy",
            "obligation",
            "attribution",
            "policy",
            "fault",
            "instant",
        ),
        HTTPStatus.CONFLICT,
    ),
}
"""Problems of exceptions that are not a value that does not fit."""


ApprovedKind = Literal["bullet", "override", "release"]
GrantedKind = Literal["bullet", "override", "release", "waiver"]
GRANTED: Mapping[
    GrantedKind, tuple[Callable[[Standing], Mapping[str, Any]], Callable[..., dict[str, Any]]]
] = {
    "bullet": (lambda standing: standing.bullets, bullet_json),
    "override": (lambda standing: standing.overrides, override_json),
    "release": (lambda standing: standing.releases, release_json),
    "waiver": (lambda standing: standing.waivers, waiver_json),
}
"""Where what was granted stands, and how it is shown."""


@router.get(
    "", dependencies=[may("read")], responses=answers(Exceptions, 422), summary="Exceptions that hold now"
)
def exceptions(
    asked: Asked,
    service: Annotated[str | None, Query(max_length=100, description="only of this service")] = None,
) -> Response:
    """Bullets, overrides, releases, waivers and epochs, oldest first. None is here after its end."""
    found = in_force(asked.state.law.standing(), service, now=asked.clock())
    return Json({"exceptions": [in_force_json(one) for one in found]})


def person(who: Caller) -> Person:
    """Who asks, as the policies know them."""
    return Person(name=who.name, party=None if who.role is None else SIGNS.get(who.role))


def deciding(call: Callable[[], Answer]) -> Answer:
    """The answer of a call, its problems with the status that fits."""
    try:
        return call()
    except ProblemError as error:
        problem = error.problems[0]
        if problem.code not in STATUS:
            raise
        raise Refusal(STATUS[problem.code], problem.code, problem.message, hint=problem.hint) from None


def wished(asked: House, who: Caller, said: BulletIn | OverrideIn, freeze: str = "") -> Wish:
    """What is asked for against the policy; without hours as long as the policy allows. Errors: `Refusal`."""
    longest = longest_bullet(asked, said.service)
    covers(who, said.service)
    return Wish(
        service=said.service,
        change=said.change,
        environment=said.environment,
        seconds=longest if said.hours is None else seconds_of(said.hours),
        reason=said.reason,
        freeze=freeze,
    )


def waiting_for(asked: House, kind: PendingKind, id_: str, *, now: Instant) -> Pending:
    """What waits under an id. Errors: `Refusal` 404 where nothing does, 409 where it has lapsed."""
    return deciding(lambda: waiting(asked.state.law.standing(), kind, id_, now=now))


def approved(asked: House, who: Caller, kind: ApprovedKind, id_: str) -> Response:
    """Say yes to what waits, and show what holds from now on. Errors: `Refusal` 404 where nothing waits, 409, 403."""
    now = asked.clock()
    waits = waiting_for(asked, kind, id_, now=now)
    covers(who, waits.service)
    return answered(asked, kind, deciding(lambda: approve(asked.state, waits, person(who), now=now)), now)


def answered(asked: House, kind: GrantedKind, entries: Sequence[Entry], now: Instant) -> Response:
    """201 with what was granted, 202 with what was asked for and waits."""
    standing, entry = asked.state.law.standing(), entries[0]
    id_ = entry.payload["id"]
    if entry.kind == f"{kind}.requested":
        return Json(pending_json(standing.pending[id_]), HTTPStatus.ACCEPTED)
    granted, shown = GRANTED[kind]
    return Json(shown(granted(standing)[id_], now=now), HTTPStatus.CREATED)


def listed(standing: Standing, kind: GrantedKind, *, now: Instant) -> list[dict[str, Any]]:
    """Everything of a kind that was ever granted, newest first."""
    granted, shown = GRANTED[kind]
    return [shown(one, now=now) for one in sorted(granted(standing).values(), key=lambda one: -one.seq)]


def waiting_json(standing: Standing, kind: PendingKind, *, now: Instant) -> list[dict[str, Any]]:
    """What waits of a kind, oldest first."""
    return [pending_json(one) for one in still_waiting(standing, kind, now=now)]


def longest_bullet(asked: House, service: str) -> int:
    """Seconds that a bullet or an override of a service may hold at most."""
    _, policy = deciding(lambda: ruled(asked.state, service))
    return policy.exceptions.expires


def seconds_of(hours: float) -> int:
    """Hours as whole seconds, at least one."""
    return max(1, round(hours * 3600))
