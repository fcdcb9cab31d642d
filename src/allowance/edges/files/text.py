"""Text files, chunk by chunk: each chunk becomes a small table of the engine, and what it counts is added up.

Chunks are cut and cleaned here and parsed by the engine, one in each of its threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from allowance.core.problem import Problem, Where
from allowance.edges.files.chunks import Chunk, Chunks
from allowance.edges.files.engine import Connection, Engine
from allowance.edges.files.found import Found
from allowance.edges.files.records import unquoted
from allowance.edges.files.relation import Pick, Wanted, text_relation
from allowance.edges.files.tally import MOST_SAMPLES, Tally
from allowance.edges.files.unpacked import Unpacked
from allowance.signals.delimited import UNIT, Delimited
from allowance.signals.json_lines import JsonLines
from allowance.signals.predicate import match_column
from allowance.signals.recognise import SAMPLE, Recognised, Shape, recognise

COMPACT_EVERY = 64
"""Chunks."""

Statements = Callable[[str], Sequence[str]]
"""From the name of a table of events to the statements that count them."""


@dataclass(kw_only=True)
class TextSource:
    """One text file that has been recognised."""

    file: Found
    found: Recognised
    shape: Shape
    zone: str
    engine: Engine
    _head: list[Chunk] = field(default_factory=list, repr=False)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.file.label

    def sample(self, cursor: Connection, picks: tuple[Pick, ...]) -> None:
        """Fill the temporary table `sample` with some events."""
        wanted = Wanted(picks=picks, counted=self.found.counted)
        chunk = next(iter(self._records(self._head)), Chunk(text="", first=1))
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE sample AS {self.relation(wanted, chunk)}", [chunk.text])

    def read(
        self, wanted: Wanted, statements: Statements, tally: Tally, moved: Callable[[int], None], compact: Callable[[], None]
    ) -> None:  # fmt: skip
        """Add every event to the tables that `statements` fill, and every line to the tally."""
        unpacked = Unpacked(self.file, self.engine)
        chunks = Chunks(source=unpacked)
        work = _Work(source=self, wanted=wanted, statements=statements, tally=tally)
        waiting: deque[Future[None]] = deque()
        done: deque[int] = deque()
        with ThreadPoolExecutor(self.engine.threads) as pool:
            try:
                for number, chunk in enumerate(self._records(chunks), 1):
                    waiting.append(pool.submit(work.add, number, chunk))
                    done.append(unpacked.done)
                    drained = number % COMPACT_EVERY == 0
                    while len(waiting) > (0 if drained else self.engine.threads):
                        waiting.popleft().result()
                        moved(done.popleft())
                    if drained:
                        compact()
                while waiting:
                    waiting.popleft().result()
                    moved(done.popleft())
            except BaseException:
                # Also where the user stops it: what still runs is of no use.
                self.engine.stop()
                pool.shutdown(cancel_futures=True)
                raise
        tally.notes += chunks.notes

    def _records(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        if isinstance(self.shape, Delimited):
            return unquoted(chunks, self.shape.delimiter)
        return iter(chunks)

    def relation(self, wanted: Wanted, chunk: Chunk, *, numbered: bool = False) -> str:
        """The SQL of a chunk's events; its parameter is the chunk's text."""
        shape = self.shape
        if isinstance(shape, Delimited) and chunk.record != "\n":
            shape = replace(shape, separator=UNIT)
        return text_relation(
            self.found, shape, wanted, zone=self.zone, record=chunk.record, numbered=numbered
        )

    def reason(self, text: str, chunk: Chunk) -> str:
        """Why a line is malformed."""
        shape = self.shape
        if isinstance(shape, Delimited) and chunk.record != "\n":
            shape = replace(shape, separator=UNIT)
        wrong = shape.reason(text)
        if wrong is not None:
            return wrong
        row = shape.row(text) or {}
        moment = row.get(self.found.time.field)
        if moment is None:
            return f"no time in {self.found.time.field}"
        if self.found.counted is not None:
            counts = {name: row.get(name) for name in self.found.counted.fields}
            return f"the time {moment!r} or the counts {counts} cannot be read"
        return f"the time {moment!r} cannot be read, or lies outside the years 1970 to 2199"


@dataclass(kw_only=True)
class _Work:
    """What each thread does with a chunk."""

    source: TextSource
    wanted: Wanted
    statements: Statements
    tally: Tally
    _local: threading.local = field(default_factory=threading.local)

    def add(self, number: int, chunk: Chunk) -> None:
        cursor: Connection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self.source.engine.cursor()
        relation = self.source.relation(self.wanted, chunk)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE chunk AS {relation}", [chunk.text])
        for statement in self.statements("SELECT * FROM chunk"):
            cursor.execute(statement)
        silent = (
            f"COALESCE(count_if({self.wanted.status} = -1), 0)" if self.wanted.status is not None else "0"
        )
        lines, parsed, first, last, unanswered = cursor.execute(
            f"SELECT count(*), count(us), min(us), max(us), {silent} FROM chunk"
        ).fetchone() or (0, 0, None, None, 0)
        samples = [self._problem(line, reason, text) for line, reason, text in chunk.broken[:MOST_SAMPLES]]
        if lines > parsed and self.tally.wants_samples(number):
            samples += self._malformed(cursor, chunk)
        self.tally.add(
            number,
            lines=lines + len(chunk.broken),
            malformed=lines - parsed + len(chunk.broken),
            first=first,
            last=last,
            unanswered=unanswered,
            samples=samples,
        )

    def _malformed(self, cursor: Connection, chunk: Chunk) -> list[Problem]:
        query = self.source.relation(self.wanted, chunk, numbered=True)
        rows = cursor.execute(
            f"SELECT n FROM ({query}) WHERE us IS NULL ORDER BY n LIMIT {MOST_SAMPLES}", [chunk.text]
        ).fetchall()
        problems = []
        for (n,) in rows:
            text = chunk.line(n - 1)
            problems.append(self._problem(chunk.line_number(n - 1), self.source.reason(text, chunk), text))
        return problems

    def _problem(self, line: int, reason: str, text: str) -> Problem:
        return Problem(
            code="malformed",
            message=f"{reason}: {shown(text)}",
            where=Where(file=self.source.label, line=line),
            severity="warning",
        )


def shown(text: str, most: int = 120) -> str:
    """A line as one can print it: cut, control characters written out."""
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


def text_source(
    file: Found,
    engine: Engine,
    *,
    wanted: str | None,
    time: str | None,
    zone: str,
    names: Collection[str] = (),
) -> TextSource:
    """Look at the first lines of a file; where JSON lines lack one of the `names` there, at the first megabytes.

    Errors: `Problem` `format`, `header`, `time`, `empty`.
    """
    head = _head(file, engine)
    lines = [line for line in head.split("\n") if line.strip()]
    found = recognise(lines[: SAMPLE + 1], name=file.label, wanted=wanted, time=time, zone=zone)
    if isinstance(found.shape, JsonLines) and any(match_column(name, found.names) is None for name in names):
        found = recognise(lines, name=file.label, wanted="json-lines", time=time, zone=zone)
    assert found.shape is not None
    short = Chunk(text="\n".join(head.split("\n", 2 * SAMPLE)[: 2 * SAMPLE]), first=1)
    return TextSource(file=file, found=found, shape=found.shape, zone=zone, engine=engine, _head=[short])


def _head(file: Found, engine: Engine) -> str:
    """The first chunks, until there are enough lines."""
    texts: list[str] = []
    reading = iter(Chunks(source=Unpacked(file, engine)))
    for chunk in reading:
        texts.append(chunk.text)
        if sum(text.count("\n") for text in texts) > SAMPLE:
            break
    reading.close()
    return "\n".join(texts)
