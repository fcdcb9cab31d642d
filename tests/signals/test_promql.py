from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.indicator import PromGauge, PromRatio, PromShare
from allowance.core.problem import ProblemError, Where
from allowance.signals.prom_histogram import good_and_total, matching_bounds, read_histogram
from allowance.signals.prom_sli import plan
from allowance.signals.promql import Counters, Evaluated, Sampled, hides_samples, read_counts, read_gauge
from allowance.signals.promql_selector import Matcher, Selector, read_selector
from allowance.signals.promql_text import parse, quoted, readable, with_ranges


def counters(query: str) -> list[tuple[int, str]]:
    found = read_counts(query, step=60)
    assert isinstance(found, Counters)
    return [(term.sign, term.selector.text()) for term in found.terms]


def problem(query: str) -> str:
    with pytest.raises(ProblemError) as caught:
        read_counts(query, step=60, where=Where(file="slo.yaml", line=7, path="total"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('http_requests_total{job="x",code!~"5.."}', [(1, 'http_requests_total{code!~"5..",job="x"}')]),
        ("sum(rate(x[5m]))", [(1, "x")]),
        ("sum by (job) (increase(x[{{.window}}]))", [(1, "x")]),
        ("sum(irate(x[$__rate_interval])) by (code)", [(1, "x")]),
        ("sum(rate(x[${window}] offset 5m))", [(1, "x offset 300000ms")]),
        ("((sum without (pod) (sum by (pod) (rate(x[1h])))))", [(1, "x")]),
        ("sum(rate(a[5m])) + sum(rate(b[5m]))", [(1, "a"), (1, "b")]),
        ("sum(rate(a[5m])) - (sum(rate(b[5m])) + sum(rate(c[5m])))", [(1, "a"), (-1, "b"), (-1, "c")]),
        ("sum(rate(a[5m])) or on() vector(0)", [(1, "a")]),
        ("a - b or vector(0)", [(1, "a"), (-1, "b")]),
        ('{__name__="a.b"}', [(1, '{__name__="a.b"}')]),
        ('{__name__="a", b="c"}', [(1, 'a{b="c"}')]),
        ("sum(rate(x[5m])) # the window does not [7d] matter", [(1, "x")]),
        ("x{path=`/a\\d\"`}", [(1, 'x{path="/a\\\\d\\""}')]),
        ('x{path="[5m]"}', [(1, 'x{path="[5m]"}')]),
    ],
)  # fmt: skip
def test_sums_and_differences_of_counters_are_counted_from_their_selectors(
    query: str, expected: list[tuple[int, str]]
) -> None:
    assert counters(query) == expected


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sum(rate(x[5m])", "column 16 of the query: the query is not PromQL: unclosed left parenthesis"),
        ("sum(rate(x[5m])) b (le)", "column 18 of the query: the query is not PromQL: b cannot stand here"),
        ("x +", "column 4 of the query: the query is not PromQL: it ends too early"),
        ('a\n+ b{c=d}', "line 2, column 7 of the query"),
        ("rate(x)", "column 1 of the query: the query is not PromQL: expected type matrix"),
        ("sum(rated(x[5m]))", "column 5 of the query: the query is not PromQL: unknown function"),
        ('x{a="b}', "column 5 of the query: a quoted text does not end"),
        ('x{a=`\\d`,b=c}', "column 12 of the query"),
        ("rate(x[{{.window}}]) +* y", "column 23 of the query"),
        ("", "the query is empty"),
        ("# nothing", "the query is empty"),
        ("x[5m]", "the query gives a range vector"),
        ("x[1h:5m]", "the query gives a range vector"),
        ("5", "the query gives a scalar"),
        ("1 + scalar(x)", "the query gives a scalar"),
        ("'x'", "the query gives a string"),
        ('{job="x"}', "names no metric"),
        ("x @ 5", "column 3 of the query: the query is pinned to one instant"),
        ("clamp_min(rate(x[5m] @ end()), 0)", "pinned to one instant"),
        ('x{a="1" or b="2"}', "not standard PromQL"),
        ("sum by ($label) (x)", "column 9 of the query: the variable $label has no value here"),
        ("x" * 10_001, "10001 characters"),
        ("(" * 101 + "x" + ")" * 101, "nested too deep"),
        ("x" + "+x" * 501, "too many operators"),
    ],
)  # fmt: skip
def test_what_is_no_query_is_refused_with_its_place(query: str, says: str) -> None:
    text = problem(query)
    assert says in text
    assert text.startswith("slo.yaml:7: total, ")
    assert text.endswith("[promql]")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", "column 18 of the query: the query divides two vectors"),
        ("1 - a / b", "divides two vectors"),
        ('sum(a{path="/"} / on(x) b)', "column 17 of the query: the query divides two vectors"),
        ("slo:sli_error:ratio_rate5m", "a recorded ratio"),
        ("histogram_quantile(0.9, rate(x_bucket[5m]))", "uses histogram_quantile"),
        ("avg_over_time(x[5m])", "uses avg_over_time"),
        ("max(x)", "uses max"),
        ("topk(3, rate(x[5m]))", "uses topk"),
        ("sum_over_time(increase(x[5m])[1h:5m])", "holds a subquery"),
        ("rate(a[5m]) * 60", "scales a rate"),
        ("a + rate(b[5m])", "mixes bare counters with rates"),
        ("clamp_min(rate(a[5m]) + count_over_time(b[5m]), 0)", "mixes rates with counts"),
        ("clamp_min(a_total, 0)", "a running total"),
        ("sum(rate(latency_bucket[5m]))", "once per bucket"),
    ],
)
def test_what_gives_no_counts_is_refused_with_a_way_out(query: str, says: str) -> None:
    text = problem(query)
    assert says in text
    assert text.endswith("[promql-counts]")
    assert "(" in text.split(says)[1]


