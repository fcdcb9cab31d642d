"""The ledger, to be read and doubted: `/v1/ledger`."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from allowance.app.law import Asked as Wanted
from allowance.core.time import Instant, iso
from allowance.governance.verify import Broken, Verified, verify
from allowance.reports.ledger_json import entry_json, verification_json
from allowance.web.asked import Asked, House
from allowance.web.ledger_shapes import LedgerEntry, LedgerPage, Verification
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import answers
from allowance.web.times import Moment, floored
from allowance.web.tokens import may

AGAIN = 10
"""Seconds for which an answer about the whole ledger holds: to look through it takes a while."""


class Looks:
    """The newest look through the whole ledger; while somebody looks, the others wait for the same answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: tuple[object, Instant, Verified | Broken] | None = None

    def at(self, asked: House) -> tuple[Instant, Verified | Broken]:
        """When, and what was found."""
        ledger, now = asked.state.law.ledger, asked.clock()
        with self._lock:
            known = self._newest
            if known is None or known[0] is not ledger or not 0 <= now - known[1] < AGAIN:
                known = (ledger, now, verify(ledger.rows()))
                self._newest = known
        return known[1], known[2]


def _looks(request: Request) -> Looks:
    found: Looks = request.app.state.looks
    return found


router = APIRouter(prefix="/v1/ledger", tags=["ledger"])

LAST = 2**53 - 1
Seq = Annotated[int, Path(ge=1, le=LAST)]
Word = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("", dependencies=[may("read")], responses=answers(LedgerPage, 422), summary="What was decided")
def entries(
    asked: Asked,
    after: Annotated[int, Query(ge=0, le=LAST, description="entries that follow this number")] = 0,
    kind: Annotated[Word, Query(description="freeze.began, or freeze for all of them")] = "",
    subject: Annotated[Word, Query(description="an id, or a service and all of its SLOs")] = "",
    actor: Word = "",
    since: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Entry by entry, in order; what is left out here is in no other page before it."""
    wanted = Wanted(
        after=after,
        kind=kind,
        subject=subject,
        actor=actor,
        since=None if since is None else floored(since),
        most=limit + 1,
    )
    found = asked.state.law.ledger.find(wanted)
    page = found[:limit]
    return Json(
        {
            "entries": [entry_json(entry) for entry in page],
            "next": page[-1].seq if len(found) > limit else None,
        }
    )


@router.get(
    "/verification",
    dependencies=[may("read")],
    responses=answers(Verification),
    summary="Whether every link of the ledger holds",
)
def verification(asked: Asked, looks: Annotated[Looks, Depends(_looks)]) -> Response:
    """The first broken link, if there is one. What was cut off at the end only a checkpoint shows."""
    at, found = looks.at(asked)
    return Json({"at": iso(at), **verification_json(found)})


@router.get(
    "/{seq}", dependencies=[may("read")], responses=answers(LedgerEntry, 404, 422), summary="One entry"
)
def entry(asked: Asked, seq: Seq) -> Response:
    """An entry by its number."""
    found = asked.state.law.ledger.entries(after=seq - 1, most=1)
    if not found or found[0].seq != seq:
        raise Refusal(
            HTTPStatus.NOT_FOUND, "ledger", f"there is no entry {seq}", hint="GET /v1/ledger lists them"
        )
    return Json(entry_json(found[0]))
