"""How far each source was read, in one word, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from allowance.app.status import batches
from allowance.contract.model import Slo
from allowance.contract.source import Files, Otlp, Prometheus, Source, Sql
from allowance.core.duration import short
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.reports.analysis_json import instant, problem_json
from allowance.web.state import LiveState, Settings

LATE_STEPS, STALE_STEPS = 3, 15
"""So many steps behind the clock a source is late, and stale."""

Word = Literal["current", "late", "stale", "no data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One source, asked for some SLOs: read up to `read_to`."""

    name: str
    slos: tuple[str, ...]
    word: Word
    reason: str
    read_to: Instant | None
    problem: Problem | None


NOWHERE = SourceState(
    name="",
    slos=(),
    word="no data",
    reason="the contract does not say where its telemetry is",
    read_to=None,
    problem=None,
)


def sources(state: LiveState, settings: Settings, *, now: Instant) -> Iterator[SourceState]:
    """Every source of the contract. What is 15 steps behind is stale, what fails or is 3 steps behind is late."""
    for source, by, slos in batches(state.contract, None):
        if source is not None:
            yield _state(state, source, by, slos, now=now - settings.delay, step=settings.step)


def by_slo(state: LiveState, settings: Settings, *, now: Instant) -> dict[str, SourceState]:
    """The source of every SLO, by its id."""
    found = {slo_id: one for one in sources(state, settings, now=now) for slo_id in one.slos}
    return {slo.id: found.get(slo.id, NOWHERE) for slo in state.contract.slos}


def source_json(found: SourceState) -> dict[str, Any]:
    """A source as the API shows it."""
    return {
        "name": found.name,
        "state": found.word,
        "reason": found.reason,
        "read_to": instant(found.read_to),
        "problem": None if found.problem is None else problem_json(found.problem),
    }


def name_of(source: Source) -> str:
    """A source in few words, without whatever secrets its address may hold."""
    match source:
        case Prometheus(url=url):
            return f"prometheus {_address(url)}"
        case Sql(url=url, table=table):
            return f"sql {_address(url)} {table}"
        case Files(paths=paths):
            return f"files {' '.join(paths)}"
        case Otlp(signal=signal, service=service, metric=metric):
            return " ".join(part for part in ("otlp", signal, service, metric) if part)


def _state(
    state: LiveState, source: Source, by: str | None, slos: list[Slo], *, now: Instant, step: int
) -> SourceState:
    key = hashlib.sha256(f"{source!r}|{by}".encode()).hexdigest()[:16]
    standing, problem = state.standings.get(key), state.problems.get(key)
    read_to = None if standing is None else standing.at
    word, reason = _word(read_to, problem, now=now, step=step)
    name = name_of(source) + (f" by {by}" if by else "")
    return SourceState(
        name=name,
        slos=tuple(slo.id for slo in slos),
        word=word,
        reason=reason,
        read_to=read_to,
        problem=problem,
    )


def _word(read_to: Instant | None, problem: Problem | None, *, now: Instant, step: int) -> tuple[Word, str]:
    why = f": {problem.message}" if problem is not None else ""
    if read_to is None:
        return "no data", f"it has never been read{why}"
    behind = (now - read_to) // step
    if behind >= STALE_STEPS:
        return "stale", f"it was not read for more than {short(STALE_STEPS * step)}{why}"
    if behind >= LATE_STEPS:
        return "late", f"it was not read for more than {short(LATE_STEPS * step)}{why}"
    return ("late", f"it could not be read{why}") if problem is not None else ("current", "")


def _address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else f"{parts.scheme}:{parts.path}"
