"""Ticks over histories: the same alerts as replay, a night of flaps is one page, every silence has a reason."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import given, settings

from allowance.alerting.alert import Mute
from allowance.alerting.lifecycle import Hysteresis, Life
from allowance.alerting.plan import Context, Plan, Settings, plan
from allowance.budget.evaluate import evaluate
from allowance.budget.replay import replay
from allowance.contract.indicator import Events
from allowance.contract.model import Slo
from allowance.contract.rules import WORKBOOK, BurnRule, Flaps
from allowance.core.buckets import Buckets
from allowance.core.duration import HOUR
from allowance.core.window import RollingWindow
from tests.budget.histories import MIN, even, histories

DAY = 86400


def _slo(name: str = "availability", service: str = "checkout") -> Slo:
    return Slo(
        name=name,
        service=service,
        indicator=Events(good="status < 500"),
        target=Fraction(999, 1000),
        window=RollingWindow(seconds=30 * DAY),
        rules=WORKBOOK,
        owner="payments",
        runbook="https://runbooks.example.com/checkout",
    )


def _ticks(
    history: Buckets, slos: list[Slo], mutes: list[Mute], limits: Settings, first: int, last: int
) -> list[Plan]:
    lives: dict[str, Life] = {}
    plans = []
    for now in range(first, last + 1, MIN):
        evaluations = [("", evaluate(slo, history, now=now)) for slo in slos]
        plans.append(plan(evaluations, lives, mutes, limits, now=now))
        lives = plans[-1].lives
    return plans


def _told(plans: list[Plan]) -> list[tuple[int, str, str]]:
    return [(n.at // MIN, n.signature.rsplit("/", 1)[-1], n.says) for p in plans for n in p.notices]


@settings(max_examples=25)
@given(histories(longest=120))
def test_live_ticks_fire_at_the_instants_of_replay(history: Buckets) -> None:
    trimmed = history.trimmed()
    if not len(trimmed):
        return
    limits = Settings(hysteresis=dict.fromkeys(("page", "ticket"), Hysteresis(memory=0)))
    plans = _ticks(trimmed, [_slo()], [], limits, trimmed.start + MIN, trimmed.end)
    played = replay(trimmed, WORKBOOK, Fraction(999, 1000), period=30 * DAY)
    for severity in ("page", "ticket"):
        firing = [
            any(a.severity == severity and a.life.state == "firing" for a in one.alerts) for one in plans
        ]
        assert firing == played.firing(severity).tolist()


BURN_10 = BurnRule(severity="page", share=Fraction(1, 7200), long=5 * MIN, short=MIN)
"""Above 1.2 times too fast: 12 failures of 10,000."""


def _lived(bad: list[int], **slow: Any) -> tuple[list[str], list[tuple[int, str]]]:
    """The states of a page, minute by minute, and what was said, while so many of 10,000 requests failed."""
    slo = replace(_slo(), rules=(replace(BURN_10, **slow),))
    history = even(len(bad), 10_000, {range(at, at + 1): count for at, count in enumerate(bad)})
    plans = _ticks(history, [slo], [], Settings(), MIN, len(bad) * MIN)
    states = [one.lives[f"{slo.id}/page"].state if one.lives else "quiet" for one in plans]
    return states, [(at, says) for at, _, says in _told(plans)]


def test_a_rule_with_for_is_pending_until_it_has_lasted() -> None:
    states, said = _lived([0, 100, 100, 0, 100, 100, 100, 100, 0], hold=2 * MIN)
    assert states == [
        "quiet",
        "pending",
        "pending",
        "quiet",
        *["pending"] * 2,
        "firing",
        "firing",
        "resolved",
    ]
    assert said == [(7, "opened"), (9, "resolved")]


def test_a_rule_that_clears_lower_and_later_than_it_fires() -> None:
    bad = [100, 100, 8, 8, 1, 1, 8, 1, 1, 1, 1]
    plain, _ = _lived(bad)
    assert plain[2] == "resolved"
    states, said = _lived(bad, clear=Fraction(1, 2), keep=2 * MIN)
    assert states == ["firing"] * 4 + ["recovering"] * 4 + ["resolved"] * 3
    assert said == [(1, "opened"), (9, "resolved")]


def test_rules_say_how_long_flaps_are_the_same_alert() -> None:
    bad = [100, 0, 100, *[0] * 5, 100, 0, 0]
    flaps = Flaps(keep=2 * MIN, within=2 * MIN)
    states, said = _lived(bad, flaps=flaps)
    assert said == [
        (1, "opened"),
        (2, "resolved"),
        (3, "reopened"),
        (6, "resolved"),
        (9, "opened"),
        (10, "resolved"),
    ]
    assert states[2:6] == ["firing", "recovering", "recovering", "resolved"]
    _, usual = _lived(bad)
    assert usual == [(1, "opened"), (2, "resolved"), (3, "reopened")]
    slower = replace(BURN_10, share=Fraction(1, 72), flaps=Flaps(keep=3 * MIN, within=HOUR))
    slo = replace(_slo(), rules=(replace(BURN_10, flaps=flaps), slower))
    history = even(len(bad), 10_000, {range(at, at + 1): count for at, count in enumerate(bad)})
    longest = _told(_ticks(history, [slo], [], Settings(), MIN, len(bad) * MIN))
    assert [(at, says) for at, _, says in longest][3:] == [(7, "resolved"), (9, "reopened")]


def test_only_the_rules_that_fired_say_how_long_it_must_be_calm() -> None:
    fast, slow = BURN_10, replace(BURN_10, share=Fraction(1, 72), keep=HOUR)
    slo = replace(_slo(), rules=(fast, slow))
    plans = _ticks(even(4, 10_000, {range(1, 2): 100}), [slo], [], Settings(), MIN, 4 * MIN)
    assert [says for _, _, says in _told(plans)] == ["opened", "resolved"]


def test_who_speaks_for_an_alert_is_recorded_when_somebody_else_does() -> None:
    fails = {"a": range(1, 3), "b": range(1, 7), "c": range(1, 7)}
    slos = {name: replace(_slo(name), rules=(BURN_10,)) for name in fails}
    counts = {
        name: even(8, 10_000, {some: 300 if name == "b" else 200 if name == "c" else 400})
        for name, some in fails.items()
    }
    lives: dict[str, Life] = {}
    recorded = []
    for now in range(MIN, 8 * MIN, MIN):
        evaluations = [("", evaluate(slo, counts[name], now=now)) for name, slo in slos.items()]
        one = plan(evaluations, lives, [], Settings(), now=now)
        lives = one.lives
        recorded += [(now // MIN, m.signature[9:], m.why) for m in one.muted if m.kind == "grouped"]
    assert recorded == [
        (2, "b/page", "told together with checkout/a/page"),
        (2, "c/page", "told together with checkout/a/page"),
        (4, "c/page", "told together with checkout/b/page"),
    ]


def test_a_night_of_ten_flaps_is_one_page_with_ten_entries() -> None:
    flaps = {range(600 + 60 * i, 604 + 60 * i): 60 for i in range(10)}
    history = even(1300, 100, flaps)
    plans = _ticks(history, [_slo()], [], Settings(), 590 * MIN, 1300 * MIN)
    pages = [row for row in _told(plans) if row[1] == "page"]
    assert [says for _, _, says in pages] == ["opened", "resolved", "reopened", "resolved"]
    entries = max(len(a.life.entries) for p in plans for a in p.alerts if a.severity == "page")
    assert entries == 10


def test_a_ticket_is_held_back_while_a_page_of_the_same_slo_fires() -> None:
    history = even(800, 100, {range(700, 720): 100})
    plans = _ticks(history, [_slo()], [], Settings(), 690 * MIN, 720 * MIN)
    assert _told(plans) == [(701, "page", "opened")]
    reasons = [(m.signature, m.kind, m.why) for p in plans for m in p.muted]
    assert reasons == [("checkout/availability/ticket", "inhibited", "a page of the same SLO is firing")]


def test_what_outlasts_its_maintenance_is_told_when_that_ends() -> None:
    history = even(800, 100, {range(700, 760): 100})
    work = Mute(id="M-7", kind="maintenance", begin=690 * MIN, end=720 * MIN, labels={"service": "checkout"})
    plans = _ticks(history, [_slo()], [work], Settings(), 690 * MIN, 760 * MIN)
    assert [row for row in _told(plans) if row[1] == "page"] == [(720, "page", "opened")]
    kinds = [m.kind for p in plans for m in p.muted]
    assert kinds.count("maintenance") == 1  # said once, not at every tick


def test_nobody_hears_that_something_is_over_that_they_never_heard_of() -> None:
    history = even(800, 100, {range(700, 710): 100})
    work = Mute(id="M-7", kind="silence", begin=690 * MIN, end=790 * MIN)
    plans = _ticks(history, [_slo()], [work], Settings(), 690 * MIN, 789 * MIN)
    assert _told(plans) == []
    assert "untold" in {m.kind for p in plans for m in p.muted}


def test_who_was_told_before_a_silence_hears_that_it_is_over() -> None:
    history = even(800, 100, {range(700, 710): 100})
    silence = Mute(id="S-1", kind="silence", begin=705 * MIN, end=795 * MIN)
    plans = _ticks(history, [_slo()], [silence], Settings(), 690 * MIN, 790 * MIN)
    assert [says for _, severity, says in _told(plans) if severity == "page"] == ["opened", "resolved"]


def test_maintenance_keeps_quiet_and_says_so() -> None:
    history = even(800, 100, {range(700, 720): 100})
    work = Mute(
        id="M-7",
        kind="maintenance",
        begin=690 * MIN,
        end=760 * MIN,
        labels={"service": "checkout"},
        by="ida",
        why="database move",
    )
    plans = _ticks(history, [_slo()], [work], Settings(), 690 * MIN, 705 * MIN)
    assert _told(plans) == []
    held = [m for p in plans for m in p.muted if m.kind == "maintenance"]
    assert [(m.signature, m.why, m.until) for m in held] == [
        ("checkout/availability/page", "maintenance M-7 by ida: database move", 760 * MIN)
    ]


def test_a_deploy_holds_what_burns_slowly_and_never_a_fast_burn() -> None:
    deploy = Mute(id="v2", kind="deploy", begin=0, end=1000 * MIN, unless_burn_above=100)
    slow = even(800, 1000, {range(700, 720): 50})
    fast = even(800, 1000, {range(700, 720): 500})
    assert not [
        r for r in _told(_ticks(slow, [_slo()], [deploy], Settings(), 690 * MIN, 720 * MIN)) if r[1] == "page"
    ]
    assert [
        r for r in _told(_ticks(fast, [_slo()], [deploy], Settings(), 690 * MIN, 720 * MIN)) if r[1] == "page"
    ]


def test_slos_of_one_service_that_break_together_are_told_once() -> None:
    history = even(800, 100, {range(700, 720): 100})
    slos = [_slo("availability"), _slo("latency"), _slo("availability", "search")]
    plans = _ticks(history, slos, [], Settings(), 690 * MIN, 702 * MIN)
    told = [n.signature for p in plans for n in p.notices if n.severity == "page"]
    assert told == ["checkout/availability/page", "search/availability/page"]
    grouped = [m for p in plans for m in p.muted if m.kind == "grouped"]
    assert [m.why for m in grouped] == ["told together with checkout/availability/page"]


def test_nobody_hides_behind_a_silenced_alert() -> None:
    history = even(800, 100, {range(700, 720): 100})
    silence = Mute(id="S", kind="silence", begin=0, end=1000 * MIN, labels={"slo": "availability"})
    slos = [_slo("availability"), _slo("latency")]
    plans = _ticks(history, slos, [silence], Settings(), 690 * MIN, 702 * MIN)
    assert [n.signature for p in plans for n in p.notices if n.severity == "page"] == [
        "checkout/latency/page"
    ]


def test_who_joins_within_half_an_hour_is_one_trouble_and_who_comes_later_is_another() -> None:
    slos = [_slo("availability"), _slo("latency"), _slo("orders")]
    ranges = (range(700, 900), range(720, 900), range(760, 900))
    histories = [even(900, 100, {bad: 100}) for bad in ranges]
    lives: dict[str, Life] = {}
    told = []
    for now in range(690 * MIN, 800 * MIN, MIN):
        evaluations = [("", evaluate(s, h, now=now)) for s, h in zip(slos, histories, strict=True)]
        found = plan(evaluations, lives, [], Settings(), now=now)
        lives = found.lives
        told += [(now // MIN, n.signature) for n in found.notices if n.severity == "page"]
    assert told == [(701, "checkout/availability/page"), (761, "checkout/orders/page")]


def test_what_users_feel_speaks_for_the_others_and_says_so() -> None:
    history = even(800, 100, {range(700, 720): 50})
    slos = [_slo("availability"), replace(_slo("orders"), journeys=("buy", "pay"))]
    evaluations = [("", evaluate(slo, history, now=702 * MIN)) for slo in slos]
    context = Context(outcomes={"buy": "Customers complete an order."})
    found = plan(evaluations, {}, [], Settings(), now=702 * MIN, context=context)
    (page,) = [n for n in found.notices if n.severity == "page"]
    assert page.message.title == "checkout orders: 20 of 100 requests fail"
    assert page.message.lines[-2:] == (
        "With it checkout availability: 20 of 100 requests fail.",
        "Users feel it in: buy (Customers complete an order), pay.",
    )
    assert page.labels["journey"] == "buy"


def test_a_deploy_holds_tickets_and_no_page() -> None:
    deploy = Mute(
        id="v2", kind="deploy", begin=0, end=10**9, labels={"severity": "ticket"}, unless_burn_above=6.0
    )
    slow = even(30 * 1440, 1000, {range(29 * 1440, 30 * 1440): 4})
    plans = _ticks(slow, [_slo()], [deploy], Settings(), slow.end, slow.end)
    assert {(m.signature, m.kind) for p in plans for m in p.muted} == {
        ("checkout/availability/ticket", "deploy")
    }
    fast = even(30 * 1440, 1000, {range(29 * 1440, 30 * 1440): 20})
    (found,) = _ticks(fast, [_slo()], [deploy], Settings(), fast.end, fast.end)
    assert [n.severity for n in found.notices] == ["page"]
    ticket_only = replace(_slo(), rules=WORKBOOK[2:])
    (found,) = _ticks(fast, [ticket_only], [deploy], Settings(), fast.end, fast.end)
    assert [n.severity for n in found.notices] == ["ticket"]


def test_a_page_reads_like_a_person_wrote_it() -> None:
    history = even(30 * 1440, 100, {range(30 * 1440 - 4, 30 * 1440): 30})
    plans = _ticks(
        history,
        [_slo()],
        [],
        Settings(link="https://allowance.example.com"),
        history.end - MIN,
        history.end,
    )
    (page,) = [n for p in plans for n in p.notices if n.severity == "page"]
    assert page.message.title == "checkout availability: 18 of 100 requests fail"
    assert page.message.lines == (
        "18 of 100 requests fail in the last 5 min; usual is none of 4 313 900.",
        "At this pace the budget lasts 4 h; 98 % of the budget is left.",
        "Rule: 2 % of the budget in 1 h. Burn rate 180x over 5 min and 15x over 1 h; the limit is 14.4x.",
        "Fires since 1970-01-30 23:59 UTC.",
    )
    assert page.message.first_step == "Open the runbook: https://runbooks.example.com/checkout"
    assert (
        page.message.link == "https://allowance.example.com/slo/checkout/availability?at=1970-01-30T23:59:00Z"
    )
