from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.indicator import PromRatio
from allowance.core.problem import ProblemError
from allowance.core.window import Span
from allowance.signals.prom_answer import Series
from allowance.signals.prom_counts import Gains, Witnesses, gains, settle, sums, whole, witnesses
from allowance.signals.prom_notes import Heard, Outcome, notes
from allowance.signals.prom_packed import numbers_of, shape_of, unpacked
from allowance.signals.prom_samples import SHARE_UNITS, evaluated, judged, shared
from allowance.signals.prom_sli import Answers, Ratio, count, plan
from allowance.signals.prom_state import Identity, Last, Owed, PromState, from_json, remembered

SPAN = Span(begin=0, end=300)
NOBODY: Mapping[Identity, Last] = {}


def one(values: Mapping[float, float], **labels: str) -> Series:
    return Series(
        labels=labels,
        at=np.array(list(values), dtype=float),
        values=np.array(list(values.values()), dtype=float),
    )


def added(*series: Series, known: Mapping[Identity, Last] = NOBODY, step: int = 60) -> list[int]:
    found = gains(series, known, SPAN, step)
    seen = witnesses([(found, known)], frozenset({"code"}))
    groups = sums([(1, found)], seen, SPAN.seconds // step, None)
    return [int(value) for value in groups.get("", np.zeros(SPAN.seconds // step))]


A = (("instance", "a"),)


def test_an_increment_belongs_to_the_bucket_that_ends_at_or_after_its_sample() -> None:
    known = {(): Last(value=10, at=0)}
    assert added(one({15: 11, 60: 13, 60.001: 17, 300: 25}), known=known) == [3, 4, 0, 0, 8]


def test_a_fall_is_a_reset_and_a_gap_carries_the_last_value() -> None:
    known = {(): Last(value=10, at=0)}
    assert added(one({60: 3, 120: 1, 300: 9}), known=known) == [3, 1, 0, 0, 8]
    assert added(one({60: float("nan"), 120: 12}), known=known) == [0, 2, 0, 0, 0]


def test_the_first_value_of_an_unknown_instance_adds_nothing() -> None:
    assert added(one({60: 1000, 120: 1001}, instance="a", job="j")) == [0, 1, 0, 0, 0]


def test_a_series_born_beside_a_known_one_counts_from_its_first_value() -> None:
    total = one({60: 1000, 120: 1003, 180: 1005}, instance="a", job="j", code="200")
    errors = one({120: 500}, instance="a", job="j", code="500")
    assert added(total, errors) == [0, 503, 2, 0, 0]
    # Born in the very first scrape of its instance, it may be as old as the instance.
    assert added(total, one({60: 500}, instance="a", job="j", code="500")) == [0, 3, 2, 0, 0]
    # Another instance says nothing about this one.
    assert added(total, one({120: 500}, instance="b", job="j", code="500")) == [0, 3, 2, 0, 0]


def test_an_instance_known_from_before_vouches_for_a_birth() -> None:
    known = {(("code", "200"), ("instance", "a"), ("job", "j")): Last(value=7, at=0)}
    assert added(one({60: 4}, instance="a", job="j", code="500"), known=known) == [4, 0, 0, 0, 0]


def test_without_job_and_instance_the_labels_that_both_have_say_who_counts() -> None:
    total = one({60: 10, 120: 12}, path="/a", code="200")
    assert added(total, one({120: 3}, path="/a", code="500")) == [0, 5, 0, 0, 0]
    assert added(total, one({120: 3}, path="/b", code="500")) == [0, 2, 0, 0, 0]
    seen = Witnesses(constrained=frozenset({"code"}))
    seen.see((("code", "200"), ("method", "GET"), ("service", "a")), 60)
    seen.see((("__name__", "x"), ("service", "b")), 120)
    assert seen.earliest((("__name__", "y"), ("service", "a"), ("type", "timeout"))) == 60
    assert seen.earliest((("method", "PUT"), ("service", "a"))) == np.inf
    assert seen.earliest((("method", "PUT"), ("service", "b"))) == 120
    assert seen.earliest((("instance", "i"), ("job", "j"), ("service", "b"))) == 120
    assert seen.earliest((("queue", "q"),)) == 60
    assert Witnesses(constrained=frozenset()).earliest(()) == np.inf


def test_what_cannot_be_a_counter_is_dropped_and_counted() -> None:
    found = gains([one({60: 1, 120: -5, 180: float("inf"), 240: 3})], NOBODY, SPAN, 60)
    assert (found.dropped, found.samples, found.falls) == (2, 2, 0)


def test_two_texts_of_one_bound_are_one_series() -> None:
    old, new = one({60: 100, 120: 104}, le="1", job="j"), one({180: 110, 240: 111}, le="1.0", job="j")
    found = gains([old, new], NOBODY, SPAN, 60, frozenset({"le"}))
    assert [(gain.places.tolist(), gain.amounts.tolist()) for gain in found.series] == [
        ([1, 2, 3], [4, 6, 1])
    ]


def test_groups_are_the_values_of_a_label() -> None:
    found = gains(
        [one({60: 1, 120: 3}, route="/a"), one({60: 1, 120: 2}, route="/b"), one({60: 0, 120: 9})],
        NOBODY,
        SPAN,
        60,
    )
    groups = sums([(1, found)], Witnesses(constrained=frozenset()), 5, "route")
    assert {group: values.tolist() for group, values in groups.items()} == {
        "/a": [0, 2, 0, 0, 0],
        "/b": [0, 1, 0, 0, 0],
        "": [0, 9, 0, 0, 0],
    }


def test_near_whole_numbers_are_those_and_others_keep_their_sum() -> None:
    assert whole(np.array([1.0000001, 2.9999999]), 0.0)[0].tolist() == [1, 3]
    counts, fraction, rounded = whole(np.full(10, 0.4), 0.0)
    assert (int(counts.sum()), rounded) == (4, True)
    assert counts.tolist() == [0, 1, 0, 1, 0, 0, 1, 0, 1, 0]
    assert fraction == pytest.approx(0)
    with pytest.raises(ProblemError, match="too large"):
        whole(np.array([1e300]), 0.0)


@given(st.lists(st.floats(0, 1e6), max_size=40), st.integers(0, 40))
def test_rounding_goes_on_where_it_stood(values: list[float], cut: int) -> None:
    whole_at_once, _, _ = whole(np.array(values), 0.0)
    first, fraction, _ = whole(np.array(values[:cut]), 0.0)
    second, _, _ = whole(np.array(values[cut:]), fraction)
    assert abs(int(whole_at_once.sum()) - int(first.sum()) - int(second.sum())) <= 1
    assert abs(int(whole_at_once.sum()) - sum(values)) <= 0.5 + 1e-3


events = st.lists(st.tuples(st.integers(0, 30), st.integers(-5, 30)), max_size=40)


@given(events, st.integers(0, 40), st.sampled_from(["good", "bad"]))
def test_good_stays_within_total_and_nothing_is_lost(
    rows: list[tuple[int, int]], cut: int, part_is: str
) -> None:
    part, total = (np.array([row[i] for row in rows], dtype=float) for i in (0, 1))
    good, totals, owed = settle(total, part, part_is)  # type: ignore[arg-type]
    assert ((good >= 0) & (good <= totals)).all()
    counted = int(good.sum()) if part_is == "good" else int((totals - good).sum())
    assert counted + owed.part == part.sum()
    assert int(totals.sum()) + owed.total == total.sum()
    first = settle(total[:cut], part[:cut], part_is)  # type: ignore[arg-type]
    second = settle(total[cut:], part[cut:], part_is, first[2])  # type: ignore[arg-type]
    assert np.concatenate((first[0], second[0])).tolist() == good.tolist()
    assert np.concatenate((first[1], second[1])).tolist() == totals.tolist()
    assert second[2] == owed


def test_a_surplus_waits_for_the_next_bucket_with_room() -> None:
    good, total, owed = settle(np.array([100.0, 100, 10]), np.array([105.0, 93, 12]), "good")
    assert (good.tolist(), total.tolist(), owed.part) == ([100, 98, 10], [100, 100, 10], 2)


def test_a_gauge_is_judged_per_series_and_bucket() -> None:
    series = [one({59.999: 1, 119.999: 3, 179.999: float("nan")}, q="a"), one({59.999: 9}, q="b")]
    whole_gauge = judged(series, "lte", 1.0, SPAN, 60, None)[""]
    assert (whole_gauge.good.tolist(), whole_gauge.total.tolist()) == ([1, 0, 0, 0, 0], [2, 1, 0, 0, 0])
    by = judged(series, "gt", 1.0, SPAN, 60, "q")
    assert (by["a"].good.tolist(), by["b"].good.tolist()) == ([0, 1, 0, 0, 0], [1, 0, 0, 0, 0])


def test_a_share_is_kept_in_billionths() -> None:
    groups, wrong = shared([one({60: 0.25, 120: 99.5, 180: 0})], "bad", SPAN, 60, None)
    assert wrong == 1
    assert groups[""].total.tolist() == [SHARE_UNITS, 0, SHARE_UNITS, 0, 0]
    assert groups[""].all().sli == Fraction(7, 8)


def test_evaluations_are_scaled_to_events() -> None:
    groups, wrong = evaluated([one({60: 0.5, 120: -1, 180: float("nan")})], 60.0, SPAN, 60, None)
    assert (groups[""].tolist(), wrong) == ([30.0, 0, 0, 0, 0], 1)


def answers(total: list[Series], part: list[Series], ratio: Ratio) -> Answers:
    found: dict[str, Gains] = {
        term.key: gains(series, NOBODY, SPAN, 60)
        for term, series in zip(ratio.terms, (total, part), strict=True)
    }
    return Answers(gains=found, known=dict.fromkeys(found, NOBODY), values={})


def told(
    indicator: PromRatio, total: list[Series], part: list[Series], by: str | None = None
) -> dict[str, str]:
    ratio = plan(indicator, step=60)
    assert isinstance(ratio, Ratio)
    counted = count(ratio, answers(total, part, ratio), {}, SPAN, 60, by)
    heard = {}
    for term, series in zip(ratio.terms, (total, part), strict=True):
        heard[term.key] = Heard()
        for each in series:
            found = gains([each], NOBODY, SPAN, 60)
            heard[term.key].hear(found.samples, found.falls, each.at[0], each.at[-1], frozenset(each.labels))
    outcome = Outcome(name="x", plan=ratio, heard=heard, groups=counted.groups, owed=counted.owed, dropped=0)
    return {note.code: note.severity for note in notes(outcome, SPAN, 60, by)}


def test_notes_say_what_a_careful_reader_would() -> None:
    full = [one({60: 1, 120: 5, 300: 9}, job="j")]
    bad = PromRatio(total="a", bad="b")
    good = PromRatio(total="a", good="b")
    assert told(bad, full, full) == {}
    assert told(bad, full, []) == {"prom-no-bad": "info"}
    assert told(good, full, []) == {"prom-no-good": "warning"}
    assert told(bad, [], []) == {"prom-no-data": "warning", "prom-no-bad": "info"}
    assert told(good, full, full, by="route") == {"prom-by": "warning"}
    assert told(good, full, [one({60: 1, 120: 90}, job="j")]) == {"prom-ahead": "warning"}
    assert told(good, [one({60: 0.5, 120: 5, 300: 9}, job="j")], full) == {"prom-rounded": "warning"}
    zigzag = [one({float(at): at % 2 for at in range(1, 60)}, job="j")]
    assert "prom-falls" in told(good, zigzag, full)


labels = st.dictionaries(st.sampled_from(["job", "instance", "code"]), st.text(max_size=3), max_size=3)


@given(
    st.dictionaries(
        st.text(max_size=4),
        st.lists(st.tuples(labels, st.floats(0, 1e9), st.integers(0, 10**9)), max_size=3),
        max_size=3,
    ),
    st.tuples(
        st.integers(-5, 5), st.integers(0, 5), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.booleans()
    ),
)
def test_a_state_survives_any_store(
    last: dict[str, list[tuple[dict[str, str], float, int]]], owed: tuple[int, int, float, float, bool]
) -> None:
    state = PromState(
        at=600,
        by="code",
        last={
            query: {
                tuple(sorted(names.items())): Last(value=value, at=float(at)) for names, value, at in series
            }
            for query, series in last.items()
        },
        owed={
            ("sli", "g"): Owed(
                total=owed[0], part=owed[1], total_fraction=owed[2], part_fraction=owed[3], rounded=owed[4]
            )
        },
    )
    plain = {
        "version": 1,
        "at": state.at,
        "step": state.step,
        "by": state.by,
        "last": {
            query: [[dict(identity), one.value, one.at] for identity, one in series.items()]
            for query, series in state.last.items()
        },
        "owed": [["sli", "g", *owed]],
    }
    assert from_json(orjson.loads(orjson.dumps(plain))) == state  # as the first version wrote it
    assert unpacked(orjson.loads(orjson.dumps(shape_of(state))), numbers_of(state)) == state


@pytest.mark.parametrize(
    "raw",
    [None, [], {}, {"version": 2}, {"version": 1, "at": 61, "step": 60}, {"version": 1, "at": 0, "step": 0}],
)
def test_another_state_is_refused(raw: object) -> None:
    with pytest.raises(ProblemError, match="stored state"):
        from_json(raw)


def test_a_series_is_forgotten_with_its_instance() -> None:
    day = 86_400
    a, b, c = ((("instance", "i"), ("job", "j"), ("code", code)) for code in ("200", "500", "404"))
    gone = (("instance", "gone"), ("job", "j"))
    loose, old = (("path", "/a"),), (("path", "/b"),)
    at = {a: 99 * day, b: 60 * day, c: 90 * day, gone: 98 * day, loose: 80 * day, old: 60 * day}
    kept = remembered({tuple(sorted(key)): Last(value=1, at=when) for key, when in at.items()}, now=100 * day)
    assert set(kept) == {tuple(sorted(key)) for key in (a, b, c, loose)}
