"""Measures calls and whole processes, and prints them beside each other with ratios."""

from __future__ import annotations

import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")

COMPILED = Path(__file__).resolve().parent.parent / "build" / "bench-pycache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One way to do the work: seconds of wall clock and of CPU for each run; `note` stands beside its row.

    `megabytes` is the peak memory, 0 where it is not known.
    """

    name: str
    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    note: str = ""
    megabytes: float = 0.0

    @property
    def median(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.wall)

    @property
    def median_cpu(self) -> float:
        """Median CPU seconds, user and system."""
        return statistics.median(self.cpu)

    def times(self, factor: float, name: str) -> Timing:
        """The same work so many times, scaled and not measured: say so in the name."""
        return Timing(
            name=name,
            wall=tuple(seconds * factor for seconds in self.wall),
            cpu=tuple(seconds * factor for seconds in self.cpu),
            note=self.note,
            megabytes=self.megabytes,
        )


def measure(
    name: str, call: Callable[[], Answer], *, runs: int = 7, warm: int = 1, note: str = ""
) -> tuple[Timing, Answer]:
    """Time a call in this process, after `warm` runs that do not count; with the answer of the last run."""
    for _ in range(warm):
        call()
    wall, cpu = [], []
    for _ in range(runs):
        cpu_before, before = time.process_time(), time.perf_counter()
        answer = call()
        wall.append(time.perf_counter() - before)
        cpu.append(time.process_time() - cpu_before)
    return Timing(name=name, wall=tuple(wall), cpu=tuple(cpu), note=note), answer


def measure_process(
    name: str,
    command: Sequence[str],
    *,
    runs: int = 5,
    warm: int = 1,
    note: str = "",
    cwd: str | os.PathLike[str] | None = None,
    allowed: Sequence[int] = (0,),
) -> Timing:
    """Time a whole process from start to exit, its own CPU included. A wrong exit code ends the program.

    Compiled modules are kept, as in any installation after its first start.
    """
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment.setdefault("PYTHONPYCACHEPREFIX", str(COMPILED))
    wall, cpu, peak = [], [], 0
    for run in range(warm + runs):
        before = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd, env=environment, text=True
        )
        complaint = process.stderr.read() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.stderr:
            process.stderr.close()
        if process.returncode not in allowed:
            sys.exit(f"{' '.join(command)} left with {process.returncode}: {complaint.strip()[-500:]}")
        if run >= warm:
            wall.append(elapsed)
            cpu.append(used.ru_utime + used.ru_stime)
            peak = max(peak, used.ru_maxrss)
    # Until it replaces itself, a new process is a copy of this one: a peak is known only above our own.
    known = peak / 1024 if peak / 1024 > 1.05 * peak_megabytes() else 0.0
    return Timing(name=name, wall=tuple(wall), cpu=tuple(cpu), note=note, megabytes=known)


def show(
    title: str,
    ours: Timing,
    others: Sequence[Timing],
    *,
    limit: float | None = None,
    cpu_limit: float | None = None,
) -> None:
    """Print ours first, then each other with its ratio: how many times our median wall and CPU it takes.

    A ratio above 1 means that the other is slower. The limits (seconds) print whether our medians keep them.
    """
    unit, scale = _unit(ours.median)
    memory = any(timing.megabytes for timing in (ours, *others))
    header = ["", f"median {unit}", "min", "max", f"CPU {unit}", "x wall", "x CPU"] + ["MB"] * memory + [""]
    rows = [header]
    for timing in (ours, *others):
        numbers = [timing.median, min(timing.wall), max(timing.wall), timing.median_cpu]
        ratios = [_ratio(timing.median, ours.median), _ratio(timing.median_cpu, ours.median_cpu)]
        peak = [f"{timing.megabytes:.0f}" if timing.megabytes else ""] * memory
        rows.append(
            [timing.name, *(_figures(number * scale) for number in numbers), *ratios, *peak, timing.note]
        )
    table(title, rows)
    for what, goal, median in (("wall", limit, ours.median), ("CPU", cpu_limit, ours.median_cpu)):
        if goal is not None:
            word = "kept" if median <= goal else "MISSED"
            print(
                f"  goal <= {_figures(goal * scale)} {unit} {what}: {_figures(median * scale)} {unit}, {word}"
            )
    if os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1):
        print("  this machine is busy with other work: read the CPU columns and the ratios")


def table(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Print aligned rows, the first being the header; first and last column to the left, the rest to the right."""
    print(f"\n  {title}")
    last = len(rows[0]) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last + 1)]
    for row in rows:
        cells = [
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print(("  " + "  ".join(cells)).rstrip())


@dataclass(slots=True)
class Truth:
    """What must be equal. A program that measures wrong answers quickly is worth nothing: it fails."""

    failures: list[str] = field(default_factory=list)

    def same(self, what: str, ours: object, other: object) -> None:
        """Print that two answers agree, or remember that they do not."""
        if ours == other:
            print(f"  same: {what} ({_brief(ours)})")
            return
        print(f"  DIFFERENT: {what}: ours {_brief(ours)}, other {_brief(other)}")
        self.failures.append(what)

    def leave(self) -> None:
        """End with exit code 1 if anything differed."""
        if self.failures:
            sys.exit(1)


def _brief(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def peak_megabytes() -> float:
    """The largest resident memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _unit(seconds: float) -> tuple[str, float]:
    if seconds < 2e-3:
        return "us", 1e6
    return ("ms", 1e3) if seconds < 2 else ("s", 1.0)


def _figures(number: float) -> str:
    """Three significant figures, never with an exponent: 0.0123, 1.23, 123, 12,300."""
    if not number:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{round(number, 2 - math.floor(math.log10(abs(number)))):,.{places}f}"


def _ratio(other: float, ours: float) -> str:
    return _figures(other / ours) if ours else "-"
