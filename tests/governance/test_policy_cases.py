"""Policies tried with made-up budgets."""

from __future__ import annotations

import pytest

from allowance.contract.policies import POLICIES
from allowance.contract.policy_test import PolicyTest
from allowance.contract.read import read
from allowance.governance.policy_cases import try_case
from tests.contract.reading import only_problem

HEAD = "apiVersion: allowance/v1\nkind: PolicyTest\nmetadata: {name: cases}\nspec:\n"


def read_cases(spec: str) -> PolicyTest:
    return read([("cases.yaml", (HEAD + spec).encode())]).trusted().policy_tests[0]


def test_cases_and_their_answers() -> None:
    found = read_cases(
        """\
  policy: last-tenth
  cases:
    - {name: enough, given: {remaining: 60%, change: feature}, expect: go}
    - {given: {remaining: 9%, change: feature}, expect: hold}
    - {given: {remaining: 60%, burn: {1h: 7}, change: config}, expect: hold}
    - {given: {remaining: -3%, change: feature}, expect: stop}
    - {given: {remaining: -3%, change: hotfix}, expect: go}
    - {given: {remaining: no data, change: feature}, expect: hold}
    - {given: {remaining: -3%, change: rollback}, expect: go}
    - {given: {remaining: 60%, state: red, change: feature}, expect: stop}
"""
    )
    tried = [try_case(POLICIES[found.policy], case) for case in found.cases]
    assert [one.passed for one in tried] == [True] * 8, [(one.case.name, one.word) for one in tried]
    assert tried[1].why == (
        "9 % of the budget left (limit 10 %); less than a tenth of the budget is left: one bad release would "
        "break the promise"
    )
    assert tried[0].case.name == "enough"
    assert tried[1].case.name == "case 2"


def test_other_windows_have_their_own_share() -> None:
    found = read_cases(
        """\
  policy: escalation
  cases:
    - {given: {remaining: 40%, windows: {30d: -10%, 90d: 10%}, change: feature}, expect: hold}
    - {given: {remaining: 40%, windows: {30d: -10%, 90d: -1%}, change: feature}, expect: stop}
    - {given: {remaining: 40%, change: feature}, expect: go}
"""
    )
    assert all(try_case(POLICIES["escalation"], case).passed for case in found.cases)


def test_a_wrong_expectation_fails_and_says_why() -> None:
    found = read_cases(
        "  policy: graduated\n  cases: [{given: {remaining: -3%, change: feature}, expect: go}]\n"
    )
    tried = try_case(POLICIES["graduated"], found.cases[0])
    assert (tried.passed, tried.word) == (False, "stop")


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (
            "  policy: nobodys\n  cases: [{given: {remaining: 1%, change: feature}, expect: go}]\n",
            "spec.policy",
        ),
        ("  policy: graduated\n", "spec.cases"),
        (
            "  policy: graduated\n  cases: [{given: {remaining: 1%, change: feature}}]\n",
            "spec.cases[0].expect",
        ),
        (
            "  policy: graduated\n  cases: [{given: {remaining: 1%, change: features}, expect: go}]\n",
            "spec.cases[0].given.change",
        ),
        (
            "  policy: graduated\n  cases: [{given: {remaining: 1%, burn: {soon: 1}, change: p0}, expect: go}]\n",
            "spec.cases[0].given.burn.soon",
        ),
    ],
)
def test_faults_and_their_places(spec: str, path: str) -> None:
    assert only_problem(HEAD + spec).where.path == path
