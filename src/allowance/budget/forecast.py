"""Forecast: when the budget is spent, what comes back by itself, and when there is budget to launch again.

What is already in the window is known exactly: each bad day leaves at a known instant. What the future adds is a
range (`forecast_range`). Points and ranges are therefore estimates (floats, instants on bucket edges), while the
table of what comes back is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from allowance.budget.budget import Budget, budget_at
from allowance.budget.burn import burn_rate
from allowance.budget.forecast_paths import (
    BandPoint,
    Moment,
    NotBefore,
    Paths,
    in_sight,
    paths,
    remaining_ahead,
)
from allowance.budget.forecast_recovery import (
    Leaving,
    Recovery,
    Renewal,
    Rolling,
    in_words,
    main_cause,
    moment_text,
    recovery,
)
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR, short
from allowance.core.ratio import decimal_text
from allowance.core.time import Instant
from allowance.core.window import CalendarWindow, Window

__all__ = [
    "BandPoint",
    "Forecast",
    "Launch",
    "Leaving",
    "Moment",
    "NotBefore",
    "Recovery",
    "Renewal",
    "Rolling",
    "Spending",
    "forecast",
    "remaining_ahead",
]

UTC = ZoneInfo("UTC")
NO_EVENTS = "the window holds no events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """When nothing of the budget is left, at the pace of the newest `recent` seconds.

    `at` is the point; in 80 of 100 such cases it lies from `earliest` to `latest`. `spent`: it is `now` already.
    """

    word: Literal["spent", "ahead", "not in sight", "no data"]
    at: Moment
    earliest: Moment
    latest: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """When more than a threshold of the budget is left again, at the usual pace of errors; 80 % range."""

    word: Literal["now", "later", "not in sight", "no data"]
    at: Moment
    earliest: Moment
    latest: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The near future of one budget. `now` is on a bucket edge; `band` reaches to the end of sight.

    `recent_burn` is the burn rate of the newest `recent` seconds. `tested` is false where the history is too short
    for a range: it then reaches from no bad event at all to nothing but bad ones.
    """

    now: Instant
    budget: Budget
    recent: int
    recent_burn: Fraction | NoData
    spending: Spending
    recovery: Recovery
    launch: Launch
    band: tuple[BandPoint, ...]
    tested: bool


def forecast(
    buckets: Buckets,
    target: Fraction,
    window: Window,
    *,
    now: Instant,
    threshold: Fraction = Fraction(0),
    zone: ZoneInfo = UTC,
) -> Forecast:
    """When is it spent, what comes back when, when can we launch again. `now` is taken back to a bucket edge.

    Launching needs more than `threshold` of the budget. Days and words are in `zone` (a calendar window brings its
    own). Reads nothing at or after `now`. Without events in the window the words are "no data" and the band is empty.
    """
    at = now - now % buckets.step
    zone = window.zone if isinstance(window, CalendarWindow) else zone
    budget = budget_at(buckets, target, window, now=at)
    recent = recent_span(window.whole(at).seconds, buckets.step)
    lately = buckets.between(at - recent, at)
    comes_back = recovery(buckets, target, window, zone, now=at)
    sight = in_sight(window, now=at)
    path = paths(buckets, target, window, sight, now=at) if budget.counts.total else NO_DATA
    return Forecast(
        now=at,
        budget=budget,
        recent=recent,
        recent_burn=burn_rate(lately, target),
        spending=_spending(budget, path, lately.sli, recent, zone, now=at),
        recovery=comes_back,
        launch=_launch(budget, path, comes_back, threshold, zone, now=at),
        band=() if isinstance(path, NoData) else path.band(),
        tested=not isinstance(path, NoData) and path.tested,
    )


def recent_span(window: int, step: int) -> int:
    """How far back "recent" reaches: a twenty-eighth of the window, on a day, six hours or an hour if it can be."""
    share = window // 28
    round_spans = [span for span in (3 * DAY, DAY, 6 * HOUR, HOUR) if span <= share and span % step == 0]
    return round_spans[0] if round_spans else max(step, share - share % step)


