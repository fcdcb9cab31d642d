"""Starts the program many times at the price of a fork, under a clock that may run faster than the world's."""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from subprocess import PIPE

from tests.peers import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = ("allowance.cli.contracts", "allowance.cli.serve", "allowance.web.serve")
"""What a nursery of servers has imported."""
OF_OTHERS = (
    "cyclopts",
    "duckdb",
    "fastapi",
    "httpx",
    "numpy",
    "pydantic",
    "rich.console",
    "sqlalchemy",
    "sqlglot",
)
"""What a nursery of commands has imported: nothing of ours, so that each command is seen to import what it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Seconds that pass `speed` times as fast since `base`: the same for everybody who knows both."""

    base: int
    speed: int

    def now(self) -> float:
        """This instant."""
        return self.base + (time.time() - self.base) * self.speed


OF_THE_WORLD = Clock(base=0, speed=1)


@dataclass(slots=True)
class Nursery:
    """A process that has imported everything and begins as many programs as it is asked to."""

    process: subprocess.Popen[str]
    children: list[int] = field(default_factory=list)

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        clock: Clock = OF_THE_WORLD,
        log: str = "serve.log",
        **environment: str,
    ) -> int:
        """`allowance ARGUMENTS` in a folder, with more in its environment; its process id."""
        child = self._order(arguments, folder, clock, [log, log], {**os.environ, **environment}, waits=False)
        self.children.append(child)
        return child

    def run(
        self, arguments: Sequence[str], folder: Path, out: Path, err: Path, environment: Mapping[str, str]
    ) -> int:
        """`allowance ARGUMENTS`, to its end; its exit code. What it prints is in `out` and `err`, maybe one file."""
        return self._order(arguments, folder, OF_THE_WORLD, [str(out), str(err)], environment, waits=True)

    def _order(
        self,
        arguments: Sequence[str],
        folder: Path,
        clock: Clock,
        channels: list[str],
        environment: Mapping[str, str],
        *,
        waits: bool,
    ) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        program = [list(arguments), str(folder), clock.base, clock.speed, channels, dict(environment)]
        print(json.dumps([waits, program]), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def kill(self, child: int) -> None:
        """At once, and gone when this returns."""
        with contextlib.suppress(ProcessLookupError):
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


@cache
def _process(modules: tuple[str, ...]) -> subprocess.Popen[str]:
    """One for all tests of this process; it ends, with all that it began, when nobody can give it orders any more."""
    command = [sys.executable, "-c", "import sys; from tests.fakes.nursery import main; main(sys.argv[1:])"]
    process = subprocess.Popen([*command, *modules], stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT)
    atexit.register(process.communicate)
    return process


@contextlib.contextmanager
def nursery(modules: tuple[str, ...] = SERVER) -> Iterator[Nursery]:
    """All its children end with it."""
    found = Nursery(_process(modules))
    try:
        yield found
    finally:
        for child in found.children:
            found.kill(child)


@contextlib.contextmanager
def served(
    arguments: Sequence[str], folder: Path, ready: Callable[[], bool] = lambda: True, **environment: str
) -> Iterator[int]:
    """`allowance serve ARGUMENTS` in a folder, from when it is `ready`: its process id. It is killed at the end."""
    with nursery() as starter:
        child = starter.start(["serve", *arguments], folder, **environment)
        wait_until(lambda: not is_there(child) or ready(), "allowance serve", 120)
        assert is_there(child), (folder / "serve.log").read_text()
        yield child


def main(modules: Sequence[str]) -> None:
    """The nursery itself: one JSON order a line, one process id or exit code an answer."""
    from importlib import import_module

    for module in modules:
        import_module(module)
    gc.freeze()  # or a child's first collection would copy all of it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to be waited for
    children: list[int] = []
    for line in sys.stdin:
        waits, program = json.loads(line)
        if waits:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        child = os.fork()
        if not child:
            _live(*program)
        answer = child
        if waits:
            answer = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            _reap()
        else:
            children.append(child)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    os._exit(0)


def _reap() -> None:
    """Those that ended while somebody was waited for."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _live(
    arguments: list[str],
    folder: str,
    base: int,
    speed: int,
    channels: list[str],
    environment: dict[str, str],
) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, channel in enumerate(channels, start=1):
        os.dup2(os.open(channel, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), number)
    if speed != 1:
        from allowance.edges import clock

        fast = Clock(base=base, speed=speed)
        clock.now = lambda: int(fast.now())
        clock.since_boot = fast.now
    from allowance.__main__ import main as program

    sys.argv[1:] = arguments
    code: object = 1
    try:
        program()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(
            code if isinstance(code, int) else 1
        )  # to take everything apart would take longer than most commands
