"""Showing something again and again on a terminal, until somebody stops it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from allowance.cli.main import WRONG, complain
from allowance.core.problem import ProblemError

EVERY = 10.0
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def again(show: Callable[[], int], *, every: float = EVERY) -> int:
    """Show, wait, show again; on a terminal in place of what was there. Ctrl C ends it with the last exit code.

    A server that is away for a while does not end it.
    """
    code = WRONG
    try:
        while True:
            if sys.stdout.isatty():
                sys.stdout.write(_CLEAR)
            try:
                code = show()
            except ProblemError as error:
                complain(error.problems)
                code = WRONG
            sys.stdout.flush()
            time.sleep(every)
    except KeyboardInterrupt:
        return code
