"""Several programs on one PostgreSQL: exactly one evaluates, and another follows it within seconds, however it ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from allowance.core.problem import ProblemError
from allowance.edges.store.lease import SILENCE, DatabaseLease, LeaseLost, lock_file
from allowance.edges.store.store import Store, open_store
from tests.app.shop_under_fire import Mailbox, Shop, shop_in, spans
from tests.fakes.nursery import Nursery
from tests.peers import free_port, wait_until


@pytest.fixture
def database(postgres: str) -> str:
    """An empty one."""
    engine = create_engine(
        postgres.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgres


def _here(shop: Shop) -> bool | None:
    try:
        return shop.ask("/readyz").get("evaluates_here")
    except httpx.HTTPError:
        return None


def _counts(shop: Shop) -> tuple[int, int]:
    slo = next(slo for slo in shop.ask("/v1/slos")["slos"] if slo["id"] == "checkout/availability")
    return slo.get("good", 0), slo.get("total", 0)


def _send(shop: Shop, name: str, statuses: list[int]) -> None:
    body = spans(name, int(shop.clock.now()) - 5, statuses)
    answer = httpx.post(
        f"http://127.0.0.1:{shop.otlp}/v1/traces",
        content=body,
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def _pages(mailbox: Mailbox) -> list[tuple[str, str]]:
    return [
        (body["says"], body["since"])
        for (path, _), body in mailbox.taken.items()
        if path == "/page" and body["signature"] == "checkout/availability/page"
    ]


class Replicas:
    """Two programs, and which process is which."""

    def __init__(self, shop: Shop, starter: Nursery, database: str) -> None:
        self.shops = [replace(shop, store=database, port=free_port(), otlp=free_port()) for _ in range(2)]
        self.starter = starter
        self.children = [self.start(shop) for shop in self.shops]

    def start(self, shop: Shop) -> int:
        return self.starter.start(shop.arguments, shop.folder, shop.clock, f"serve-{shop.port}.log")

    def holder(self) -> int:
        """The number of the one that evaluates, once it is clear."""
        wait_until(lambda: sorted(map(_here, self.shops), key=str) == [False, True], "one evaluator", 60)
        return [_here(shop) for shop in self.shops].index(True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Shop, Mailbox, Nursery]]:
    with shop_in(tmp_path) as found:
        yield found


def test_one_evaluates_all_serve_and_the_lease_moves(
    shop: tuple[Shop, Mailbox, Nursery], database: str
) -> None:
    first, mailbox, starter = shop
    two = Replicas(first, starter, database)
    old = two.holder()
    new = 1 - old

    _send(two.shops[new], "to the one that only serves", [500] * 200)
    wait_until(lambda: _pages(mailbox) != [], "the page", 60)
    wait_until(lambda: [_counts(one) for one in two.shops] == [(0, 200)] * 2, "the same numbers on both", 60)
    _send(two.shops[old], "to the one that only serves", [500] * 200)  # sent again, to the other one
    _send(two.shops[old], "more", [200] * 10)
    wait_until(lambda: [_counts(one) for one in two.shops] == [(10, 210)] * 2, "nothing counted twice", 60)

    os.kill(two.children[old], signal.SIGSTOP)
    wait_until(lambda: _here(two.shops[new]) is True, "the other one", 60)
    _send(two.shops[new], "while it is paused", [200] * 5)
    wait_until(lambda: _counts(two.shops[new]) == (15, 215), "a tick of the other one", 60)
    os.kill(two.children[old], signal.SIGCONT)
    assert two.holder() == new
    wait_until(lambda: _counts(two.shops[old]) == (15, 215), "it follows", 60)

    two.starter.kill(two.children[new])
    wait_until(lambda: _here(two.shops[old]) is True, "the first one again", 60)
    _send(two.shops[old], "last", [200] * 5)
    wait_until(lambda: _counts(two.shops[old]) == (20, 220), "a tick of the first one", 60)
    opened = [since for says, since in _pages(mailbox) if says == "opened"]
    assert len(opened) == 1, "no page was lost, none doubled"
    for one in two.shops:
        log = (one.folder / f"serve-{one.port}.log").read_text()
        assert "Traceback" not in log, log[-3000:]


def test_who_was_paused_in_the_middle_of_a_tick_cannot_write_any_more(database: str) -> None:
    store = open_store(database)
    one = DatabaseLease(database)
    assert one.held
    other = DatabaseLease(database)
    assert not other.held
    assert other.holder == one.holder
    one.pause()
    wait_until(lambda: other.held, "the other one", SILENCE + 60)
    assert not one.held, "it knows by its own clock that it may have lost"
    owned = Store(store._engine, one)
    with pytest.raises(LeaseLost), owned.writing() as writing:
        writing.save_reading("tick", 1, None)
    assert store.reading("tick") is None
    with Store(store._engine, other).writing() as writing:
        writing.save_reading("tick", 2, None)
    assert store.reading("tick") == (2, None)
    other.release()
    one.release()
    store.close()


def test_a_takeover_waits_for_the_tick_that_is_being_written(database: str) -> None:
    store = open_store(database)
    one = DatabaseLease(database)
    owned = Store(store._engine, one)
    with owned.writing() as writing:
        writing.save_reading("tick", 1, None)
        releasing = threading.Thread(target=one.release)
        releasing.start()
        releasing.join()
        other: list[DatabaseLease] = []
        taking = threading.Thread(target=lambda: other.append(DatabaseLease(database)))
        taking.start()
        taking.join(1)
        assert taking.is_alive(), "the epoch is raised only after this tick"
    taking.join(60)
    assert other[0].held
    assert store.reading("tick") == (1, None)
    other[0].release()
    store.close()


def test_a_writer_that_is_paused_in_a_transaction_does_not_block_the_others(database: str) -> None:
    store, paused = open_store(database), open_store(database)

    def pause() -> None:
        with paused.writing() as writing:
            writing.save_reading("a", 1, None)
            with store.writing() as other:  # while the first one does not go on
                other.save_reading("b", 2, None)
            writing.save_reading("a", 3, None)

    with pytest.raises(DBAPIError):
        pause()
    assert store.readings() == {"b": (2, None, b"")}
    store.close()
    paused.close()


def test_a_sqlite_file_is_served_by_one_program_at_a_time(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    lock = lock_file(path)
    assert lock is not None
    assert lock.held
    with pytest.raises(ProblemError, match=f"is served by .*process {os.getpid()} already"):
        lock_file(path)
    lock.release()
    assert not lock.held
    again = lock_file(path)
    assert again is not None
    again.release()
    assert lock_file(":memory:") is not None


def test_a_killed_program_does_not_block_the_next(shop: tuple[Shop, Mailbox, Nursery]) -> None:
    first, _, starter = shop
    child = starter.start(first.arguments, first.folder, first.clock)
    wait_until(lambda: _here(first) is True, "the program", 60)
    second = replace(first, port=free_port(), otlp=free_port())
    refused = starter.start(second.arguments, first.folder, first.clock, "second.log")
    starter.wait(refused)
    assert "is served by" in (first.folder / "second.log").read_text()
    starter.kill(child)
    starter.start(second.arguments, first.folder, first.clock)
    wait_until(lambda: _here(second) is True, "the next program", 60)
