"""The live loop over recorded histories: the alerts of replay at the instants of replay, also when it is killed."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from allowance.alerting.lifecycle import Hysteresis
from allowance.alerting.plan import Settings
from allowance.app.collect import Read
from allowance.app.serve import Loop
from allowance.app.tick import Tick
from allowance.budget.replay import replay
from allowance.changes.deploys import Deploy
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.rules import WORKBOOK, BurnRule
from allowance.contract.source import Prometheus, Source
from allowance.core.buckets import Buckets, from_rows
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.core.window import RollingWindow
from allowance.edges.store import Store, open_store
from tests.budget.histories import MIN, even

DAY = 86400
START = 1_790_000_040 - 1_790_000_040 % DAY


class Recorded:
    """A source that plays a recorded history; it can be made to fail."""

    def __init__(self, history: Buckets) -> None:
        self.history = history
        self.down = False
        self.asked: list[tuple[Instant, Instant]] = []

    def __call__(
        self,
        source: Source,
        slos: Sequence[Slo],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read:
        if self.down:
            raise refuse("prom-reach", "the server does not answer")
        self.asked.append((begin, end))
        whole = self.history
        low = min(max(0, (begin - whole.start) // MIN), len(whole))
        high = min(max(low, (end - whole.start) // MIN), len(whole))
        part = Buckets(
            start=whole.start + low * MIN, step=MIN, good=whole.good[low:high], total=whole.total[low:high]
        )
        return Read(gains={(slo.id, ""): part for slo in slos}, memory={"to": end})


def _contract(target: str = "0.999", rules: tuple[BurnRule, ...] = WORKBOOK) -> Contract:
    slo = Slo(
        name="availability",
        service="checkout",
        indicator=PromRatio(total="t", good="g"),
        target=Fraction(target),
        window=RollingWindow(seconds=30 * DAY),
        rules=rules,
        source=Prometheus(url="http://127.0.0.1:9"),
    )
    return Contract(services=(Service(name="checkout", slos=(slo,)),))


def _loop(store: Store, reader: Recorded, contract: Contract | None = None) -> Loop:
    limits = dict.fromkeys(("page", "ticket"), Hysteresis(memory=0))
    loop = Loop(
        contract=contract or _contract(),
        store=store,
        reader=reader,
        targets=lambda notice, at: ("pager",),
        settings=Settings(hysteresis=limits),
    )
    loop.start(now=START)
    return loop


def _history() -> Buckets:
    return even(300, 100, {range(100, 120): 100, range(200, 203): 60}, start=START)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "allowance.db"))


def _said(store: Store) -> list[tuple[int, str, str]]:
    """What people were told, without what was held back."""
    told = [e for e in store.events(since=0) if "muted_by" not in e]
    return [((e["at"] - START) // MIN, e["signature"].rsplit("/", 1)[-1], e["says"]) for e in told]


STORY = [
    (101, "page", "opened"),
    (150, "page", "resolved"),
    (150, "ticket", "opened"),  # it was held back while the page was open
    (201, "page", "opened"),
    (233, "page", "resolved"),
]


def _firing(ticks: list[Tick]) -> set[tuple[int, str]]:
    return {
        ((one.at - START) // MIN, alert.severity)
        for one in ticks
        for alert in one.plan.alerts
        if alert.life.state == "firing"
    }


def _replayed(rules: tuple[BurnRule, ...] = WORKBOOK) -> set[tuple[int, str]]:
    played = replay(_history(), rules, Fraction(999, 1000), period=30 * DAY)
    first = (played.start - START) // MIN
    return {
        (first + int(i), severity)
        for severity in ("page", "ticket")
        for i in played.firing(severity).nonzero()[0]
    }


def test_ticks_say_what_replay_says(store: Store) -> None:
    loop = _loop(store, Recorded(_history()))
    ticks = [one for minute in range(1, 301) for one in loop.advance(now=START + minute * MIN + 7)]
    assert _firing(ticks) == _replayed()
    assert sorted(_said(store)) == STORY
    began = {(e["at"] - START) // MIN: e["began"] for e in store.events(since=0) if "began" in e}
    assert {at: began[at] for at in (101, 201)} == {101: iso(START + 100 * MIN), 201: iso(START + 200 * MIN)}
    opened = next(due.notice for due in store.due("pager", now=2**40) if due.notice.at == START + 101 * MIN)
    assert opened.message.facts["found after"] == "1m"


def test_ticks_wait_as_long_as_replay_where_a_rule_says_for(store: Store) -> None:
    waiting = tuple(dataclasses.replace(rule, hold=10 * MIN) for rule in WORKBOOK)
    loop = _loop(store, Recorded(_history()), _contract(rules=waiting))
    ticks = [one for minute in range(1, 301) for one in loop.advance(now=START + minute * MIN)]
    assert _firing(ticks) == _replayed(waiting)
    assert (111, "page", "opened") in _said(store)


def test_a_page_names_the_deploy_that_went_before_it(store: Store) -> None:
    loop = _loop(store, Recorded(_history()))
    deploy = Deploy(
        id="d1",
        service="checkout",
        version="2.14.0",
        commit="",
        environment="production",
        at=START + 98 * MIN,
        state="ok",
        source="/ci",
    )
    asked = []
    loop.deploys = lambda service, begin, end: asked.append((service, begin, end)) or [deploy]
    loop.advance(now=START + 90 * MIN)
    assert asked == []
    loop.advance(now=START + 101 * MIN)
    (page,) = [due.notice for due in store.due("pager", now=2**40)]
    assert page.message.lines[2].startswith("Suspect: checkout 2.14.0 was deployed at")
    assert page.message.lines[2].endswith(", 2 min before it.")
    assert page.message.first_step.startswith("Roll back checkout 2.14.0 if you can.")


def test_a_loop_that_is_started_anew_at_every_tick_says_the_same_and_counts_the_same(tmp_path: Path) -> None:
    path, reader = str(tmp_path / "a.db"), Recorded(_history())
    ticks = []
    for minute in range(1, 301):
        store = open_store(path)
        loop = _loop(store, reader)
        ticks += loop.advance(now=START + minute * MIN)
        store.close()
    store = open_store(path)
    assert _firing(ticks) == _replayed()
    assert sorted(_said(store)) == STORY
    again = _loop(store, reader)
    assert again.histories["checkout/availability", ""].all() == _history().all()
    assert [len(store.due("pager", now=2**40)) > 0] == [True]


def test_after_a_sleep_every_missed_tick_is_taken(store: Store) -> None:
    reader = Recorded(_history())
    loop = _loop(store, reader)
    loop.advance(now=START + 90 * MIN)
    ticks = loop.advance(now=START + 300 * MIN)
    assert len(ticks) == 210
    assert _firing(ticks) == _replayed()
    assert reader.asked[-1] == (START + 90 * MIN, START + 300 * MIN)


def test_what_came_and_went_during_a_sleep_is_recorded_and_told_in_one_notice(store: Store) -> None:
    loop = _loop(store, Recorded(_history()))
    loop.advance(now=START + 90 * MIN)
    loop.advance(now=START + 300 * MIN)
    recorded = [((e["at"] - START) // MIN, e["says"]) for e in store.events(since=0) if "muted_by" in e]
    assert set(recorded) >= {(at, says) for at, severity, says in STORY if severity == "page"}
    assert sorted(_said(store)) == [(300, "away", "opened"), (300, "ticket", "opened")]
    still, gone = sorted(
        (due.notice for due in store.due("pager", now=2**40)), key=lambda n: -len(n.signature)
    )
    assert still.since == START + 101 * MIN, "it was held back by the page until then"
    assert gone.message.title == "2 alerts came and went while nobody watched"
    assert gone.message.lines[1:] == (
        f"checkout/availability/page from {iso(START + 101 * MIN)} for 49m.",
        f"checkout/availability/page from {iso(START + 201 * MIN)} for 32m.",
    )
    assert loop.advance(now=START + 301 * MIN)[0].plan.notices == ()


def test_what_still_fires_after_a_sleep_is_told_with_its_true_beginning(store: Store) -> None:
    loop = _loop(store, Recorded(_history()))
    loop.advance(now=START + 90 * MIN)
    loop.advance(now=START + 130 * MIN)
    assert _said(store) == [(130, "page", "opened")]
    [due] = store.due("pager", now=2**40)
    assert (due.notice.since, due.notice.opened) == (START + 101 * MIN,) * 2
    loop.advance(now=START + 160 * MIN)
    assert (150, "page", "resolved") in _said(store), "who was told that it is open is told that it is over"


def test_a_catch_up_that_is_killed_is_taken_again_as_a_whole(store: Store) -> None:
    class Killed(Exception):
        pass

    loop = _loop(store, Recorded(_history()))
    loop.advance(now=START + 90 * MIN)
    loop.targets = lambda notice, at: (_ for _ in ()).throw(Killed())
    with pytest.raises(Killed):
        loop.advance(now=START + 300 * MIN)
    again = _loop(store, Recorded(_history()))
    assert again.last == START + 90 * MIN
    assert len(again.advance(now=START + 300 * MIN)) == 210
    assert sorted(_said(store)) == [(300, "away", "opened"), (300, "ticket", "opened")]
    assert again.histories["checkout/availability", ""].all() == _history().all()


def test_a_source_that_fails_is_named_and_caught_up_with(store: Store) -> None:
    reader = Recorded(_history())
    loop = _loop(store, reader)
    loop.advance(now=START + 50 * MIN)
    reader.down = True
    loop.advance(now=START + 60 * MIN)
    assert [p.code for p in loop.problems.values()] == ["prom-reach"]
    reader.down = False
    loop.advance(now=START + 80 * MIN)
    assert loop.problems == {}
    assert loop.histories["checkout/availability", ""].all() == _history().between(START, START + 80 * MIN)


def test_another_target_keeps_its_counts_and_another_indicator_counts_anew(store: Store) -> None:
    reader = Recorded(_history())
    _loop(store, reader).advance(now=START + 50 * MIN)
    tighter = _loop(store, reader, _contract("0.9999"))
    assert tighter.histories["checkout/availability", ""].all().total == 5000
    changed = _contract()
    slo = changed.slos[0]
    other = dataclasses.replace(slo, indicator=PromRatio(total="t", bad="b"))
    contract = Contract(services=(Service(name="checkout", slos=(other,)),))
    loop = _loop(store, reader, contract)
    assert loop.histories == {}
    loop.advance(now=START + 60 * MIN)
    assert loop.histories["checkout/availability", ""].all().total == 6000
    back = _loop(store, reader)
    back.advance(now=START + 70 * MIN)
    assert back.histories["checkout/availability", ""].all().total == 7000


def test_a_clock_that_jumps_back_takes_no_tick_twice(store: Store) -> None:
    loop = _loop(store, Recorded(_history()))
    loop.advance(now=START + 50 * MIN)
    assert loop.advance(now=START + 10 * MIN) == []
    assert loop.problems["clock"].code == "clock"
    assert len(loop.advance(now=START + 52 * MIN)) == 2
    assert loop.problems == {}


def test_a_clock_that_jumps_forward_is_caught_up_with_in_bounded_work(store: Store) -> None:
    loop = _loop(store, Recorded(_history()))
    loop.advance(now=START + 50 * MIN)
    ticks = loop.advance(now=START + 400 * DAY)
    assert len(ticks) == 1441
    assert [one.at for one in ticks] == sorted({one.at for one in ticks})
    assert ticks[-1].at == START + 400 * DAY
    assert loop.histories["checkout/availability", ""].all().total <= 30_000


class Mixed:
    """Sources of every temper: one hangs until it is let go, one is broken, one answers."""

    def __init__(self) -> None:
        self.let_go, self.asked = threading.Event(), Counter[str]()

    def __call__(
        self,
        source: Source,
        slos: Sequence[Slo],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read:
        name = slos[0].name
        self.asked[name] += 1
        if name == "hangs":
            self.let_go.wait(60)
        if name == "broken":
            raise ZeroDivisionError("https://user:hunter2@example.com")
        return Read(gains={(slo.id, ""): from_rows([(end - MIN, 1, 2)]) for slo in slos}, memory=None)


def test_a_source_that_hangs_or_breaks_delays_nobody_beyond_the_deadline(store: Store) -> None:
    first = _contract().slos[0]
    slos = tuple(
        dataclasses.replace(first, name=name, source=Prometheus(url=f"http://127.0.0.1:{number}"))
        for number, name in enumerate(("hangs", "broken", "answers"), 1)
    )
    mixed = Mixed()
    loop = Loop(
        contract=Contract(services=(Service(name="checkout", slos=slos),)),
        store=store,
        reader=mixed,
        targets=lambda notice, at: (),
        settings=Settings(),
        patience=0.3,
    )
    loop.start(now=START)
    began = time.monotonic()
    minutes = iter(range(1, 100))

    def until(*codes: str) -> None:
        """On a busy machine a quick answer may be late, too: then it is taken a minute later."""
        for minute in minutes:
            loop.advance(now=START + minute * MIN)
            if minute > 1 and sorted(problem.code for problem in loop.problems.values()) == list(codes):
                return

    until("source-fault", "source-slow")
    assert time.monotonic() - began < 30, "an answer that never comes is not waited for"
    assert "hunter2" not in str(loop.problems)
    assert mixed.asked["hangs"] == 1, "who has not answered is not asked again"
    assert loop.histories["checkout/answers", ""].all().total == 2 * mixed.asked["answers"] > 2
    mixed.let_go.set()
    until("source-fault")
    until("source-fault")
    hung = loop.histories["checkout/hangs", ""].all().total
    assert hung == 2 * mixed.asked["hangs"] > 2, "the late answer, and those that followed"


def test_ten_flaps_in_a_night_are_one_alert_with_ten_entries(store: Store) -> None:
    """S17: whoever is woken by the first stretch is not woken by the other nine."""
    flaps = {range(60 + 60 * number, 64 + 60 * number): 60 for number in range(10)}
    loop = Loop(
        contract=_contract(),
        store=store,
        reader=Recorded(even(800, 100, flaps, start=START)),
        targets=lambda notice, at: ("pager",),
        settings=Settings(),
    )
    loop.start(now=START)
    most = 0
    for minute in range(1, 801):
        for one in loop.advance(now=START + minute * MIN):
            most = max(most, *(len(a.life.entries) for a in one.plan.alerts if a.severity == "page"), 0)
    assert most == 10
    assert [says for _, severity, says in _said(store) if severity == "page"] == [
        "opened",
        "resolved",
        "reopened",
        "resolved",
    ]
    assert len([e for e in store.events(since=0) if "muted_by" not in e]) <= 6  # with the quieter ticket


def test_a_source_that_dies_is_one_ticket_and_the_page_stays_open(store: Store) -> None:
    reader = Recorded(even(300, 100, {range(100, 300): 100}, start=START))
    loop = _loop(store, reader)
    loop.advance(now=START + 120 * MIN)
    reader.down = True
    for minute in range(121, 200):
        loop.advance(now=START + minute * MIN)
    said = [e for e in store.events(since=START + 121 * MIN) if "muted_by" not in e]
    assert [(e["signature"].rpartition("/")[0], e["says"]) for e in said] == [
        ("allowance/telemetry", "opened")
    ]
    assert said[0]["title"] == "prometheus http://127.0.0.1:9 was last read 10 min ago"
    assert loop.lives["checkout/availability/page"].state == "firing"
    reader.down = False
    loop.advance(now=START + 200 * MIN)
    assert [e["says"] for e in store.events(since=START + 200 * MIN)] == ["resolved"]