def _spending(
    budget: Budget,
    path: Paths | NoData,
    lately: Fraction | NoData,
    recent: int,
    zone: ZoneInfo,
    *,
    now: Instant,
) -> Spending:
    if isinstance(path, NoData):
        unknown = NotBefore(at=now)
        return Spending(word="no data", at=unknown, earliest=unknown, latest=unknown, reason=NO_EVENTS)
    if budget.left <= 0:
        return Spending(
            word="spent", at=now, earliest=now, latest=now, reason="nothing of the budget is left"
        )
    if isinstance(lately, NoData):
        at, pace = path.first(path.likely <= 0), "at the usual pace"
    else:
        burn = (1 - lately) / (1 - budget.target)
        at = path.first(path.at_share(float(1 - lately)) <= 0)
        pace = f"at the pace of the last {short(recent)} (burn rate {decimal_text(burn, 2)})"
    earliest = min(path.first(path.low <= 0), at, key=_order)
    latest = max(path.first(path.high <= 0), at, key=_order)
    if isinstance(at, NotBefore):
        reason = f"{pace} the budget lasts at least until {moment_text(at.at, zone, now=now)}"
        return Spending(word="not in sight", at=at, earliest=earliest, latest=latest, reason=reason)
    reason = f"{pace} the budget is spent on {moment_text(at, zone, now=now)}"
    return Spending(word="ahead", at=at, earliest=earliest, latest=latest, reason=reason)


def _launch(
    budget: Budget,
    path: Paths | NoData,
    comes_back: Recovery,
    threshold: Fraction,
    zone: ZoneInfo,
    *,
    now: Instant,
) -> Launch:
    if isinstance(path, NoData):
        unknown = NotBefore(at=now)
        return Launch(word="no data", at=unknown, earliest=unknown, latest=unknown, reason=NO_EVENTS)
    if budget.left > threshold * budget.allowed:
        return Launch(word="now", at=now, earliest=now, latest=now, reason="there is budget left")
    if isinstance(comes_back, Renewal) and comes_back.at == now:
        return Launch(word="now", at=now, earliest=now, latest=now, reason="a new period begins now")
    enough = float(threshold)
    at, earliest, latest = (
        _or_renewed(comes_back, path.first(line > enough)) for line in (path.likely, path.high, path.low)
    )
    reason = _launch_reason(comes_back, at, zone, now=now)
    word: Literal["later", "not in sight"] = "not in sight" if isinstance(at, NotBefore) else "later"
    return Launch(word=word, at=at, earliest=earliest, latest=latest, reason=reason)


def _launch_reason(comes_back: Recovery, at: Moment, zone: ZoneInfo, *, now: Instant) -> str:
    if isinstance(at, NotBefore):
        until = moment_text(at.at, zone, now=now)
        return (
            f"at the usual pace of errors there is no budget before {until}, however much leaves the window"
        )
    again = f"there is budget again on {moment_text(at, zone, now=now)}"
    if isinstance(comes_back, Renewal):
        if at == comes_back.at:
            return f"a new period begins with a new budget: {again}"
        return f"good events make up for the bad ones within the period: {again}"
    cause = main_cause(comes_back.days, at)
    if cause is None:
        return f"good events make up for the bad ones: {again}"
    return f"{in_words(cause, zone, now=now)}: {again}"


def _or_renewed(comes_back: Recovery, moment: Moment) -> Moment:
    """At the end of its period, where sight ends, a calendar budget is new whatever happens."""
    return comes_back.at if isinstance(moment, NotBefore) and isinstance(comes_back, Renewal) else moment


def _order(moment: Moment) -> tuple[bool, Instant]:
    return (True, moment.at) if isinstance(moment, NotBefore) else (False, moment)
