"""Short ways to write a file, ask it, and look at what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from allowance.contract.indicator import Events
from allowance.core.problem import Problem, ProblemError
from allowance.core.time import iso
from allowance.edges import files
from allowance.signals.event_sql import EventSli, event_sli
from allowance.signals.measured import Measured

COMMON = '{host} - - [{time}] "{request}" {status} {size}'


def sli(
    good: str | None = None, valid: str | None = None, ms: int | str | None = None, name: str = "a"
) -> EventSli:
    """An SLI over events."""
    latency = None if ms is None else Fraction(ms)
    return event_sli(name, Events(good=good, valid=valid, latency_ms=latency))


def ask(
    folder: Path, text: str | bytes, good: str | None = None, *, name: str = "file", **how: Any
) -> Measured:
    """Write one file and count one SLI over it."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    valid, ms = how.pop("valid", None), how.pop("ms", None)
    slis = [] if "counters" in how else [sli(good, valid, ms)]
    return files.measure([str(path)], slis, **how)


def counts(measured: Measured, group: str = "", name: str = "a") -> tuple[int, int]:
    """Good and total of one SLI and group."""
    whole = measured.series[name, group].all()
    return whole.good, whole.total


def minutes(measured: Measured, group: str = "", name: str = "a") -> list[tuple[str, int, int]]:
    """Every bucket with events: when, good, total."""
    buckets = measured.series[name, group]
    return [
        (iso(buckets.start + int(at) * buckets.step), int(buckets.good[at]), int(buckets.total[at]))
        for at in buckets.total.nonzero()[0]
    ]


def refused(folder: Path, text: str | bytes, good: str | None = None, **how: Any) -> Problem:
    """The first problem of a question that cannot be answered."""
    with pytest.raises(ProblemError) as caught:
        ask(folder, text, good, **how)
    return caught.value.problems[0]


def codes(problems: Sequence[Problem]) -> list[str]:
    """Their codes."""
    return [problem.code for problem in problems]
