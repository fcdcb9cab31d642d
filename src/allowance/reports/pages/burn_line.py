"""How fast, over the last hours: the burn rate of one rule on a logarithmic axis, with its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from math import log10

from allowance.budget.budget import Windowed
from allowance.budget.burn import burn_rate
from allowance.core.counts import NoData
from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.reports import tabular
from allowance.reports.glyphs import Svg
from allowance.reports.pages.drawings import named
from allowance.reports.pages.view import Num

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GUTTER = 420, 132, 40, 48, 8, 12
LOWEST = 0.1
POINTS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A burn rate at an instant."""

    at: Instant
    burn: Fraction | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnLine:
    """The line, what it shows in a sentence, and some of its numbers."""

    drawing: Svg
    says: str
    numbers: tuple[tuple[str, Num], ...]


def burn_line(
    counted: Windowed,
    target: Fraction,
    factor: Fraction,
    *,
    short: int,
    now: Instant,
    hours: int = 3,
    marks: Sequence[tuple[Instant, str]] = (),
) -> BurnLine:
    """The burn rate over `short` seconds at every few steps of the last hours; `marks` are named instants."""
    span = Span(begin=now - hours * HOUR, end=now)
    step = max(counted.step, span.seconds // POINTS // counted.step * counted.step)
    wide = max(short - short % counted.step, counted.step)
    points = [
        Point(at=at, burn=burn_rate(counted.between(at - wide, at), target))
        for at in range(now - (span.seconds // step) * step, now + 1, step)
    ]
    known = [one for one in points if not isinstance(one.burn, NoData)]
    most = max(known, key=lambda one: one.burn, default=None)  # type: ignore[arg-type, return-value]
    says = "nothing was measured"
    if most is not None:
        says = f"highest {tabular.factor(most.burn)} at {tabular.when(most.at)} UTC; the limit is {tabular.factor(factor)}"
    every = max(1, len(points) // 12)
    return BurnLine(
        drawing=_drawing(points, target, factor, span, marks, says),
        says=says,
        numbers=tuple(
            (tabular.when(one.at), Num(text=tabular.factor(one.burn), value=one.burn))
            for one in reversed(points[::-every])
        ),
    )


def _drawing(
    points: Sequence[Point],
    target: Fraction,
    factor: Fraction,
    span: Span,
    marks: Sequence[tuple[Instant, str]],
    says: str,
) -> Svg:
    ceiling = float(1 / (1 - target))
    parts = [
        f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/><text class="n" x="{LEFT - 6}" y="{y + 4:.1f}">{tick}</text>'
        for tick in _ticks(ceiling)
        for y in (_y(float(tick), ceiling),)
    ]
    limit = _y(float(factor), ceiling)
    parts.append(f'<path class="limit" d="M{LEFT} {limit:.1f}H{WIDTH - RIGHT}"/>')
    parts.append(
        f'<text class="limit" x="{WIDTH - RIGHT + 6}" y="{limit + 4:.1f}">{tabular.factor(factor)}</text>'
    )
    path, down = [], False
    for one in points:
        if isinstance(one.burn, NoData):
            down = False
            continue
        path.append(f"{'L' if down else 'M'}{_x(one.at, span):.1f} {_y(float(one.burn), ceiling):.1f}")
        down = True
    parts.append(f'<path class="line" d="{"".join(path)}"/>')
    for at, name in marks:
        if span.begin <= at < span.end:
            x = _x(at, span)
            parts.append(
                f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - 16}"><title>{escape(name)}</title></path>'
            )
    for at in range(span.begin - span.begin % HOUR + HOUR, span.end, HOUR):
        parts.append(f'<text x="{_x(at, span):.1f}" y="{HEIGHT - 2}">{tabular.when(at)[-5:]}</text>')
    return named("burn", WIDTH, HEIGHT, "".join(parts), f"Burn rate: {says}")


def _ticks(ceiling: float) -> list[str]:
    return ["0", *[str(10**power) for power in range(0, 7) if 10**power <= ceiling * 1.01]]


def _x(at: Instant, span: Span) -> float:
    return LEFT + (at - span.begin) / span.seconds * (WIDTH - LEFT - RIGHT)


def _y(burn: float, ceiling: float) -> float:
    """A logarithmic place above a gutter, in which everything below a tenth lies on zero."""
    bottom = HEIGHT - 18
    if burn < LOWEST:
        return float(bottom)
    share = (log10(burn) - log10(LOWEST)) / (log10(max(ceiling, 10)) - log10(LOWEST))
    return bottom - GUTTER - min(1.0, share) * (bottom - GUTTER - TOP)
