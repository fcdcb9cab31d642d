"""Work that may never come back: in a thread that does not keep the program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Answer = TypeVar("Answer")


def in_daemon(name: str, work: Callable[[], Answer]) -> Future[Answer]:
    """Begin at once; `name` is seen in stack dumps. The future has the answer, or what the work raised."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - `result` raises it again
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
