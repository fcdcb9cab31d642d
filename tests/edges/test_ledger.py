"""The ledger on SQLite and PostgreSQL: many writers, killed writers, searching it, and rows that somebody edited."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from allowance.app.law import Asked, Law
from allowance.core.problem import ProblemError
from allowance.edges.store.database import connect
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.fold import fold
from allowance.governance.ledger import Draft
from allowance.governance.verify import Broken, Verified, verify
from tests.conftest import ROOT

PROCESSES, THREADS, EACH = 4, 2, 100
KILLS = 8

START = """
import os, sys, threading
from allowance.app.law import Law
from allowance.edges.store.database import connect
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.ledger import Draft

connect(sys.argv[1]).dispose()  # so that no child has to import the migrations

def note(name, number, standing):
    payload = {"number": number, "seen": standing.head}
    return [Draft(kind="note", subject=name, actor="test", at=number, payload=payload)]
"""

WRITERS = (
    START
    + """
url, processes, threads, each = sys.argv[1], *map(int, sys.argv[2:])

def write(law, name):
    for number in range(each):
        law.act(lambda standing: note(name, number, standing))

children = []
for process in range(processes):
    child = os.fork()  # cheaper than a start of Python for each
    if not child:
        law = Law(StoredLedger(connect(url)))
        work = [threading.Thread(target=write, args=(law, f"{process}-{t}")) for t in range(threads)]
        [one.start() for one in work]
        [one.join() for one in work]
        os._exit(0)
    children.append(child)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""
)

