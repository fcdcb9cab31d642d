"""The gate's verdict: the strictest wins, exceptions lift what they were made for, evidence leads to it again."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from allowance.contract.budget_policy import Clause, Condition, ErrorBudgetPolicy
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.core.problem import ProblemError
from allowance.governance.facts import Signed, Standing
from allowance.governance.fold import fold
from allowance.governance.judge import judge
from allowance.governance.keys import MOST, YOUNG, Keys
from allowance.governance.ledger import Draft, Entry, canonical, seal
from allowance.governance.verdict import Ask, verdict_json
from allowance.governance.verdict_facts import GateFacts, Progress
from allowance.governance.verdict_findings import at_risk
from allowance.governance.verdict_record import decided
from allowance.governance.verdict_replay import replay_verdict, same
from tests.governance import asks as some
from tests.governance.asks import NOW, POLICY, ask, bullet, facts, freeze, override, release, standing, waiver

GOVERNANCE = some.signed(replace(GREEN_YELLOW_RED, freeze="governance"))
SOFT = some.signed(replace(GREEN_YELLOW_RED, freeze="soft"))


def word(
    *things: Any,
    request: Ask | None = None,
    known: GateFacts | None = None,
    policy: ErrorBudgetPolicy = POLICY,
) -> str:
    return judge(request or ask(), known or facts(), policy, standing(*things), now=NOW).word


def _entry(draft: Draft) -> Entry:
    """As it comes back from the ledger: through JSON."""
    payload = json.loads(canonical(draft.payload))
    return seal(replace(draft, payload=payload), seq=1, prev="0" * 64)


@given(some.asks, some.any_facts, some.policies, some.standings())
@settings(max_examples=120)
def test_any_verdict_replays_to_itself_from_its_evidence(
    request: Ask, known: GateFacts, policy: ErrorBudgetPolicy, stands: Standing
) -> None:
    verdict = judge(request, known, policy, stands, now=NOW)
    entry = _entry(decided(verdict, key="k"))
    again = replay_verdict(entry)
    assert again == verdict
    assert verdict_json(again) == entry.payload["verdict"]
    assert same(entry)


@given(some.asks, some.any_facts, some.policies, some.standings())
@settings(max_examples=80)
def test_what_holds_of_every_verdict(
    request: Ask, known: GateFacts, policy: ErrorBudgetPolicy, stands: Standing
) -> None:
    verdict = judge(request, known, policy, stands, now=NOW)
    against = [one for one in verdict.reasons if one.mark == "against" and not one.lifted_by]
    assert verdict.sentence.endswith((".", ")"))
    assert (verdict.truth == "go") or against
    assert not (verdict.mode == "shadow" and verdict.word != "go")
    if request.change == "rollback":
        assert verdict.truth == "go"
    if not stands.freezes and not at_risk(policy, request.change):
        assert verdict.truth == "go"
    if verdict.truth == "go":
        assert verdict.ways == ()


@given(some.asks, some.any_facts, some.policies)
@settings(max_examples=50)
def test_an_exception_never_makes_a_verdict_stricter(
    request: Ask, known: GateFacts, policy: ErrorBudgetPolicy
) -> None:
    order = ("go", "hold", "stop")
    plain = judge(request, known, policy, standing(), now=NOW).truth
    for thing in (bullet(), override(), waiver(), release()):
        lifted = judge(request, known, policy, standing(thing), now=NOW).truth
        assert order.index(lifted) <= order.index(plain)


def test_a_tampered_verdict_is_found() -> None:
    draft = decided(judge(ask(), facts(), POLICY, standing(), now=NOW), key="")
    told = json.loads(canonical(draft.payload))
    told["verdict"]["verdict"] = "go"
    assert not same(seal(replace(draft, payload=told), seq=1, prev="0" * 64))


def test_a_verdict_that_another_version_put_into_other_words_is_the_same() -> None:
    draft = decided(judge(ask(), facts(), POLICY, standing(freeze()), now=NOW), key="")
    told = json.loads(canonical(draft.payload))
    told["verdict"]["sentence"] = "It stops."
    told["verdict"]["ways"] = []
    for one in told["verdict"]["reasons"]:
        one["fact"] = one["rule"] = "said otherwise"
    assert same(seal(replace(draft, payload=told), seq=1, prev="0" * 64))
    told["verdict"]["reasons"][-1]["lifted_by"] = "silver bullet bullet-1"
    assert not same(seal(replace(draft, payload=told), seq=1, prev="0" * 64))


def test_a_freeze_is_not_told_beside_the_clause_that_began_it() -> None:
    """One sentence, which a log of a pipeline shows whole: what, why, and how long at least."""
    known = facts(progress=(Progress(freeze="freeze-1", text="", earliest=NOW + 86400),))
    shown = judge(ask(), known, POLICY, standing(freeze()), now=NOW)
    assert shown.sentence == (
        "checkout/availability: red, -100 % of the budget left (policy green-yellow-red §2: the budget is spent: "
        "work goes into reliability until it recovers); frozen until 2026-09-22 at the earliest."
    )
    assert [(one.kind, one.at) for one in shown.ways if one.kind == "wait"] == [("wait", NOW + 86400)]
    # The clause does not hold any more, and the freeze waits for more: then it speaks for itself.
    waits = facts("0.05", progress=(Progress(freeze="freeze-1", text="5 % left, more than 10 % needed"),))
    assert (
        "freeze-1: 5 % left, more than 10 % needed"
        in judge(ask(), waits, POLICY, standing(freeze()), now=NOW).sentence
    )


def test_what_is_typed_for_an_exception_cannot_be_turned_into_another_command() -> None:
    sly = ask(change_id="$(reboot); echo '")
    commands = [one.command for one in judge(sly, facts(), POLICY, standing(), now=NOW).ways if one.command]
    assert len(commands) == 2
    for one in commands:
        words = shlex.split(one)
        assert words[0] == "allowance"
        assert words[words.index("--change") + 1] == sly.change_id


def test_what_is_no_verdict_or_of_the_future_is_not_replayed() -> None:
    draft = decided(judge(ask(), facts(), POLICY, standing(), now=NOW), key="")
    with pytest.raises(ProblemError, match="not a verdict"):
        replay_verdict(seal(replace(draft, kind="freeze.began"), seq=1, prev=""))
    told = json.loads(canonical(draft.payload))
    told["evidence"]["form"] = 99
    with pytest.raises(ProblemError, match="form 99"):
        replay_verdict(seal(replace(draft, payload=told), seq=1, prev=""))


@pytest.mark.parametrize(
    ("remaining", "change", "expected"),
    [
        ("1", "feature", "go"),
        ("1/4", "feature", "go"),
        ("1/4", "experiment", "hold"),
        ("0", "feature", "stop"),
        ("-5", "experiment", "stop"),
        ("-5", "hotfix", "go"),
        ("-5", "rollback", "go"),
    ],
)
def test_the_clauses_decide(remaining: str, change: Any, expected: str) -> None:
    assert word(request=ask(change=change), known=facts(remaining)) == expected


def test_the_models_of_a_freeze() -> None:
    full = facts("1")
    assert word(freeze(), known=full) == "stop"
    assert word(freeze(end=NOW), known=full) == "go"
    assert word(freeze(begin=NOW + 1), known=full) == "go"
    assert word(freeze(service="search"), known=full) == "go"
    assert word(freeze(), known=full, request=ask(change="hotfix")) == "go"
    soft = judge(ask(), full, POLICY, standing(freeze(model="soft")), now=NOW)
    assert soft.word == "go"
    assert "with a warning" in soft.sentence
    assert [one.rule for one in soft.reasons if one.mark == "against"] == ["freeze-1 (soft)"]
    assert word(freeze(model="governance"), known=full) == "stop"
    assert word(freeze(model="governance"), override(), known=full) == "go"
    assert word(freeze(model="governance"), bullet(), waiver(), release(), known=full) == "stop"


def test_a_soft_policy_warns_and_a_governance_policy_needs_an_executive() -> None:
    assert word(policy=SOFT) == "go"
    assert word(policy=GOVERNANCE) == "stop"
    assert word(bullet(), policy=GOVERNANCE) == "stop"
    assert word(override(freeze=""), policy=GOVERNANCE) == "go"


def test_a_freeze_by_hand_stops_what_is_risky() -> None:
    by_hand = freeze(clause=0, slo="", policy="", by="ann")
    assert word(by_hand, known=facts("1")) == "stop"
    assert word(by_hand, known=facts("1"), request=ask(change="reliability")) == "go"
    assert word(by_hand, bullet(), known=facts("1")) == "go"
    assert word(by_hand, waiver(), known=facts("1")) == "stop"


def test_a_freeze_by_hand_binds_where_no_policy_is_signed() -> None:
    by_hand = freeze(clause=0, slo="", policy="", by="ann", why="the database moves")
    verdict = judge(ask(), facts(), GREEN_YELLOW_RED, standing(by_hand), now=NOW)
    assert (verdict.word, verdict.truth, verdict.mode) == ("stop", "stop", "binding")
    assert verdict.sentence == "frozen since 2026-09-21 by ann: the database moves."
    assert "spent" not in verdict.sentence, "what the policy advises is a reason and decides nothing"
    assert {one.kind for one in verdict.ways} == {"class", "bullet", "release"}
    # Nothing else is stopped by it, and an exception lifts it as it lifts any other freeze.
    assert judge(ask(change="hotfix"), facts(), GREEN_YELLOW_RED, standing(by_hand), now=NOW).word == "go"
    assert judge(ask(), facts(), GREEN_YELLOW_RED, standing(by_hand, bullet()), now=NOW).word == "go"
    soft = replace(by_hand, model="soft")
    advised = judge(ask(), facts(), GREEN_YELLOW_RED, standing(soft), now=NOW)
    assert (advised.word, advised.truth, advised.mode) == ("go", "stop", "advice")
    watched = judge(ask(shadow=True), facts(), GREEN_YELLOW_RED, standing(by_hand), now=NOW)
    assert (watched.word, watched.mode) == ("go", "shadow")


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": NOW},
        {"begin": NOW + 1},
        {"service": "search"},
        {"change": "pr-13"},
        {"environment": "staging"},
    ],
)
@pytest.mark.parametrize("make", [bullet, override, release])
def test_an_exception_is_bound_to_its_change_place_and_time(make: Any, wrong: dict[str, Any]) -> None:
    assert word(make()) == "go"
    assert word(make(**wrong)) == "stop"


def test_no_change_id_is_under_no_exception() -> None:
    assert word(bullet(change=""), request=ask(change_id="")) == "stop"


def test_a_release_waits_for_all_of_its_conditions() -> None:
    half = release(conditions={"the flag is off": "https://x", "rollback tested": ""})
    verdict = judge(ask(), facts(), POLICY, standing(half), now=NOW)
    assert verdict.word == "stop"
    assert any(one.kind == "release" and "rollback tested" in one.text for one in verdict.ways)


def test_a_waiver_lifts_what_its_slo_caused_and_is_named() -> None:
    verdict = judge(ask(), facts(), POLICY, standing(freeze(), waiver()), now=NOW)
    assert verdict.word == "go"
    assert verdict.sentence.endswith("is lifted by waiver-1 for mail.")
    assert {one.lifted_by for one in verdict.reasons if one.mark == "against"} == {"waiver-1 for mail"}
    assert word(waiver(slo="checkout/latency")) == "stop"
    # It speaks of what was burned: that nothing is known now is no doing of the dependency. A bullet takes that risk.
    late = facts("1", "stale")
    assert [word(one, known=late) for one in (waiver(), bullet())] == ["hold", "go"]


@pytest.mark.parametrize(("without", "expected"), [("allow", "go"), ("hold", "hold"), ("deny", "stop")])
@pytest.mark.parametrize("known", [facts("1", "stale"), facts("no data"), facts("1", as_of=None)])
def test_the_policy_says_what_happens_without_data(known: GateFacts, without: Any, expected: str) -> None:
    policy = some.signed(replace(GREEN_YELLOW_RED, without_data=without))
    verdict = judge(ask(), known, policy, standing(), now=NOW)
    assert (verdict.word, verdict.blind) == (expected, True)
    assert word(known=known, policy=policy, request=ask(change="security")) == "go"


def test_a_policy_that_is_not_signed_by_all_only_advises() -> None:
    verdict = judge(ask(), facts(), GREEN_YELLOW_RED, standing(), now=NOW)
    assert (verdict.word, verdict.truth, verdict.mode) == ("go", "stop", "advice")
    by_ledger = tuple(
        Signed(policy="p", hash=verdict.policy_hash, role=role, by="x", at=NOW, seq=n)
        for n, role in enumerate(("product", "engineering", "business"))
    )
    assert judge(ask(), facts(), GREEN_YELLOW_RED, Standing(signed=by_ledger), now=NOW).mode == "binding"
    assert judge(ask(), facts(), GREEN_YELLOW_RED, Standing(signed=by_ledger[:2]), now=NOW).mode == "advice"
    old = tuple(replace(one, hash="0" * 64) for one in by_ledger)
    assert judge(ask(), facts(), GREEN_YELLOW_RED, Standing(signed=old), now=NOW).mode == "advice"


def test_what_would_change_a_verdict() -> None:
    known = facts(progress=(Progress(freeze="freeze-1", text="2 % of 10 %", earliest=NOW + 86400),))
    verdict = judge(ask(change_id="pr-99"), known, POLICY, standing(freeze(), bullet()), now=NOW)
    by_kind = {one.kind: one for one in verdict.ways}
    assert "hotfix" in by_kind["class"].text
    assert by_kind["wait"].at == NOW + 86400
    assert "shop has 1 of 2 left in 2026-Q3" in by_kind["bullet"].text
    other = judge(ask(change_id="pr-99"), known, GOVERNANCE, standing(), now=NOW)
    assert "override" in {one.kind for one in other.ways}
    assert "bullet" not in {one.kind for one in other.ways}


def test_the_strictest_of_several_wins() -> None:
    clauses = (
        Clause(when=Condition(), changes=("feature",), consequence="hold"),
        Clause(when=Condition(state="red"), changes=("feature",), consequence="deny"),
        Clause(when=Condition(), changes=("feature",), consequence="allow"),
    )
    policy = some.signed(replace(GREEN_YELLOW_RED, clauses=clauses))
    assert word(policy=policy) == "stop"
    assert word(policy=policy, known=facts("1")) == "hold"


def test_a_recorded_key_leads_to_its_entry() -> None:
    entry = _entry(decided(judge(ask(), facts(), POLICY, standing(), now=NOW), key="run-1"))
    assert dict(fold([entry]).decisions) == {"run-1": 1}
    nameless = _entry(decided(judge(ask(), facts(), POLICY, standing(), now=NOW), key=""))
    assert dict(fold([nameless]).decisions) == {}


def test_keys_grow_without_changing_what_was_there() -> None:
    found, kept = Keys(), []
    for number in range(3 * YOUNG + 5):
        kept.append(found)
        found = found.added(f"k{number}", number)
    assert len(found) == 3 * YOUNG + 5
    assert found == {f"k{number}": number for number in range(3 * YOUNG + 5)}
    assert all(len(one) == number for number, one in enumerate(kept))
    assert found.added("k1", 999)["k1"] == 999
    assert found["k1"] == 1


def test_the_oldest_keys_are_forgotten() -> None:
    many = Keys({f"k{number}": number for number in range(MOST)})
    for number in range(MOST, MOST + YOUNG):
        many = many.added(f"k{number}", number)
    assert len(many) == MOST
    assert "k0" not in many
    assert f"k{MOST + YOUNG - 1}" in many
