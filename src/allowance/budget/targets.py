"""Targets from history: what past windows would have met, what traffic can promise, and what is gold plating.

Rolling windows are taken at every day edge counted back from the last measured moment (shorter windows: one after
the other), calendar windows as the finished periods. Only whole windows count; where there is not even one, what
there is counts and the answer says so. Windows without events are left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from allowance.budget.confidence import events_to_promise
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.duration import DAY, short
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Span, Window

SHARES = (Fraction(90, 100), Fraction(95, 100), Fraction(99, 100))
"""The shares of past windows that a suggested target would have been met in."""

NICE_TARGETS = tuple(
    1 - Fraction(digit, 10**power) for power in range(1, 6) for digit in (5, 2, 1) if power < 5 or digit == 1
)
"""Targets that people say: 50, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, ... 99.999 %."""

GOLD_SPENT = Fraction(1, 10)
"""Spending less of the budget than this, window after window, is gold plating."""

ADVICE = (
    "release faster: the budget allows more risk than is taken",
    "run chaos experiments and game days: the budget pays for them",
    "loosen the SLO, or promise the better level openly if users already rely on it",
)

Fit = Literal["gold-plated", "fits", "too little traffic", "too little history", "no data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotPromise:
    """No usable target comes out, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The highest target that at least `share` of the past windows met.

    `exact` is met by `met_by` windows (100 % is possible here); `nice` is the target that people say, rounded down,
    below 100 % and with no more nines than the traffic can show.
    """

    share: Fraction
    exact: Fraction
    nice: Fraction | CannotPromise
    met_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHistory:
    """Suggestions from `windows` past windows with events (`empty` more had none).

    `whole` is false where the history is shorter than one window: then the one window is what there is.
    """

    window: Window
    covers: Span
    windows: int
    empty: int
    whole: bool
    expected_events: Fraction
    suggestions: tuple[Suggestion, ...]

    def __str__(self) -> str:
        has = short(self.covers.seconds)
        if not self.whole:
            return f"the history of {has} is shorter than one window ({self.window}); it is taken as it is"
        left_out = f"; {self.empty} without events left out" if self.empty else ""
        return f"from {self.windows} windows of {self.window} over {has}{left_out}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How many events a window holds, and how many a target needs before one failure does not break it."""

    target: Fraction
    needed: int
    expected: Fraction

    @property
    def enough(self) -> bool:
        """Whether one failure in a usual window still keeps the promise."""
        return self.expected >= self.needed

    def __str__(self) -> str:
        compared = f"needs {self.needed} events in a window, has about {decimal_text(self.expected, 0)}"
        verdict = "enough" if self.enough else "one failure already breaks the promise"
        return f"{percent_text(self.target, 6)} {compared}: {verdict}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFit:
    """Whether a target fits its service. `spent` is the largest share of the budget that a looked-at window spent."""

    word: Fit
    reason: str
    windows: int = 0
    spent: Fraction | NoData = NO_DATA
    advice: tuple[str, ...] = ()


def suggested_targets(
    buckets: Buckets, window: Window, *, now: Instant, shares: Sequence[Fraction] = SHARES
) -> TargetHistory | NoData:
    """What target each share of the past windows would have met; `NO_DATA` where nothing was measured before `now`."""
    covers = _measured(buckets, now)
    if isinstance(covers, NoData):
        return NO_DATA
    spans = _whole_windows(window, covers, buckets.step)
    counts = _counts(buckets, spans or [covers])
    slis = sorted((sli for sli in (one.sli for one in counts) if isinstance(sli, Fraction)), reverse=True)
    if not slis:
        return NO_DATA
    expected = _expected_events(buckets, window, covers)
    return TargetHistory(
        window=window,
        covers=covers,
        windows=len(slis),
        empty=len(counts) - len(slis),
        whole=bool(spans),
        expected_events=expected,
        suggestions=tuple(_suggest(slis, share, expected) for share in shares),
    )


def nice_target(exact: Fraction, expected_events: Fraction) -> Fraction | CannotPromise:
    """The highest target that people say, at most `exact`, for which so many events a window are enough."""
    said = [nice for nice in NICE_TARGETS if nice <= exact]
    if not said:
        return CannotPromise(
            reason=f"only {percent_text(exact)} of the events were good; look at the indicator first"
        )
    shown = [nice for nice in said if events_to_promise(nice) <= expected_events]
    if not shown:
        return CannotPromise(
            reason=f"about {decimal_text(expected_events, 1)} events in a window are too few for any promise"
        )
    return shown[-1]


