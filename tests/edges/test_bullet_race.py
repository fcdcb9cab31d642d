"""Racing requests for the last silver bullet: one wins, on SQLite and on PostgreSQL, also between processes' laws."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from allowance.app.law import Law
from allowance.core.problem import ProblemError
from allowance.edges.store.database import connect
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.bullets import approve_bullet, ask_bullet
from allowance.governance.fold import fold
from tests.governance.ruling import ADA, EVE, START, ZOE, bullet, policy

RACERS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = str(tmp_path / "allowance.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        found = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with found.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        found.dispose()
    opened = connect(url)
    yield opened
    opened.dispose()


def test_one_of_many_gets_the_last_bullet(engine: Engine) -> None:
    rules = policy(silver_bullets=1)
    first = Law(StoredLedger(engine))
    for number in range(RACERS):
        first.act(lambda s, n=number: ask_bullet(bullet(f"PR-{n}"), rules, s, ADA, now=START))  # type: ignore[misc]
    ids = sorted(first.standing().pending)
    laws = [Law(StoredLedger(engine)) for _ in range(2)]  # two replicas
    start, won, lost = threading.Barrier(RACERS), list[str](), list[str]()

    def approve(number: int) -> None:
        who = (EVE, ZOE)[number % 2]
        start.wait(60)
        try:
            laws[number % 2].act(lambda s: approve_bullet(ids[number], rules, s, who, now=START + 60))
            won.append(ids[number])
        except ProblemError as error:
            lost.append(error.problems[0].message)

    threads = [threading.Thread(target=approve, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(won) == 1
    assert lost == ["shop has spent 1 of 1 silver bullets in 2026-Q3"] * (RACERS - 1)
    standing = fold(StoredLedger(engine).entries())
    assert list(standing.bullets) == won
    assert len(standing.pending) == RACERS - 1
    assert [law.standing() for law in laws] == [standing, standing]