NURSERY = (
    START
    + """
def append():
    law, number = Law(StoredLedger(connect(sys.argv[1]))), 0
    while True:
        number += 1
        (entry,) = law.act(lambda standing: note("victim", number, standing))
        print(entry.seq, entry.hash, flush=True)

for _ in sys.stdin:
    child = os.fork()
    if not child:
        append()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store on each engine."""
    if request.param == "sqlite":
        return str(tmp_path / "allowance.db")
    address: str = request.getfixturevalue("postgres")
    engine = create_engine(
        address.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return address


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = connect(url)
    yield opened
    opened.dispose()


def test_many_writers_lose_nothing_and_leave_no_gap(url: str, engine: Engine) -> None:
    command = [sys.executable, "-c", WRITERS, url, *map(str, (PROCESSES, THREADS, EACH))]
    subprocess.run(command, check=True, timeout=240, cwd=ROOT)
    ledger = StoredLedger(engine)
    entries = ledger.entries()
    count = PROCESSES * THREADS * EACH
    assert [entry.seq for entry in entries] == list(range(1, count + 1))
    assert verify(ledger.rows()) == Verified(after=0, head=count, hash=entries[-1].hash)
    assert [entry.payload["seen"] for entry in entries] == list(range(count)), "each saw all that was before"
    by_writer: dict[str, list[int]] = {}
    for entry in entries:
        by_writer.setdefault(entry.subject, []).append(entry.payload["number"])
    assert by_writer == {f"{p}-{t}": list(range(EACH)) for p in range(PROCESSES) for t in range(THREADS)}
    assert fold(entries) == Law(ledger).standing()


def test_what_was_acknowledged_before_a_kill_is_there(url: str, engine: Engine) -> None:
    rng = random.Random(11)
    acknowledged: dict[int, str] = {}
    command = [sys.executable, "-c", NURSERY, url]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for _ in range(KILLS):
            print("next", file=nursery.stdin, flush=True)
            lines = iter(nursery.stdout.readline, "gone\n")
            child, wanted, got = 0, rng.randint(1, 8), 0
            for line in lines:
                words = line.split()
                if len(words) == 1:
                    child = int(words[0])
                else:
                    acknowledged[int(words[0])] = words[1]
                    got += 1
                if child and got == wanted:
                    threading.Event().wait(rng.uniform(0, 0.01))
                    os.kill(child, signal.SIGKILL)
                    wanted = -1
        nursery.stdin.close()
    entries = StoredLedger(engine).entries()
    assert isinstance(verify(entries), Verified)
    assert {entry.seq: entry.hash for entry in entries}.items() >= acknowledged.items()
    assert len(acknowledged) >= KILLS
    assert len(entries) - len(acknowledged) <= KILLS, "at most the one that was under way each time"


def some(ledger: StoredLedger) -> None:
    with ledger.writing() as writing:
        for number, (kind, subject, actor) in enumerate(
            [
                ("freeze.began", "checkout", "allowance"),
                ("freeze.ended", "checkout", "ada"),
                ("freezer", "checkout/latency", "ada"),
                ("state.changed", "checkout/latency", "allowance"),
                ("state.changed", "checkout-eu/latency", "allowance"),
                ("state_changed", "check%", "allowance"),
            ]
        ):
            draft = Draft(kind=kind, subject=subject, actor=actor, at=100 * number, payload={"n": number})
            writing.append([draft])


@pytest.mark.parametrize(
    ("asked", "seqs"),
    [
        (Asked(), [1, 2, 3, 4, 5, 6]),
        (Asked(kind="freeze"), [1, 2]),
        (Asked(kind="freeze.began"), [1]),
        (Asked(kind="state_changed"), [6]),
        (Asked(kind="state"), [4, 5]),
        (Asked(subject="checkout"), [1, 2, 3, 4]),
        (Asked(subject="checkout/latency"), [3, 4]),
        (Asked(subject="check%"), [6]),
        (Asked(actor="ada"), [2, 3]),
        (Asked(since=100, until=300), [2, 3]),
        (Asked(after=4), [5, 6]),
        (Asked(most=2), [1, 2]),
        (Asked(most=2, newest=True), [5, 6]),
        (Asked(after=1, kind="freeze", most=1, newest=True), [2]),
    ],
)
def test_entries_are_found(tmp_path: Path, asked: Asked, seqs: list[int]) -> None:
    opened = connect(str(tmp_path / "a.db"))
    ledger = StoredLedger(opened)
    some(ledger)
    assert [entry.seq for entry in ledger.find(asked)] == seqs
    opened.dispose()


def test_finding_is_the_same_on_both_engines(engine: Engine) -> None:
    ledger = StoredLedger(engine)
    some(ledger)
    assert [entry.seq for entry in ledger.find(Asked(kind="state", subject="checkout"))] == [4]
    assert [entry.seq for entry in ledger.find(Asked(subject="check%", newest=True, most=9))] == [6]
    assert ledger.find(Asked(since=200, until=300, actor="ada"))[0].payload == {"n": 2}


def test_the_database_itself_refuses_changes(engine: Engine) -> None:
    some(StoredLedger(engine))
    for statement in (
        "UPDATE ledger SET actor = 'mallory' WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 6",
        "DELETE FROM ledger",
    ):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert isinstance(verify(StoredLedger(engine).rows()), Verified)


@pytest.mark.parametrize(
    ("statement", "seq", "word"),
    [
        ("UPDATE ledger SET actor = 'mallory' WHERE seq = 2", 2, "edited"),
        ("UPDATE ledger SET payload = '{\"n\": 1}' WHERE seq = 2", 2, "canonical"),
        ("UPDATE ledger SET payload = '{\"n\":1' WHERE seq = 3", 3, "no JSON"),
        ("UPDATE ledger SET payload = '{\"n\":1.5}' WHERE seq = 3", 3, "no JSON"),
        (
            "UPDATE ledger SET payload = '[' || replace(hex(zeroblob(50000)), '00', '[') WHERE seq = 3",
            3,
            "JSON",
        ),
        ("UPDATE ledger SET seq = 9 WHERE seq = 4", 4, "missing"),
        ("UPDATE ledger SET at = 'soon' WHERE seq = 4", 4, "edited"),
        ("DELETE FROM ledger WHERE seq = 5", 5, "missing"),
        ("UPDATE ledger SET hash = x'00ff' WHERE seq = 1", 1, "edited"),
    ],
)
def test_rows_that_somebody_edited_in_the_file_are_found(
    tmp_path: Path, statement: str, seq: int, word: str
) -> None:
    path = tmp_path / "a.db"
    opened = connect(str(path))
    some(StoredLedger(opened))
    with sqlite3.connect(path) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
    raw.close()
    found = verify(StoredLedger(opened).rows())
    opened.dispose()
    assert isinstance(found, Broken)
    assert found.seq == seq
    assert word in found.why


def test_bytes_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    opened = connect(str(path))
    some(StoredLedger(opened))
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER ledger_no_update")
        raw.execute("UPDATE ledger SET actor = CAST(x'ff61' AS TEXT) WHERE seq = 4")
    raw.close()
    with pytest.raises(ProblemError, match="beyond entry"):
        list(StoredLedger(opened).rows())
    opened.dispose()


def test_a_standing_counts_what_was_refused(engine: Engine) -> None:
    from allowance.governance.access import Attempt, access_denied

    one = Attempt(name="ci", role="viewer", address="10.0.0.1", method="POST", path="/v1/mutes", status=403)
    law = Law(StoredLedger(engine))
    law.act(lambda _: (access_denied(one, now=1),))
    law.act(lambda _: (access_denied(replace(one, unrecorded=6, name="", path="/" + "x" * 999), now=2),))
    assert law.standing().denied == 8
    last = law.ledger.entries(after=1)[0]
    assert (last.actor, last.kind, len(last.subject)) == ("unknown", "access.denied", 200)
    assert Law(StoredLedger(engine)).standing() == law.standing()
