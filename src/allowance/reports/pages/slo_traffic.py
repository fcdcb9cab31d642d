"""Traffic and failures of a promise, small, and one window beside the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.detection import Detection
from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import Span
from allowance.reports import numbers, tabular
from allowance.reports.glyphs import Svg, spark
from allowance.reports.pages.rows import left
from allowance.reports.pages.slo_asked import previous_end
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.view import Num
from allowance.reports.slots import Slot

WIDTH, HEIGHT = 300, 44
MANY = 3
"""From so many times as much on a change is said in times, not in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A small line over the window: what it shows, and its highest value."""

    name: str
    says: str
    drawing: Svg


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Requests and failures of each part of the window, over the time that `span` says."""

    each: str
    span: Span
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One number of this window beside that of the window before."""

    what: str
    now: Num
    before: Num
    change: str


def traffic(found: Detail) -> Traffic | NoData:
    """Requests, and the share of them that failed, bar by bar."""
    slots = found.view.slots
    if slots is None:
        return NO_DATA
    whole = max(bar.span.seconds for bar in slots.bars)
    totals = [bar.counts.total for bar in slots.bars]
    failing = [
        None if not bar.counts.total else Fraction(bar.counts.bad, bar.counts.total) for bar in slots.bars
    ]
    most = max((one for one in failing if one is not None), default=Fraction(0))
    requests = f"requests per {slots.each}, at most {numbers.whole(max(totals))}"
    failures = f"failed per {slots.each}, at most {tabular.percent(most, 2)}"
    return Traffic(
        each=slots.each,
        span=slots.drawn(found.promise.zone),
        lines=(
            _line("Traffic", requests, [_whole(bar, whole) for bar in slots.bars]),
            _line("Failures", failures, [None if one is None else float(one) for one in failing]),
        ),
    )


def _whole(bar: Slot, seconds: int) -> float | None:
    """The requests of a part of the window; a part that is shorter than the others would look like a loss."""
    return float(bar.counts.total) if bar.span.seconds >= seconds * 19 // 20 else None


def _line(name: str, words: str, values: Sequence[float | None]) -> Line:
    return Line(name=name, says=words, drawing=spark(values, words, width=WIDTH, height=HEIGHT))


def compared(found: Detail) -> tuple[Compared, ...]:
    """This window beside the one before it, in the same numbers."""
    window, at = found.window, found.evaluation.at
    here, then = found.evaluation.span, window.at(previous_end(window, at))
    one, other = found.budget_over(here), found.budget_over(then)
    target = found.slo.target
    rows = [
        _compared(
            "measured", *((b.counts.sli, tabular.sli_percent(b.counts.sli, target)) for b in (one, other))
        ),
        _compared("requests", *((b.counts.total, numbers.whole(b.counts.total)) for b in (one, other))),
        _compared("failed", *((b.counts.bad, numbers.whole(b.counts.bad)) for b in (one, other))),
        _compared("budget left", *((b.remaining, left(b.remaining).text) for b in (one, other))),
    ]
    for severity, noun in (("page", "pages"), ("ticket", "tickets")):
        sent = found.whole.detections.get(severity, ())
        counts = [_within(sent, span) for span in (here, then)]
        rows.append(_compared(f"{noun} by its rules", *((n, numbers.whole(n)) for n in counts)))
    return tuple(rows)


def _within(sent: Sequence[Detection], span: Span) -> int:
    return sum(span.begin < one.detected <= span.end for one in sent)


def _compared(
    what: str, now: tuple[Fraction | int | NoData, str], before: tuple[Fraction | int | NoData, str]
) -> Compared:
    return Compared(
        what=what,
        now=Num(text=now[1], value=now[0]),
        before=Num(text=before[1], value=before[0]),
        change=_change(now[0], before[0]),
    )


def _change(now: Fraction | int | NoData, before: Fraction | int | NoData) -> str:
    if isinstance(now, NoData) or isinstance(before, NoData):
        return "cannot be compared"
    if now == before:
        return "unchanged"
    if isinstance(now, Fraction) or isinstance(before, Fraction):
        points = tabular.fixed(abs(Fraction(now) - before) * 100, 2)
        return f"{'up' if now > before else 'down'} by {points} points"
    if not before:
        return f"up by {numbers.whole(now)}"
    if now >= MANY * before:
        return f"{tabular.factor(Fraction(now, before))} as many"
    return f"{'up' if now > before else 'down'} by {tabular.percent(abs(Fraction(now, before) - 1))}"
