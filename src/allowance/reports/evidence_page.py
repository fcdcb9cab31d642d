"""The evidence of a period as a page: what was decided, and how a stranger can check that nothing was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from allowance.core.time import Instant, iso
from allowance.governance.ledger import Entry
from allowance.governance.verify import Checkpoint
from allowance.reports.ledger_words import in_short
from allowance.reports.numbers import whole
from allowance.reports.page import Cell, Column, Page, Section, State, Table

MOST_ROWS = 2_000
"""So many entries are shown; all of them are in the file beside the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The entries of `[begin, end)` without a gap; `of` is how many the whole ledger has, all of them verified."""

    entries: Sequence[Entry]
    begin: Instant
    end: Instant
    of: int
    checkpoint: Checkpoint
    made_at: Instant

    @property
    def first(self) -> Entry:
        """The oldest entry."""
        return self.entries[0]

    @property
    def last(self) -> Entry:
        """The newest entry: the checkpoint swears to it."""
        return self.entries[-1]

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        count = "1 entry" if len(self.entries) == 1 else f"{whole(len(self.entries))} entries"
        return f"{count} of the ledger, every link holds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something a stranger can do: in words, as a command, and what it must print."""

    what: str
    command: str
    prints: str


def steps(evidence: Evidence) -> tuple[Step, ...]:
    """How to check the evidence with nothing of ours."""
    first, last = evidence.first, evidence.last
    found = [
        Step(
            what="The first entry follows on what was there before: its prev is the hash of the entry before it",
            command='head -n 1 entries.jsonl | grep -o \'"prev":"[0-9a-f]*"\' | tail -n 1',
            prints=f'"prev":"{first.prev}"',
        ),
        Step(
            what="The hash of an entry is the SHA-256 of its line; each line holds that of the line above as prev",
            command="head -n 1 entries.jsonl | tr -d '\\n' | sha256sum",
            prints=first.hash,
        ),
        Step(
            what="All links at once, with Python's standard library alone",
            command="python3 verify.py",
            prints=f"whole: entries {first.seq} to {last.seq}",
        ),
        Step(
            what="The last line's hash is the one in checkpoint.txt",
            command="tail -n 1 entries.jsonl | tr -d '\\n' | sha256sum",
            prints=last.hash,
        ),
        Step(
            what="The checkpoint was signed with the key whose public half is key.pem; compare that with the one "
            "you were given at another time",
            command="openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.txt -sigfile checkpoint.sig",
            prints="Signature Verified Successfully",
        ),
    ]
    return tuple(found)


def evidence_page(evidence: Evidence) -> Page:
    """The page as values."""
    begin, end = iso(evidence.begin), iso(evidence.end)
    first, last = evidence.first, evidence.last
    return Page(
        title=f"Evidence from {begin} to {end}",
        state=State(health="ok"),
        headline=evidence.headline,
        sentences=(
            f"These are the decisions from {begin} to {end}: entries {whole(first.seq)} to {whole(last.seq)} of the "
            f"{whole(evidence.of)} that the ledger had.",
            f"A checkpoint signed with {evidence.checkpoint.key} swears to the last of them.",
        ),
        as_of=None,
        over="",
        made_at=evidence.made_at,
        tiles=(),
        sections=(_kinds(evidence), _entries(evidence), _how(evidence)),
    )


def _kinds(evidence: Evidence) -> Section:
    counts = Counter(entry.kind for entry in evidence.entries)
    rows = tuple((Cell(text=kind), Cell(text=whole(count))) for kind, count in sorted(counts.items()))
    table = Table(
        caption="Entries by kind",
        columns=(Column(title="kind"), Column(title="entries", number=True)),
        rows=rows,
    )
    return Section(name="kinds", short="Kinds", title="What was decided?", blocks=(table,))


def _entries(evidence: Evidence) -> Section:
    shown = evidence.entries[:MOST_ROWS]
    left = len(evidence.entries) - len(shown)
    columns = (
        Column(title="entry"),
        Column(title="when", instant=True),
        Column(title="kind"),
        Column(title="about"),
        Column(title="by"),
        Column(title="what"),
        Column(title="hash"),
    )
    table = Table(
        caption="Every entry in its order",
        columns=columns,
        rows=tuple(_row(entry) for entry in shown),
        rest=f"{whole(left)} more are in entries.jsonl" if left else "",
    )
    lead = ("What an entry says in full is in entries.jsonl, one line each.",)
    return Section(name="entries", short="Entries", title="Entry by entry", lead=lead, blocks=(table,))


def _row(entry: Entry) -> tuple[Cell, ...]:
    return (
        Cell(text=str(entry.seq)),
        Cell(instant=entry.at),
        Cell(text=entry.kind),
        Cell(text=entry.subject),
        Cell(text=entry.actor),
        Cell(text=in_short(entry, 300)),
        Cell(text=entry.hash[:12]),
    )


def _how(evidence: Evidence) -> Section:
    columns = (Column(title="what it shows"), Column(title="command"), Column(title="must print"))
    rows = tuple(
        (Cell(text=one.what), Cell(text=one.command), Cell(text=one.prints)) for one in steps(evidence)
    )
    lead = (
        "Each line of entries.jsonl is one entry as JSON with sorted keys and no spaces. Whoever changes, removes, adds "
        "or moves a line changes a hash that the next line holds; whoever cuts off the end or writes all of it anew "
        "cannot sign the checkpoint. Nothing but sha256sum is needed for the first; openssl checks the second.",
    )
    table = Table(caption="In the folder of this page", columns=columns, rows=rows)
    return Section(
        name="verify",
        short="Check it yourself",
        title="How do I check that nothing was changed?",
        lead=lead,
        blocks=(table,),
    )
