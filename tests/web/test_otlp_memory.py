"""What the door remembers in the store: nothing is counted twice after restarts, by whom ever, and nothing piles up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from allowance.contract.read import read
from allowance.edges.store import Store
from allowance.edges.store.database import connect
from allowance.signals.otlp_answer import PROTOBUF
from allowance.signals.otlp_learned import from_bytes
from allowance.signals.otlp_memory import Memory, remembered
from allowance.web import otlp_door
from allowance.web.otlp_door import OtlpDoor
from allowance.web.otlp_sink import Accepted, Request
from tests.web.otlp_traffic import NOW, counter, spans

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: shop
  slos:
    - {name: spans, target: 99%, source: {otlp: traces}, valid: kind = 'server', good: http_status < 500}
    - {name: points, target: 99%, source: {otlp: metrics, metric: requests}, good: http_status < 500}
"""
SLOS = read([("shop.yaml", CONTRACT.encode())]).trusted().slos
OK = {"http.response.status_code": 200}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(otlp_door, "PARTS", 3)
    found = Store(connect(str(tmp_path / "allowance.db")))
    yield found
    found.close()


def door(store: Store) -> OtlpDoor:
    return OtlpDoor(SLOS, store, lambda: NOW)


def send(to: OtlpDoor, salt: int) -> None:
    points: Any = counter([(OK, 5 * salt + 5)], start=NOW - 600, at=NOW - 200 + salt)
    for signal, request in (("traces", spans(4, salt=salt)), ("metrics", points)):
        assert to.accept([Request(signal, request.SerializeToString(), PROTOBUF)]) == [Accepted()]  # type: ignore[arg-type]


def counted(store: Store) -> int:
    """All events, from the gains themselves."""
    totals = store.totals(rows=100_000, step=60)
    while gains := store.gains(after=totals.seq):
        totals.apply(gains, until=NOW)
    return sum(totals.history(number, 0).all().total for number in store.series().values())


def test_what_was_gathered_is_not_counted_again(store: Store) -> None:
    """Two replicas take turns, and gather what the other learned; then everything is sent to both once more."""
    doors = door(store), door(store)
    for salt in range(20):
        send(doors[salt % 2], salt)
    known = counted(store)
    assert known == 20 * 4 + 5 * 20
    for one in (*doors, door(store)):
        for salt in range(20):
            send(one, salt)
    assert counted(store) == known
    parts = [from_bytes(body) for _, body in store.otlp_parts()]
    assert len(parts) < 20
    ids = [one for part in parts for one in part.ids]
    assert len(ids) == len(set(ids)) == 20 * 4


def test_old_ids_leave_the_store_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_door, "remembered", lambda parts: remembered(parts, most_ids=10))
    one = door(store)
    for salt in range(40):
        send(one, salt)
    ids = sum(len(from_bytes(body).ids) for _, body in store.otlp_parts())
    assert 20 <= ids < 60
    again = Memory(most_ids=10)
    for _, body in store.otlp_parts():
        again.learn(from_bytes(body))
    assert all(any(known in part for part in again.ids) for known in one._memory.ids[0])


def test_what_an_older_version_remembered_is_read() -> None:
    old = b'{"version":1,"ids":["aabb","ccdd"],"groups":[["s","eu"]],"streams":[["ff",7,9,[1.5],"ee",8]]}'
    read_ = from_bytes(old)
    assert (read_.ids, read_.groups) == ((b"\xaa\xbb", b"\xcc\xdd"), (("s", "eu"),))
    assert from_bytes(read_.as_bytes()) == read_


def test_what_is_remarkable_is_said(store: Store) -> None:
    """Late events for judged minutes, sent again, rejected, and spans that nobody counts."""
    one = door(store)
    one.judged_to = lambda: NOW - 60
    for salt, at in ((1, NOW - 30), (2, NOW - 600), (2, NOW - 600), (3, NOW - 9000)):
        one.accept([Request("traces", spans(3, at=at, salt=salt).SerializeToString(), PROTOBUF)])
    request = spans(2, salt=4)
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.kind = 3
    one.accept([Request("traces", request.SerializeToString(), PROTOBUF)])
    assert one.remarks.revised == 3
    assert dict(one.remarks.items()) == {
        ("accepted",): 6,
        ("duplicate",): 3,
        ("rejected",): 3,
        ("unused",): 2,
    }


def test_folded_groups_are_said(store: Store) -> None:
    text = CONTRACT.replace(
        "good: http_status < 500}\n    - {name: points",
        "good: http_status < 500, by: tenant}\n    - {name: points",
    )
    slos = read([("shop.yaml", text.encode())]).trusted().slos
    one = OtlpDoor(slos, store, lambda: NOW)
    for number in range(103):
        request = spans(1, salt=number, tenant=f"t{number}")
        one.accept([Request("traces", request.SerializeToString(), PROTOBUF)])
    assert one.remarks.folded() == {"shop/spans": 3}
