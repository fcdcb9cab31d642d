"""Corrections in the ledger: made with a reason, over when they are made, and taken back once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.problem import ProblemError
from allowance.core.window import Span
from allowance.governance.amendments import corrections, make, revoke
from allowance.governance.facts import Standing
from allowance.governance.fold import fold
from allowance.governance.ledger import Draft, seal
from allowance.signals.corrections import Correction

NOW = 10_000_000
SLO = "checkout/availability"


def recorded(standing: Standing, draft: Draft) -> Standing:
    """The standing after a draft was recorded."""
    return fold([seal(draft, seq=standing.head + 1, prev=standing.head_hash)], standing)


def made(standing: Standing, begin: int = 600, end: int = 1200, **changes: Any) -> Draft:
    asked: dict[str, Any] = {
        "kind": "exclude",
        "reason": "the data centre burned",
        "by": "mira",
        "effect": {"total_before": 10},
        "now": NOW,
    } | changes
    kind, reason = asked.pop("kind"), asked.pop("reason")
    return make(SLO, kind, Span(begin=begin, end=end), reason, standing, **asked)


def test_a_correction_holds_until_it_is_taken_back() -> None:
    standing = recorded(Standing(), made(Standing()))
    (one,) = standing.amendments.values()
    assert (one.id, one.slo, one.by, one.why, one.effect) == (
        "correction-1",
        SLO,
        "mira",
        "the data centre burned",
        {"total_before": 10},
    )
    expected = Correction(
        kind="exclude", span=Span(begin=600, end=1200), who="mira", why="the data centre burned"
    )
    assert corrections(standing) == {SLO: (expected,)}
    after = recorded(standing, revoke(one.id, "it was ours", standing, by="tom", now=NOW + 5))
    assert corrections(after) == {}
    back = after.amendments[one.id]
    assert (back.revoked, back.revoked_by, back.revoked_why) == (NOW + 5, "tom", "it was ours")
    with pytest.raises(ProblemError, match="was revoked"):
        revoke(one.id, "again", after, by="tom", now=NOW + 6)
    with pytest.raises(ProblemError, match="no correction"):
        revoke("correction-9", "again", after, by="tom", now=NOW + 6)
    with pytest.raises(ProblemError, match="reason is missing"):
        revoke(one.id, " ", standing, by="tom", now=NOW + 6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reason": " "}, "reason is missing"),
        ({"begin": 1200}, "no length"),
        ({"end": 600 + 32 * 86400}, "longer than 31 days"),
        ({"end": NOW + 60, "begin": NOW - 60}, "has not come yet"),
    ],
)
def test_what_is_no_correction_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        made(Standing(), **changes)


@given(st.lists(st.one_of(st.just("make"), st.integers(1, 12)), max_size=12))
def test_those_that_hold_are_those_made_and_not_taken_back(steps: list[str | int]) -> None:
    standing, held = Standing(), set[str]()
    for step in steps:
        if step == "make":
            begin = 600 + 60 * standing.head
            standing = recorded(standing, made(standing, begin=begin, end=begin + 60))
            held.add(f"correction-{standing.head}")
        elif f"correction-{step}" in held:
            standing = recorded(standing, revoke(f"correction-{step}", "no", standing, by="tom", now=NOW))
            held.remove(f"correction-{step}")
    expected = {600 + 60 * (int(name.removeprefix("correction-")) - 1) for name in held}
    assert {one.span.begin for one in corrections(standing).get(SLO, ())} == expected
