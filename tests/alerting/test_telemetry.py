"""Silence and lateness as alerts: one page per dead source, said in plain words, over by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.alert import Mute
from allowance.alerting.lifecycle import Life
from allowance.alerting.plan import Context, Plan, Settings, plan
from allowance.alerting.telemetry import Feed
from allowance.budget.evaluate import evaluate
from allowance.contract.indicator import PromRatio
from allowance.contract.model import NoDataAlert, Slo
from allowance.contract.rules import WORKBOOK, Severity
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import Problem
from allowance.core.window import RollingWindow
from tests.budget.histories import MIN, even

T0 = 1_795_000_020 - 1_795_000_020 % MIN
"""2026-11-18T11:07:00Z."""

DOWN = Problem(code="prom-reach", message="the server does not answer")


def _slo(name: str, severity: Severity | None = "page", after: int = 30) -> Slo:
    return Slo(
        name=name,
        service="checkout",
        indicator=PromRatio(total="t", good="g"),
        target=Fraction(999, 1000),
        window=RollingWindow(seconds=30 * 86400),
        rules=WORKBOOK,
        no_data_alert=None if severity is None else NoDataAlert(severity=severity, after=after * MIN),
        owner="shop",
        runbook="https://runbooks.example.com/checkout",
    )


def _feed(slos: Sequence[Slo], **changes: object) -> Feed:
    fields = {
        "name": "prometheus http://prom-eu:9090",
        "key": "prometheus-http-prom-eu-9090-1a2b3c",
        "slos": tuple(slos),
        "pulled": True,
        "read_to": T0,
        "newest": {slo.id: T0 for slo in slos},
    }
    return Feed(**fields | changes)  # type: ignore[arg-type]


class Night:
    """Ticks over sources that may be silent, unread, or both since minute 0."""

    def __init__(self, slos: Sequence[Slo], mutes: Sequence[Mute] = ()) -> None:
        self.slos, self.mutes = list(slos), mutes
        self.lives: dict[str, Life] = {}
        self.plans: list[Plan] = []

    def run(
        self, first: int, last: int, *, unread: bool = False, silent: Sequence[str] | None = None
    ) -> Night:
        for minute in range(first, last + 1):
            now = T0 + minute * MIN
            quiet = {slo.id for slo in self.slos} if silent is None else set(silent)
            newest: dict[str, int | NoData] = {s.id: T0 if s.id in quiet else now for s in self.slos}
            feed = _feed(
                self.slos, newest=newest, read_to=T0 if unread else now, problem=DOWN if unread else None
            )
            self.plans.append(
                plan([], self.lives, self.mutes, Settings(link="https://a.example"), now=now, feeds=[feed])
            )
            self.lives = self.plans[-1].lives
        return self

    def told(self) -> list[tuple[int, str, str, str]]:
        return [((n.at - T0) // MIN, n.signature, n.severity, n.says) for p in self.plans for n in p.notices]

    def held(self) -> set[tuple[str, str, str]]:
        return {(m.signature, m.kind, m.why) for p in self.plans for m in p.muted}


SLOS = [_slo(name) for name in ("availability", "latency", "orders")]
LATE = "allowance/telemetry/prometheus-http-prom-eu-9090-1a2b3c"


def test_one_slo_that_falls_silent_says_so_and_is_over_by_itself() -> None:
    night = Night(SLOS).run(1, 45, silent=["checkout/latency"]).run(46, 50, silent=[])
    assert night.told() == [
        (30, "checkout/latency/no-data", "page", "opened"),
        (46, "checkout/latency/no-data", "page", "resolved"),
    ]
    opened, over = (n for p in night.plans for n in p.notices)
    assert opened.message.title == "checkout latency: no data for 30 min"
    assert opened.message.lines == (
        "No event has been counted since 2026-11-18 11:07 UTC (30 min).",
        "Its source, prometheus http://prom-eu:9090, answers, but gives no events for it.",
        "While this lasts, its budget stands still and no burn rate can raise an alert.",
        "Usual causes: a renamed metric or label, an exporter that stopped, or no traffic at all.",
    )
    assert opened.message.first_step == (
        "See whether there is traffic, then open the runbook: https://runbooks.example.com/checkout"
    )
    assert opened.message.link == "https://a.example/slo/checkout/latency?at=2026-11-18T11:37:00Z"
    assert (opened.labels["service"], opened.labels["slo"], opened.labels["alert"]) == (
        "checkout",
        "latency",
        "no-data",
    )
    assert over.message.title == "resolved: checkout latency is counted again"
    assert over.message.lines == ("This alert was open for 16 min, since 2026-11-18 11:37 UTC.",)


def test_a_dead_source_is_one_page_and_not_fifty() -> None:
    slos = [_slo(f"slo-{number}") for number in range(50)]
    night = Night(slos).run(1, 40, unread=True)
    assert night.told() == [
        (10, LATE, "ticket", "opened"),
        (30, "checkout/slo-0/no-data", "page", "opened"),
    ]
    ticket, page = (n for p in night.plans for n in p.notices)
    assert ticket.message.title == "prometheus http://prom-eu:9090 was last read 10 min ago"
    assert ticket.message.lines[:2] == (
        "What happened after 2026-11-18 11:07 UTC is not known (10 min).",
        "It does not answer: the server does not answer.",
    )
    assert page.message.title == "checkout slo-0: no data for 30 min, nor for 49 more of its source"
    assert page.message.lines[2] == (
        "Silent too: checkout/slo-1, checkout/slo-2, checkout/slo-3, checkout/slo-4, checkout/slo-5 and 44 more."
    )
    assert {(kind, why) for _, kind, why in night.held()} == {
        ("grouped", "told together with checkout/slo-0/no-data")
    }
    night.run(41, 42, silent=[])
    assert {(n.signature, n.says) for p in night.plans[-2:] for n in p.notices} == {
        (LATE, "resolved"),
        ("checkout/slo-0/no-data", "resolved"),
    }
    assert night.lives[LATE].state == "resolved"


def test_a_quieter_word_of_the_same_source_is_not_said_a_second_time() -> None:
    night = Night([_slo("availability", "ticket")]).run(1, 60, unread=True)
    assert night.told() == [(10, LATE, "ticket", "opened")]
    assert night.held() == {("checkout/availability/no-data", "grouped", f"told together with {LATE}")}
    early = Night([_slo("availability", "page", after=5)]).run(1, 60, unread=True)
    assert early.told() == [(5, "checkout/availability/no-data", "page", "opened")]


def test_who_is_still_silent_when_the_speaker_is_back_speaks() -> None:
    names = [slo.id for slo in SLOS]
    night = Night(SLOS).run(1, 35, silent=names).run(36, 40, silent=names[1:])
    assert night.told() == [
        (30, "checkout/availability/no-data", "page", "opened"),
        (36, "checkout/availability/no-data", "page", "resolved"),
        (36, "checkout/latency/no-data", "page", "opened"),
    ]


def test_what_never_came_is_waited_for_as_long() -> None:
    slo = _slo("availability", "ticket")
    lives: dict[str, Life] = {}
    said = []
    for minute in range(40):
        now = T0 + minute * MIN
        feed = _feed([slo], newest={slo.id: NO_DATA}, read_to=now)
        found = plan([], lives, [], Settings(), now=now, feeds=[feed])
        lives = found.lives
        said += [(minute, n.message.title) for n in found.notices]
    assert said == [(30, "checkout availability: nothing has ever been counted")]


def test_maintenance_holds_silence_too() -> None:
    work = Mute(
        id="M", kind="maintenance", begin=T0, end=T0 + 40 * MIN, labels={"service": "checkout"}, why="move"
    )
    night = Night([_slo("availability")], [work]).run(1, 45, silent=["checkout/availability"])
    assert [(minute, says) for minute, _, _, says in night.told()] == [(40, "opened")]
    assert ("checkout/availability/no-data", "maintenance", "maintenance M: move") in night.held()


def _burning(history: Buckets, minute: int, lives: dict[str, Life], *, unread: bool) -> Plan:
    slo, now = replace(_slo("availability"), no_data_alert=None), minute * MIN
    read_to, problem = (105 * MIN, DOWN) if unread else (now, None)
    feed = _feed([slo], read_to=read_to, newest={slo.id: 105 * MIN}, problem=problem)
    return plan(
        [("", evaluate(slo, history, now=now))],
        lives,
        [],
        Settings(),
        now=now,
        feeds=[feed],
        context=Context(services={"checkout": {"tier": "1", "team": "shop"}}),
    )


def test_what_fires_is_not_called_calm_because_its_source_is_dead() -> None:
    history = even(105, 100, {range(90, 105): 100})
    for unread in (True, False):
        lives: dict[str, Life] = {}
        states = []
        for minute in range(80, 200):
            found = _burning(history, minute, lives, unread=unread and minute > 105)
            lives = found.lives
            states.append(
                lives["checkout/availability/page"].state if "checkout/availability/page" in lives else ""
            )
        assert states[-1] == ("firing" if unread else "resolved")


def test_notices_know_the_tier_and_the_labels_of_their_service() -> None:
    history = even(105, 100, {range(90, 105): 100})
    found = _burning(history, 100, {}, unread=False)
    assert [(n.labels["tier"], n.labels["team"], n.message.facts["tier"]) for n in found.notices] == [
        ("1", "shop", "1")
    ]


@given(
    st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from([s.id for s in SLOS]))), max_size=40),
    st.lists(st.sampled_from(["page", "ticket", "log"]), min_size=3, max_size=3),
)
def test_at_any_time_one_source_has_said_each_severity_once_at_most(
    story: list[tuple[bool, set[str]]], severities: list[Severity]
) -> None:
    slos = [
        replace(slo, no_data_alert=NoDataAlert(severity=s, after=3 * MIN))
        for slo, s in zip(SLOS, severities, strict=True)
    ]
    night = Night(slos)
    newest = {slo.id: T0 for slo in slos}
    read = T0
    for minute, (unread, silent) in enumerate(story, 1):
        now = T0 + minute * 3 * MIN
        read = read if unread else now
        newest = {name: at if unread or name in silent else now for name, at in newest.items()}
        feed = _feed(slos, newest=newest, read_to=read, problem=DOWN if unread else None)
        found = plan([], night.lives, [], Settings(), now=now, feeds=[feed])
        night.lives = found.lives
        open_ = [a for a in found.telemetry if a.life.is_open]
        told = [a.severity for a in open_ if a.life.told]
        assert len(told) == len(set(told))
        loudest = min((["page", "ticket", "log"].index(a.severity) for a in open_), default=None)
        if loudest is not None:
            assert ["page", "ticket", "log"][loudest] in told
