"""Full and read-only disks, and sources of every temper: loud, never wrong, and healed by themselves."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Outcome, Sent
from allowance.alerting.plan import Settings
from allowance.app.deliver import Post
from allowance.app.serve import Loop
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.read import read as read_documents
from allowance.contract.source import Prometheus
from allowance.core.window import RollingWindow
from allowance.edges.read import Reader
from allowance.edges.store import Store, open_store
from allowance.edges.store.database import connect
from allowance.web.otlp_door import OtlpDoor
from allowance.web.otlp_sink import Accepted, Busy, Request
from tests.alerting.notices import T0, notice
from tests.app.shop_under_fire import CONTRACT, Shop, shop_in, spans
from tests.app.test_live_loop import MIN, Recorded, _contract, _history
from tests.fakes.prom_http import Asked, Reply, serving
from tests.peers import prometheus_in, wait_until, write_blocks

START = _history().start


def full(engine: Engine) -> None:
    """No page more: SQLite's own limit, and its own words for a full disk."""
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    _pragma(engine, f"PRAGMA max_page_count = {pages}")
    with contextlib.suppress(SQLAlchemyError):
        for number in range(10_000):  # what was free in its pages
            with engine.begin() as connection:
                connection.exec_driver_sql("INSERT INTO write_trial VALUES (?, 0)", (number + 2,))


def read_only(engine: Engine) -> None:
    """The same error as that of a file on a disk that is mounted read-only."""
    _pragma(engine, "PRAGMA query_only = ON")


def healed(engine: Engine) -> None:
    """As it was."""
    _pragma(engine, "PRAGMA max_page_count = 1073741823")
    _pragma(engine, "PRAGMA query_only = OFF")


def _pragma(engine: Engine, words: str) -> None:
    """On the one connection of the pool; `one_connection` sees to it that there is one."""
    raw = engine.raw_connection()
    raw.cursor().execute(words)
    raw.close()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return connect(str(tmp_path / "a.db"))


FAULTS = pytest.mark.parametrize("fault", [full, read_only])


def _door(store: Store) -> OtlpDoor:
    contract = read_documents([("shop.yaml", CONTRACT.encode())]).contract
    return OtlpDoor(contract.slos, store, lambda: T0)


@FAULTS
def test_what_cannot_be_stored_is_not_acknowledged_and_is_counted_when_it_is_sent_again(
    engine: Engine, fault: Callable[[Engine], None]
) -> None:
    store = Store(engine)
    door = _door(store)
    fault(engine)
    bodies = [spans(f"{number}", T0 - 60, [200] * 50) for number in range(20)]
    outcomes = [door.accept([Request("traces", body, "application/json")])[0] for body in bodies]
    assert isinstance(outcomes[-1], Busy)
    assert {type(outcome) for outcome in outcomes} <= {Accepted, Busy}
    assert outcomes[-1].status == 503
    healed(engine)
    again = [door.accept([Request("traces", body, "application/json")])[0] for body in bodies]
    assert {type(outcome) for outcome in again} == {Accepted}
    totals = store.totals(rows=100, step=60)
    totals.apply(store.gains(after=0), until=0)
    number = next(n for (name, _), n in store.series().items() if "availability" in name)
    assert totals.history(number, 0).all().total == 1000
    store.close()


def _loop(store: Store) -> Loop:
    loop = Loop(
        contract=_contract(),
        store=store,
        reader=Recorded(_history()),
        targets=lambda notice, at: ("pager",),
        settings=Settings(),
    )
    loop.start(now=START)
    loop.advance(now=START + 99 * MIN)
    return loop


@FAULTS
def test_a_tick_that_cannot_be_written_is_taken_later_as_if_nothing_had_happened(
    engine: Engine, fault: Callable[[Engine], None]
) -> None:
    store, calm = Store(engine), open_store(":memory:")
    loop, undisturbed = _loop(store), _loop(calm)
    fault(engine)
    failures = 0
    for minute in range(100, 200):
        undisturbed.advance(now=START + minute * MIN)
        try:
            loop.advance(now=START + minute * MIN)
        except SQLAlchemyError:
            failures += 1
    assert failures > 0, "loudly"
    healed(engine)
    for one in (loop, undisturbed):
        one.advance(now=START + 200 * MIN)
        assert one.last == START + 200 * MIN
    assert loop.histories["checkout/availability", ""].all() == _history().between(START, START + 200 * MIN)
    assert _stretches(loop) == _stretches(undisturbed)
    keys = [due.notice.key for due in store.due("pager", now=2**40)]
    assert len(set(keys)) == len(keys)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    store.close()
    calm.close()


def _stretches(loop: Loop) -> dict[str, tuple[str, object]]:
    return {name: (life.state, life.entries) for name, life in loop.lives.items()}


@dataclass
class Chat:
    """A channel that remembers."""

    name: str = "chat"
    got: list[str] = field(default_factory=list)

    def send(self, one: Notice) -> Outcome:
        self.got.append(one.key)
        return Sent()


def test_a_notice_whose_end_cannot_be_written_is_not_sent_again_and_again(engine: Engine) -> None:
    store, chat = Store(engine), Chat()
    with store.writing() as writing:
        writing.tell([notice(1), notice(2)], {notice(n).key: ["chat"] for n in (1, 2)}, now=T0)
    post = Post(store, [chat])
    read_only(engine)
    for _ in range(5):
        with pytest.raises(SQLAlchemyError):
            post.round(now=T0, patience=60)
    assert chat.got == [notice(1).key], "once, and nothing more while nothing can be remembered"
    healed(engine)
    post.round(now=T0, patience=60)
    assert sorted(chat.got) == sorted([notice(1).key, notice(2).key])
    assert store.outbox_counts() == {("chat", "sent"): 2}
    store.close()


