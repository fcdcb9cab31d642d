"""Notes on both databases: kept as they were written, and found by every period that they touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from allowance.edges.store.database import connect
from allowance.edges.store.notes import Note, notes, save_note


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database on each engine."""
    url = str(tmp_path / "allowance.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        raw = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with raw.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        raw.dispose()
    found = connect(url)
    yield found
    found.dispose()


def test_a_note_is_found_by_what_it_touches(engine: Engine) -> None:
    note = Note(begin=100, end=200, service="a", text="“eu” only", by="mira", at=500)
    first = save_note(engine, note)
    second = save_note(engine, replace(note, begin=150, end=150, slo="latency"))
    third = save_note(engine, replace(note, service="b"))
    assert len({first.id, second.id, third.id}) == 3
    assert first == replace(note, seq=first.seq)
    assert list(notes(engine, begin=0, end=1000, service="a")) == [first, second]
    assert list(notes(engine, begin=200, end=201)) == [first, third], "its last instant is in it"
    assert list(notes(engine, begin=0, end=100)) == []
    assert list(notes(engine, begin=0, end=1000, service="a", slo="latency")) == [first, second]
    assert list(notes(engine, begin=0, end=1000, service="a", slo="other")) == [first]
    assert list(notes(engine, begin=0, end=1000, most=1)) == [second], "of too many the newest"