def test_other_queries_are_evaluated_with_the_step_as_their_window() -> None:
    found = read_counts('sum(rate(x{a="[5m]"}[5m]) > 0) or sum(rate(y[$i]))', step=30)
    assert found == Evaluated(
        text='sum(rate(x{a="[5m]"}[30s]) > 0) or sum(rate(y[30s]))',
        scale=30,
        by_sample=False,
        written='sum(rate(x{a="[5m]"}[5m]) > 0) or sum(rate(y[$i]))',
    )


@pytest.mark.parametrize(
    ("query", "scale", "by_sample"),
    [
        ("job:requests:rate5m", 60, False),
        ("sum(job:requests:increase5m)", 0.2, False),
        ("sum(count_over_time(probe_success[5m]))", 1, True),
        ("sum(sum_over_time(probe_success[{{.window}}]))", 1, True),
        ("clamp_min(increase(x[5m]), 0)", 1, False),
        ("count(up)", 1, False),
        ("round(rate(x[5m]))", 60, False),
    ],
)
def test_an_evaluated_query_becomes_events_by_its_unit(query: str, scale: float, by_sample: bool) -> None:
    found = read_counts(query, step=60)
    assert isinstance(found, Evaluated)
    assert (found.scale, found.by_sample) == (scale, by_sample)


def test_a_gauge_is_sampled_inside_of_its_bucket() -> None:
    assert read_gauge('(age{queue="a"} offset 1m)', step=30) == Sampled(
        text='last_over_time(age{queue="a"}[30s] offset 60000ms)', at_end=False
    )
    assert read_gauge("max_over_time(age[{{.window}}]) + max_over_time(age[5m])", step=30) == Sampled(
        text="max_over_time(age[30s]) + max_over_time(age[5m])", at_end=False
    )
    assert read_gauge("sum(rate(x[1m]))", step=30).at_end
    with pytest.raises(ProblemError, match="range vector"):
        read_gauge("age[5m]", step=60)


def test_a_comparison_that_hides_samples_is_noticed() -> None:
    assert hides_samples("(age > 5)")
    assert not hides_samples("age > bool 5")
    assert not hides_samples("age + 5")