def test_a_channel_is_left_alone_once_the_lease_is_gone(engine: Engine) -> None:
    store, chat = Store(engine), Chat()
    with store.writing() as writing:
        writing.tell([notice(n) for n in (1, 2, 3)], {notice(n).key: ["chat"] for n in (1, 2, 3)}, now=T0)
    post = Post(store, [chat], allowed=lambda: len(chat.got) < 2)
    post.round(now=T0, patience=60)
    assert len(chat.got) == 2
    assert store.outbox_counts() == {("chat", "sent"): 2, ("chat", "due"): 1}
    store.close()


def _limit(child: int, size: int) -> None:
    """No file of the process may grow beyond so many bytes, its log included."""
    _, hard = resource.prlimit(child, resource.RLIMIT_FSIZE)
    resource.prlimit(child, resource.RLIMIT_FSIZE, (size, hard))


def _send(shop: Shop, number: int) -> int:
    body = spans(f"{number}", int(shop.clock.now()) - 5, [200] * 10)
    url = f"http://127.0.0.1:{shop.otlp}/v1/traces"
    answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=60)
    return answer.status_code


def test_a_program_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with shop_in(tmp_path) as (shop, _, starter):
        child = starter.start(shop.arguments, shop.folder, shop.clock)
        wait_until(lambda: _send(shop, 0) == 200, "the program", 60)
        _limit(child, 1)
        assert _send(shop, 1) == 503
        wait_until(lambda: "ready" not in shop.ask("/readyz"), "not ready", 60)
        assert _send(shop, 2) == 503
        time.sleep(1.5)  # some ticks and some lines of the log that cannot be written
        _limit(child, resource.RLIM_INFINITY)
        assert _send(shop, 1) == 200
        wait_until(lambda: shop.ask("/readyz").get("ready") is True, "ready again", 60)
        wait_until(lambda: _total(shop) == 20, "what was acknowledged", 60)
        starter.stop(child)
    with closing(sqlite3.connect(tmp_path / "allowance.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _total(shop: Shop) -> int:
    slos = shop.ask("/v1/slos")["slos"]
    return int(next(slo for slo in slos if slo["id"] == "checkout/availability").get("total", 0))


def _counters(end: int) -> str:
    """Half an hour of 100 requests a minute, 1 of them failing."""
    lines = ["# TYPE http_requests counter"]
    for code, each in (("200", 99), ("500", 1)):
        lines += [
            f'http_requests_total{{job="shop",code="{code}"}} {each * (minute + 31)} {end + 60 * minute}'
            for minute in range(-30, 1)
        ]
    return "\n".join([*lines, "# EOF", ""])


def _slo(name: str, url: str) -> Slo:
    return Slo(
        name=name,
        service="checkout",
        indicator=PromRatio(
            total='http_requests_total{job="shop"}', bad='http_requests_total{job="shop",code="500"}'
        ),
        target=Fraction("0.99"),
        window=RollingWindow(seconds=3600),
        source=Prometheus(url=url, timeout_seconds=1),
    )


BODY = b'{"status":"success","data":{"resultType":"matrix","result":['
TEMPERS = {
    "garbage": Reply(body=b"<html>it works!</html>"),
    "half an answer": Reply(body=BODY, claims=10_000),
    "too many requests": Reply(status=429, headers={"Retry-After": "1"}),
    "broken": Reply(status=500, body=b"oops"),
    "slow": Reply(body=BODY * 20, drip=0.2),
    "hangs up": Reply(hang_up=True),
}


def test_a_source_of_any_temper_is_named_delays_nobody_and_is_caught_up_with(
    tmp_path: Path, engine: Engine
) -> None:
    end = int(time.time()) // 60 * 60
    write_blocks(_counters(end), tmp_path)
    temper: list[Reply] = []

    def answer(asked: Asked) -> Reply:
        if temper:
            return temper[0]
        form = {name: values[0] for name, values in asked.parameters.items()}
        found = httpx.request(asked.method, real + asked.path, **_parameters(asked.method, form))
        return Reply(status=found.status_code, body=found.content)

    with prometheus_in(tmp_path) as real, serving(answer) as script:
        slos = (_slo("moody", script.url), _slo("calm", real))
        store = Store(engine)
        loop = Loop(
            contract=Contract(services=(Service(name="checkout", slos=slos),)),
            store=store,
            reader=Reader(),
            targets=lambda notice, at: (),
            settings=Settings(),
        )
        begin = end - 20 * MIN
        loop.start(now=begin)
        loop.advance(now=begin)
        assert loop.problems == {}
        now = begin
        for name, reply in TEMPERS.items():
            temper[:] = [reply]
            now += MIN
            began = time.monotonic()
            loop.advance(now=now)
            assert time.monotonic() - began < 30, name
            assert len(loop.problems) == 1, name
            temper.clear()
            now += MIN
            loop.advance(now=now)
            assert loop.problems == {}, name
        moody, calm = (loop.histories[f"checkout/{name}", ""] for name in ("moody", "calm"))
        assert moody == calm, "nothing is missing, nothing is there twice"
        assert calm.all().total > 2000
        store.close()


def _parameters(method: str, form: dict[str, str]) -> dict[str, Any]:
    return {"params": form} if method == "GET" else {"data": form}
