"""Generated parts of the documentation are what the program would write today."""

from __future__ import annotations

from tests.docs.blocks import documents, name_of
from tests.docs.generate import PARTS, stale


def test_generated_parts_are_fresh() -> None:
    assert sorted(map(name_of, stale())) == [], "stale: run python -m tests.docs.generate"


def test_every_part_that_can_be_generated_stands_somewhere() -> None:
    everything = "".join(path.read_text() for path in documents())
    missing = [name for name in PARTS if f"<!-- generated: {name} -->" not in everything]
    assert missing == []
