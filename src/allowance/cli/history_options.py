"""The options that ask for an SLI over a history: shared by `analyze`, `replay` and `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from allowance.app.analyze import Answer
    from allowance.budget.analysis import Question
    from allowance.reports.analysis_json import Wording

Several = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]
Sources = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""Files or an address; `-` is standard input."""

Switch = Annotated[bool, Parameter(negative=(), show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class History:
    """Which events, over which windows, against which promise."""

    valid: str | None = None
    """Which events count: a predicate over the columns, such as "path <> '/health'". Default: every event."""

    good: str | None = None
    """Which of them are good. Default: "status < 500"."""

    bad: str | None = None
    """Prometheus and counters: the bad events, where good ones are not counted."""

    latency: str | None = None
    """Good also means a measured duration of at most this: 100ms, 1.5s."""

    target: str = "99.9"
    """The promise: 99.9, 99.9% or 0.999."""

    window: Several = ()
    """The budget's window: 30d, or a calendar month, quarter or week. May be repeated. Default: 30d."""

    at: Several = ()
    """The instant to ask at. May be repeated. Default: the end of the data."""

    alerts: str = "workbook"
    """The alert rules to replay: workbook, tiered, or a file with an alert policy."""

    period: str = "30d"
    """The span whose budget the alert rules share out."""

    by: str | None = None
    """A column or label: one budget for each of its values, and one for all."""

    zone: str = "UTC"
    """The zone of days, of calendar windows and of times without a zone."""

    step: str = "60s"
    """The size of a bucket: it divides a day."""

    format: str | None = None
    """The format of the files, where it should not be recognised."""

    time: str | None = None
    """The column of the time."""

    table: str | None = None
    """Databases: the table of events."""

    counters: Switch = False
    """The columns are cumulative counters: --valid "2xx + 5xx" --bad 5xx are sums of columns."""

    exclude: Several = ()
    """BEGIN/END: a span that counts neither good nor bad, such as a maintenance. May be repeated."""

    count_good: Several = ()
    """BEGIN/END: a span in which everything counts as good. May be repeated."""

    begin: Annotated[str | None, Parameter(name="--from")] = None
    """Prometheus and databases: where to begin. Default: as far back as the question looks."""

    end: Annotated[str | None, Parameter(name="--to")] = None
    """Prometheus and databases: where to end. Default: now."""


def asked_question(options: History) -> Question:
    """The question that the options ask."""
    from allowance.cli import asked

    return asked.question(
        target=options.target,
        windows=options.window or ("30d",),
        instants=options.at,
        alerts=options.alerts,
        period=options.period,
        zone=options.zone,
    )


def read_history(sources: tuple[str, ...], options: History) -> tuple[Answer, Wording]:
    """Ask the sources and judge what they measured."""
    from allowance.app.analyze import answer
    from allowance.cli import asked as words
    from allowance.cli import sources as from_sources
    from allowance.cli.terminal import progress
    from allowance.core.time import parse_instant
    from allowance.signals.corrections import Correction, parse_span

    question = asked_question(options)
    asked = from_sources.Asked(
        sources=sources,
        valid=options.valid,
        good=options.good,
        bad=options.bad,
        latency_ms=words.latency_ms(options.latency),
        by=options.by,
        step=words.step_seconds(options.step),
        zone=options.zone,
        format=options.format,
        time=options.time,
        table=options.table,
        counters=options.counters,
        begin=None if options.begin is None else parse_instant(options.begin),
        end=None if options.end is None else parse_instant(options.end),
        lookback=words.longest_rolling(question),
    )
    corrections = [
        *(Correction(kind="exclude", span=parse_span(text)) for text in options.exclude),
        *(Correction(kind="count-good", span=parse_span(text)) for text in options.count_good),
    ]
    with progress("reading") as moved:
        measured, wording = from_sources.measure(asked, moved)
    found = answer(
        measured,
        from_sources.SLI,
        question,
        step=asked.step,
        grouped=options.by is not None,
        corrections=corrections,
    )
    return found, wording
