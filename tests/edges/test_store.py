"""The store on SQLite and PostgreSQL: all or nothing, gains add up, nothing is lost by a kill, order is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from allowance.alerting.alert import Mute, Muted, Notice
from allowance.alerting.delivery import Later, Refused, Sent, settled
from allowance.alerting.lifecycle import Entry, Life
from allowance.core.buckets import Buckets, add, from_rows
from allowance.core.minute import Minute
from allowance.core.problem import ProblemError
from allowance.edges.store import Store, open_store
from allowance.edges.store.counts import Counts
from allowance.edges.store.gains import Gains
from allowance.edges.store.writing import Writing
from tests.alerting.notices import T0, instants, lives, mutes, notice, notices, texts

FIRING = Life(state="firing", since=T0, timer=T0, entries=(Entry(begin=T0),))
SHARED = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on each engine."""
    if request.param == "sqlite":
        opened = open_store(str(tmp_path / "allowance.db"))
    else:
        url = request.getfixturevalue("postgres")
        engine = create_engine(
            url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        opened = open_store(url)
    yield opened
    opened.close()


def gains(tick: int, *rows: tuple[int, int, int], slo: str = "a/b", group: str = "") -> Gains:
    return Gains(tick=tick, buckets={(slo, group): from_rows(rows)})


def queue(store: Store, *some: Notice, channels: tuple[str, ...] = ("mail",)) -> None:
    with store.writing() as writing:
        writing.tell(some, {n.key: channels for n in some}, now=T0)


def _counted(store: Store) -> dict[tuple[str, str], Buckets]:
    """Every series with events, from the gains alone."""
    counts = Counts(None, rows=5000)
    while some := store.gains(after=counts.seq, most=2):
        counts.apply(some, until=0)
    found = {
        key: counts.history(number, 0) for key, number in store.series().items() if number < counts.columns
    }
    return {key: buckets for key, buckets in found.items() if buckets.with_data()}


def half_a_tick(store: Store) -> None:
    with store.writing() as writing:
        writing.add_gains(gains(T0, (T0, 9, 10)))
        writing.save_reading("prometheus", T0, {"offset": 1})
        writing.save_lives({"a/b/page": FIRING})
        writing.tell([notice()], {notice().key: ["mail"]}, now=T0)
        writing.log([notice()], [], now=T0)
        writing.save_mute(Mute(id="m", kind="silence", begin=T0, end=T0 + 60))
        raise RuntimeError("half-way")


def test_an_exception_inside_a_write_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="half-way"):
        half_a_tick(store)
    assert _counted(store) == {}
    assert store.reading("prometheus") is None
    assert store.lives() == {}
    assert store.outbox_counts() == {}
    assert store.events(since=0) == []
    assert store.mutes(now=T0) == ()


def undone(store: Store, work: Callable[[Writing], None]) -> None:
    with contextlib.suppress(RuntimeError), store.writing() as writing:
        work(writing)
        raise RuntimeError("half-way")


def test_numbers_are_written_alone_while_their_body_stays(store: Store) -> None:
    body = {"series": ["a", "b"]}
    for at in (T0, T0 + 60):
        with store.writing() as writing:
            writing.save_reading("p", at, body, b"%d" % at)
        assert store.readings() == {"p": (at, body, b"%d" % at)}
    undone(store, lambda writing: writing.save_reading("p", T0 + 120, {"series": []}, b"lost"))
    other = {"series": ["c"]}
    for at, told in ((T0 + 120, body), (T0 + 180, other), (T0 + 240, body)):
        with store.writing() as writing:
            writing.save_reading("p", at, told, b"%d" % at)
        assert store.readings() == {"p": (at, told, b"%d" % at)}


