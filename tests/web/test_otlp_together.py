"""Requests that come at the same time are stored in one transaction, and each is answered for itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from allowance.edges.store.database import connect
from allowance.edges.store.store import Store
from allowance.signals.otlp_answer import PROTOBUF
from allowance.web.otlp_door import OtlpDoor
from allowance.web.otlp_sink import Accepted, Busy, Invalid, Outcome, Request
from allowance.web.otlp_together import MOST, LoopTogether, ThreadsTogether
from tests.peers import wait_until
from tests.web.otlp_traffic import NOW, spans
from tests.web.test_otlp_memory import SLOS, counted


class Slow:
    """Takes its time at the first turn; remembers how many came together; fails where it is asked to."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.go = threading.Event()

    def accept(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        self.sizes.append(len(requests))
        assert self.go.wait(10)
        if any(one.body == b"broken" for one in requests):
            raise RuntimeError("broken")
        return [Invalid(message=one.body.decode()) for one in requests]


def request(body: bytes) -> Request:
    return Request("traces", body, PROTOBUF)


def test_who_waits_on_a_loop_goes_together() -> None:
    sink = Slow()
    sink.go.set()
    together = LoopTogether(sink)

    async def all_at_once() -> list[Outcome]:
        return await asyncio.gather(*(together.take(request(b"%d" % n)) for n in range(MOST + 6)))

    outcomes = asyncio.run(all_at_once())
    assert outcomes == [Invalid(message=str(n)) for n in range(MOST + 6)]
    assert sink.sizes == [MOST, 6]


def test_who_waits_behind_a_thread_goes_together() -> None:
    sink = Slow()
    together = ThreadsTogether(sink)
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(together.take, request(b"first"))
        wait_until(lambda: sink.sizes == [1], "the first request to be taken")
        others = [threads.submit(together.take, request(b"%d" % n)) for n in range(5)]
        wait_until(lambda: len(together._waiting) == 5, "the others to wait")
        sink.go.set()
        assert first.result(10) == Invalid(message="first")
        assert [one.result(10) for one in others] == [Invalid(message=str(n)) for n in range(5)]
    assert sink.sizes == [1, 5]


def test_a_fault_reaches_everyone_and_stops_nobody_later() -> None:
    sink = Slow()
    sink.go.set()
    on_threads, on_loop = ThreadsTogether(sink), LoopTogether(sink)
    with pytest.raises(RuntimeError, match="broken"):
        on_threads.take(request(b"broken"))
    assert on_threads.take(request(b"well")) == Invalid(message="well")

    async def twice() -> None:
        first = await asyncio.gather(
            on_loop.take(request(b"broken")), on_loop.take(request(b"well")), return_exceptions=True
        )
        assert [type(one) for one in first] == [RuntimeError, RuntimeError]
        assert await on_loop.take(request(b"well")) == Invalid(message="well")

    asyncio.run(twice())


@pytest.fixture
def bodies() -> list[Request]:
    return [request(spans(4, salt=salt).SerializeToString()) for salt in (1, 2, 2, 3)]


def test_one_transaction_holds_them_all(tmp_path: Path, bodies: list[Request]) -> None:
    """A malformed one among them is told so, and hinders no other; what is sent twice counts once."""
    engine = connect(str(tmp_path / "allowance.db"))
    store = Store(engine)
    door = OtlpDoor(SLOS, store, lambda: NOW)
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    outcomes = door.accept([bodies[0], request(b"\xff"), *bodies[1:]])
    assert [type(one) for one in outcomes] == [Accepted, Invalid, Accepted, Accepted, Accepted]
    assert len(commits) == 1
    assert counted(store) == 12
    assert dict(door.remarks.items())["duplicate",] == 4
    store.close()


def test_what_could_not_be_stored_is_counted_when_it_comes_again(
    tmp_path: Path, bodies: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = connect(str(tmp_path / "allowance.db"))
    store = Store(engine)
    door = OtlpDoor(SLOS, store, lambda: NOW)
    with monkeypatch.context() as patched:
        patched.setattr("allowance.edges.store.learned.append", _full)
        assert door.accept(bodies) == [Busy()] * 4
    assert counted(store) == 0
    assert door.accept(bodies) == [Accepted()] * 4
    assert counted(store) == 12
    store.close()


def _full(*_: object) -> int:
    from sqlalchemy.exc import OperationalError

    raise OperationalError("insert", {}, Exception("database or disk is full"))
