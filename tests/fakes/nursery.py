"""Starts the program many times at the price of a fork, under a clock that may run faster than the world's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from tests.conftest import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Seconds that pass `speed` times as fast since `base`: the same for everybody who knows both."""

    base: int
    speed: int

    def now(self) -> float:
        """This instant."""
        return self.base + (time.time() - self.base) * self.speed


@dataclass(slots=True)
class Nursery:
    """A process that has imported everything and begins as many programs as it is asked to."""

    process: subprocess.Popen[str]

    def start(self, arguments: Sequence[str], folder: Path, clock: Clock, log: str = "serve.log") -> int:
        """`allowance ARGUMENTS` in a folder; its process id."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = [list(arguments), str(folder), clock.base, clock.speed, log]
        print(json.dumps(order), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def kill(self, child: int) -> None:
        """At once, and gone when this returns."""
        os.kill(child, signal.SIGKILL)
        self.wait(child)

    def stop(self, child: int) -> None:
        """As an operator would."""
        os.kill(child, signal.SIGTERM)
        self.wait(child)

    def wait(self, child: int, seconds: float = 60) -> None:
        """Until it is gone."""
        end = time.monotonic() + seconds
        while is_there(child):
            assert time.monotonic() < end, f"process {child} does not end"
            time.sleep(0.005)


def is_there(child: int) -> bool:
    """Whether a process runs; the nursery leaves no zombies."""
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """All its children end with it."""
    command = [sys.executable, "-c", "from tests.fakes.nursery import main; main()"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


def main() -> None:
    """The nursery itself: one JSON order a line, one process id an answer."""
    import allowance.cli.contracts
    import allowance.cli.serve
    import allowance.web.serve  # noqa: F401 - imported once, for all

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to be waited for
    children: list[int] = []
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _live(*order)
        children.append(child)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _live(arguments: list[str], folder: str, base: int, speed: int, log: str) -> None:
    from allowance.cli.main import run
    from allowance.edges import clock

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(folder)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    fast = Clock(base=base, speed=speed)
    clock.now = lambda: int(fast.now())
    clock.since_boot = fast.now
    code = 1
    try:
        code = run(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
