"""The beta distribution against scipy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from allowance.budget.beta import Beta, prior

SHAPES = st.floats(0.5, 2000)


@given(SHAPES, SHAPES, st.floats(0, 1))
def test_the_share_below_is_scipys(a: float, b: float, x: float) -> None:
    assert Beta(a=a, b=b).below(x) == pytest.approx(float(beta.cdf(x, a, b)), abs=1e-9)


@given(SHAPES, SHAPES, st.sampled_from([0.05, 0.5, 0.95]))
def test_a_quantile_has_its_share_below_it(a: float, b: float, share: float) -> None:
    belief = Beta(a=a, b=b)
    found = belief.quantile(share)
    assert 0 <= found <= 1
    if 1e-9 < found < 1 - 1e-9:
        assert belief.below(found) == pytest.approx(share, abs=1e-4)


def test_a_belief_learns() -> None:
    start = prior(0.1, 10)
    assert (start.a, start.b) == pytest.approx((1, 9))
    assert start.after(5, 5).mean == pytest.approx(6 / 20)
    with pytest.raises(ValueError, match="needs a > 0"):
        Beta(a=0, b=1)
