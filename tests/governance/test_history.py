"""A policy over a history: only instants that matter, and the same as at every one; what each deploy met."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.changes.deploys import Deploy
from allowance.contract.budget_policy import Clause, Condition, ErrorBudgetPolicy
from allowance.contract.policies import POLICIES, RISKY
from allowance.core.buckets import Buckets
from allowance.core.duration import DAY, HOUR
from allowance.core.window import parse_window
from allowance.governance.history import Attempt, Past, play
from tests.governance.governed import POLICY, SERVICE, SLO, Court, in_force
from tests.governance.ruling import START
from tests.governance.test_govern import OUTAGE, history, policies, stretches

MIN = 60


def deploy(minute: int, **changes: object) -> Deploy:
    fields: dict[str, object] = {
        "id": f"d{minute}",
        "service": "checkout",
        "version": "1",
        "commit": "",
        "environment": "production",
        "at": START + minute * MIN + 17,
        "state": "ok",
        "source": "ci",
    }
    return Deploy(**fields | changes)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(policies, stretches, st.sampled_from(["2h", "1h", "calendar day"]))
def test_the_instants_that_matter_say_all(
    policy: ErrorBudgetPolicy, told: list[tuple[int, int]], window: str
) -> None:
    wide = Clause(
        when=Condition(remaining_below=Fraction(1, 4), window=parse_window("90m")),
        changes=RISKY,
        consequence="deny",
        hand_back=True,
    )
    policy = replace(policy, clauses=(*policy.clauses, wide))
    service = replace(SERVICE, slos=(replace(SLO, window=parse_window(window)),))
    past = Past(service=service, policy=policy, histories={SLO.id: history(*told)})
    few, all_ = play(past), play(past, every=True)
    assert few.entries == all_.entries
    assert few.standing == all_.standing


@settings(max_examples=15, deadline=None)
@given(policies, stretches)
def test_it_is_what_the_live_step_says(policy: ErrorBudgetPolicy, told: list[tuple[int, int]]) -> None:
    whole = history(*told)
    court = Court(whole, in_force(policy))
    court.run(START, whole.end)
    live = [(e.at, e.kind, e.subject) for e in court.book.entries if e.kind != "freeze.progress"]
    played = play(Past(service=SERVICE, policy=policy, histories={SLO.id: whole})).entries
    trimmed = whole.trimmed()
    assert [(e.at, e.kind, e.subject) for e in played] == [one for one in live if one[0] <= trimmed.end]


def test_deploys_meet_the_policy_of_their_instant() -> None:
    past = Past(service=SERVICE, policy=POLICY, histories={SLO.id: OUTAGE})
    attempts = [
        Attempt(deploy=deploy(60)),
        Attempt(deploy=deploy(134), change="experiment"),
        Attempt(deploy=deploy(150)),
        Attempt(deploy=deploy(151), change="hotfix"),
        Attempt(deploy=deploy(152, state="rolled-back")),
        Attempt(deploy=deploy(300)),
        Attempt(deploy=deploy(4000)),
    ]
    played = play(past, attempts)
    assert [(m.attempt.deploy.id, m.verdict.word) for m in played.met] == [
        ("d60", "go"),
        ("d134", "hold"),
        ("d150", "stop"),
        ("d151", "go"),
        ("d152", "go"),
        ("d300", "go"),
    ]
    # Red from minute 137 on, and (twice the budget is not gone) one freeze until 255.
    assert [(f.begin - START) // MIN for f in played.freezes] == [137]
    assert played.frozen_seconds == (255 - 137) * MIN


def test_a_month_of_minutes_takes_seconds() -> None:
    rng = np.random.default_rng(5)
    total = rng.poisson(200, 40 * DAY // MIN).astype(np.int64)
    bad = rng.binomial(total, 0.0004)
    bad[20_000:20_120] = total[20_000:20_120] // 5
    whole = Buckets(start=START, step=MIN, good=total - bad, total=total)
    slo = replace(SLO, target=Fraction(999, 1000), window=parse_window("28d"))
    service = replace(SERVICE, slos=(slo,))
    for preset in POLICIES.values():
        played = play(Past(service=service, policy=preset, histories={SLO.id: whole}))
        assert played.freezes
        assert played.frozen_seconds > HOUR


def test_an_empty_history_says_nothing() -> None:
    none = Buckets(start=0, step=MIN, good=np.zeros(0, dtype=np.int64), total=np.zeros(0, dtype=np.int64))
    played = play(Past(service=SERVICE, policy=POLICY, histories={SLO.id: none}))
    assert (played.entries, played.frozen_seconds) == ((), 0)
