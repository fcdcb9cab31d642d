"""Which questions to ask: spans that fit into one answer, and where values at bucket edges are not enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Ints
from allowance.core.duration import HOUR, MINUTE
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats, Series
from allowance.signals.prom_counts import identity_of
from allowance.signals.prom_state import Identity, Last

Flags = NDArray[np.bool_]

MOST_POINTS = 10_800
"""Of one series in one answer; Prometheus refuses more than 11 000."""
MOST_SAMPLES = 1_500_000
"""In one answer: about 40 MB of JSON."""
BLOCK = HOUR
"""Doubtful stretches are read again in blocks of this length, sample by sample."""
LOOKBACK = 5 * MINUTE
"""For so long Prometheus goes on showing the last value of a series that stopped without a word."""
_SCRAPES_PER_HOUR = 360


def chunks(span: Span, step: int, series: int) -> list[Span]:
    """The span in pieces whose answers are small enough when there are so many series at a time."""
    points = max(60, min(MOST_POINTS, MOST_SAMPLES // max(series, 1)))
    return _pieces(span, points * step)


def halves(span: Span, step: int) -> tuple[Span, Span] | None:
    """The span in two, on an edge, or nothing where it is a single bucket."""
    buckets = (span.end - span.begin) // step
    if buckets < 2:
        return None
    middle = span.begin + buckets // 2 * step
    return Span(begin=span.begin, end=middle), Span(begin=middle, end=span.end)


def _pieces(span: Span, seconds: int) -> list[Span]:
    begins = range(span.begin, span.end, seconds)
    return [Span(begin=begin, end=min(begin + seconds, span.end)) for begin in begins]


def blocks(span: Span, step: int) -> list[Span]:
    """The span in blocks of about `BLOCK`, cut at whole multiples of it (so that no server moves the edges)."""
    block = block_seconds(step)
    cuts = [span.begin, *range((span.begin // block + 1) * block, span.end, block), span.end]
    return [Span(begin=begin, end=end) for begin, end in pairwise(cuts)]


def block_seconds(step: int) -> int:
    """The length of a block: a whole number of buckets, about `BLOCK`."""
    return max(BLOCK // step, 1) * step


def doubtful(
    edges: Iterable[Series],
    resets: Iterable[Series],
    known: Mapping[Identity, Last],
    span: Span,
    step: int,
    ignoring: frozenset[str] = frozenset(),
) -> list[Span]:
    """The blocks in which values at the edges may not tell every increment.

    That is where a series begins, ends, pauses or is reset: up to one bucket of its events is seen by no edge.
    `edges` are the values at every edge of the span, `resets` how often a series was reset, at each block's end.
    """
    pieces = blocks(span, step)
    grid = _Grid(span=span, block=block_seconds(step), size=len(pieces))
    flagged = np.zeros(len(pieces), dtype=np.bool_)
    present: dict[Identity, Flags] = {}
    for one in edges:
        inside = ~np.isnan(one.values) & (one.at > span.begin) & (one.at <= span.end)
        at, values = one.at[inside], one.values[inside]
        if not at.size:
            continue
        identity = identity_of(one.labels, ignoring)
        turns = _turns(at, values, known.get(identity), span, step)
        flagged[grid.places(np.array(turns))] = True
        present.setdefault(identity, np.zeros(len(pieces), dtype=np.bool_))[grid.places(at)] = True
    never = np.zeros(len(pieces), dtype=np.bool_)
    for one in resets:
        # Beyond the end of the span the last block goes on.
        places = np.minimum(grid.places(one.at), len(pieces) - 1)
        seen = present.get(identity_of(one.labels, ignoring), never)
        flagged[places[(one.values > 0) | ~seen[places]]] = True
    return [piece for piece, wrong in zip(pieces, flagged.tolist(), strict=True) if wrong]


def _turns(at: Floats, values: Floats, last: Last | None, span: Span, step: int) -> list[float]:
    """The edges at which a series begins, ends, pauses or falls."""
    paused = np.flatnonzero(np.diff(at) > step)
    turns = [*at[1:][values[1:] < values[:-1]], *(at[paused] + step), *at[paused + 1]]
    if at[-1] < span.end:
        turns.append(at[-1] + step)
    if last is None or at[0] > span.begin + step:
        turns.append(at[0])
    if last is not None and at[0] > span.begin + step and last.at > span.begin - max(step, LOOKBACK):
        turns.append(span.begin + step)
    return turns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    span: Span
    block: int
    size: int

    def places(self, at: Floats) -> Ints:
        """The blocks to which instants belong: a block holds its end, not its beginning."""
        place = np.ceil(at / self.block).astype(np.int64) - 1 - self.span.begin // self.block
        return np.maximum(place, 0)


def merged(pieces: Sequence[Span], series: int) -> list[Span]:
    """Blocks that follow each other as one, as long as the samples of so many series fit into one answer."""
    per_hour = max(series, 1) * _SCRAPES_PER_HOUR
    longest = max(BLOCK, MOST_SAMPLES // per_hour * HOUR)
    joined: list[Span] = []
    for piece in pieces:
        if joined and joined[-1].end == piece.begin and piece.end - joined[-1].begin <= longest:
            joined[-1] = Span(begin=joined[-1].begin, end=piece.end)
        else:
            joined.append(piece)
    return joined


def spliced(edges: Iterable[Series], raw: Iterable[Series], pieces: Sequence[Span]) -> list[Series]:
    """The values at edges outside of the pieces, and every sample inside of them."""
    if not pieces:
        return list(edges)
    begins = np.array([piece.begin for piece in pieces])
    ends = np.array([piece.end for piece in pieces])
    parts: dict[Identity, list[Series]] = {}
    for one in edges:
        index = np.searchsorted(begins, one.at, side="left") - 1
        inside = (index >= 0) & (one.at <= ends[np.maximum(index, 0)])
        parts.setdefault(identity_of(one.labels), []).append(
            Series(labels=one.labels, at=one.at[~inside], values=one.values[~inside])
        )
    for one in raw:
        parts.setdefault(identity_of(one.labels), []).append(one)
    return [_joined(same) for same in parts.values()]


def _joined(same: list[Series]) -> Series:
    at = np.concatenate([one.at for one in same])
    order = np.argsort(at, kind="stable")
    values = np.concatenate([one.values for one in same])
    return Series(labels=same[0].labels, at=at[order], values=values[order])
