"""What commands share on a terminal: progress on standard error, tables, spark lines, JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

BARS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float]) -> str:
    """A line of bars; the highest is full, zero is the lowest bar, a gap (below zero) is a dot."""
    top = max(values, default=0)
    return "".join(
        "·" if v < 0 else BARS[round(v / top * (len(BARS) - 1))] if top > 0 else BARS[0] for v in values
    )


def print_json(document: Any) -> None:
    """One JSON document on standard output; NaN cannot occur, because no number is ever one."""
    import orjson

    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def console() -> Console:
    """Standard output with colours on a terminal only; as wide as the terminal, 110 columns where there is none."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 110, soft_wrap=False)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that is moved by (done, total); silent where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """A quiet table; the columns in `right` hold numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    rows = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0), header_style="dim")
    for name in columns:
        rows.add_column(
            name, justify="right" if name in right else "left", no_wrap=name in right, overflow="fold"
        )
    return rows
