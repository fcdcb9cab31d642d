"""Who caused it, as the page of a promise says it: what is explained and what is not add up to all failures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.buckets import Buckets
from allowance.core.counts import NoData
from allowance.core.window import Span
from allowance.governance.attribution import Attribution, Cause, attribute
from allowance.reports.pages.slo_causes import causes

START, STEP, LENGTH = 1_790_000_040, 60, 60
SPAN = Span(begin=START, end=START + LENGTH * STEP)


def attributed(bad: list[int], *, down: Span | None = None) -> Attribution:
    total = np.full(LENGTH, 100, dtype=np.int64)
    failed = np.array([*bad, *[0] * (LENGTH - len(bad))], dtype=np.int64)
    buckets = Buckets(start=START, step=STEP, good=total - failed, total=total)
    windows = () if down is None else (down,)
    known = [Cause(kind="dependency", name="payments", windows=windows)]
    return attribute("shop/orders", Fraction(999, 1000), {"": buckets}, known, SPAN)


def test_an_outage_of_a_dependency_is_named_with_its_share() -> None:
    found = causes(attributed([50] * 10, down=Span(begin=START, end=START + 10 * STEP)), ())
    assert not isinstance(found, NoData)
    assert found.says == "The dependency payments explains 100.0\u00a0% of the 500 failures."
    (one,) = found.found
    assert (one.what, str(one.name), one.name.href) == ("dependency", "payments", "/services/payments")
    assert one.why.startswith("at fault for 10 min; confidence ")


def test_a_dependency_that_worked_is_said_to_be_innocent() -> None:
    found = causes(attributed([3] * 10), ("mail",))
    assert not isinstance(found, NoData)
    assert found.says == "No fault of anything that is measured here explains any of the 30 failures."
    assert (found.found, found.innocent, found.unseen) == ((), ("payments",), ("mail",))


def test_where_nothing_failed_nobody_is_asked() -> None:
    assert isinstance(causes(attributed([]), ("mail",)), NoData)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=LENGTH), st.integers(0, 30), st.integers(1, 30))
def test_the_causes_and_the_rest_add_up_to_all_failures(bad: list[int], begin: int, length: int) -> None:
    down = Span(begin=START + begin * STEP, end=START + (begin + length) * STEP)
    found = causes(attributed(bad, down=down), ())
    if sum(bad):
        assert not isinstance(found, NoData)
        explained = sum((Fraction(one.failed.value) for one in (*found.found, found.rest)), Fraction(0))
        assert explained == sum(bad)
