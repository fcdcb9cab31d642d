"""Whatever is done to a ledger is found, and the first broken link is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.governance.ledger import GENESIS, SCHEMA, Entry, content_hash
from allowance.governance.verify import (
    BEGINNING,
    Broken,
    Checkpoint,
    Point,
    Unreadable,
    Verified,
    signed_bytes,
    verify,
)
from tests.governance.chains import chain, chains, drafts, resealed, tampered


def sworn(entry: Entry) -> Checkpoint:
    return Checkpoint(seq=entry.seq, hash=entry.hash, at=entry.at)


@given(chains)
def test_a_chain_as_it_was_written_is_whole(entries: list[Entry]) -> None:
    found = verify(entries, checkpoints=[sworn(entry) for entry in entries])
    last = entries[-1]
    assert found == Verified(after=0, head=last.seq, hash=last.hash, checkpoints=len(entries))


@given(tampered())
def test_every_change_is_found_with_a_checkpoint_and_named_where_it_begins(
    case: tuple[list[Entry], list[Entry]],
) -> None:
    entries, changed = case
    found = verify(changed, checkpoints=[sworn(entry) for entry in entries])
    same = entries == changed[: len(entries)]
    if same:  # what was done undid itself, or entries were added at the end by the rules
        return
    differs = next(
        (i for i, pair in enumerate(zip(entries, changed, strict=False)) if pair[0] != pair[1]),
        min(len(entries), len(changed)),
    )
    assert isinstance(found, Broken)
    assert found.seq == differs + 1
    assert found.why


@given(tampered())
def test_one_checkpoint_of_the_end_finds_every_change_too(case: tuple[list[Entry], list[Entry]]) -> None:
    entries, changed = case
    found = verify(changed, checkpoints=[sworn(entries[-1])])
    assert isinstance(found, Verified) == (entries == changed[: len(entries)] and _is_whole(changed))


def _is_whole(entries: list[Entry]) -> bool:
    prevs = [GENESIS, *(entry.hash for entry in entries)]
    return all(
        entry.prev == prev and entry.seq == place and entry.hash == content_hash(entry)
        for place, (entry, prev) in enumerate(zip(entries, prevs, strict=False), start=1)
    )


@given(st.lists(drafts, min_size=3, max_size=6), st.data())
def test_without_a_checkpoint_only_the_end_and_a_whole_forgery_stay_hidden(
    some: list, data: st.DataObject
) -> None:
    entries = chain(some)
    at = data.draw(st.integers(0, len(entries) - 2))
    edited = [*entries[:at], replace(entries[at], actor="mallory"), *entries[at + 1 :]]
    assert verify(edited) == Broken(seq=at + 1, why="it was edited: its content does not give its hash")
    one_resealed = [*resealed(edited[: at + 1], at), *entries[at + 1 :]]
    found = verify(one_resealed)
    assert isinstance(found, Broken)
    assert found.seq == at + 2
    forged = resealed(edited, at)
    assert isinstance(verify(forged), Verified)
    late = verify(forged, checkpoints=[sworn(entries[-1])])
    assert isinstance(late, Broken)
    assert late.seq == len(entries)
    assert isinstance(verify(entries[:-1]), Verified)
    cut = verify(entries[:-1], checkpoints=[sworn(entries[-1])])
    assert isinstance(cut, Broken)
    assert (cut.seq, "missing" in cut.why) == (len(entries), True)


@given(chains, st.data())
def test_a_part_is_verified_from_where_it_begins(entries: list[Entry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    after = Point(seq=at, hash=entries[at - 1].hash) if at else BEGINNING
    found = verify(entries[at:], after=after, checkpoints=[sworn(entry) for entry in entries])
    assert isinstance(found, Verified)
    assert (found.after, found.head) == (at, len(entries))
    wrong = verify(entries[at:], after=Point(seq=at, hash="0" * 63 + "1"))
    assert isinstance(wrong, Broken)
    assert wrong.seq == at + 1


def test_what_is_no_entry_is_named() -> None:
    first, second = chain([_draft("a"), _draft("b")])
    cases = [
        ([first, Unreadable(seq=2, why="no JSON")], 2, "no JSON"),
        ([first, Unreadable(seq=3, why="no JSON")], 2, "missing"),
        ([replace(first, schema=SCHEMA + 1), second], 1, f"form {SCHEMA + 1}"),
        ([first, replace(second, payload={"x": 0.5})], 2, "floating"),
        ([first, replace(second, payload={"x": {1}})], 2, "cannot be read"),
        ([first, replace(second, at="soon")], 2, "edited"),  # type: ignore[arg-type]
    ]
    for entries, seq, word in cases:
        found = verify(entries)  # type: ignore[arg-type]
        assert isinstance(found, Broken)
        assert found.seq == seq
        assert word in found.why


def test_an_empty_ledger_is_whole_until_somebody_swore_to_more() -> None:
    assert verify([]) == Verified(after=0, head=0, hash=GENESIS)
    cut = verify([], checkpoints=[Checkpoint(seq=4, hash="a" * 64, at=1)])
    assert isinstance(cut, Broken)
    assert cut.seq == 1


def test_the_beginning_of_a_part_is_held_against_checkpoints() -> None:
    (entry,) = chain([_draft("a")])
    after = Point(seq=1, hash=entry.hash)
    assert isinstance(verify([], after=after, checkpoints=[sworn(entry)]), Verified)
    other = verify([], after=after, checkpoints=[replace(sworn(entry), hash="b" * 64)])
    assert other == Broken(seq=1, why=other.why if isinstance(other, Broken) else "")


@pytest.mark.parametrize("field", ["seq", "hash", "at", "key"])
def test_a_signature_covers_every_field(field: str) -> None:
    one = Checkpoint(seq=1, hash="a", at=1, key="k")
    other = replace(one, **{field: 2 if field in ("seq", "at") else "z"})
    assert signed_bytes(one) != signed_bytes(other)
    assert signed_bytes(one) == signed_bytes(replace(one, signature="s"))


def _draft(subject: str):  # type: ignore[no-untyped-def]
    from allowance.governance.ledger import Draft

    return Draft(kind="note", subject=subject, actor="ada", at=7, payload={})
