"""One question to files, from looking at each of them to the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from allowance.core.problem import Problem, ProblemError, Where, refuse
from allowance.edges.files.answer import answer
from allowance.edges.files.binding import Bound, bind
from allowance.edges.files.counting import Counting
from allowance.edges.files.engine import Connection, Engine
from allowance.edges.files.found import Found, find
from allowance.edges.files.parquet import ParquetSource, parquet_sources
from allowance.edges.files.relation import Wanted
from allowance.edges.files.snapshots import Snapshots
from allowance.edges.files.tables import Plan, Statements, many_slis, read_table
from allowance.edges.files.tally import Tally
from allowance.edges.files.text import TextSource, text_source
from allowance.signals.columns import STATUS, Column, Sampled
from allowance.signals.counters import CounterColumns
from allowance.signals.event_sql import DEFAULT_GOOD, EventSli
from allowance.signals.json_lines import JsonLines
from allowance.signals.log_formats import HAPROXY
from allowance.signals.measured import Measured, SourceFacts

Source = TextSource | ParquetSource


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which SLIs, how grouped. `names` name the results (as many as `slis`, or one for counters)."""

    slis: tuple[EventSli, ...]
    names: tuple[str, ...]
    step: int
    by: str | None
    counters: CounterColumns | None
    zone: str
    durations: bool

    def answer(
        self,
        engine: Engine,
        paths: Sequence[str],
        wanted: str | None,
        time: str | None,
        progress: Callable[[int, int], None] | None,
    ) -> Measured:
        """Read everything and answer. Errors: see `measure`."""
        files, notes = find(paths, engine.folder)
        sources, empty = self._sources(files, engine, wanted, time)
        cursor = engine.cursor()
        counting = Counting(cursor, self.slis, self.names, self.step)
        tally = Tally(notes=[*notes, *empty])
        for source in sources:
            tally.notes += source.found.notes
        reader = _Reader(
            engine=engine, cursor=cursor, tally=tally, counting=counting, progress=progress, sources=sources
        )
        if self.counters is not None:
            grown = Snapshots(cursor, counting, sources, self.counters, self.by)
            tally.notes += grown.notes
            for source in sources:
                reader.read(source, *grown.plan(source))
            grown.finish()
        else:
            bound = [self._bound(source, cursor) for source in sources]
            for source, one in zip(sources, bound, strict=True):
                reader.events(source, one)
        found = answer(cursor, counting, grouped=self.by is not None)
        tally.notes += found.notes
        return Measured(
            facts=_facts(sources, tally, counters=self.counters is not None),
            series=found.series,
            durations=found.durations,
        )

    def _sources(
        self, files: Sequence[Found], engine: Engine, wanted: str | None, time: str | None
    ) -> tuple[list[Source], list[Problem]]:
        """Every file looked at, and those without a line. Errors: `Problem` `empty` where no file has one."""
        names = {name for sli in self.slis for name in sli.columns} | ({self.by} if self.by else set())
        texts: list[TextSource] = []
        empty: list[Problem] = []
        for file in files:
            if file.packing == "parquet":
                continue
            try:
                texts.append(text_source(file, engine, wanted=wanted, time=time, zone=self.zone, names=names))
            except ProblemError as error:
                if error.problems[0].code != "empty":
                    raise
                empty.extend(error.problems)
        share_keys(texts)
        packed = [file for file in files if file.packing == "parquet"]
        tables, without_rows = parquet_sources(packed, engine, wanted=wanted, time=time, zone=self.zone)
        empty += without_rows
        if not texts and not tables:
            raise ProblemError(*empty)
        return [*texts, *tables], [replace(problem, severity="info") for problem in empty]

    def _bound(self, source: Source, cursor: Connection) -> Bound:
        slis = self.slis
        if source.found.counted is not None:
            slis = tuple(_over_counts(sli, source.label) for sli in slis)
        return bind(
            source.found,
            slis,
            by=self.by,
            durations=self.durations and source.found.counted is None,
            label=source.label,
            cursor=cursor,
            fill=lambda picks: source.sample(cursor, picks),
        )


