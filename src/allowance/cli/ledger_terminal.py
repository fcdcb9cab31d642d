"""The ledger on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.markup import escape

from allowance.cli.terminal import console, table
from allowance.core.time import iso
from allowance.governance.ledger import Entry
from allowance.governance.verify import Broken, Checkpoint, Verified
from allowance.reports.ledger_words import in_short


def show_log(entries: Sequence[Entry], *, most: int) -> None:
    """One row per entry, the newest last."""
    out = console()
    if not entries:
        out.print("The ledger has no such entry.")
        return
    rows = table("entry", "when", "kind", "about", "by", "what", right=("entry",))
    for entry in entries:
        words = (iso(entry.at), entry.kind, entry.subject, entry.actor, in_short(entry))
        rows.add_row(str(entry.seq), *(escape(word) for word in words))
    out.print(rows)
    if len(entries) == most:
        out.print(f"The newest {most} are shown; --limit and --since show others.")


def show_entry(entry: Entry) -> None:
    """Every field, the payload as JSON."""
    out = console()
    rows = table("", "")
    rows.show_header = False
    said = {
        "entry": str(entry.seq),
        "when": iso(entry.at),
        "kind": entry.kind,
        "about": entry.subject,
        "by": entry.actor,
        "hash": entry.hash,
        "follows on": entry.prev,
    }
    for name, text in said.items():
        rows.add_row(name, escape(text))
    out.print(rows)
    print(json.dumps(dict(entry.payload), indent=2, sort_keys=True, ensure_ascii=False))


def show_verification(found: Verified | Broken, sworn: Sequence[Checkpoint]) -> None:
    """Whether every link holds, or the first one that does not."""
    if isinstance(found, Broken):
        print(f"BROKEN at entry {found.seq}: {found.why}")
        return
    if found.head == 0:
        print("The ledger is empty.")
        return
    print(f"Every link holds, from entry 1 to {found.head}.")
    print(f"The hash of the last one is {found.hash}.")
    if sworn:
        print(
            f"{found.checkpoints} of {len(sworn)} checkpoints were met, the newest at {max(one.seq for one in sworn)}."
        )
    else:
        print("No checkpoint was given, so an end that was cut off would not show.")
