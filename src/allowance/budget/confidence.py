"""Confidence: what so many events can show, and what they cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction

from allowance.core.counts import NO_DATA, Counts, NoData

LEVEL = Fraction(95, 100)
"""The usual confidence level."""

_TINY = 1e-300
_MOST_ROUNDS = 1_000_000
_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Where the true share of good events lies, with at least `level` confidence; 0 <= low <= high <= 1."""

    low: float
    high: float
    level: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class FalsePage:
    """The chance that one window is over a threshold by luck alone.

    `failures_needed` is the smallest number of bad events that is strictly over the threshold; where it is more
    than all events, the threshold can never be exceeded and `binomial` is 0.
    """

    events: int
    failures_needed: int
    binomial: float
    poisson: float


def clopper_pearson(counts: Counts, level: Fraction = LEVEL) -> Interval | NoData:
    """The exact two-sided interval of the SLI (Clopper and Pearson, 1934), to 1e-10; `NO_DATA` without events.

    Exact means: whatever the truth is, at least `level` of such intervals hold it. Events count as independent.
    """
    if not counts.total:
        return NO_DATA
    tail = float((1 - _inside(level, "level")) / 2)
    return Interval(
        low=_lower_limit(counts.good, counts.total, tail),
        high=1.0 - _lower_limit(counts.bad, counts.total, tail),
        level=level,
    )


def events_to_show(target: Fraction, level: Fraction = LEVEL) -> int:
    """The smallest n for which n events without one failure show the target (the rule of three).

    That is target^n <= 1 - level: 99.9 % needs 2 995 events at 95 %.
    """
    _inside(target, "target")
    _inside(level, "level")
    with localcontext() as context:
        context.prec = 120
        ratio = _ln(1 - level) / _ln(target)
        # A quotient this close to a whole number is one: target^n is then equal to 1 - level, which is enough.
        return int((ratio - Decimal("1e-40")).to_integral_value(rounding=ROUND_CEILING))


def events_to_promise(target: Fraction) -> int:
    """How many events a window needs before one failure does not already break the promise: 1 / (1 - target)."""
    return math.ceil(1 / (1 - _inside(target, "target")))


def false_page(events: int, true_ratio: Fraction, threshold: Fraction) -> FalsePage:
    """How likely bad / total > threshold is in a window of so many events while the true ratio is `true_ratio`.

    For a burn-rate rule the threshold is factor x (1 - target). The binomial figure is exact to about 1e-10
    relative, the Poisson figure is the same for events that arrive at random.
    """
    if events < 0 or not 0 <= true_ratio <= 1 or threshold < 0:
        raise ValueError("a false page needs events >= 0, a ratio inside 0 to 1 and a threshold >= 0")
    needed = math.floor(threshold * events) + 1
    return FalsePage(
        events=events,
        failures_needed=needed,
        binomial=at_least(needed, events, float(true_ratio)),
        poisson=at_least_poisson(needed, float(true_ratio * events)),
    )


def at_least(failures: int, events: int, ratio: float) -> float:
    """P(X >= failures) for X binomial: so many events, each bad with chance `ratio`."""
    if failures <= 0:
        return 1.0
    if failures > events or ratio <= 0:
        return 0.0
    if ratio >= 1:
        return 1.0
    a, b = failures, events - failures + 1
    # The continued fraction is quick on its own side of the mean; the other side is its complement.
    if ratio < (a + 1) / (a + b + 2):
        return _binomial_mass(a, events, ratio) * (1 - ratio) * _beta_fraction(a, b, ratio)
    below = _binomial_mass(b, events, 1 - ratio) * ratio * _beta_fraction(b, a, 1 - ratio)
    return max(0.0, 1.0 - below)


def at_least_poisson(failures: int, expected: float) -> float:
    """P(X >= failures) for X Poisson with so many expected."""
    if failures <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    mass = _poisson_mass(failures, expected)
    if failures > expected:
        return mass * _rising(failures, expected)
    return 1.0 - mass * _falling(failures, expected)


def _inside(value: Fraction, what: str) -> Fraction:
    if not 0 < value < 1:
        raise ValueError(f"a {what} lies inside 0 to 1, both excluded, not {value}")
    return value


def _ln(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).ln()


def _lower_limit(hits: int, events: int, tail: float) -> float:
    """The p with P(X >= hits | p) = tail; the chance rises with p, so halving finds it."""
    if not hits:
        return 0.0
    low, high = _bracket(hits, events, tail)
    while high - low > 1e-16 + 1e-13 * low:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if at_least(hits, events, middle) < tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _bracket(hits: int, events: int, tail: float) -> tuple[float, float]:
    """A short stretch that holds the limit: some deviations below the observed share, checked, else all of it."""
    share = hits / events
    spread = math.sqrt(share * (1 - share) / events) + 1 / events
    reach = 4.0
    while share - reach * spread > 0:
        low = share - reach * spread
        if at_least(hits, events, low) < tail:
            return low, share
        reach *= 2
    return 0.0, share


def _beta_fraction(a: int, b: int, x: float) -> float:
    """The continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    total = d
    for m in range(1, _MOST_ROUNDS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1.0 + term * d, 1.0 + term / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            total *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return total


def _rising(failures: int, expected: float) -> float:
    """P(X >= k) / P(X = k) above the mean: 1 + m/(k+1) + m^2/((k+1)(k+2)) + ..."""
    term = total = 1.0
    k = failures
    while term > total * 1e-17:
        k += 1
        term *= expected / k
        total += term
    return total


def _falling(failures: int, expected: float) -> float:
    """P(X < k) / P(X = k) at and below the mean: k/m + k(k-1)/m^2 + ..."""
    term, total = 1.0, 0.0
    for k in range(failures, 0, -1):
        term *= k / expected
        total += term
        if term < total * 1e-17:
            break
    return total


def _binomial_mass(k: int, n: int, p: float) -> float:
    """P(X = k) in Loader's saddle-point form, which keeps its digits where n is large (C. Loader, 2000)."""
    if k == 0:
        return math.exp(n * math.log1p(-p))
    if k == n:
        return math.exp(n * math.log(p))
    log_mass = (
        _stirling_rest(n)
        - _stirling_rest(k)
        - _stirling_rest(n - k)
        - _deviance(k, n * p)
        - _deviance(n - k, n * (1 - p))
    )
    return math.exp(log_mass) * math.sqrt(n / (2 * math.pi * k * (n - k)))


def _poisson_mass(k: int, expected: float) -> float:
    return math.exp(-_stirling_rest(k) - _deviance(k, expected)) / math.sqrt(2 * math.pi * k)


def _stirling_rest(n: int) -> float:
    """log n! less Stirling's formula."""
    if n < 16:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - _HALF_LOG_2_PI
    square = float(n) * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n


def _deviance(x: float, mean: float) -> float:
    """x log(x / mean) + mean - x, without loss of digits where the two are close."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * math.log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    total = (x - mean) * v
    power = 2 * x * v
    for j in range(1, 1000):
        power *= v * v
        larger = total + power / (2 * j + 1)
        if larger == total:
            break
        total = larger
    return total
