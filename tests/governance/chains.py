"""Chains of entries, and what somebody with access to the database could do to them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from allowance.governance.ledger import GENESIS, Draft, Entry, content_hash, seal

values = st.one_of(st.integers(-(2**60), 2**60), st.text(max_size=8), st.booleans(), st.none())
payloads = st.dictionaries(st.text(max_size=6), st.one_of(values, st.lists(values, max_size=3)), max_size=3)
drafts = st.builds(
    Draft,
    kind=st.sampled_from(["freeze.began", "gate.decided"]),
    subject=st.text(max_size=8),
    actor=st.sampled_from(["ada", "allowance"]),
    at=st.integers(0, 2**40),
    payload=payloads,
)


def chain(some: list[Draft]) -> list[Entry]:
    """The drafts, sealed one after the other."""
    entries: list[Entry] = []
    for draft in some:
        entries.append(seal(draft, seq=len(entries) + 1, prev=entries[-1].hash if entries else GENESIS))
    return entries


chains = st.lists(drafts, min_size=1, max_size=7).map(chain)


def resealed(entries: list[Entry], begin: int) -> list[Entry]:
    """Numbers, links and hashes made to fit from an index on, as a careful forger would."""
    done = list(entries[:begin])
    for entry in entries[begin:]:
        prev = done[-1].hash if done else GENESIS
        fitting = replace(entry, seq=len(done) + 1, prev=prev, hash="")
        done.append(replace(fitting, hash=content_hash(fitting)))
    return done


@st.composite
def tampered(draw: st.DrawFn) -> tuple[list[Entry], list[Entry]]:
    """A chain, and the same chain after one or several changes that really change it."""
    entries = draw(chains)
    changed = list(entries)
    for _ in range(draw(st.integers(1, 3))):
        changed = draw(changes(changed))
    return entries, changed


@st.composite
def changes(draw: st.DrawFn, entries: list[Entry]) -> list[Entry]:
    """One change: edited, removed, moved, put in twice or anew, cut off; fitted together again or not."""
    if not entries:
        return entries
    at = draw(st.integers(0, len(entries) - 1))
    kind = draw(st.sampled_from(["edit", "remove", "move", "insert", "cut", "hash", "forge"]))
    found = list(entries)
    if kind == "edit":
        other = draw(drafts)
        field = draw(st.sampled_from(["at", "actor", "kind", "subject", "payload"]))
        found[at] = replace(found[at], **{field: getattr(other, field)})
    elif kind == "remove":
        del found[at]
    elif kind == "move":
        found.insert(draw(st.integers(0, len(entries) - 1)), found.pop(at))
    elif kind == "insert":
        new = seal(draw(drafts), seq=at + 1, prev=found[at].prev)
        found.insert(at, draw(st.sampled_from([new, found[at]])))
    elif kind == "cut":
        del found[at:]
    elif kind == "hash":
        found[at] = replace(found[at], hash="f" * 64)
    else:
        other = draw(drafts)
        found[at] = replace(found[at], payload={"forged": other.at}, actor=other.actor)
        found = resealed(found, at)
    return found
