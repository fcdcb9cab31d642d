"""CEL expressions worked out in a process of its own, within a time; whatever goes wrong is said, never guessed."""

from __future__ import annotations

import atexit
import importlib.util
import json
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from allowance.contract.expressions import parse_expression
from allowance.core.problem import ProblemError
from allowance.governance.expressions import Question

PATIENCE = 2.0
"""Seconds for one expression: those within the limits take a thousandth of it."""

START_PATIENCE = 20.0
"""Seconds for the first answer of a new process: it has a library to load."""

MISSING = "this needs the extra cel: pip install 'allowance[cel]'"


class Cel:
    """A `governance.expressions.Say`. The process is started when somebody asks, and again after it was stopped."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None

    def __call__(self, questions: Sequence[Question]) -> list[str]:
        """What each comes to."""
        with self._lock:
            return [self._answer(one) for one in questions]

    def close(self) -> None:
        """Stop the process."""
        with self._lock:
            self._stop()

    def _answer(self, question: Question) -> str:
        try:
            parse_expression(question.expression)
        except ProblemError as error:
            return error.problems[0].message
        if importlib.util.find_spec("cel") is None:
            return MISSING
        fresh = self._worker is None or self._worker.poll() is not None
        if fresh:
            self._start()
        line = json.dumps({"expression": question.expression, "values": dict(question.values)})
        return self._exchanged(line, START_PATIENCE if fresh else self._patience)

    def _start(self) -> None:
        self._stop()
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "allowance.edges.cel_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        atexit.register(self.close)

    def _exchanged(self, line: str, patience: float) -> str:
        worker = self._worker
        assert worker is not None
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(line.encode() + b"\n")
        except OSError:
            self._stop()
            return "the process that works expressions out has died"
        found, until = b"", time.monotonic() + patience
        with selectors.DefaultSelector() as ready:
            ready.register(worker.stdout, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                left = until - time.monotonic()
                if left <= 0 or not ready.select(left):
                    self._stop()
                    return f"it took longer than {patience:g} s"
                part = worker.stdout.read(65_536)
                if not part:
                    self._stop()
                    return "the process that works expressions out has died"
                found += part
        return str(json.loads(found))

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        atexit.unregister(self.close)
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()
