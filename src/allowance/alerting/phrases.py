"""Instants and spans as a message says them."""

from __future__ import annotations

from collections.abc import Sequence

from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant, iso


def when(at: Instant) -> str:
    """`2026-11-18 14:05 UTC`, with seconds only where there are some."""
    text = iso(at).replace("T", " ").removesuffix("Z")
    return f"{text.removesuffix(':00')} UTC"


def span(seconds: int) -> str:
    """A whole window: `5 min`, `1 h`, `1 h 30 min`, `3 d`."""
    parts, rest = list[str](), seconds
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def about(seconds: float) -> str:
    """Roughly how long, in one unit: `4 min`, `3 h`, `2 d`; at least a minute."""
    if seconds >= 2 * DAY:
        return f"{round(seconds / DAY)} d"
    if seconds >= 2 * HOUR:
        return f"{round(seconds / HOUR)} h"
    return f"{max(1, round(seconds / MINUTE))} min"


def calm(unreached: Sequence[str]) -> str:
    """That no alert needs anybody; with the channels that are not reached, because silence would then say nothing."""
    if not unreached:
        return "Nothing needs you"
    return f"No alert needs you, but {' and '.join(unreached)} {'is' if len(unreached) == 1 else 'are'} not reached"
