"""How many lines there were, how many could not be read, and which: gathered from several threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from allowance.core.problem import Problem

MOST_SAMPLES = 5


@dataclass(kw_only=True)
class Tally:
    """The facts of what was read so far. Parts may come in any order; samples are those of the first parts."""

    lines: int = 0
    malformed: int = 0
    unanswered: int = 0
    """Requests to which no response was sent, in formats that tell."""
    first_us: int | None = None
    last_us: int | None = None
    notes: list[Problem] = field(default_factory=list)
    _samples: dict[tuple[int, int], Sequence[Problem]] = field(default_factory=dict)
    _file: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_file(self) -> None:
        """What comes now belongs to the next file."""
        self._file += 1

    def wants_samples(self, part: int) -> bool:
        """Whether the parts before this one have too few samples."""
        with self._lock:
            before = [s for key, s in self._samples.items() if key < (self._file, part)]
        return sum(len(samples) for samples in before) < MOST_SAMPLES

    def add(
        self,
        part: int,
        *,
        lines: int,
        malformed: int,
        first: int | None,
        last: int | None,
        unanswered: int = 0,
        samples: Sequence[Problem] = (),
    ) -> None:
        """Add a part of the present file; `first` and `last` are microseconds since 1970."""
        with self._lock:
            self.lines += lines
            self.malformed += malformed
            self.unanswered += unanswered
            if first is not None:
                self.first_us = first if self.first_us is None else min(self.first_us, first)
            if last is not None:
                self.last_us = last if self.last_us is None else max(self.last_us, last)
            if samples:
                self._samples[self._file, part] = samples

    @property
    def samples(self) -> tuple[Problem, ...]:
        """The first malformed lines, in the order of the files."""
        ordered = [problem for key in sorted(self._samples) for problem in self._samples[key]]
        return tuple(ordered[:MOST_SAMPLES])
