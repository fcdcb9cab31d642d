from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allowance.signals.prom_answer import Series
from allowance.signals.prom_together import MOST_TOGETHER, together
from allowance.signals.promql_selector import Matcher, Selector


def selector(metric: str = "x", **equal: str) -> Selector:
    return Selector(
        metric=metric,
        matchers=tuple(Matcher(name=name, op="=", value=text) for name, text in sorted(equal.items())),
    )


def series(**labels: str) -> Series:
    return Series(labels=labels, at=np.array([1.0]), values=np.array([1.0]))


def test_selectors_that_differ_in_one_value_are_one_question() -> None:
    wanted = {
        "a": selector(job="a", code="500"),
        "b": selector(job="b.c", code="500"),
        "total a": selector(job="a"),
        "total b": selector(job="b.c"),
        "alone": selector(metric="y", job="a"),
        "none": selector(metric="z"),
    }
    texts = sorted(question.selector.text() for question in together(wanted))
    assert texts == ['x{job=~"a|b\\\\.c"}', 'y{job="a"}', "z"]


def test_a_part_of_what_is_asked_is_not_asked() -> None:
    def of(op: str, value: str) -> Selector:
        return Selector(
            metric="x", matchers=(Matcher(name="code", op=op, value=value), *selector(job="a").matchers)
        )

    wanted = {
        "all": selector(job="a"),
        "bad": of("=~", "5.."),
        "not": of("!=", "200"),
        "odd": of("=~", r"\\d+"),
    }
    asked = together(wanted)
    assert sorted(question.selector.text() for question in asked) == [of("=~", r"\\d+").text(), 'x{job="a"}']
    (whole,) = [one for one in asked if one.selector == wanted["all"]]
    assert whole.wanted({"job": "a", "code": "503"}) == ("all", "bad", "not")
    assert whole.wanted({"job": "a"}) == ("all", "not")


def test_an_offset_and_a_condition_keep_apart() -> None:
    late = Selector(metric="x", matchers=selector(job="a").matchers, offset_ms=1)
    not_b = Selector(metric="x", matchers=(Matcher(name="job", op="!=", value="b"),))
    assert len(together({"a": selector(job="a"), "late": late, "not b": not_b})) == 3


def test_questions_do_not_grow_without_bound() -> None:
    wanted = {str(place): selector(job=str(place)) for place in range(MOST_TOGETHER + 1)}
    assert [len(question.members) for question in together(wanted)] == [MOST_TOGETHER, 1]


labels = st.dictionaries(
    st.sampled_from(["job", "code", "path"]), st.sampled_from(["a", "b", "a|b", ".", "5xx"])
)


def matches(one: Selector, found: Series) -> bool:
    def holds(matcher: Matcher) -> bool:
        value = found.labels.get(matcher.name, "")
        return value == matcher.value if matcher.op == "=" else bool(re.fullmatch(matcher.value, value))

    return all(holds(matcher) for matcher in one.matchers)


@given(st.lists(labels, max_size=8), st.lists(labels, max_size=8))
def test_each_selector_gets_its_series_and_no_other(
    wanted: list[dict[str, str]], held: list[dict[str, str]]
) -> None:
    selectors = {str(place): selector(**equal) for place, equal in enumerate(wanted)}
    server = [series(**one) for one in held]
    found: dict[str, list[Series]] = {}
    for question in together(selectors):
        answer = [one for one in server if matches(question.selector, one)]
        assert all(any(matches(one, each) for one in selectors.values()) for each in answer)
        found.update(question.apart(answer))
    assert found.keys() == selectors.keys()
    for key, one in selectors.items():
        assert found[key] == [each for each in server if matches(one, each)]
