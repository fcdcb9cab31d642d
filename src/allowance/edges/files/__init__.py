"""Logs and tables on disk: recognised, parsed by an embedded engine, counted in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allowance.core.duration import DAY
from allowance.core.problem import ProblemError, refuse
from allowance.core.time import parse_zone
from allowance.signals.counters import CounterColumns
from allowance.signals.event_sql import EventSli
from allowance.signals.measured import Measured
from allowance.signals.recognise import Recognised

Progress = Callable[[int, int], None]
"""Bytes that have been read, and bytes in all."""

COUNTER_SLI = "sli"
"""The name of what counters count, where the caller names no SLI."""


def measure(
    paths: Sequence[str],
    slis: Sequence[EventSli],
    *,
    step: int = 60,
    by: str | None = None,
    format: str | None = None,  # noqa: A002
    time: str | None = None,
    zone: str = "UTC",
    counters: CounterColumns | None = None,
    progress: Progress | None = None,
    durations: bool = True,
) -> Measured:
    """Count every SLI over all files, per bucket of `step` seconds and per group of the column `by`.

    `paths` are files, wildcards or `-`. `format` and `time` override what is recognised; `zone` is that of times which
    carry none. With `counters` the rows are snapshots of cumulative counters, and the names of `slis` (or "sli") name
    the result; tables of counts are recognised, and only the `valid` of an SLI is applied to their rows. `durations`
    are gathered where there is a column `duration_ms`. Malformed lines are counted and shown, never fatal.

    Errors: `Problem`s `file`, `empty`, `format`, `header`, `time`, `column`, `predicate`, `counters`, `counts`, `span`,
    `zone`, `step`, `engine`.
    """
    from allowance.edges.files.engine import engine
    from allowance.edges.files.question import Question

    if step <= 0 or DAY % step:
        raise refuse(
            "step", f"a step of {step} s does not divide a day", hint="use 10, 60, 300 or 3600 seconds"
        )
    parse_zone(zone)
    names = [sli.name for sli in slis] or [COUNTER_SLI]
    if counters is None and not slis:
        raise refuse(
            "sli", "nothing is asked: there is no SLI", hint="say what is good, such as status < 500"
        )
    question = Question(
        slis=tuple(slis),
        names=tuple(names),
        step=step,
        by=by,
        counters=counters,
        zone=zone,
        durations=durations,
    )
    with engine() as running:
        return question.answer(running, paths, format, time, progress)


def recognise_file(path: str, *, time: str | None = None, zone: str = "UTC") -> Recognised:
    """The format, the columns and a sample of one file. Errors: as `measure`."""
    from allowance.edges.files.engine import engine
    from allowance.edges.files.found import find
    from allowance.edges.files.parquet import parquet_sources
    from allowance.edges.files.text import text_source

    with engine() as running:
        files, _ = find([path], running.folder)
        if files[0].packing == "parquet":
            tables, empty = parquet_sources(files[:1], running, wanted=None, time=time, zone=zone)
            if not tables:
                raise ProblemError(*empty)
            return tables[0].found
        return text_source(files[0], running, wanted=None, time=time, zone=zone).found
