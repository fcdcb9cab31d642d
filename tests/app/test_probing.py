"""Probes on time, with a clock that is moved by hand: what is made, what is a gap, what is counted."""

from __future__ import annotations

import threading
from typing import Any

from allowance.app.probing import GRACE, Probing
from allowance.contract.probe import Probe
from allowance.signals.event_sli import Told
from allowance.signals.probe import Attempt, NotMade, next_due
from tests.peers import wait_until

START = 1_790_000_040
PROBE = Probe(url="https://shop.test/", interval=60, timeout=10)
OTHER = Probe(url="https://mail.test/", interval=60, timeout=10)


class World:
    def __init__(self, *probes: Probe, **options: Any) -> None:
        self.now = START
        self.told: list[Told] = []
        self.answer: Any = lambda: Attempt(at=self.now, total=1000, phases={}, status=200)
        self.probes = probes or (PROBE,)
        self.probing = Probing(
            lambda: self.probes, lambda _: self.answer(), self.told.append, lambda: self.now, **options
        )

    def at(self, instant: int) -> list[Probe]:
        self.now = instant
        return self.probing.due()


def test_each_at_its_own_second_and_none_twice() -> None:
    world = World(PROBE, OTHER)
    world.probing.due()
    times = {
        probe: [at for at in range(START + 1, START + 181) if probe in world.at(at)] for probe in (PROBE,)
    }
    first = next_due(PROBE, now=START)
    assert times[PROBE] == [first, first + 60, first + 120]


def test_a_schedule_that_was_slept_through_is_a_gap() -> None:
    world = World()
    world.probing.due()
    due = next_due(PROBE, now=START)
    assert world.at(due + GRACE) == [PROBE]
    assert world.at(due + 60 + GRACE + 1) == [], "late: not made"
    assert world.at(due + 119) == []
    assert world.at(due + 120) == [PROBE], "and on time again"


def test_a_probe_that_still_runs_is_not_made_again() -> None:
    world = World()
    world.probing.due()
    due = next_due(PROBE, now=START)
    running = world.probing._busy
    running.add(PROBE)
    assert world.at(due) == []
    world.probing.make(PROBE)
    assert world.at(due + 60) == [PROBE]


def test_good_bad_and_what_could_not_be_made() -> None:
    world = World()
    world.probing.make(PROBE)
    world.answer = lambda: Attempt(at=world.now, total=1, phases={}, fault="the connection is refused")
    world.probing.make(PROBE)
    world.answer = lambda: NotMade(at=world.now, why="the network is unreachable")
    world.probing.make(PROBE)
    assert [told.row("ok") for told in world.told] == [True, False]


def test_an_answer_that_we_were_too_slow_to_take_is_not_counted() -> None:
    world = World()

    def slept() -> Attempt:
        world.now += PROBE.timeout + GRACE + 1
        return Attempt(at=START, total=1, phases={}, fault="no answer within 10 s")

    world.answer = slept
    world.probing.make(PROBE)
    assert world.told == []


def test_a_fault_in_one_probe_leaves_the_others() -> None:
    world = World()

    def broken() -> Attempt:
        raise RuntimeError("the store is full")

    world.answer = broken
    world.probing.make(PROBE)
    assert world.told == []
    assert PROBE not in world.probing._busy


def test_only_who_may_makes_probes_and_the_contract_may_change() -> None:
    allowed = [False]
    world = World(may=lambda: allowed[0])
    world.probing.due()
    due = next_due(PROBE, now=START)
    assert world.at(due) == []
    allowed[0] = True
    world.probes = (OTHER,)
    world.probing.due()
    seen = [probe for at in range(due + 1, due + 62) for probe in world.at(at)]
    assert set(seen) == {OTHER}


def test_it_runs_by_itself_and_stops() -> None:
    world = World()
    runner = threading.Thread(target=world.probing.run, daemon=True)
    runner.start()
    wait_until(lambda: bool(world.probing._due), "the first look", 60)
    world.now = next_due(PROBE, now=START)
    wait_until(lambda: len(world.told) == 1, "the probe", 60)
    world.probing.stop()
    runner.join(60)
    assert not runner.is_alive()