def test_a_minute_of_many_is_stored_as_each_by_itself(store: Store) -> None:
    names = (("a", ""), ("b", "x"), ("c", ""))
    one = Minute(names, start=T0, step=60, good=np.array([1, 0, 3]), total=np.array([2, 0, 3]))
    two = Minute(names, start=T0 + 60, step=60, good=np.array([0, 4, 0]), total=np.array([0, 5, 1]))
    undone(store, lambda writing: writing.add(T0 + 60, one))
    for at, minute in ((T0 + 60, one), (T0 + 120, two), (T0 + 180, one)):
        with store.writing() as writing:
            writing.add(at, minute)
    assert _counted(store) == {
        ("a", ""): from_rows([(T0, 2, 4)]),
        ("b", "x"): from_rows([(T0 + 60, 4, 5)]),
        ("c", ""): from_rows([(T0, 6, 6), (T0 + 60, 0, 1)]),
    }
    with pytest.raises(ValueError, match="0 <= good <= total"):
        Minute(names, start=T0, step=60, good=np.array([1, 0, 3]), total=np.array([0, 0, 3]))


def test_all_of_a_write_is_there_after_reopening(tmp_path: Path) -> None:
    first = open_store(str(tmp_path / "a.db"))
    with first.writing() as writing:
        writing.add_gains(gains(T0, (T0, 9, 10)))
        writing.save_reading("prometheus", T0, {"offset": 1})
        writing.save_lives({"a/b/page": FIRING})
        writing.tell([notice()], {notice().key: ["mail"]}, now=T0)
        writing.log([notice()], [Muted(signature="s", says="opened", kind="silence", why="asked")], now=T0)
    first.close()
    again = open_store(str(tmp_path / "a.db"))
    assert _counted(again) == {("a/b", ""): from_rows([(T0, 9, 10)])}
    assert again.reading("prometheus") == (T0, {"offset": 1})
    assert again.lives() == {"a/b/page": FIRING}
    assert [due.notice for due in again.due("mail", now=T0)] == [notice()]
    assert [event.get("why") for event in again.events(since=0)] == [None, "asked"]
    again.close()


series = st.tuples(st.sampled_from(["a/b", "a/c"]), st.sampled_from(["", "tenant=globex"]))
some_gains = st.lists(
    st.tuples(
        series,
        st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5),
    ),
    max_size=6,
)


@SHARED
@given(some_gains)
def test_gains_add_up_to_the_history(
    tmp_path_factory: pytest.TempPathFactory, some: list[tuple[tuple[str, str], list[tuple[int, int, int]]]]
) -> None:
    store = open_store(str(tmp_path_factory.mktemp("gains") / "a.db"))
    expected: dict[tuple[str, str], list[Buckets]] = {}
    for tick, (key, rows) in enumerate(some):
        buckets = from_rows([(T0 + 60 * at, good, good + bad) for at, good, bad in rows])
        with store.writing() as writing:
            writing.add_gains(Gains(tick=T0 + 60 * tick, buckets={key: buckets}))
        if buckets.with_data():
            expected.setdefault(key, []).append(buckets)
    found = _counted(store)
    store.close()
    assert found.keys() == expected.keys()
    assert {key: value.trimmed() for key, value in found.items()} == {
        key: add(parts).trimmed() for key, parts in expected.items()
    }


def test_gains_add_up_on_each_engine_and_old_ones_are_pruned(store: Store) -> None:
    for good in (1, 2):
        with store.writing() as writing:
            writing.add_gains(gains(T0, (T0, good, 4)))
    with store.writing() as writing:
        writing.add_gains(gains(T0 + 60, (T0 + 60, 5, 5), group="eu"))
    assert _counted(store) == {
        ("a/b", ""): from_rows([(T0, 3, 8)]),
        ("a/b", "eu"): from_rows([(T0 + 60, 5, 5)]),
    }
    store.prune(T0 + 60)
    assert set(_counted(store)) == {("a/b", "eu")}


def test_only_what_the_next_transaction_makes_durable_is_not_synced_itself(tmp_path: Path) -> None:
    """On one pooled connection, in any order: what anybody is told of waits for the disk."""
    kept = open_store(str(tmp_path / "a.db"))
    for with_next, level in ((False, 2), (True, 1), (False, 2), (True, 1), (True, 1), (False, 2)):
        with kept.writing(with_next=with_next) as writing:
            found = writing.connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
            assert found == level
    kept.close()


def test_the_number_of_a_gain_never_comes_again(store: Store) -> None:
    """Who has read up to it would miss what follows."""
    for at in (T0 + 600, T0):
        with store.writing() as writing:
            writing.add_gains(gains(at, (at, 1, 1)))
    ((newest, _),) = store.gains(after=1)
    store.prune(T0 + 300)
    with store.writing() as writing:
        writing.add_gains(gains(T0 + 660, (T0 + 660, 1, 1)))
    assert len(store.gains(after=newest)) == 1


