"""The beta distribution: what some successes and failures, and what was thought before, say about a chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

_TINY = 1e-300
_MOST_ROUNDS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Beta:
    """A belief about a chance: as if `a` hits and `b` misses had been seen. Both above 0."""

    a: float
    b: float

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0):
            raise ValueError(f"a beta distribution needs a > 0 and b > 0, not {self.a} and {self.b}")

    @property
    def mean(self) -> float:
        """The expected chance."""
        return self.a / (self.a + self.b)

    def after(self, hits: int, misses: int) -> Beta:
        """The belief once so much more was seen."""
        return Beta(a=self.a + hits, b=self.b + misses)

    def below(self, x: float) -> float:
        """P(chance <= x), to about 1e-12."""
        if x <= 0:
            return 0.0
        if x >= 1:
            return 1.0
        a, b = self.a, self.b
        log_front = (
            math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
        )
        # The continued fraction is quick on its own side of the mean; the other side is its complement.
        if x < (a + 1) / (a + b + 2):
            return math.exp(log_front) * _fraction(a, b, x) / a
        return 1.0 - math.exp(log_front) * _fraction(b, a, 1 - x) / b

    def quantile(self, share: float) -> float:
        """The chance below which `share` of the belief lies, by halving, to 1e-12."""
        low, high = 0.0, 1.0
        while high - low > 1e-12:
            middle = (low + high) / 2
            if self.below(middle) < share:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def prior(mean: float, weight: float) -> Beta:
    """A belief with a mean inside 0 to 1, as firm as `weight` observations."""
    return Beta(a=mean * weight, b=(1 - mean) * weight)


def _fraction(a: float, b: float, x: float) -> float:
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
