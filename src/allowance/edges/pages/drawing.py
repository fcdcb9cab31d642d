"""Charts drawn by a process of its own: the library holds the interpreter's lock, and nobody else should wait for it."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, Literal

import orjson

from allowance.edges.pages.vega import bundle
from allowance.reports.chart_frame import VEGA_LITE

Format = Literal["svg", "png"]
MOST = 256
"""So many drawings are kept; the oldest goes first."""

SCALE = 2
"""Pixels of a PNG for each of the chart: sharp on paper and on dense screens."""


def drawn(spec: dict[str, Any], form: Format) -> bytes:
    """A chart as a file: what the other process does."""
    import vl_convert

    if form == "svg":
        text: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
        return text.encode()
    image: bytes = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=SCALE, allowed_base_urls=[])
    return image


def program() -> bytes:
    """The program that draws charts in a browser, gzipped: about 300 kB."""
    return gzip.compress(bundle().encode(), mtime=0)


def _executor() -> Executor:
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=_end_with_the_parent
    )


def _end_with_the_parent() -> None:
    """A server that is killed tells nobody, and a process that draws for nobody should not stay."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


class Drawing:
    """Draws charts, each content once; the process begins with the first chart."""

    def __init__(self, executor: Callable[[], Executor] = _executor) -> None:
        self._make = executor
        self._executor: Executor | None = None
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, spec: dict[str, Any], form: Format) -> bytes:
        """The chart as an SVG or PNG file."""
        key = f"{form}:{hashlib.sha256(orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)).hexdigest()}"
        return self._once(key, lambda executor: executor.submit(drawn, spec, form))

    def program(self) -> bytes:
        """The program that draws charts in a browser, gzipped."""
        return self._once("program", lambda executor: executor.submit(program))

    def _once(self, key: str, ask: Callable[[Executor], Future[bytes]]) -> bytes:
        """What is known already, or what the other process makes. One that has died is begun anew, once."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            body = ask(self._running()).result()
        except BrokenProcessPool:
            self.close()
            body = ask(self._running()).result()
        with self._lock:
            self._known[key] = body
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return body

    def close(self) -> None:
        """End the process; it begins again with the next chart."""
        with self._lock:
            ended, self._executor = self._executor, None
        if ended is not None:
            ended.shutdown(wait=False, cancel_futures=True)

    def _running(self) -> Executor:
        with self._lock:
            if self._executor is None:
                self._executor = self._make()
            return self._executor
