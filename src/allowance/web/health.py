"""Whether the program is up, and whether it does its work: `/healthz`, `/readyz`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from allowance.app.serve import CLOCK
from allowance.core.problem import NOWHERE, ProblemError
from allowance.core.time import Instant, iso
from allowance.reports.analysis_json import problem_json
from allowance.web.asked import Asked
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Healthy, Problem, Ready, answers
from allowance.web.sources import source_json, sources
from allowance.web.state import LiveState
from allowance.web.tokens import Caller

router = APIRouter(tags=["health"])

OLD_TICK_STEPS = 3
TRIAL_SECONDS = 5
"""A trial write is not repeated within so many seconds, however often readiness is asked for."""


class Trial:
    """Tries to write, and remembers for a few seconds whether it worked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: Instant | None = None
        self._works = False

    def works(self, state: LiveState, *, now: Instant) -> bool:
        """Whether the store takes writes."""
        with self._lock:
            if self._at is None or not 0 <= now - self._at < TRIAL_SECONDS:
                self._works, self._at = _writes(lambda: state.try_write(now=now)), now
            return self._works


def _writes(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except (SQLAlchemyError, ProblemError, OSError):
        return False
    return True


@router.get("/healthz", responses=answers(Healthy), summary="The process is up")
def healthz() -> Response:
    """Answers as long as the process can answer at all; restart it when this fails."""
    return Json({"status": "ok"})


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"model": Problem, "description": "not ready, and why not"}
}


@router.get("/readyz", responses=answers(Ready) | NOT_READY, summary="It does its work")
def readyz(request: Request, asked: Asked) -> Response:
    """The store takes writes, and the newest tick is not older than three steps. A source in trouble is named, but
    no reason to take this program out of service."""
    now, state = asked.clock(), asked.state
    trial: Trial = request.app.state.trial
    if not trial.works(state, now=now):
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "store",
            "the store does not take writes",
            hint="look at the disk: is it full, or read-only?",
            path="store",
        )
    oldest = now - asked.settings.delay - OLD_TICK_STEPS * asked.settings.step
    ahead = state.problems.get(CLOCK)
    if ahead is not None:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, ahead.code, ahead.message, hint=ahead.hint, path="clock"
        )
    if state.now is None or state.now.at < oldest:
        last = "there was none yet" if state.now is None else f"the newest is of {iso(state.now.at)}"
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "tick",
            f"the loop does not tick: {last}",
            hint="the log says what it waits for",
            path="tick",
        )
    trouble = [one for one in sources(state, asked.settings, now=now) if one.word != "fresh"]
    who: Caller = request.scope["state"]["caller"]
    named = [source_json(one) for one in trouble] if "read" in who.rights else []
    return Json(
        {
            "ready": True,
            "tick": iso(state.now.at),
            "evaluates_here": state.evaluator.here,
            "evaluator": state.evaluator.name if "read" in who.rights else "",
            "contract": _contract_problem(state, who),
            "sources_in_trouble": len(trouble),
            "sources": named,
        }
    )


def _contract_problem(state: LiveState, who: Caller) -> dict[str, Any] | None:
    """Why the contract's files are not in force as they are now: the words are for those who may read."""
    files = state.contract_files
    if files is None or files.problem is None:
        return None
    if "read" in who.rights:
        return problem_json(files.problem)
    return problem_json(replace(files.problem, message="the files are not in force", hint="", where=NOWHERE))
