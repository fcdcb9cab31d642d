"""`allowance restore`: a store from a copy."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.main import GO


def restore(
    file: str,
    *,
    store: str = "allowance.db",
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Put a copy back: into a new store, or with --force over one that is not empty. Stop the program before.

    The copy is checked first (every page, every row, the chain of the ledger), and counted again in the store. A copy of
    a SQLite file can be restored to a PostgreSQL, and the other way round. Exit code 0: restored; 2: nothing was changed.

    Example: allowance restore allowance-2026-11-21.backup --store allowance.db

    Parameters
    ----------
    file
        What allowance backup wrote.
    store
        Where to: a SQLite file, or postgresql://...
    force
        Overwrite a store that is not empty: what is in it is lost.
    json
        Print what was restored as JSON.
    """
    from pathlib import Path

    from allowance.edges.store.backup import restore as put_back

    copied = put_back(Path(file), store, force=force)
    if json:
        import json as form

        facts = {"store": store, "rows": dict(copied.rows), "ledger_head": copied.ledger.head}
        print(form.dumps(facts, indent=2))
    else:
        print(f"restored {copied.total:,} rows; ledger whole up to entry {copied.ledger.head}")
    return GO
