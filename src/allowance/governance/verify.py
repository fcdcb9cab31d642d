"""Is the ledger whole? The first broken link of a chain of entries, if there is one.

The chain shows what was edited, removed, put in or moved. Only a checkpoint that was kept elsewhere shows that the end
was cut off, or that everything was written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allowance.core.time import Instant
from allowance.governance.ledger import GENESIS, SCHEMA, Entry, canonical, content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place between two entries: the number and the hash of the one before. The beginning is number 0."""

    seq: int = 0
    hash: str = GENESIS


BEGINNING = Point()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What somebody swore to at `at`: entry `seq` has this hash. `key` and `signature` are text, as they are printed."""

    seq: int
    hash: str
    at: Instant
    key: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row of the ledger that is no entry, and why."""

    seq: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Every link holds from `after` to entry `head`; so many checkpoints were met on the way."""

    after: int
    head: int
    hash: str
    checkpoints: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first link that does not hold: the number of the entry that should stand there, and what is wrong."""

    seq: int
    why: str


def verify(
    entries: Iterable[Entry | Unreadable], *, after: Point = BEGINNING, checkpoints: Sequence[Checkpoint] = ()
) -> Verified | Broken:
    """Walk the entries that follow `after`, in the order in which they stand, up to the first link that is broken.

    Checkpoints before `after` say nothing about these entries and are passed over; their signatures are somebody
    else's matter.
    """
    sworn: dict[int, list[str]] = {}
    for one in checkpoints:
        sworn.setdefault(one.seq, []).append(one.hash)
    seq, last, met = after.seq, after.hash, len(sworn.get(after.seq, ()))
    if any(known != last for known in sworn.get(seq, ())):
        return Broken(seq=seq, why="its hash is not the one that a checkpoint swears to: it was written anew")
    for entry in entries:
        wrong = _wrong(entry, seq + 1, last)
        if wrong:
            return Broken(seq=seq + 1, why=wrong)
        assert isinstance(entry, Entry)
        seq, last = entry.seq, entry.hash
        if any(known != last for known in sworn.get(seq, ())):
            return Broken(
                seq=seq,
                why="its hash is not the one that a checkpoint swears to: this entry, or one since the last good "
                "checkpoint, was written anew",
            )
        met += len(sworn.get(seq, ()))
    furthest = max(sworn, default=0)
    if furthest > seq:
        return Broken(seq=seq + 1, why=f"it is missing: a checkpoint swears to entries up to {furthest}")
    return Verified(after=after.seq, head=seq, hash=last, checkpoints=met)


def signed_bytes(checkpoint: Checkpoint) -> bytes:
    """What a checkpoint's signature is over: one line of canonical JSON, with what it is said first of all."""
    return canonical(
        {
            "type": "allowance.checkpoint/1",
            "seq": checkpoint.seq,
            "hash": checkpoint.hash,
            "at": checkpoint.at,
            "key": checkpoint.key,
        }
    )


def _wrong(entry: Entry | Unreadable, expected: int, last: str) -> str:
    """What is wrong with an entry that should have the number `expected` and follow on the hash `last`."""
    if entry.seq != expected:
        return f"it is missing: entry {entry.seq} stands in its place"
    if isinstance(entry, Unreadable):
        return f"it cannot be read: {entry.why}"
    if entry.schema != SCHEMA:
        return f"it is of form {entry.schema}, and this program knows form {SCHEMA}"
    try:
        found = content_hash(entry)
    except (TypeError, ValueError) as error:
        return f"it cannot be read: {error}"
    if found != entry.hash:
        return "it was edited: its content does not give its hash"
    if entry.prev != last:
        before = "the beginning" if expected == 1 else f"entry {expected - 1}"
        return f"it does not follow on {before}: one of the two was put there later"
    return ""
