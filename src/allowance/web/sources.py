"""How far each source was read, in one word, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allowance.app.collect import standing_key
from allowance.app.feeds import is_pulled, source_name
from allowance.app.status import batches
from allowance.contract.model import Slo
from allowance.contract.source import Prometheus, Source
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.reports.analysis_json import instant, problem_json
from allowance.signals.watermark import Word, watermark
from allowance.web.state import LiveState, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One source, asked for some SLOs: read up to `read_to`; its newest event was counted before `newest`."""

    name: str
    slos: tuple[str, ...]
    word: Word
    reason: str
    read_to: Instant | None
    problem: Problem | None
    newest: Instant | None = None


NOWHERE = SourceState(
    name="",
    slos=(),
    word="no data",
    reason="the contract does not say where its telemetry is",
    read_to=None,
    problem=None,
)


def sources(state: LiveState, settings: Settings, *, now: Instant) -> Iterator[SourceState]:
    """Every source of the contract, with its watermark at `now`."""
    tick = state.now
    newest = {slo: at for feed in tick.feeds for slo, at in feed.newest.items()} if tick is not None else {}
    at = None if tick is None else tick.at
    for source, by, slos in batches(state.contract, None):
        if source is not None:
            yield _state(state, settings, source, by, slos, newest, ticked=at, now=now)


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
        "newest": instant(found.newest),
        "problem": None if found.problem is None else problem_json(found.problem),
    }


def _state(
    state: LiveState,
    settings: Settings,
    source: Source,
    by: str | None,
    slos: list[Slo],
    newest: Mapping[str, Instant | NoData],
    *,
    ticked: Instant | None,
    now: Instant,
) -> SourceState:
    key = standing_key(source, by)
    standing, problem = state.standings.get(key), state.problems.get(key)
    read_to = ticked if not is_pulled(source) else None if standing is None else standing.at
    known = [at for slo in slos if not isinstance(at := newest.get(slo.id, NO_DATA), NoData)]
    found = watermark(
        NO_DATA if read_to is None else read_to,
        max(known, default=NO_DATA),
        problem,
        now=now - settings.delay,
        step=settings.step,
        silence_counts=not isinstance(source, Prometheus),
    )
    return SourceState(
        name=source_name(source) + (f" by {by}" if by else ""),
        slos=tuple(slo.id for slo in slos),
        word=found.word,
        reason=found.reason,
        read_to=read_to,
        problem=problem,
        newest=max(known, default=None),
    )
