"""A minute of all counters at once says what the general way says of each, or leaves it to that."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.problem import ProblemError
from allowance.core.window import Span
from allowance.signals.prom_answer import Series, read_answer
from allowance.signals.prom_counts import gains
from allowance.signals.prom_flat import Flat, read_flat
from allowance.signals.prom_packed import numbers_of, numbers_of_sheet, shape_of, shape_of_sheet, unpacked
from allowance.signals.prom_sheet import sheet_of, taken_over
from allowance.signals.prom_sli import Answers, Ratio, count
from allowance.signals.prom_state import FORGET_INSTANCE, Identity, Last, Owed, PromState, remembered
from allowance.signals.prom_sweep import forgotten, swept
from allowance.signals.promql import Counters, Term
from allowance.signals.promql_selector import Matcher, Selector

SPAN = Span(begin=600, end=660)


def counters(*terms: Term) -> Counters:
    return Counters(terms=terms, written="?")


def term(metric: str, sign: int = 1, **equal: str) -> Term:
    matchers = tuple(Matcher(name=name, op="=", value=text) for name, text in sorted(equal.items()))
    return Term(selector=Selector(metric=metric, matchers=matchers), sign=1 if sign > 0 else -1)


GOOD = Term(
    selector=Selector(
        metric="x",
        matchers=(Matcher(name="code", op="=~", value="2.."), Matcher(name="job", op="=", value="b")),
    )
)
BOUND = Term(
    selector=Selector(metric="le", matchers=(Matcher(name="job", op="=", value="a"),)), any_bound=True
)
PLANS = {
    "a": Ratio(
        total=counters(term("x", job="a")), part=counters(term("x", job="a", code="500")), part_is="bad"
    ),
    "b": Ratio(total=counters(term("x", job="b")), part=counters(GOOD), part_is="good"),
    "both": Ratio(
        total=counters(term("x", job="a"), term("x", job="b")), part=counters(GOOD), part_is="good"
    ),
    "less": Ratio(total=counters(term("y"), term("z", -1)), part=counters(term("w")), part_is="bad"),
    "bound": Ratio(total=counters(term("v")), part=counters(BOUND), part_is="good"),
}
TERMS = {one.key: one for plan in PLANS.values() for one in plan.terms}

whole = st.integers(0, 30).map(float)
values = st.one_of(
    whole,
    whole,
    whole,
    st.sampled_from([math.nan, math.inf, -1.0, -0.0, 0.5, 2.0**53, 2.0**53 + 2, 1e-7]),
)
samples = st.lists(st.tuples(st.integers(5990, 6610).map(lambda n: n / 10), values), max_size=4).map(
    lambda pairs: sorted(dict(pairs).items())
)
labels = st.fixed_dictionaries(
    {"__name__": st.sampled_from(["x", "x", "x", "y", "z", "w", "v", "le"])},
    optional={
        "code": st.sampled_from(["200", "204", "500"]),
        "job": st.sampled_from(["a", "b"]),
        "le": st.sampled_from(["1", "1.0"]),
    },
)
server = st.lists(
    st.tuples(labels, samples, st.none() | st.tuples(values, st.integers(0, 600).map(float))), max_size=8
).map(lambda held: list({tuple(sorted(one[0].items())): one for one in held}.values()))
owing = st.builds(
    Owed,
    total=st.integers(-5, 5),
    part=st.integers(-5, 5),
    total_fraction=st.sampled_from([0.0, 0.0, 1e-8, 0.3]),
    part_fraction=st.sampled_from([0.0, 0.0, 0.25]),
    rounded=st.booleans(),
)
owed = st.dictionaries(
    st.tuples(st.sampled_from(sorted(PLANS)), st.sampled_from(["", "200", "gone"])), owing, max_size=3
)
Held = Sequence[tuple[dict[str, str], list[tuple[float, float]], tuple[float, float] | None]]


def matches(one: Selector, found: dict[str, str]) -> bool:
    def holds(matcher: Matcher) -> bool:
        value = found.get(matcher.name, "")
        return value == matcher.value if matcher.op == "=" else bool(re.fullmatch(matcher.value, value))

    return found["__name__"] == one.metric and all(holds(matcher) for matcher in one.matchers)


def state_of(held: Held, debts: dict[tuple[str, str], Owed], by: str | None) -> PromState:
    """What was known before: whatever a reading can have left, so never what no counter can be."""
    last: dict[str, dict[Identity, Last]] = {key: {} for key in TERMS}
    for key, one in TERMS.items():
        for found, _, before in held:
            if before is not None and 0 <= before[0] <= 2.0**53 and matches(one.selector, found):
                identity = tuple(sorted(pair for pair in found.items() if pair[0] not in one.ignoring))
                last[key][identity] = Last(value=before[0], at=before[1])
    return PromState(at=SPAN.begin, by=by, last=last, owed=debts)


def answer(one: Selector, held: Held) -> Flat:
    result = [
        {"metric": found, "values": [[at, str(value)] for at, value in pairs]}
        for found, pairs, _ in held
        if matches(one, found)
    ]
    body = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    return read_flat(json.dumps(body, separators=(",", ":")).encode())


@given(server, owed, st.sampled_from([None, "code"]))
def test_the_sweep_counts_as_any_span_or_leaves_it(
    held: Held, debts: dict[tuple[str, str], Owed], by: str | None
) -> None:
    before = state_of(held, debts, by)
    sheet = sheet_of(PLANS, before)
    found = swept(sheet, [answer(one.selector, held) for one in sheet.layout.questions], end=SPAN.end)
    general = {
        key: gains(
            [
                Series(
                    labels=labels,
                    at=np.array([at for at, _ in pairs], dtype=float),
                    values=np.array([value for _, value in pairs], dtype=float),
                )
                for labels, pairs, _ in held
                if pairs and matches(one.selector, labels)
            ],
            before.last[key],
            SPAN,
            60,
            one.ignoring,
        )
        for key, one in TERMS.items()
    }
    after = found.sheet.state()
    for name, plan in PLANS.items():
        if name in found.odd:
            keys = {one.key for one in plan.terms}
            assert {key: after.last[key] for key in keys} == {key: before.last[key] for key in keys}
            continue
        wanted = count(
            plan, Answers(gains=general, known=before.last, values={}), _of(debts, name), SPAN, 60, by
        )
        for group in {group for cell, group in found.sheet.layout.cells if cell == name} | set(wanted.groups):
            place = found.sheet.layout.place[name, group]
            counts = wanted.groups.get(group)
            whole = (0, 0) if counts is None else (counts.good.item(), counts.total.item())
            assert (found.good[place], found.total[place]) == whole, (name, group)
            assert after.owed[name, group] == wanted.owed.get(group, Owed())
        for one in plan.terms:
            new = {gain.identity: gain.last for gain in general[one.key].series}
            assert after.last[one.key] == {**before.last[one.key], **new}


def _of(debts: dict[tuple[str, str], Owed], name: str) -> dict[str, Owed]:
    return {group: one for (sli, group), one in debts.items() if sli == name}


X = [{"__name__": "x", "job": job, "code": code} for job in "ab" for code in ("200", "500")]


def plain(*risen: int) -> Held:
    return [
        (one, [(630.0, 10.0 + by), (660.0, 10.0 + 2 * by)], (10.0, 600.0))
        for one, by in zip(X, risen, strict=True)
    ]


def test_what_is_plain_is_swept_and_what_is_not_spoils_only_its_family() -> None:
    held = plain(5, 1, 7, 0)
    sheet = sheet_of(PLANS, state_of(held, {}, None))
    assert len(sheet.layout.questions) == 6  # all of x in one, and y, z, w, v, le
    found = swept(sheet, [answer(one.selector, held) for one in sheet.layout.questions], end=SPAN.end)
    counted = {
        cell[0]: (int(good), int(total))
        for cell, good, total in zip(sheet.layout.cells, found.good, found.total, strict=True)
    }
    assert (found.odd, counted) == ((), {"a": (10, 12), "b": (14, 14), "both": (14, 26)})
    born = [*held, ({"__name__": "y"}, [(640.0, 3.0)], None)]
    again = swept(sheet, [answer(one.selector, born) for one in sheet.layout.questions], end=SPAN.end)
    assert again.odd == ("less",)
    assert again.good.tolist() == found.good.tolist()


def test_new_series_come_behind_and_old_ones_are_forgotten() -> None:
    held = plain(5, 1, 7, 0)
    sheet = sheet_of(PLANS, state_of(held, {}, "code"))
    later = replace_last(sheet.state(), "y", Last(value=3.0, at=640.0))
    longer = taken_over(sheet, ["less"], later)
    assert longer.layout.slots[: len(sheet.layout.slots)] == sheet.layout.slots
    assert longer.state().last == later.last
    old = replace_last(later, "y", Last(value=3.0, at=600.0 - FORGET_INSTANCE * 31))
    assert forgotten(longer) == ()
    stale = sheet_of(PLANS, old)
    assert forgotten(stale) == ("less",)
    shorter = {key: remembered(series, now=old.at) for key, series in old.last.items()}
    gone = PromState(at=old.at, by="code", last=shorter, owed=old.owed)
    assert taken_over(stale, ["less"], gone).state().last == sheet.state().last


def replace_last(state: PromState, metric: str, last: Last) -> PromState:
    key = next(key for key in state.last if key.startswith(metric))
    return PromState(at=state.at, by=state.by, last={**state.last, key: {(): last}}, owed=state.owed)


@given(server, owed)
def test_a_state_is_stored_in_two_parts_and_comes_back(
    held: Held, debts: dict[tuple[str, str], Owed]
) -> None:
    state = state_of(held, debts, "code")
    sheet = sheet_of(PLANS, state)
    shape = json.loads(json.dumps(shape_of(state)))
    assert unpacked(shape, numbers_of(state)) == state
    assert unpacked(json.loads(json.dumps(shape_of_sheet(sheet))), numbers_of_sheet(sheet)) == sheet.state()
    for spoilt in (numbers_of(state)[:-1], numbers_of(state) + b"\0", b""):
        with pytest.raises(ProblemError):
            unpacked(shape, spoilt)


texts = st.text(max_size=6) | st.sampled_from(['"', "],[", '{"metric":', ',"values":[[', "]]},", "\\\\"])
numbers = (
    st.integers(0, 2**60).map(str) | st.floats().map(str) | st.sampled_from(["NaN", "+Inf", "-Inf", "1e+06"])
)
shown = st.lists(
    st.tuples(
        st.dictionaries(texts, texts, max_size=2),
        st.lists(st.tuples(st.floats(0, 2e9), numbers), max_size=3, unique_by=lambda pair: pair[0]),
    ),
    max_size=4,
)


@given(shown, st.booleans(), st.sampled_from([{}, {"warnings": ["w"]}]))
def test_a_flat_answer_is_the_answer(held: list[Any], compact: bool, more: dict[str, Any]) -> None:
    result = [{"metric": names, "values": [list(pair) for pair in sorted(pairs)]} for names, pairs in held]
    body = {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}
    form = {"separators": (",", ":")} if compact else {}
    sent = json.dumps(body, **form).encode()  # type: ignore[arg-type]
    answer, flat = read_answer(sent), read_flat(sent)
    series = [one for one in answer.series if len(one.at)]
    assert [flat.labels(number) for number in range(len(flat.heads))] == [one.labels for one in series]
    assert flat.sizes.tolist() == [len(one.at) for one in series]
    nothing = np.zeros(0)
    assert np.array_equal(flat.at, np.concatenate([nothing, *(one.at for one in series)]))
    assert np.array_equal(
        flat.values, np.concatenate([nothing, *(one.values for one in series)]), equal_nan=True
    )
    assert flat.warnings == answer.warnings


@pytest.mark.parametrize(
    "spoilt",
    [
        '[1,"x"]',
        '[1,"1_0"]',
        "[1]",
        '["NaN","1"]',
        '[1,"1"],[2,"2"',
        '[1],[2,"3","4"]',
        '["5"],[1,2,"3"]',
        '[1,""]',
        '[1,"1"]],"values":[[2,"3"]',
    ],
)
def test_a_spoilt_answer_is_a_problem_and_never_a_number(spoilt: str) -> None:
    body = f'{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{spoilt}]}}]}}}}'
    try:
        wanted = [(one.at.tolist(), one.values.tolist()) for one in read_answer(body.encode()).series]
    except ProblemError:
        with pytest.raises(ProblemError):
            read_flat(body.encode())
    else:
        flat = read_flat(body.encode())
        assert [(flat.at.tolist(), flat.values.tolist())] == wanted
