"""Acknowledgements and events in the store, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from allowance.edges.store.acks import (
    Ack,
    Arrival,
    acknowledged_at,
    acks,
    forget,
    latest_acks,
    remember,
    save_ack,
    try_write,
    unseen,
)
from allowance.edges.store.database import connect

T0 = 1_795_000_020


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        found = connect(str(tmp_path / "allowance.db"))
    else:
        url = request.getfixturevalue("postgres")
        admin = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        admin.dispose()
        found = connect(url)
    yield found
    found.dispose()


def _arrival(number: int) -> Arrival:
    return Arrival(source="/ci", id=str(number), type="t", at=T0, body='{"n": "\\u0000"}')


def test_the_newest_word_counts_and_the_first_one_stops_the_calls(engine: Engine) -> None:
    taken = Ack(signature="a/b/page", at=T0 + 60, by="ada", opened=T0)
    judged = Ack(signature="a/b/page", at=T0 + 600, by="bob", opened=T0, disposition="duplicate", note="x")
    other = Ack(signature="a/b/ticket", at=T0 + 70, by="ada", token="ci")
    for one in (taken, other, judged):
        save_ack(engine, one)
    assert latest_acks(engine, ["a/b/page", "a/b/log"]) == {"a/b/page": judged}
    assert latest_acks(engine, []) == {}
    assert acks(engine, since=0) == [taken, other, judged]
    assert acks(engine, since=T0 + 65) == [other, judged]
    assert acknowledged_at(engine, "a/b/page", T0) == T0 + 60
    assert acknowledged_at(engine, "a/b/page", T0 + 1) is None
    assert acknowledged_at(engine, "a/b/log", T0) is None


def test_an_event_is_new_once(engine: Engine) -> None:
    assert unseen(engine, [_arrival(1), _arrival(2), _arrival(1)]) == [_arrival(1), _arrival(2)]
    with engine.begin() as connection:
        assert remember(connection, [_arrival(1)], now=T0) == [_arrival(1)]
    with engine.begin() as connection:
        assert remember(connection, [_arrival(1), _arrival(2)], now=T0 + 10) == [_arrival(2)]
    assert unseen(engine, [_arrival(1), _arrival(2), _arrival(3)]) == [_arrival(3)]
    forget(engine, before=T0 + 10)
    assert unseen(engine, [_arrival(1), _arrival(2)]) == [_arrival(1)]


def test_a_trial_write_leaves_one_row(engine: Engine) -> None:
    for now in (T0, T0 + 5):
        try_write(engine, now=now)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT at FROM write_trial")).all() == [(T0 + 5,)]
