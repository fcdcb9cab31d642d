"""The newest bucket in plain numbers says the same as the general way over arrays."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.window import Span
from allowance.signals.prom_answer import Listed, Series, read_answer, read_lists
from allowance.signals.prom_counts import gains, settle
from allowance.signals.prom_minute import rises, settled
from allowance.signals.prom_sli import Answers, Ratio, count
from allowance.signals.prom_state import Identity, Last, Owed
from allowance.signals.promql import Counters, Term
from allowance.signals.promql_selector import Matcher, Selector

SPAN = Span(begin=600, end=660)
PLUS = Term(selector=Selector(metric="plus", matchers=(Matcher(name="code", op="=", value="plus"),)))
MINUS = Term(
    selector=Selector(metric="minus", matchers=(Matcher(name="code", op="=", value="minus"),)), sign=-1
)
PART = Term(selector=Selector(metric="part"))
PLANS = [
    Ratio(
        total=Counters(terms=(PLUS, MINUS), written="plus - minus"),
        part=Counters(terms=(PART,), written="part"),
        part_is=part_is,
    )
    for part_is in ("good", "bad")
]

values = st.one_of(
    st.integers(0, 30).map(float),
    st.floats(0, 50),
    st.sampled_from([math.nan, math.inf, -math.inf, -1.0, -0.0, 2.0**53, 2.0**53 + 2, 0.1, 1e-7]),
)
samples = st.lists(st.tuples(st.integers(6001, 6600).map(lambda n: n / 10), values), max_size=6).map(
    lambda pairs: sorted(dict(pairs).items())
)
labels = st.fixed_dictionaries(
    {"__name__": st.sampled_from(["a", "b"])},
    optional={
        "code": st.sampled_from(["", "200", "500"]),
        "job": st.sampled_from(["x", ""]),
        "instance": st.sampled_from(["1", "2"]),
    },
)
answered = st.lists(st.tuples(labels, samples), max_size=5)
lasts = st.builds(
    lambda value, at: Last(value=value, at=float(at)),
    st.floats(0, 50) | st.integers(0, 30).map(float),
    st.integers(0, 600),
)
knowns = st.dictionaries(
    labels.map(lambda one: tuple(sorted((k, v) for k, v in one.items() if v and k != "__name__"))),
    lasts,
    max_size=3,
)
owing = st.builds(
    Owed,
    total=st.integers(-5, 5),
    part=st.integers(-5, 5),
    total_fraction=st.sampled_from([0.0, 0.3, -0.5]),
    part_fraction=st.sampled_from([0.0, 0.25]),
    rounded=st.booleans(),
)


def both(found: list[tuple[dict[str, str], list[tuple[float, float]]]]) -> tuple[list[Series], list[Listed]]:
    arrays = [
        Series(
            labels=one,
            at=np.array([a for a, _ in pairs], dtype=float),
            values=np.array([v for _, v in pairs], dtype=float),
        )
        for one, pairs in found
    ]
    return arrays, [
        Listed(labels=one, at=[a for a, _ in pairs], values=[v for _, v in pairs]) for one, pairs in found
    ]


@given(
    st.tuples(answered, answered, answered),
    st.tuples(knowns, knowns, knowns),
    st.sampled_from([None, "code", "job"]),
    st.dictionaries(st.sampled_from(["", "200", "gone"]), owing, max_size=2),
    st.sampled_from(PLANS),
)
def test_the_minute_counts_as_any_span(
    found: tuple[list[tuple[dict[str, str], list[tuple[float, float]]]], ...],
    known: tuple[dict[Identity, Last], ...],
    by: str | None,
    owed: dict[str, Owed],
    plan: Ratio,
) -> None:
    general, minute, before = {}, {}, {}
    for term, answer, lasts_of in zip(plan.terms, found, known, strict=True):
        arrays, lists = both(answer)
        general[term.key] = gains(arrays, lasts_of, SPAN, 60, term.ignoring)
        minute[term.key] = rises(lists, lasts_of, term.ignoring)
        before[term.key] = lasts_of
        one, other = general[term.key], minute[term.key]
        assert (one.samples, one.falls, one.dropped) == (other.samples, other.falls, other.dropped)
        assert [(s.identity, s.first, s.last, s.birth and s.birth[1]) for s in one.series] == [
            (s.identity, s.first, s.last, s.birth) for s in other.series
        ]
    slow = count(plan, Answers(gains=general, known=before, values={}), owed, SPAN, 60, by)
    fast = count(plan, Answers(gains=minute, known=before, values={}), owed, SPAN, 60, by)
    assert (slow.groups, slow.owed, slow.dropped) == (fast.groups, fast.owed, fast.dropped)


@given(st.floats(-100, 100), st.floats(-100, 100), owing, st.sampled_from(["good", "bad"]))
def test_one_bucket_is_settled_as_many(total: float, part: float, owed: Owed, part_is: str) -> None:
    good, every, left = settle(np.array([total]), np.array([part]), part_is, owed)  # type: ignore[arg-type]
    assert settled(total, part, part_is, owed) == (int(good[0]), int(every[0]), left)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=6))
def test_an_answer_in_lists_is_the_answer_in_arrays(pairs: list[tuple[int, int]]) -> None:
    texts = ",".join(f'[{at}.5,"{value}"]' for at, value in pairs)
    body = f'{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"a":"b"}},"values":[{texts}]}}]}}}}'
    (one,) = read_answer(body.encode()).series
    (other,), warnings = read_lists(body.encode())
    assert (one.labels, one.at.tolist(), one.values.tolist(), ()) == (
        other.labels,
        other.at,
        other.values,
        warnings,
    )