def traffic_for(buckets: Buckets, target: Fraction, window: Window, *, now: Instant) -> Traffic | NoData:
    """Whether the traffic is enough to promise so many nines, at the rate of the newest window's length."""
    covers = _measured(buckets, now)
    if isinstance(covers, NoData):
        return NO_DATA
    return Traffic(
        target=target,
        needed=events_to_promise(target),
        expected=_expected_events(buckets, window, covers),
    )


def target_fit(
    buckets: Buckets,
    target: Fraction,
    window: Window,
    *,
    now: Instant,
    last: int = 2,
    spent_below: Fraction = GOLD_SPENT,
) -> TargetFit:
    """Whether a target is gold plated: every window within the last `last` window lengths spent under `spent_below`.

    It needs a history of `last` whole windows, and traffic for which `spent_below` of the budget is at least one
    whole event: below that, a clean window may be luck.
    """
    covers = _measured(buckets, now)
    if isinstance(covers, NoData):
        return TargetFit(word="no data", reason="nothing was measured")
    spans = _newest(window, covers, buckets.step, last)
    if not spans:
        return TargetFit(
            word="too little history",
            reason=f"needs {last} whole windows of {window}, has {short(covers.seconds)}",
        )
    counts = _counts(buckets, spans)
    least = min(one.total for one in counts)
    if not least:
        return TargetFit(word="no data", reason="a window holds no events", windows=len(counts))
    spent = max(one.bad / ((1 - target) * one.total) for one in counts)
    needed = math.ceil(1 / ((1 - target) * spent_below))
    if least < needed:
        reason = f"needs {needed} events in each window to tell, has {least}"
        return TargetFit(word="too little traffic", reason=reason, windows=len(counts), spent=spent)
    most = f"the worst of the last {len(counts)} windows spent {percent_text(spent, 1)} of its budget"
    if spent < spent_below:
        return TargetFit(word="gold-plated", reason=most, windows=len(counts), spent=spent, advice=ADVICE)
    return TargetFit(word="fits", reason=most, windows=len(counts), spent=spent)


def _measured(buckets: Buckets, now: Instant) -> Span | NoData:
    """From the first to the last moment with data before `now`."""
    known = min(max((now - buckets.start) // buckets.step, 0), len(buckets))
    filled = np.flatnonzero(buckets.total[:known])
    if not filled.size:
        return NO_DATA
    low, high = int(filled[0]), int(filled[-1]) + 1
    return Span(begin=buckets.start + low * buckets.step, end=buckets.start + high * buckets.step)


def _whole_windows(window: Window, covers: Span, step: int) -> list[Span]:
    """The whole windows within a history, oldest first, on bucket edges."""
    if isinstance(window, RollingWindow):
        length = max(step, window.seconds - window.seconds % step)
        stride = max(step, min(DAY, length) // step * step)
        ends = range(covers.end, covers.begin + length - 1, -stride)
        return [Span(begin=end - length, end=end) for end in ends][::-1]
    spans = []
    period = window.whole(covers.end)
    while period.begin >= covers.begin:
        if period.end <= covers.end:
            spans.append(Span(begin=period.begin - period.begin % step, end=period.end - period.end % step))
        period = window.whole(period.begin)
    return spans[::-1]


def _newest(window: Window, covers: Span, step: int, last: int) -> list[Span]:
    """The windows within the last `last` window lengths; none where the history is shorter."""
    spans = _whole_windows(window, covers, step)
    if not isinstance(window, RollingWindow):
        return spans[-last:] if len(spans) >= last else []
    oldest = covers.end - last * window.seconds
    return [span for span in spans if span.begin >= oldest] if covers.begin <= oldest else []


def _counts(buckets: Buckets, spans: Sequence[Span]) -> list[Counts]:
    edges = np.array([(span.begin, span.end) for span in spans], dtype=np.int64)
    places = np.clip((edges - buckets.start) // buckets.step, 0, len(buckets))
    good, total = (sums[places[:, 1]] - sums[places[:, 0]] for sums in (buckets.good_sum, buckets.total_sum))
    return [Counts(good=g, total=t) for g, t in zip(good.tolist(), total.tolist(), strict=True)]


def _suggest(slis: Sequence[Fraction], share: Fraction, expected: Fraction) -> Suggestion:
    exact = slis[math.ceil(share * len(slis)) - 1]
    return Suggestion(
        share=share,
        exact=exact,
        nice=nice_target(exact, expected),
        met_by=sum(sli >= exact for sli in slis),
    )


def _expected_events(buckets: Buckets, window: Window, covers: Span) -> Fraction:
    length = window.whole(covers.end).seconds
    begin = max(covers.begin, covers.end - length - (covers.end - length) % buckets.step)
    events = buckets.between(begin, covers.end).total
    return Fraction(events * length, covers.end - begin)
