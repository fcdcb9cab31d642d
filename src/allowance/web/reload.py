"""Reading the contract's files again: `/v1/reload`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from allowance.contract.diff import change_json
from allowance.web.asked import Asked
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.tokens import Caller, may

router = APIRouter(prefix="/v1/reload", tags=["contract"])


class Change(BaseModel):
    """One difference: of what, which field, what it was and is, and the whole in words."""

    what: Literal["added", "removed", "changed"]
    kind: str
    name: str
    field: str
    before: str
    after: str
    measured_anew: bool
    says: str


class Reloaded(BaseModel):
    """The contract in force, by its hash, and what has changed."""

    hash: str
    changes: list[Change]


@router.post("", responses=answers(Reloaded, 409, 422), summary="Read the contract's files again")
def reload(asked: Asked, who: Annotated[Caller, may("administer")]) -> Response:
    """A contract with an error in it changes nothing: the answer is the error. A change is in the ledger."""
    files = asked.state.contract_files
    if files is None:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "contract",
            "this program was not started from files",
            hint="start it with allowance serve FILE",
        )
    found = files.reload(who.name, now=asked.clock())
    changes: list[dict[str, Any]] = [change_json(change) for change in found.changes]
    return Json({"hash": found.hash, "changes": changes})
