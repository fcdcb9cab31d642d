"""Delivery: at least once, in order, with patience; a dead channel keeps nobody else waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.alert import Mute, Notice
from allowance.alerting.delivery import (
    FIRST_WAIT,
    LONGEST_ASKED,
    LONGEST_WAIT,
    MOST_AGE,
    Due,
    Later,
    Outcome,
    Refused,
    Sent,
    Trouble,
    at_most,
    incident,
    settled,
    wait,
)
from allowance.alerting.escalation import Ladder, Step
from allowance.alerting.lifecycle import Entry, Life
from allowance.alerting.route import Directory, Route
from allowance.app.deliver import IN_A_ROW, Delivered, Post, deliver_once, refresh
from allowance.app.escalate import escalate
from allowance.edges.store import Store, open_store
from allowance.edges.store.troubles import only, troubles
from tests.alerting.notices import T0, notice, texts

FIRING = Life(state="firing", since=T0, timer=T0, entries=(Entry(begin=T0),))


@dataclass
class Fake:
    """A channel that does what it is told, and remembers."""

    name: str
    outcome: Outcome = field(default_factory=Sent)
    got: list[str] = field(default_factory=list)

    def send(self, one: Notice) -> Outcome:
        self.got.append(one.key)
        return self.outcome


@dataclass
class Hanging(Fake):
    """A channel that does not come back before it is let go."""

    let_go: threading.Event = field(default_factory=threading.Event)

    def send(self, one: Notice) -> Outcome:
        self.let_go.wait(30)
        return super().send(one)


@dataclass
class Broken(Fake):
    """A channel with a fault in its code."""

    def send(self, one: Notice) -> Outcome:
        raise RuntimeError(f"https://hooks.example.com/hunter2 {one.key}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "a.db"))
    yield opened
    opened.close()


def queue(store: Store, *some: Notice, channels: tuple[str, ...]) -> None:
    with store.writing() as writing:
        writing.tell(some, {n.key: channels for n in some}, now=T0)


def errors(store: Store) -> list[str]:
    with store._engine.begin() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT last_error FROM outbox ORDER BY key")]


def test_every_channel_is_told_once(store: Store) -> None:
    mail, chat = Fake("mail"), Fake("chat")
    queue(store, notice(1), notice(2), channels=("mail", "chat"))
    assert deliver_once(store, [mail, chat], now=T0) == Delivered(counts={"sent": 4})
    assert deliver_once(store, [mail, chat], now=T0) == Delivered()
    assert mail.got == chat.got == [notice(1).key, notice(2).key]


def test_opened_and_resolved_are_told_in_one_round_and_in_order(store: Store) -> None:
    mail = Fake("mail")
    queue(store, notice(says="resolved"), notice(), channels=("mail",))
    assert deliver_once(store, [mail], now=T0).counts == {"sent": 2}
    assert mail.got == [notice().key, notice(says="resolved").key]


def test_a_channel_that_hangs_keeps_nobody_else_waiting(store: Store) -> None:
    pager, mail = Hanging("pager"), Fake("mail")
    queue(store, notice(1), notice(2), channels=("pager", "mail"))
    post = Post(store, [pager, mail])

    def rounds_until(*got: str) -> None:
        for _ in range(300):
            assert post.round(now=T0, patience=0.1).working[:1] == ("pager",)
            if mail.got == list(got):
                return

    rounds_until(notice(1).key, notice(2).key)
    queue(store, notice(3), channels=("mail",))
    rounds_until(notice(1).key, notice(2).key, notice(3).key)
    assert mail.got[-1] == notice(3).key
    pager.let_go.set()
    assert post.round(now=T0 + 2, patience=30).working == ()
    assert pager.got == [notice(1).key, notice(2).key], "a second worker would have told them twice"
    assert store.outbox_counts() == {("mail", "sent"): 3, ("pager", "sent"): 2}


def test_a_fault_in_a_channel_is_a_failed_try_and_not_repeated_in_words(store: Store) -> None:
    queue(store, notice(), channels=("chat", "mail"))
    mail = Fake("mail")
    assert deliver_once(store, [Broken("chat"), mail], now=T0).counts == {"due": 1, "sent": 1}
    assert errors(store)[0] == "the channel chat broke: RuntimeError"


def test_a_channel_that_fails_in_a_row_rests(store: Store) -> None:
    mail = Fake("mail", outcome=Later(reason="down"))
    queue(store, *(notice(n) for n in range(10)), channels=("mail",))
    deliver_once(store, [mail], now=T0)
    assert len(mail.got) == IN_A_ROW
    deliver_once(store, [mail], now=T0)
    assert len(set(mail.got)) == 2 * IN_A_ROW, "the next round begins with those that were not tried yet"


def test_one_notice_that_cannot_be_delivered_does_not_stop_the_others(store: Store) -> None:
    class Picky(Fake):
        def send(self, one: Notice) -> Outcome:
            super().send(one)
            return Later(reason="not this one") if one == notice(0) else Sent()

    mail = Picky("mail")
    queue(store, *(notice(n) for n in range(5)), channels=("mail",))
    assert deliver_once(store, [mail], now=T0).counts == {"due": 1, "sent": 4}


def test_what_is_refused_is_not_tried_again_and_says_why(store: Store) -> None:
    mail = Fake("mail", outcome=Refused(reason="Jira answered 400: no such project"))
    queue(store, notice(), channels=("mail",))
    assert deliver_once(store, [mail], now=T0).counts == {"refused": 1}
    assert deliver_once(store, [mail], now=T0 + 10**6).counts == {}
    assert errors(store) == ["Jira answered 400: no such project"]


def test_a_page_of_yesterday_is_given_up(store: Store) -> None:
    mail = Fake("mail", outcome=Later(reason="down"))
    queue(store, notice(), channels=("mail",))
    assert deliver_once(store, [mail], now=T0 + MOST_AGE["page"]).counts == {"expired": 1}
    assert errors(store) == ["given up after 1d; at last: down"]


def test_the_fault_of_an_outbox_is_raised() -> None:
    class Full:
        def due(self, channel: str, *, now: int, most: int = 100) -> list[Due]:
            raise OSError("disk full")

        def settle(self, due: Due, settled: object) -> None:
            raise AssertionError

        def told(self, channel: str, *, since: int) -> list[Notice]:
            raise AssertionError

        def answered(self, channel: str, error: str, *, now: int) -> None:
            raise AssertionError

    with pytest.raises(OSError, match="disk full"):
        deliver_once(Full(), [Fake("mail")], now=T0)


@dataclass
class Forgetful(Fake):
    """A channel whose receiver forgets."""

    repeated: list[str] = field(default_factory=list)

    def refresh(self, some: Sequence[Notice]) -> Outcome:
        self.repeated += [one.key for one in some]
        return self.outcome


def test_only_channels_that_want_it_are_refreshed() -> None:
    forgetful = Forgetful("alertmanager")
    assert refresh(forgetful, [notice()]) == refresh(Fake("mail"), [notice()]) == Sent()
    assert forgetful.repeated == [notice().key]


def test_what_fires_is_repeated_every_minute_to_who_forgets(store: Store) -> None:
    forgetful, mail = Forgetful("alertmanager"), Fake("mail")
    queue(store, notice(1), notice(2), channels=("alertmanager", "mail"))
    with store.writing() as writing:
        writing.save_lives({notice(1).signature: FIRING})
    post = Post(store, [forgetful, mail])
    for second in range(0, 121, 20):
        assert post.round(now=T0 + second, patience=30).not_repeated == ()
    assert forgetful.repeated == [notice(1).key] * 3
    assert len(mail.got) == 2


def test_why_it_could_not_be_repeated_is_said(store: Store) -> None:
    forgetful = Forgetful("alertmanager")
    queue(store, notice(), channels=("alertmanager",))
    with store.writing() as writing:
        writing.save_lives({notice().signature: FIRING})
    post = Post(store, [forgetful])
    post.round(now=T0, patience=30)
    forgetful.outcome = Later(reason="the Alertmanager am answered 500")
    assert post.round(now=T0 + 60, patience=30).not_repeated == ("the Alertmanager am answered 500",)


def test_a_channel_that_fails_is_known_until_a_notice_is_taken(store: Store) -> None:
    slack, mail = Fake("slack", outcome=Later(reason="Slack answered 503")), Fake("mail")
    queue(store, notice(1), notice(2), notice(1, says="resolved"), channels=("slack", "mail"))
    for second in (0, 20):
        deliver_once(store, [slack, mail], now=T0 + second)
    (found,) = troubles(store._engine)
    assert (found.channel, found.since, found.last) == ("slack", T0, T0 + 20)
    assert (found.reason, found.waiting, found.lost) == ("Slack answered 503", 3, 0)
    assert found.next_try is not None
    assert T0 + 20 < found.next_try <= T0 + 30
    slack.outcome = Refused(reason="Slack answered 404")
    deliver_once(store, [slack], now=T0 + 60)
    (found,) = troubles(store._engine)
    assert (found.since, found.reason, found.waiting, found.lost) == (T0, "Slack answered 404", 0, 3)
    assert found.next_try is None
    slack.outcome = Sent()
    queue(store, notice(4), channels=("slack",))
    deliver_once(store, [slack], now=T0 + 90)
    assert troubles(store._engine) == []


def test_a_channel_that_cannot_repeat_fails_and_one_that_is_no_more_is_forgotten(store: Store) -> None:
    forgetful = Forgetful("alertmanager")
    queue(store, notice(), channels=("alertmanager",))
    with store.writing() as writing:
        writing.save_lives({notice().signature: FIRING})
    post = Post(store, [forgetful])
    post.round(now=T0, patience=30)
    assert troubles(store._engine) == []
    forgetful.outcome = Later(reason="the Alertmanager am answered 500")
    post.round(now=T0 + 60, patience=30)
    (found,) = troubles(store._engine)
    assert found == Trouble(
        channel="alertmanager", since=T0 + 60, last=T0 + 60, reason="the Alertmanager am answered 500"
    )
    only(store._engine, ["alertmanager", "mail"])
    assert len(troubles(store._engine)) == 1
    only(store._engine, ["mail"])
    assert troubles(store._engine) == []


def test_an_escalation_is_queued_once_and_goes_to_the_next_ones(store: Store) -> None:
    boss = Fake("boss")
    ladder = Ladder(name="loud", steps=(Step(after=900, to=("boss",)),))
    directory = Directory(
        channels=frozenset({"mail", "boss"}),
        routes=(Route(to=("mail",), ladder="loud"),),
        ladders={"loud": ladder},
    )
    queue(store, notice(1), notice(2), notice(3), channels=("mail",))
    with store.writing() as writing:
        writing.save_lives({notice(n).signature: FIRING for n in (1, 2, 3)})
        writing.save_mute(
            Mute(id="m", kind="silence", begin=T0, end=T0 + 9999, labels={"slo": "availability-3"})
        )

    def seen(one: Notice) -> int | None:
        return T0 + 60 if one.signature == notice(2).signature else None

    assert escalate(store, directory, acknowledged=seen, now=T0 + 899) == 0
    assert escalate(store, directory, acknowledged=seen, now=T0 + 960) == 1
    escalate(store, directory, acknowledged=seen, now=T0 + 1020)
    deliver_once(store, [Fake("mail"), boss], now=T0 + 1020)
    assert boss.got == [f"{notice(1).key}/loud/900"]


@given(texts, st.integers(0, 100))
def test_waits_double_and_spread_but_stay_in_bounds(key: str, tries: int) -> None:
    due = Due(notice=notice(key=key), channel="mail", tries=tries)
    full = min(LONGEST_WAIT, FIRST_WAIT * 2**tries)
    assert max(1, full * 3 // 4) <= wait(due) <= full
    assert wait(due) == wait(due)


@given(st.integers(0, 10**9))
def test_a_receiver_may_ask_for_more_patience_but_not_for_ever(after: int) -> None:
    due = Due(notice=notice(), channel="mail", tries=0)
    pause = settled(due, Later(reason="busy", after=after), now=T0).next_due - T0
    assert max(wait(due), min(after, LONGEST_ASKED)) == pause


def test_waits_of_many_notices_are_not_all_the_same() -> None:
    assert len({wait(Due(notice=notice(n), channel="mail", tries=5)) for n in range(50)}) > 10


@given(texts, texts, st.integers(1, 300))
def test_names_that_are_too_long_are_cut_and_still_differ(one: str, other: str, times: int) -> None:
    long, also = one * times + "x" * 256, other * times + "x" * 256
    assert len(at_most(long, 255)) <= 255
    assert (at_most(long, 255) == at_most(also, 255)) == (long == also)


def test_flaps_of_an_alert_are_one_incident() -> None:
    again = notice(says="reopened", at=T0 + 900, since=T0 + 900)
    assert incident(notice()) == incident(again) == incident(notice(says="resolved"))
    assert incident(notice()) != incident(notice(opened=T0 + 86_400))
