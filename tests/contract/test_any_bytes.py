"""Reading never raises: any bytes, and any damage to good documents, end as a contract and problems with places."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from allowance.contract.read import ReadResult, read
from allowance.contract.yaml_text import yaml_text
from allowance.core.problem import ProblemError
from tests.contract.promises import Plain, everything
from tests.contract.reading import openslo, read_text

KEY_WORDS = """
    apiVersion kind metadata name spec slos good valid latency promql total histogram le gauge target window by alerts
    severity spend burn in and objectives indicator indicatorRef ratioMetric thresholdMetric metricSource timeWindow
    duration isRolling calendar budgetingMethod alertPolicies conditions condition version service sli events raw
    objective annotations allowance/slo allowance/service clauses when deny states items timeslices ratio errors metric
"""
VALUE_WORDS = """
    allowance/v1 openslo/v1 openslo/v1alpha openslo.com/v2alpha sloth.slok.dev/v1 pyrra.dev/v1alpha1 prometheus/v1 Service
    SLO SLI AlertPolicy AlertCondition DataSource ErrorBudgetPolicy Journey PrometheusServiceLevel ServiceLevelObjective
    List a 99.9% 0.999 28d 1M burnrate Timeslices Occurrences red none true 1e300 -1 {} [] 1/0 0/0
"""
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from(VALUE_WORDS.split()), st.text(max_size=5)
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEY_WORDS.split()), inner, max_size=6)
    ),
    max_leaves=30,
)


def sound(result: ReadResult) -> None:
    for problem in result.problems:
        assert problem.where.file == "any"
        assert problem.message
        assert str(problem)
    if not result.ok:
        with pytest.raises(ProblemError):
            result.trusted()


@settings(max_examples=200)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff\xfe")
@example(b"- - - - a")
@example(b"apiVersion: openslo/v1\nkind: List\nitems: []\n")
@example(b"apiVersion: {}\nkind: []\n")
@example(b"kind: SLOList\nitems: [[[]]]\n")
def test_any_bytes(data: bytes) -> None:
    sound(read([("any", data)]))


@settings(max_examples=150)
@given(st.lists(trees, max_size=3))
def test_any_tree_of_known_words(documents: list[object]) -> None:
    sound(read([("any", yaml_text(documents).encode("utf-8", "replace"))]))


@settings(max_examples=60)
@given(everything, st.data())
def test_any_damage(documents: list[Plain], data: st.DataObject) -> None:
    text = yaml_text(documents)
    place = data.draw(st.integers(0, max(0, len(text) - 1)))
    damage = data.draw(st.sampled_from(["", ":", "\n", "- ", "{", "9", "&a *a", "\x00"]))
    sound(read([("any", (text[:place] + damage + text[place + data.draw(st.integers(0, 30)) :]).encode())]))


def test_thousands_of_unknown_keys_are_a_few_problems() -> None:
    keys = "".join(f"  some-unknown-key-{index}: 1\n" for index in range(20_000))
    result = read_text(f"apiVersion: allowance/v1\nkind: Service\nmetadata: {{name: a}}\nspec:\n{keys}")
    assert not result.ok
    assert len(result.problems) <= 200


def test_json_lists_and_lists_of_kubernetes_are_documents() -> None:
    as_json = (
        b'[{"apiVersion": "allowance/v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"tier": 3}}]'
    )
    assert read([("a.json", as_json)]).trusted().services[0].tier == 3
    listed = "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        f"{'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(openslo().splitlines())
    )
    result = read_text(listed.replace("target: 0.999", "target: 99.9"))
    assert [problem.where.path for problem in result.problems] == ["items[0].spec.objectives[0].target"]


@pytest.mark.parametrize("text", ["# todo\n", "", "---\n---\n", "~\n"])
def test_files_without_a_document(text: str) -> None:
    (problem,) = read_text(text).problems
    assert problem.code == "empty"
    assert "openslo/v1" in problem.hint


@pytest.mark.parametrize(
    "text",
    [
        "just words\n",
        "metrics: {p99: 4}\n",
        "spec_version: '1.0'\nobjectives: []\n",
        "a: 1\n---\nb: 2\n",
        "12\n",
    ],
)
def test_yaml_of_no_known_format_names_the_formats(text: str) -> None:
    for problem in read_text(text).problems:
        assert problem.code == "format"
        assert problem.where.path is None
        assert all(
            name in problem.hint for name in ("allowance/v1", "openslo/v1", "prometheus/v1", "pyrra.dev")
        )


def test_problems_of_two_files_name_their_files() -> None:
    result = read([("a.yaml", b"x: 1"), ("b.yaml", openslo().encode()), ("c.yaml", b"[")])
    assert [problem.where.file for problem in result.problems] == ["a.yaml", "c.yaml"]
    assert len(result.contract.slos) == 1
