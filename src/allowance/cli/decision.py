"""`allowance decision`: verdicts in the ledger, shown and judged again from their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP

if TYPE_CHECKING:
    from allowance.governance.ledger import Entry

decision = App(name="decision", help="Verdicts of the gate that are in the ledger: shown, and judged again.")


@decision.command
def show(
    id: int,  # noqa: A002 - the word of the command line
    *,
    store: str = "allowance.db",
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Show a recorded verdict.

    Example: allowance decision show 8841

    Parameters
    ----------
    id
        The number of its entry in the ledger.
    store
        Where the ledger is: a file of SQLite, or postgresql://...
    json
        The verdict with all of its evidence, as JSON.
    """
    from allowance.cli.terminal import print_json
    from allowance.reports.verdict_text import verdict_text

    entry = _entry(store, id)
    told = {**entry.payload["verdict"], "id": entry.seq, "hash": entry.hash}
    if json:
        print_json({**told, "key": entry.payload["key"], "evidence": entry.payload["evidence"]})
    else:
        print(verdict_text(told), end="")
    return GO


@decision.command
def replay(
    id: int,  # noqa: A002 - the word of the command line
    *,
    store: str = "allowance.db",
) -> int:
    """Judge a recorded verdict again from its evidence alone. Exit code 0: the same verdict; 1: another one.

    The contract, the policy and the telemetry of today take no part: all that the verdict was made of is in its
    entry.

    Example: allowance decision replay 8841

    Parameters
    ----------
    id
        The number of its entry in the ledger.
    store
        Where the ledger is: a file of SQLite, or postgresql://...
    """
    from allowance.governance.verdict import verdict_json
    from allowance.governance.verdict_replay import replay_verdict
    from allowance.reports.verdict_text import verdict_text

    entry = _entry(store, id)
    again, told = verdict_json(replay_verdict(entry)), entry.payload["verdict"]
    if again == told:
        print(f"#{entry.seq}: the same verdict, {told['verdict'].upper()}")
        return GO
    print(f"#{entry.seq}: ANOTHER verdict. Recorded was\n\n{verdict_text(told)}\nThe evidence leads to\n")
    print(verdict_text(again), end="")
    return STOP


def _entry(store: str, number: int) -> Entry:
    from allowance.app.gate import entry_of
    from allowance.app.law import Law
    from allowance.edges.store.database import connect
    from allowance.edges.store.ledger import StoredLedger

    engine = connect(store)
    try:
        return entry_of(Law(StoredLedger(engine)), number)
    finally:
        engine.dispose()
