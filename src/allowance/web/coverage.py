"""What we promised against what we see: `/v1/coverage`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from allowance.contract.model import Occurrences, Slo
from allowance.core.counts import NoData
from allowance.core.time import Instant, iso
from allowance.diagnosis.coverage import RECENT, Coverage, coverage
from allowance.web.asked import Asked, House
from allowance.web.coverage_shapes import Coverage as CoverageShape
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.sources import by_slo
from allowance.web.state import LiveState
from allowance.web.tokens import may

router = APIRouter(prefix="/v1", tags=["samples"], dependencies=[may("read")])


@router.get("/coverage", responses=answers(CoverageShape), summary="What is promised and not seen")
def covered(asked: Asked) -> Response:
    """Services, journeys, promises and routes of the contract against the telemetry of the last day."""
    return Json(coverage_json(coverage_now(asked)))


def coverage_now(asked: House) -> Coverage:
    """The coverage at this instant; pages show the same."""
    state, now = asked.state, asked.clock()
    tick = state.now
    feeds = tick.feeds if tick is not None else ()
    newest = {id_: at for feed in feeds for id_, at in feed.newest.items()}
    for id_, where in by_slo(state, asked.settings, now=now).items():
        if id_ not in newest and where.newest is not None:
            newest[id_] = where.newest
    errors = state.received.error_spans(begin=now - RECENT, end=now + 1)
    return coverage(
        state.contract, state.received.seen(since=now - RECENT), newest, errors, _bad(asked, now=now), now=now
    )


def _bad(asked: House, *, now: Instant) -> dict[str, int]:
    """The most bad events in the last day that a promise of each service counted."""
    found: dict[str, int] = {}
    for slo in asked.state.contract.slos:
        found[slo.service] = max(found.get(slo.service, 0), _bad_of(asked.state, slo, now=now))
    return found


def _bad_of(state: LiveState, slo: Slo, *, now: Instant) -> int:
    """Running totals know it at once; where slices are counted, the events are read."""
    counted = state.counted(slo.id) if isinstance(slo.method, Occurrences) else None
    if counted is not None:
        end = now - now % counted.step
        return counted.between(end - RECENT, end).bad
    histories = state.histories
    groups = [histories[key] for key in histories if key[0] == slo.id]
    return sum(one.between(end - RECENT, end).bad for one in groups for end in (now - now % one.step,))


def coverage_json(found: Coverage) -> dict[str, Any]:
    """The coverage as the API shows it."""
    return {
        "at": iso(found.at),
        "ratio": None if isinstance(found.ratio, NoData) else str(found.ratio),
        "uncovered": list(found.uncovered),
        "services": [
            {
                "name": one.name,
                "declared": one.declared,
                "seen": one.seen,
                "signals": dict(one.signals),
                "attributes": {name: str(share) for name, share in one.attributes.items()},
                "promises": {id_: _instant(at) for id_, at in one.promises.items()},
                "routes": list(one.routes),
                "unseen_routes": list(one.unseen_routes),
            }
            for one in found.services
        ],
        "journeys": [
            {"name": one.name, "critical": one.critical, "covered": one.covered, "unseen": list(one.unseen)}
            for one in found.journeys
        ],
        "findings": [
            {
                "code": one.code,
                "severity": one.severity,
                "service": one.service,
                "message": one.message,
                "hint": one.hint,
            }
            for one in found.findings
        ],
    }


def _instant(at: Instant | NoData) -> str | None:
    return None if isinstance(at, NoData) else iso(at)
