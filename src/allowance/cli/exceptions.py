"""What the commands of exceptions share: an answer of the server in a few lines, with the exit code that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allowance.cli.main import GO, HOLD
from allowance.cli.server import Remote


def answered(found: Mapping[str, Any], *, json: bool, command: str) -> int:
    """Print something that was asked for (exit code 3: it waits) or granted (0)."""
    waits = "terms" in found
    if json:
        from allowance.cli.terminal import print_json

        print_json(found)
        return HOLD if waits else GO
    if waits:
        print(f"{found['id']} was asked for. It waits for somebody else until {found['until']}:")
        print(f"  allowance {command} approve {found['id']}")
        return HOLD
    print(
        f"{found['id']} holds for {what(found)} until {found['end']} (entry {found['entry']} of the ledger)."
    )
    if found.get("obligation"):
        print(f"Owed: {found['obligation']}\n\n{found['memo_markdown']}", end="")
    print_conditions(found)
    return GO


def print_conditions(found: Mapping[str, Any]) -> None:
    """What a conditional release asks for, and what was shown for it."""
    for one in found.get("conditions", ()):
        print(f"  {'✓' if one['evidence'] else '·'} {one['condition']}  {one['evidence'] or ''}".rstrip())


def ended(remote: Remote, path: str, reason: str, *, json: bool) -> int:
    """End something before its time."""
    from allowance.cli.server import post
    from allowance.cli.terminal import print_json

    found = post(remote, path, {"reason": reason})
    if json:
        print_json(found)
    else:
        print(f"{found['id']} ended at {found['end']}.")
    return GO


def met(remote: Remote, id_: str, evidence: str, *, json: bool) -> int:
    """Show that something owed was done."""
    from allowance.cli.server import path_of, post
    from allowance.cli.terminal import print_json

    found = post(remote, path_of("v1/obligations", id_, "done"), {"evidence": evidence})
    if json:
        print_json(found)
    else:
        late = ", late" if found["done"] > found["due"] else ""
        print(f"{found['id']} is done{late}: {found['evidence']}")
    return GO


def print_rows(pending: Sequence[Mapping[str, Any]], granted: Sequence[Mapping[str, Any]], none: str) -> None:
    """What waits and what was granted, one line each."""
    from allowance.cli.terminal import console, table

    if not pending and not granted:
        print(none)
        return
    rows = table("id", "state", "service", "for", "by", "until", right=("id", "state", "until"))
    for one in pending:
        signed = ", ".join(f"{party}: {name}" for party, name in one["signed"].items())
        rows.add_row(
            one["id"], "waits", one["service"], what(one["terms"]), signed or one["by"], one["until"]
        )
    for one in granted:
        names = ", ".join(dict.fromkeys([one["by"], *one.get("approved_by", ())]))
        rows.add_row(
            one["id"], "holds" if one["holds"] else "ended", one["service"], what(one), names, one["end"]
        )
    console().print(rows)


def what(one: Mapping[str, Any]) -> str:
    """What an exception is for, in a few words."""
    if "dependency" in one:
        return f"{one['slo']} because of {one['dependency']}"
    if "change" in one:
        return f"{one['change']} to {one['environment']}"
    return ", ".join(one.get("slos", ()))
