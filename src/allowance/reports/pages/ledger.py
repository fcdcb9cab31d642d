"""The ledger: what was decided, by whom, and can it be trusted?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.governance.ledger import Entry, canonical, content, content_hash
from allowance.governance.verify import Broken, Verified
from allowance.reports.numbers import whole
from allowance.reports.pages.facts import Facts, worst
from allowance.reports.pages.governance import Line, line
from allowance.reports.pages.view import Head, Link, When, head


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Some entries, newest first. `chain` says what became of the last look through all links, `""`: nobody asked."""

    head: Head
    kind: str
    subject: str
    actor: str
    rows: tuple[Line, ...]
    older: str
    chain: str
    looked: When | NoData
    holds: bool
    verify: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """One entry as it is hashed. `holds`: its hash is that of its content, and its link that of the entry before."""

    head: Head
    line: Line
    schema: str
    prev: str
    digest: str
    payload: str
    hashed: str
    holds: bool
    says: str
    before: Link
    after: Link
    page: Link


def chain_words(found: Verified | Broken) -> str:
    """What a look through the chain came to."""
    if isinstance(found, Broken):
        return f"The chain is broken at entry {found.seq}: {found.why}"
    return f"Every link holds, to entry {found.head}" if found.head else "There is no link to look at yet"


def ledger_page(
    facts: Facts,
    entries: Sequence[Entry],
    *,
    kind: str,
    subject: str,
    actor: str,
    older: str,
    verify: str,
    looked: tuple[Instant, Verified | Broken] | None,
) -> LedgerPage:
    """The list of some entries, newest first."""
    count = facts.standing.head
    narrowed = bool(kind or subject or actor)
    h1 = f"{whole(len(entries))} {'entry' if len(entries) == 1 else 'entries'} shown"
    if not narrowed:
        h1 = (
            f"{whole(count)} {'decision' if count == 1 else 'decisions'} written down"
            if count
            else "Nothing was decided yet"
        )
    holds = looked is None or not isinstance(looked[1], Broken)
    return LedgerPage(
        head=head("Ledger", h1, worst(facts.promises) if holds else "broken", facts.at),
        kind=kind,
        subject=subject,
        actor=actor,
        rows=tuple(line(one) for one in entries),
        older=older,
        chain="" if looked is None else chain_words(looked[1]),
        looked=NO_DATA if looked is None else When(at=looked[0]),
        holds=holds,
        verify=verify,
    )


def entry_page(facts: Facts, entry: Entry, before: Entry | None, newest: int) -> EntryPage:
    """The page of one entry; `before` is the one that it is linked to."""
    own, linked = content_hash(entry) == entry.hash, before is None or before.hash == entry.prev
    says = "its hash is that of its content, and its link that of the entry before"
    if not own:
        says = "its hash is not that of its content: it was changed after it was written"
    elif not linked:
        says = "its link is not the hash of the entry before: something was changed, put in, or taken out"
    told = line(entry)
    pages = {
        "gate.decided": (f"/gate/{entry.seq}", "The verdict"),
        "contract.changed": ("/contract", "The contract"),
    }
    href, text = pages.get(entry.kind, ("/governance", "Governance"))
    return EntryPage(
        head=head(
            f"Ledger {entry.seq}",
            f"Entry {entry.seq}: {entry.kind}",
            worst(facts.promises) if own and linked else "broken",
            facts.at,
        ),
        line=told,
        schema=str(entry.schema),
        prev=entry.prev,
        digest=entry.hash,
        payload=canonical(dict(entry.payload)).decode(),
        hashed=content(entry).decode(),
        holds=own and linked,
        says=says,
        before=Link(text=f"#{entry.seq - 1}", href=f"/ledger/{entry.seq - 1}" if entry.seq > 1 else ""),
        after=Link(text=f"#{entry.seq + 1}", href=f"/ledger/{entry.seq + 1}" if entry.seq < newest else ""),
        page=Link(text=text, href=href),
    )
