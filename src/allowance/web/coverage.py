"""What we promised against what we see: `/v1/coverage`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from allowance.core.counts import NoData
from allowance.core.time import Instant, iso
from allowance.diagnosis.coverage import RECENT, Coverage, coverage
from allowance.web.asked import Asked, House
from allowance.web.coverage_shapes import Coverage as CoverageShape
from allowance.web.problems import Json
from allowance.web.shapes import answers
from allowance.web.sources import by_slo
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
    by_slo_id: dict[str, int] = {}
    for (slo_id, _), buckets in asked.state.histories.items():
        end = now - now % buckets.step
        counts = buckets.between(end - RECENT, end)
        by_slo_id[slo_id] = by_slo_id.get(slo_id, 0) + counts.total - counts.good
    found: dict[str, int] = {}
    for slo_id, count in by_slo_id.items():
        service = slo_id.partition("/")[0]
        found[service] = max(found.get(service, 0), count)
    return found


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
