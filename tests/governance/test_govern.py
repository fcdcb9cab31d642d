"""Freezes and hand-backs begin and end by themselves; what is recorded is all that has to be known."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.contract.budget_policy import Clause, Condition, FreezeEnd, Thresholds
from allowance.contract.policies import POLICIES, RISKY
from allowance.core.buckets import Buckets
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import ProblemError
from allowance.core.window import RollingWindow
from allowance.governance import freezes, hand_backs, signatures
from allowance.governance.facts import Standing
from allowance.governance.fold import fold
from allowance.governance.govern import NOTHING_WAITS
from allowance.governance.ledger import canonical
from allowance.governance.verdict_clauses import SloNumbers
from tests.governance.governed import POLICY, SERVICE, SLO, Court, in_force
from tests.governance.ruling import START

MIN = 60


def history(*stretches: tuple[int, int]) -> Buckets:
    """(minutes, bad of 10) after each other, from `START`."""
    bad = np.concatenate([np.full(minutes, of) for minutes, of in stretches]).astype(np.int64)
    total = np.full(len(bad), 10, dtype=np.int64)
    return Buckets(start=START, step=MIN, good=total - bad, total=total)


def kinds(court: Court, first: str) -> list[tuple[int, str]]:
    """(minute, kind) of the entries whose kind begins so."""
    return [((e.at - START) // MIN, e.kind) for e in court.book.entries if e.kind.startswith(first)]


OUTAGE = history((120, 0), (20, 10), (240, 0))
"""Of 1200 events in two hours 120 may fail; 200 do, and leave the window two hours later."""


def test_a_freeze_begins_with_its_clause_and_lifts_itself() -> None:
    court = Court(OUTAGE, in_force(POLICY))
    court.run(START, OUTAGE.end)
    states = [((at - START) // MIN, state) for at, state in court.states()]
    # 60 bad leave exactly half of the budget; red at 120 bad; each needs five minutes more (the dwell).
    # Back: 108 bad or fewer (margin) at minute 252, a dwell later it is yellow; 48 or fewer at 257.2, one step at a time.
    assert states == [(1, "green"), (132, "yellow"), (137, "red"), (255, "yellow"), (261, "green")]
    assert court.states("checkout") == court.states()
    assert kinds(court, "freeze") == [(137, freezes.BEGAN), (255, freezes.ENDED)]
    began = next(e for e in court.book.entries if e.kind == freezes.BEGAN)
    assert began.payload["why"] == "checkout/availability: red, -41.7 % of the budget left; it is spent"
    assert began.payload["ends_when"] == "the budget of checkout/availability is no longer red"
    assert began.payload["evidence"]["good"] == 1030
    assert began.payload["evidence"]["remaining"] == "-5/12"
    assert court.book.standing.freezes["freeze-1"].end == START + 255 * MIN


def test_a_clause_with_a_window_of_its_own_counts_from_the_epoch() -> None:
    whole = Clause(
        when=Condition(remaining_below=Fraction(0), window=RollingWindow(seconds=4 * HOUR)),
        changes=RISKY,
        consequence="deny",
    )
    now, begin = START + 260 * MIN, START + 150 * MIN
    court = Court(OUTAGE, in_force(replace(POLICY, clauses=(whole,))))

    def numbers() -> SloNumbers:
        return court.measures(now).slos[0].numbers

    assert numbers().over == {"4h": 1 - Fraction(200, 240)}
    court.ground = replace(court.ground, epochs={SLO.id: begin})
    assert numbers().over == {"4h": Fraction(1)}
    court.ground = replace(court.ground, epochs={SLO.id: START + 130 * MIN})
    assert numbers().over == {"4h": 1 - Fraction(100, 130)}
    assert numbers().remaining == Fraction(1)


def test_without_all_signatures_it_is_advice() -> None:
    court = Court(OUTAGE, POLICY)
    court.run(START, OUTAGE.end)
    assert kinds(court, "freeze") == [(137, freezes.ADVISED), (255, freezes.ADVICE_ENDED)]
    assert not court.book.standing.freezes
    assert not court.book.standing.hand_backs
    assert [state for _, state in court.states()] == ["green", "yellow", "red", "yellow", "green"]


def test_signatures_bind_from_the_third_on() -> None:
    court = Court(OUTAGE, POLICY)
    court.run(START, START + 150 * MIN)
    digest = court.measures(START + 150 * MIN).digest
    for role, by in (("product", "pat"), ("engineering", "ada"), ("business", "eve")):
        court.book.act(
            lambda standing, role=role, by=by: [  # type: ignore[misc]
                signatures.sign(
                    POLICY, digest, standing, role=role, by=by, read=digest, now=START + 150 * MIN
                )
            ]
        )
    court.step(START + 151 * MIN)
    assert kinds(court, "freeze")[1:] == [(151, freezes.ADVICE_ENDED), (151, freezes.BEGAN)]
    court.policy = replace(POLICY, thresholds=Thresholds(margin=Fraction(1, 10)))
    court.step(START + 152 * MIN)
    assert kinds(court, "freeze")[3:] == [(152, freezes.ENDED), (152, freezes.ADVISED)], (
        "a new version binds nobody"
    )


def test_who_signs_has_read_this_version_and_speaks_for_one_party() -> None:
    court = Court(OUTAGE, POLICY)
    digest = court.measures(START).digest

    def sign(role: str, by: str, read: str = digest) -> None:
        court.book.act(
            lambda standing: [
                signatures.sign(POLICY, digest, standing, role=role, by=by, read=read, now=START)  # type: ignore[arg-type]
            ]
        )

    sign("product", "pat")
    for role, by, read, code in (
        ("business", "eve", "abc", "version"),
        ("product", "eve", digest, "signed"),
        ("business", "pat", digest, "person"),
    ):
        with pytest.raises(ProblemError) as refused:
            sign(role, by, read)
        assert refused.value.problems[0].code == code
    assert signatures.missing(POLICY, digest, court.book.standing) == ("engineering", "business")


def test_it_ends_when_enough_is_left_for_long_enough() -> None:
    until = replace(POLICY, freeze_until=FreezeEnd(remaining_above=Fraction(3, 4), during=HOUR))
    court = Court(OUTAGE, in_force(until))
    court.run(START, OUTAGE.end)
    # 29 bad or fewer (more than three quarters left) from minute 258 on, an hour without a break.
    assert kinds(court, "freeze") == [(137, freezes.BEGAN), (318, freezes.ENDED)]
    assert court.book.standing.freezes["freeze-1"].ends_when == (
        "the budget of checkout/availability is no longer red and more than 75 % of the budget of "
        "checkout/availability is left, for 1h without a break"
    )


def test_missing_data_begin_nothing_and_end_nothing() -> None:
    court = Court(OUTAGE, in_force(POLICY))
    court.run(START, START + 140 * MIN)
    court.ground = replace(court.ground, blind={SLO.id})
    court.run(START + 140 * MIN, OUTAGE.end)
    assert court.states()[-1] == (START + 137 * MIN, "red")
    assert kinds(court, "freeze") == [(137, freezes.BEGAN)]
    blind = Court(OUTAGE, in_force(POLICY))
    blind.ground = replace(blind.ground, blind={SLO.id})
    blind.run(START, OUTAGE.end)
    assert not blind.book.entries


def test_the_pager_goes_to_the_developers_and_comes_back() -> None:
    deep = history((120, 0), (30, 10), (240, 0))
    court = Court(deep, in_force(POLICY))
    court.run(START, deep.end)
    standing = court.book.standing
    # More than 240 bad from minute 145 on; at most 228 (the margin of 10 %) from 248 on, then the dwell.
    assert kinds(court, "hand_back") == [(145, hand_backs.BEGAN), (253, hand_backs.ENDED)]
    at = [hand_backs.rotation_for(standing, "checkout", now=START + m * MIN) for m in (144, 145, 252, 253)]
    assert at == [None, "shop-developers", "shop-developers", None]
    assert hand_backs.rotation_for(standing, "search", now=START + 150 * MIN) is None


def test_what_is_no_longer_in_the_contract_freezes_nobody() -> None:
    for change, why in (
        ({"service": replace(SERVICE, slos=(replace(SLO, name="other"),))}, "no longer promised"),
        ({"policy": in_force(replace(POLICY, clauses=POLICY.clauses[:1]))}, "no longer has this clause"),
        ({"policy": in_force(replace(POLICY, name="theirs"))}, "follows another policy"),
    ):
        court = Court(OUTAGE, in_force(POLICY))
        court.run(START, START + 150 * MIN)
        for name, value in change.items():
            setattr(court, name, value)
        court.counts["checkout/other"] = court.counts[SLO.id]
        court.step(START + 151 * MIN)
        ended = next(e for e in court.book.entries if e.kind == freezes.ENDED)
        assert why in ended.payload["why"]


def test_the_way_to_the_end_is_noted_once_a_day() -> None:
    slow = replace(SERVICE, slos=(replace(SLO, window=replace(SLO.window, seconds=2 * DAY)),))  # type: ignore[call-arg]
    long = history((600, 0), (400, 10), (4000, 0))
    court = Court(long, in_force(POLICY), slow)
    for now in range(START + 600 * MIN, long.end, 10 * MIN):
        court.step(now)
    notes = [e for e in court.book.entries if e.kind == freezes.PROGRESS]
    days = {(e.payload["id"], e.at // DAY) for e in notes}
    assert len(notes) == len(days) == 3, "two days of the one freeze, one of the other"
    assert "more than 10 % needed" in notes[0].payload["text"]


def test_by_hand() -> None:
    court = Court(history((300, 0)), in_force(POLICY))
    book = court.book
    now = START + 10 * MIN

    def begin(reason: str = "the migration runs", until: int | None = START + HOUR) -> None:
        book.act(
            lambda standing: [
                freezes.begin_by_hand(
                    standing, "checkout", "hard", reason=reason, by="tim", until=until, now=now
                )
            ]
        )

    begin()
    begin(until=None)
    court.run(now, START + 2 * HOUR)
    first, second = book.standing.freezes.values()
    assert (first.end, first.by, first.clause) == (START + HOUR, "tim", 0)
    assert second.end is None
    book.act(lambda s: [freezes.end_by_hand(s, second.id, reason="done", by="eve", now=START + 2 * HOUR)])
    assert book.standing.freezes[second.id].end == START + 2 * HOUR
    for call, code in (
        (lambda: begin(reason=" "), "reason"),
        (lambda: begin(until=START), "until"),
        (lambda: freezes.end_by_hand(book.standing, "freeze-9", reason="x", by="a", now=now), "freeze"),
        (lambda: freezes.end_by_hand(book.standing, first.id, reason="x", by="a", now=now), "ended"),
    ):
        with pytest.raises(ProblemError) as refused:
            call()
        assert refused.value.problems[0].code == code
    ruled = Court(OUTAGE, in_force(POLICY))
    ruled.run(START, START + 140 * MIN)
    with pytest.raises(ProblemError, match="ends when the budget"):
        freezes.end_by_hand(ruled.book.standing, "freeze-1", reason="we want to", by="tim", now=now)


policies = st.builds(
    lambda margin, dwell, end, below, burn: replace(
        POLICY,
        thresholds=Thresholds(margin=margin, dwell=dwell * MIN),
        freeze_until=end,
        clauses=(
            *POLICY.clauses,
            Clause(when=Condition(remaining_below=below), changes=RISKY, consequence="deny"),
            Clause(when=Condition(burn_above=burn, burn_over=600), changes=RISKY, consequence="deny"),
        ),
    ),
    st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(1, 3)]),
    st.integers(0, 7),
    st.none() | st.just(FreezeEnd(remaining_above=Fraction(1, 5), during=300)),
    st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(-1)]),
    st.sampled_from([Fraction(2), Fraction(6)]),
)
stretches = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from([0, 0, 0, 1, 2, 10])), min_size=1, max_size=8
)


@settings(max_examples=25, deadline=None)
@given(policies, stretches)
def test_any_history_rebuilds_and_nothing_is_said_twice(policy: object, told: list[tuple[int, int]]) -> None:
    past = history(*told)
    court = Court(past, in_force(policy))  # type: ignore[arg-type]
    for now in range(START + MIN, past.end + 1, MIN):
        court.step(now)
        again = court.waiting
        assert court.step(now) == [], "the same instant changes nothing twice"
        assert court.waiting == again
    assert fold(court.book.entries) == court.book.standing
    for entry in court.book.entries:
        json.loads(canonical(entry.payload))
    open_ones = {(f.slo, f.clause) for f in freezes.open_freezes(court.book.standing)}
    assert len(open_ones) == len(freezes.open_freezes(court.book.standing)), "one freeze per clause and SLO"
    standing = court.book.standing
    states = [standing.states[name].state for name in standing.states if name != "checkout"]
    assert not states or standing.states["checkout"].state == states[0]


def test_presets_govern_without_a_word_from_anybody() -> None:
    for preset in POLICIES.values():
        court = Court(OUTAGE, in_force(replace(preset, name="ours")))
        court.run(START, OUTAGE.end)
        assert court.book.standing != Standing()
        assert court.waiting == NOTHING_WAITS or court.waiting.ends
