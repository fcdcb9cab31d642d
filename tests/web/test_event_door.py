"""Events, beacons and probes become durable counts: each once, together with what is remembered of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from sqlalchemy import Engine, func, select, text

from allowance.contract.model import Slo
from allowance.contract.read import read
from allowance.core.problem import ProblemError
from allowance.edges.store import Store, beacons
from allowance.edges.store.acks import Arrival, arrivals_table
from allowance.edges.store.database import connect
from allowance.edges.store.gains import ROW
from allowance.signals.probe import Attempt, judge, told_by
from allowance.web.event_door import EventDoor
from tests.peers import postgres as postgres

NOW = 1_790_000_040
CONTRACT = b"""
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  slos:
    - {name: orders, source: {events: com.shop.order}, good: data.status < 500, by: data.region, target: 99%}
    - {name: web, kind: client, target: 99%}
    - {name: up, source: {probe: 'https://shop.test/'}, good: ok, target: 99%}
"""


def slos(contract: bytes = CONTRACT) -> tuple[Slo, ...]:
    return read([("shop.yaml", contract)]).trusted().slos


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = connect(str(tmp_path / "allowance.db"))
    else:
        engine = connect(request.getfixturevalue("postgres"))
        with engine.begin() as connection:
            for table in ("gains", "series", "arrivals", "beacons"):
                connection.execute(text(f"DELETE FROM {table}"))
    yield engine
    engine.dispose()


def door(engine: Engine) -> EventDoor:
    return EventDoor(slos(), Store(engine), lambda: NOW)


def order(number: int, status: int = 200, region: str = "eu", type_: str = "com.shop.order.paid") -> Arrival:
    data = {"status": status, "region": region}
    body = {"id": str(number), "source": "/shop", "type": type_, "specversion": "1.0", "data": data}
    return Arrival(source="/shop", id=str(number), type=type_, at=NOW, body=orjson.dumps(body).decode())


def counts(engine: Engine, door: EventDoor, slo: str) -> dict[str, tuple[int, int]]:
    """(good, total) by group, as the store has them."""
    store = Store(engine)
    keys = {number: key for key, number in store.series().items()}
    found: dict[str, tuple[int, int]] = {}
    for _, body in store.gains(after=0):
        for number, _, good, total in np.frombuffer(body, dtype=ROW).tolist():
            series, group = keys[number]
            if series == door.series(slo):
                before = found.get(group, (0, 0))
                found[group] = (before[0] + good, before[1] + total)
    return found


def test_events_are_counted_once_however_often_they_come(engine: Engine) -> None:
    one = door(engine)
    batch = [order(1), order(2, 503), order(3, region="us"), order(4, type_="com.other")]
    assert one.take_events(batch, now=NOW) == ()
    one.take_events([*batch, order(5)], now=NOW)
    again = door(engine)  # as after a restart
    again.take_events([order(1), order(5), order(6)], now=NOW)
    assert counts(engine, again, "shop/orders") == {"eu": (3, 4), "us": (1, 1)}


def test_events_that_come_twice_at_once_are_counted_once(engine: Engine) -> None:
    two = [door(engine), door(engine)]
    start = threading.Barrier(2)

    def send(one: EventDoor) -> None:
        start.wait(60)
        for number in range(20):
            one.take_events([order(number)], now=NOW)

    threads = [threading.Thread(target=send, args=(one,)) for one in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts(engine, two[0], "shop/orders") == {"eu": (20, 20)}


def test_what_cannot_be_stored_leaves_no_trace(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    one = door(engine)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("allowance.edges.store.store.Writing.add", full)
        with pytest.raises(OSError, match="no space"):
            one.take_events([order(1)], now=NOW)
        with pytest.raises(OSError, match="no space"):
            one.take_beacon({"site": "shop", "id": "a"})
    with engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(arrivals_table)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(beacons.table)).scalar_one() == 0
    one.take_events([order(1)], now=NOW)
    assert counts(engine, one, "shop/orders") == {"eu": (1, 1)}


def test_beacons_by_their_id_and_their_sample(engine: Engine) -> None:
    one = door(engine)
    fast = {"site": "shop", "id": "a", "sample": 10, "lcp": 2500.0, "cls": 0.1, "ok": True, "status": 200}
    assert one.take_beacon(fast)
    assert not one.take_beacon(fast), "sent again"
    assert one.take_beacon({**fast, "id": "b", "sample": 1, "lcp": 2500.5})
    assert one.take_beacon({**fast, "id": "c", "sample": 1, "ok": False})
    assert one.take_beacon({"site": "shop", "id": "d", "sample": 1}), "a browser that measures nothing"
    assert counts(engine, one, "shop/web") == {"": (11, 13)}


def test_a_beacon_is_forgotten_after_an_hour(engine: Engine) -> None:
    now = [NOW]
    one = EventDoor(slos(), Store(engine), lambda: now[0])
    assert one.take_beacon({"site": "shop", "id": "a"})
    now[0] += beacons.REPEATED_WITHIN - 1
    assert not one.take_beacon({"site": "shop", "id": "a"})
    now[0] += 1200
    assert one.take_beacon({"site": "shop", "id": "a"})


def test_probes(engine: Engine) -> None:
    one = door(engine)
    (probe,) = one.probes
    for status in (200, 200, 500):
        attempt = Attempt(at=NOW, total=1000, phases={}, status=status)
        one.take_probe(told_by(probe, judge(attempt, probe.expect)))
    assert counts(engine, one, "shop/up") == {"": (2, 3)}


def test_groups_are_known_again_after_a_restart(engine: Engine) -> None:
    door(engine).take_events([order(n, region=f"r{n}") for n in range(100)], now=NOW)
    again = door(engine)
    again.take_events([order(200, region="r7"), order(201, region="new")], now=NOW)
    found = counts(engine, again, "shop/orders")
    assert found["r7"] == (2, 2)
    assert found["(other)"] == (1, 1)


def test_another_contract_while_it_runs(engine: Engine) -> None:
    one = door(engine)
    one.take_events([order(1)], now=NOW)
    with pytest.raises(ProblemError):
        one.take_over(slos(CONTRACT.replace(b"data.status < 500", b"data.status <")))
    assert one.sites.keys() == {"shop"}
    one.take_over(slos(CONTRACT.replace(b"kind: client", b"kind: client, source: {rum: blog}")))
    assert one.sites.keys() == {"blog"}
    one.take_events([order(2)], now=NOW)
    assert counts(engine, one, "shop/orders") == {"eu": (2, 2)}