def test_a_long_backfill_is_written_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allowance.edges.store.gains.PIECE", 3)
    parts = {("a/b", str(n)): from_rows([(T0 + 60 * at, 1, 2) for at in range(2)]) for n in range(5)}
    with store.writing() as writing:
        writing.add_gains(Gains(tick=T0, buckets=parts))
    assert len(store.gains(after=0)) == 3
    assert _counted(store) == parts


def test_large_counts_survive(store: Store) -> None:
    much = 2**60
    with store.writing() as writing:
        writing.add_gains(gains(T0, (T0, much, much)))
    assert int(_counted(store)["a/b", ""].total[0]) == much
    assert _counted(store)["a/b", ""].total.dtype == np.int64


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for many examples."""
    opened = open_store(str(tmp_path_factory.mktemp("kept") / "a.db"))
    yield opened
    opened.close()


@settings(max_examples=30)
@given(st.dictionaries(texts, lives, max_size=4))
def test_lives_come_back_as_they_were(kept: Store, some: dict[str, Life]) -> None:
    with kept.writing() as writing:
        writing.save_lives(some)
    assert kept.lives() == some


@settings(max_examples=30)
@given(notices, texts)
def test_a_notice_comes_back_as_it_was(kept: Store, one: Notice, channel: str) -> None:
    kept.prune(2**60)
    with kept.writing() as writing:
        writing.tell([one, one], {one.key: [channel, channel]}, now=0)
    found = kept.due(channel, now=0)
    assert [due.notice for due in found] == [one]
    kept.settle(found[0], settled(found[0], Sent(), now=0))


@settings(max_examples=30)
@given(mutes, instants)
def test_a_mute_comes_back_until_it_ends(kept: Store, mute: Mute, now: int) -> None:
    kept.prune(2**60)
    with kept.writing() as writing:
        writing.save_mute(mute)
        writing.save_mute(mute)
    assert kept.mutes(now=now) == ((mute,) if mute.end > now else ())


def test_a_notice_is_queued_once_per_channel(store: Store) -> None:
    queue(store, notice(), channels=("mail", "chat"))
    queue(store, notice(), channels=("mail", "chat"))
    assert store.outbox_counts() == {("mail", "due"): 1, ("chat", "due"): 1}


def test_one_channel_does_not_settle_another(store: Store) -> None:
    queue(store, notice(), channels=("mail", "chat"))
    [due] = store.due("mail", now=T0)
    store.settle(due, settled(due, Sent(), now=T0))
    assert store.outbox_counts() == {("mail", "sent"): 1, ("chat", "due"): 1}


def test_what_an_alert_says_is_never_overtaken(store: Store) -> None:
    opened, resolved, other = notice(1), notice(1, says="resolved"), notice(2)
    queue(store, resolved, other, opened)
    assert {due.notice.key for due in store.due("mail", now=T0)} == {opened.key, other.key}
    first = next(due for due in store.due("mail", now=T0) if due.notice == opened)
    store.settle(first, settled(first, Later(reason="busy"), now=T0))
    assert [due.notice for due in store.due("mail", now=T0)] == [other]
    [again] = [due for due in store.due("mail", now=T0 + 60) if due.notice == opened]
    assert again.tries == 1
    store.settle(again, settled(again, Refused(reason="no"), now=T0))
    assert resolved in [due.notice for due in store.due("mail", now=T0)]


def test_a_try_that_ends_late_does_not_wake_what_was_settled(store: Store) -> None:
    queue(store, notice())
    [due] = store.due("mail", now=T0)
    store.settle(due, settled(due, Sent(), now=T0))
    store.settle(due, settled(due, Later(reason="slow"), now=T0))
    assert store.outbox_counts() == {("mail", "sent"): 1}


def test_what_still_fires_can_be_repeated(store: Store) -> None:
    firing, gone, over = notice(1), notice(2), notice(3, says="resolved")
    queue(store, firing, gone, over, notice(4))
    with store.writing() as writing:
        writing.save_lives({firing.signature: FIRING, notice(4).signature: FIRING})
    for due in store.due("mail", now=T0):
        if due.notice != notice(4):
            store.settle(due, settled(due, Sent(), now=T0))
    assert {n.key for n in store.told("mail", since=over.at)} == {firing.key, over.key}
    assert {n.key for n in store.told("mail", since=over.at + 1)} == {firing.key}


def test_the_notice_that_an_escalation_begins_with_is_found(store: Store) -> None:
    opened, again = notice(1), notice(1, says="reopened", since=T0 + 900, at=T0 + 900)
    step = notice(1, key="step", since=T0 + 900, at=T0 + 1800)
    queue(store, opened, again, step, notice(2), notice(3, says="resolved"), channels=("mail", "chat"))
    with store.writing() as writing:
        writing.save_lives({notice(n).signature: FIRING for n in (1, 3)})
    assert store.firing() == [again]


def test_pruning_forgets_what_is_settled_and_keeps_what_waits(store: Store) -> None:
    queue(store, notice(1), notice(2), notice(3))
    sent, refused, _ = store.due("mail", now=T0)
    store.settle(sent, settled(sent, Sent(), now=T0))
    store.settle(refused, settled(refused, Refused(reason="no"), now=T0))
    store.prune(T0 + 1)
    assert store.outbox_counts() == {("mail", "due"): 1}


def test_who_reads_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    found: list[object] = []
    with store.writing() as writing:
        writing.save_lives({"a/b/page": FIRING})
        reader = threading.Thread(target=lambda: found.append(store.lives()))
        reader.start()
        reader.join(5)
        assert found == [{}]
    store.close()


def test_writers_queue(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))

    def write(number: int) -> None:
        for round_ in range(5):
            queue(store, notice(number * 100 + round_))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.outbox_counts() == {("mail", "due"): 20}
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://a@b/c", "mysql is not a store"),
        ("sqlite:////no/such/folder/a.db", "cannot be opened"),
        ("/no/such/folder/a.db", "cannot be opened"),
        ("postgresql://nobody:hunter2@127.0.0.1:1/none", "cannot be opened"),
        ("://", "cannot be read"),
    ],
)
def test_a_store_that_cannot_be_opened_is_a_problem(url: str, words: str) -> None:
    with pytest.raises(ProblemError, match=words) as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("my notes " * 1000)
    with pytest.raises(ProblemError, match="not a database"):
        open_store(str(tmp_path / "a.db"))


def test_a_store_of_a_newer_version_is_a_problem(tmp_path: Path) -> None:
    open_store(str(tmp_path / "a.db")).close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ProblemError, match="newer"):
        open_store(str(tmp_path / "a.db"))


def test_replicas_that_start_together_make_the_tables_once(
    store: Store, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(tmp_path / "new.db")
    if "postgresql" in request.node.name:
        url = request.getfixturevalue("postgres")
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    with ThreadPoolExecutor(4) as pool:
        for opened in pool.map(lambda _: open_store(url), range(4)):
            assert opened.lives() == {}
            opened.close()


WRITER = """
import sys
from allowance.core.buckets import from_rows
from allowance.edges.store import open_store
from allowance.edges.store.counts import Counts
from allowance.edges.store.gains import Gains
from tests.alerting.notices import T0, notice
store = open_store(sys.argv[1])
number = int(sys.argv[2])
while True:
    number += 1
    with store.writing() as writing:
        writing.add_gains(Gains(tick=T0, buckets={("a/b", ""): from_rows([(T0 + 60 * number, 1, 1)])}))
        writing.save_reading("source", number, None)
        writing.tell([notice(number)], {notice(number).key: ["mail"]}, now=T0)
    print(number, flush=True)
"""


def test_what_was_written_before_a_kill_is_there(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    known = 0
    for kill_after in (1, 6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(known)], stdout=subprocess.PIPE, cwd=os.getcwd()
        ) as process:
            assert process.stdout is not None
            for _ in range(kill_after):
                said = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        said = int(rest[-1]) if rest else said
        store = open_store(path)
        reading = store.reading("source")
        assert reading is not None
        known = reading[0]
        assert known >= said, "a write that returned is durable"
        assert _counted(store)["a/b", ""].all().total == known
        assert store.outbox_counts() == {("mail", "due"): known}
        store.close()
