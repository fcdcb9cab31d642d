"""`allowance backup`: a copy of the store, while the program runs."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.main import GO


def backup(
    file: str, *, store: str = "allowance.db", json: Annotated[bool, Parameter(negative=())] = False
) -> int:
    """Copy a store to a file, as of one moment, while others write to it; checked before it counts as a copy.

    The copy is a SQLite file, also of a PostgreSQL. Read back were every page, every row, and the chain of the ledger.
    Exit code 0: the file is there and sound; 2: there is no new file.

    Example: allowance backup allowance-2026-11-21.backup --store allowance.db

    Parameters
    ----------
    file
        The file to write; it must not exist.
    store
        What to copy: a SQLite file, or postgresql://...
    json
        Print what was copied as JSON.
    """
    from pathlib import Path

    from allowance.edges.store.backup import backup as copy

    copied = copy(store, Path(file))
    if json:
        import json as form

        facts = {"file": file, "rows": dict(copied.rows), "ledger_head": copied.ledger.head}
        print(form.dumps(facts, indent=2))
    else:
        print(f"{file}: {copied.total:,} rows; ledger whole up to entry {copied.ledger.head}")
    return GO