@dataclass(kw_only=True)
class _Reader:
    """Reads sources one after the other into the engine's tables."""

    engine: Engine
    cursor: Connection
    tally: Tally
    counting: Counting
    progress: Callable[[int, int], None] | None
    sources: Sequence[Source]
    _before: int = 0

    def events(self, source: Source, bound: Bound) -> None:
        """Count one source's events, or add up its counts."""
        counted = source.found.counted
        status = next((p.alias for p in bound.picks if p.column.name == STATUS and p.kind == "whole"), None)
        wanted = Wanted(picks=bound.picks, counted=counted)
        if source.found.format == HAPROXY.name:
            wanted = replace(wanted, status=status)

        def statements(relation: str) -> list[str]:
            if counted is not None:
                return [self.counting.given(bound, relation)]
            found = [self.counting.counts(bound, relation)]
            return [*found, self.counting.durations(bound, relation)] if bound.duration is not None else found

        plan = partial(many_slis, self.counting, bound, self.cursor) if counted is None else None
        self.read(source, wanted, statements, plan)

    def read(self, source: Source, wanted: Wanted, statements: Statements, plan: Plan | None = None) -> None:
        """Run the statements over a source's events; a table may take another plan instead."""
        self.tally.next_file()
        if isinstance(source, TextSource):
            source.read(wanted, statements, self.tally, self._moved, self.counting.compact)
            self._before += source.file.size
        else:
            size = sum(file.size for file in source.files)

            def moved(part: float) -> None:
                self._moved(int(part * size))

            read_table(source, wanted, statements, plan, self.engine, self.cursor, self.tally, moved)
            self._before += size
        self._moved(0)

    def _moved(self, done: int) -> None:
        if self.progress is not None:
            total = sum(
                f.size for s in self.sources for f in ([s.file] if isinstance(s, TextSource) else s.files)
            )
            self.progress(min(self._before + done, total), total)


def share_keys(sources: Sequence[TextSource]) -> None:
    """A key that JSON lines of one file have may be absent in another: there it is NULL, not unknown."""
    known: dict[str, tuple[tuple[str, ...], Column]] = {}
    logs = [(source, source.shape) for source in sources if isinstance(source.shape, JsonLines)]
    for source, shape in logs:
        for column in source.found.columns:
            known.setdefault(column.name, (shape.pointers[column.field], column))
    for source, shape in logs:
        missing = {name: known[name] for name in known if name not in source.found.names}
        if not missing:
            continue
        pointers = {**{column.field: places for places, column in missing.values()}, **shape.pointers}
        source.shape = JsonLines(pointers=pointers)
        columns = (*source.found.columns, *(column for _, column in missing.values()))
        absent = tuple(Sampled(name=column.field) for _, column in missing.values())
        source.found = replace(
            source.found, shape=source.shape, columns=columns, fields=(*source.found.fields, *absent)
        )


def _over_counts(sli: EventSli, label: str) -> EventSli:
    """Counts have decided already what is good; which rows count can still be said."""
    if sli.latency_ms is not None or (sli.good is not None and sli.good.text != DEFAULT_GOOD):
        raise refuse(
            "counts",
            "the file holds counts: what is good was decided when it was written",
            hint="leave --good and --latency out; --valid may choose rows by their other columns",
            where=Where(file=label),
        )
    return replace(sli, good=None)


def _facts(sources: Sequence[Source], tally: Tally, *, counters: bool) -> SourceFacts:
    formats = ["counters"] if counters else list(dict.fromkeys(source.found.format for source in sources))
    notes = [*tally.notes, *_remarks(tally)]
    # What is the same for every file of a rotation is said once, of the first.
    said = {(note.code, note.message): note for note in reversed(notes) if note.code in ("zone", "unit")}
    columns = [n for n in sources[0].found.names if all(n in source.found.names for source in sources)]
    return SourceFacts(
        format=", ".join(formats),
        lines=tally.lines,
        malformed=tally.malformed,
        samples=tally.samples,
        first=None if tally.first_us is None else tally.first_us // 10**6,
        last=None if tally.last_us is None else tally.last_us // 10**6,
        notes=tuple(note for note in notes if said.get((note.code, note.message), note) is note),
        columns=tuple(columns),
    )


def _remarks(tally: Tally) -> list[Problem]:
    remarks = []
    if tally.malformed * 2 > tally.lines:
        message = f"more than half of the lines are malformed: {tally.malformed:,} of {tally.lines:,}"
        remarks.append(
            Problem(
                code="malformed",
                message=message,
                hint="look at the samples; is the format right?",
                severity="warning",
            )
        )
    if tally.unanswered:
        message = f"{tally.unanswered:,} requests have the status -1: no response was sent"
        hint = "status < 500 takes them for good; say for example status between 100 and 499"
        remarks.append(Problem(code="unanswered", message=message, hint=hint, severity="warning"))
    return remarks
