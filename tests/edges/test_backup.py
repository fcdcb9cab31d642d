"""Copies of a store that is written to: of one moment, whole, checked, and restored on either engine."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from allowance.cli.main import run
from allowance.core.buckets import from_rows
from allowance.core.problem import ProblemError
from allowance.edges.store import Store, open_store
from allowance.edges.store.backup import backup, inspected, restore
from allowance.edges.store.database import connect
from allowance.edges.store.gains import Gains
from allowance.edges.store.lease import lock_file
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.ledger import Draft
from tests.alerting.notices import T0, notice


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on each engine."""
    if request.param == "sqlite":
        return str(tmp_path / "allowance.db")
    found: str = request.getfixturevalue("postgres")
    _emptied(found)
    return found


def _emptied(url: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def write(store: Store, number: int) -> None:
    """Counts, a reading and a notice that belong together."""
    with store.writing() as writing:
        writing.add_gains(Gains(tick=T0, buckets={("a/b", ""): from_rows([(T0 + 60 * number, 1, 2)])}))
        writing.save_reading("source", number, {"at": number})
        writing.tell([notice(number)], {notice(number).key: ["mail"]}, now=T0)


def decide(store: Store, number: int) -> None:
    with StoredLedger(store._engine).writing() as writing:
        draft = Draft(at=T0, actor="ann", kind="test", subject="shop", payload={"number": number, "é": "ü"})
        writing.append([draft])


def state(url: str) -> tuple[int, int, int, int]:
    """How many gains, what the reading says, notices that wait, entries of the ledger."""
    store = open_store(url)
    try:
        reading = store.reading("source")
        gains = store.gains(after=0, most=10**6)
        notices = store.outbox_counts().get(("mail", "due"), 0)
        return (
            len(gains),
            0 if reading is None else reading[0],
            notices,
            len(StoredLedger(store._engine).entries()),
        )
    finally:
        store.close()


@contextlib.contextmanager
def writing_all_the_time(url: str) -> Iterator[threading.Event]:
    """A writer in the background; the event is set once it is at work."""
    at_work, over = threading.Event(), threading.Event()

    def work() -> None:
        store = open_store(url)
        number = 0
        while not over.is_set():
            number += 1
            write(store, number)
            decide(store, number)
            if number == 5:
                at_work.set()
        store.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert at_work.wait(60)
        yield at_work
    finally:
        over.set()
        thread.join()


def test_a_copy_that_is_taken_while_others_write_is_of_one_moment(url: str, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    with writing_all_the_time(url):
        copied = backup(url, file)
    gains, reading, notices, entries = state(str(file))
    assert gains == reading == notices, "what is written together is copied together"
    assert entries in (gains - 1, gains)
    assert 5 <= gains <= state(url)[0]
    assert (copied.rows["gains"], copied.ledger.head) == (gains, entries)
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"], "no scraps are left"


def test_a_round_trip_brings_everything_back(url: str, tmp_path: Path) -> None:
    store = open_store(url)
    for number in range(1, 8):
        write(store, number)
        decide(store, number)
    store.close()
    before = state(url)
    backup(url, tmp_path / "copy")
    store = open_store(url)
    write(store, 99)
    store.close()
    with pytest.raises(ProblemError, match="not empty"):
        restore(tmp_path / "copy", url)
    assert state(url)[0] == 8, "nothing was changed"
    restore(tmp_path / "copy", url, force=True)
    assert state(url) == before
    store = open_store(url)
    write(store, 100)
    decide(store, 100)
    store.close()
    assert state(url) == (8, 100, 8, 8), "numbers go on where they were"


def test_a_copy_moves_from_one_engine_to_the_other_and_back(postgres: str, tmp_path: Path) -> None:
    _emptied(postgres)
    store = open_store(str(tmp_path / "a.db"))
    for number in range(1, 4):
        write(store, number)
        decide(store, number)
    store.close()
    backup(str(tmp_path / "a.db"), tmp_path / "one")
    restore(tmp_path / "one", postgres)
    backup(postgres, tmp_path / "two")
    restore(tmp_path / "two", str(tmp_path / "b.db"))
    assert state(str(tmp_path / "a.db")) == state(postgres) == state(str(tmp_path / "b.db")) == (3, 3, 3, 3)
    one, two = inspected(tmp_path / "one"), inspected(tmp_path / "two")
    assert (one.rows, one.ledger) == (two.rows, two.ledger)


def test_the_ledger_stays_append_only_after_a_restore(url: str, tmp_path: Path) -> None:
    store = open_store(url)
    decide(store, 1)
    store.close()
    backup(url, tmp_path / "copy")
    restore(tmp_path / "copy", url, force=True)
    engine = connect(url)
    with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ledger")
    engine.dispose()


def test_running_totals_of_the_former_content_are_gone(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    store = open_store(path)
    write(store, 1)
    backup(path, tmp_path / "copy")
    write(store, 2)
    store.totals(rows=100, step=60).apply(store.gains(after=0), until=0)
    store.close()
    restore(tmp_path / "copy", path, force=True)
    store = open_store(path)
    assert store.totals(rows=100, step=60).seq == 1, "counted anew from what is there now"
    store.close()


def test_a_damaged_copy_is_never_restored(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    store = open_store(path)
    for number in range(200):
        decide(store, number)
    store.close()
    backup(path, tmp_path / "copy")
    whole = (tmp_path / "copy").read_bytes()
    torn = bytearray(whole)
    torn[len(torn) // 2 : len(torn) // 2 + 4096] = b"\xff" * 4096
    (tmp_path / "torn").write_bytes(torn)
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words").write_text("no database at all " * 500)
    (tmp_path / "edited").write_bytes(whole)
    with sqlite3.connect(tmp_path / "edited") as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET actor = 'eve' WHERE seq = 7")
    connection.close()
    for name in ("torn", "cut", "words", "edited"):
        with pytest.raises(ProblemError) as caught:
            restore(tmp_path / name, str(tmp_path / "new.db"))
        assert caught.value.problems[0].code in ("backup-broken", "store"), name
        assert not (tmp_path / "new.db").exists()
    with pytest.raises(ProblemError, match="entry 7"):
        inspected(tmp_path / "edited")


def test_a_store_that_is_served_is_not_restored_to(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    open_store(path).close()
    backup(path, tmp_path / "copy")
    lock = lock_file(path)
    assert lock is not None
    with pytest.raises(ProblemError, match="is served by"):
        restore(tmp_path / "copy", path, force=True)
    lock.release()
    restore(tmp_path / "copy", path, force=True)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "a.db")
    store = open_store(path)
    write(store, 1)
    decide(store, 1)
    store.close()
    copy = str(tmp_path / "copy")
    assert run(["backup", copy, "--store", path]) == 0
    assert "ledger whole up to entry 1" in capsys.readouterr().out
    assert run(["backup", copy, "--store", path]) == 2
    assert "exists already" in capsys.readouterr().err
    assert run(["restore", copy, "--store", path]) == 2
    assert run(["restore", copy, "--store", path, "--force", "--json"]) == 0
    assert '"ledger_head": 1' in capsys.readouterr().out
    assert run(["backup", copy + "2", "--store", str(tmp_path / "none.db")]) == 2
    assert not (tmp_path / "none.db").exists()
