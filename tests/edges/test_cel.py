"""CEL expressions: worked out in a process of its own; errors and slowness are said, never taken for an answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from allowance.contract.expressions import parse_expression
from allowance.core.problem import ProblemError
from allowance.edges import cel
from allowance.edges.cel import Cel
from allowance.governance.expressions import Question

VALUES: dict[str, Any] = {
    "remaining": 0.05,
    "state": "yellow",
    "burn": {"1h": 4.0},
    "service": "checkout",
    "slo": "availability",
    "tier": 1,
    "labels": {"team": "payments"},
    "hour": 10,
    "weekday": 2,
}


@pytest.fixture(scope="module")
def say() -> Iterator[Cel]:
    found = Cel(patience=20)
    yield found
    found.close()


def asked(expression: str) -> Question:
    return Question(expression=expression, values=VALUES)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("remaining < 0.1 && burn['1h'] > 3.0 && tier <= 1", "true"),
        ("state == 'red' || burn['1h'] > 14.4", "false"),
        ("['payments', 'search'].exists(x, labels['team'] == x)", "true"),
        ("hour >= 9 && hour < 17 && weekday in [1, 2, 3, 4, 5]", "true"),
        ("'team' in labels && labels['team'].startsWith('pay')", "true"),
        ("has(labels.owner)", "false"),
    ],
)
def test_what_expressions_come_to(say: Cel, expression: str, answer: str) -> None:
    assert parse_expression(expression)
    assert say([asked(expression)]) == [answer]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("labels['owner'] == 'x'", "KeyError"),
        ("tier", "neither true nor false"),
        ("remaining <", "ValueError"),
        ("budget < 1.0", "nobody knows budget"),
    ],
)
def test_what_cannot_be_worked_out_says_why(say: Cel, expression: str, said: str) -> None:
    [answer] = say([asked(expression)])
    assert said in answer
    assert answer not in ("true", "false")


def test_slow_ones_are_stopped_and_the_next_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    # Past the limits on purpose: loops inside loops are what the limits keep out.
    monkeypatch.setattr(cel, "parse_expression", lambda text: text)
    values = {"xs": list(range(200))}
    slow = "xs.all(a, xs.all(b, xs.all(c, xs.all(d, a + b + c + d >= 0))))"
    say = Cel(patience=0.3)
    try:
        first = Question(expression="true", values={})
        assert say([first]) == ["true"]
        assert "longer than 0.3 s" in say([Question(expression=slow, values=values)])[0]
        assert say([first]) == ["true"]
    finally:
        say.close()


def test_a_dead_process_is_started_again() -> None:
    say = Cel(patience=20)
    try:
        assert say([asked("tier == 1")]) == ["true"]
        worker = say._worker
        assert worker is not None
        worker.kill()
        worker.wait()
        assert say([asked("tier == 1")]) == ["true"]
    finally:
        say.close()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel.importlib.util, "find_spec", lambda name: None)
    assert Cel()([asked("tier == 1")]) == [cel.MISSING]


def test_the_longest_expressions_that_may_be_written_are_quick(say: Cel) -> None:
    items = ", ".join(str(n) for n in range(200))
    text = f"[{items}].exists(x, x == tier) && [{items}].all(x, x >= 0)"
    with pytest.raises(ProblemError, match="characters"):
        parse_expression(text)
    short = text.replace(items, ", ".join(str(n) for n in range(80)))
    assert parse_expression(short)
    assert say([asked(short)]) == ["true"]


def test_the_library_is_not_loaded_by_the_program() -> None:
    code = "import allowance.edges.cel, allowance.app.govern, sys; sys.exit('cel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