def test_an_indicator_needs_good_or_bad() -> None:
    for indicator in (PromRatio(total="a"), PromRatio(total="a", good="b", bad="c")):
        with pytest.raises(ProblemError, match="either good or bad"):
            plan(indicator, step=60)
    with pytest.raises(ProblemError, match=r"checkout\.bad, column 3"):
        plan(PromRatio(total="a", bad="b["), step=60, where=Where(path="checkout"))
    assert plan(PromGauge(query="a", op="lt", bound=Fraction(1, 2)), step=60)
    assert plan(PromShare(query="a / b", of="bad"), step=60)


@pytest.mark.parametrize("written", ["0.3", "0.30", "3e-1", "0.3000", "+0.3", "30e-2"])
def test_a_bound_is_a_number_however_it_is_written(written: str) -> None:
    histogram = read_histogram('latency_seconds{job="shop"}')
    assert matching_bounds(["0.1", written, "1.0", "+Inf"], Fraction(3, 10), histogram) == (written,)


def test_several_texts_of_one_bound_are_one_counter() -> None:
    histogram = read_histogram('latency_seconds_bucket{job="shop"}')
    bounds = matching_bounds(["1", "1.0", "1e0", "10"], Fraction(1), histogram)
    good, total = good_and_total(histogram, Fraction(1), bounds)
    assert good.terms[0].selector.text() == 'latency_seconds_bucket{job="shop",le=~"1|1\\\\.0|1e0"}'
    assert total.terms[0].selector.text() == 'latency_seconds_count{job="shop"}'
    assert good.terms[0].ignoring == {"__name__", "le"}


def test_an_absent_bound_is_refused_with_the_nearest() -> None:
    histogram = read_histogram("latency_seconds")
    with pytest.raises(ProblemError, match=r"no bound 0\.3; the nearest: 0\.25 and 0\.5 .*0\.1, 0\.25, 0\.5"):
        matching_bounds(["0.1", "0.25", "0.5", "+Inf"], Fraction(3, 10), histogram)
    with pytest.raises(ProblemError, match=r"the nearest: 0\.5 "):
        matching_bounds(["0.1", "0.25", "0.5", "+Inf"], Fraction(3), histogram)
    assert matching_bounds([], Fraction(3), histogram) == ()
    for wrong in ("h @ 5", 'h{le="1"}', '{__name__=~"a|b"}', "rate(h[5m])"):
        with pytest.raises(ProblemError):
            read_histogram(wrong)


values = st.text(alphabet=st.sampled_from("a\\\"'`\n\t{}[]$é5m"), max_size=12)


@given(value=values, other=values, offset=st.integers(-(10**7), 10**7))
def test_a_selector_is_read_back_as_it_was_written(value: str, other: str, offset: int) -> None:
    selector = Selector(
        metric="x",
        matchers=tuple(
            sorted([Matcher(name="a", op="=", value=value), Matcher(name="b", op="!=", value=other)])
        ),
        offset_ms=offset,
    )
    assert read_selector(selector.text()) == selector


@given(st.text(alphabet=st.sampled_from("ab(){}[]=~\"'`\\ ,+-/[5m]#\n$_rate"), max_size=40))
def test_any_text_is_a_query_or_a_problem(text: str) -> None:
    for read in (read_counts, read_gauge):
        try:
            read(text, step=60)
        except ProblemError as error:
            place = re.search(r"(?:line (\d+), )?column (\d+)", str(error))
            assert place
            lines = text.split("\n")
            line = int(place.group(1) or 1)
            assert 1 <= line <= len(lines)


def test_texts_are_never_taken_for_ranges_or_variables() -> None:
    query = 'x{a="{{.window}} [5m] $v"} + rate(y[$v]) # [5m] $v'
    assert with_ranges(query, 60, every=True) == 'x{a="{{.window}} [5m] $v"} + rate(y[60s]) # [5m] $v'
    assert parse(readable(query))
    assert quoted('a"\\\n\x01') == '"a\\"\\\\\\n\\x01"'
