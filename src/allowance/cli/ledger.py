"""`allowance ledger`: what was decided, whether all of it is still there, and evidence for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP

if TYPE_CHECKING:
    from allowance.edges.checkpoints import Signer
    from allowance.edges.store.ledger import StoredLedger
    from allowance.governance.verify import Broken, Checkpoint, Verified

STORE = "allowance.db"
KEY = Path("allowance-checkpoint.key")

ledger = App(name="ledger", help="What was decided, by whom, when; and proof that nothing of it was changed.")


@ledger.command
def log(
    *,
    store: str = STORE,
    kind: str = "",
    subject: str = "",
    actor: str = "",
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Show entries, the newest last.

    Example: allowance ledger log --kind freeze --since 2026-10-01

    Parameters
    ----------
    store
        The store: a SQLite file, or postgresql://...
    kind
        Only this kind: freeze.began, or freeze for all that begin so.
    subject
        Only what is about this: an id, or a service and its SLOs.
    actor
        Only what this person, token or program did.
    since
        Only entries at or after this instant.
    until
        Only entries before this instant.
    limit
        At most so many, the newest ones.
    json
        The entries as one JSON document.
    """
    from allowance.app.law import Asked
    from allowance.cli.ledger_terminal import show_log
    from allowance.core.problem import refuse
    from allowance.core.time import parse_instant

    if limit < 1:
        raise refuse("usage", "--limit is at least 1", hint="for example --limit 50")
    wanted = Asked(
        kind=kind,
        subject=subject,
        actor=actor,
        since=None if since is None else parse_instant(since),
        until=None if until is None else parse_instant(until),
        most=limit,
        newest=True,
    )
    found = _open(store).find(wanted)
    if json:
        from allowance.cli.terminal import print_json
        from allowance.reports.ledger_json import entry_json

        print_json({"entries": [entry_json(entry) for entry in found]})
    else:
        show_log(found, most=limit)
    return GO


@ledger.command
def show(
    number: int, /, *, store: str = STORE, json: Annotated[Switch, Parameter(name="--json")] = False
) -> int:
    """Show one entry with everything it says.

    Example: allowance ledger show 12

    Parameters
    ----------
    number
        The number of the entry.
    store
        The store: a SQLite file, or postgresql://...
    json
        The entry as one JSON document.
    """
    from allowance.cli.ledger_terminal import show_entry
    from allowance.core.problem import refuse

    found = _open(store).entries(after=number - 1, most=1) if number > 0 else []
    if not found or found[0].seq != number:
        raise refuse("ledger", f"there is no entry {number}", hint="see allowance ledger log")
    if json:
        from allowance.cli.terminal import print_json
        from allowance.reports.ledger_json import entry_json

        print_json(entry_json(found[0]))
    else:
        show_entry(found[0])
    return GO


@ledger.command
def verify(
    *,
    store: str = STORE,
    checkpoints: Path | None = None,
    key: str | None = None,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Look through the whole ledger. Exit code 0: every link holds; 1: the first broken link is named.

    Without checkpoints nobody can see that the end was cut off, or that everything was written anew.

    Example: allowance ledger verify --checkpoints checkpoints.jsonl --key ed25519:...

    Parameters
    ----------
    store
        The store: a SQLite file, or postgresql://...
    checkpoints
        A file of checkpoints that was kept elsewhere, one per line.
    key
        The public key that they are signed with (ed25519:...), or a file with it.
    json
        The answer as one JSON document.
    """
    from allowance.cli.ledger_terminal import show_verification
    from allowance.core.problem import refuse
    from allowance.edges.checkpoints import public_key, read_checkpoints

    if (checkpoints is None) != (key is None):
        raise refuse(
            "usage",
            "--checkpoints and --key belong together",
            hint="the key was shown when the first checkpoint was made",
        )
    sworn: tuple[Checkpoint, ...] = ()
    if checkpoints is not None and key is not None:
        sworn = read_checkpoints(checkpoints, key=public_key(key))
    found = _verified(_open(store), sworn)
    if json:
        from allowance.cli.terminal import print_json
        from allowance.reports.ledger_json import verification_json

        print_json(verification_json(found))
    else:
        show_verification(found, sworn)
    return _code(found)


@ledger.command
def checkpoint(*, store: str = STORE, key: Path = KEY, out: Path | None = None) -> int:
    """Swear to the ledger as it stands: a signed line to be kept where nobody can write to both.

    The ledger is looked through before, against the checkpoints that --out holds already.

    Example: allowance ledger checkpoint --out /mnt/elsewhere/checkpoints.jsonl

    Parameters
    ----------
    store
        The store: a SQLite file, or postgresql://...
    key
        The private key; made at its first use, and its public half is shown.
    out
        The file that the line is added to. Default: standard output.
    """
    from allowance.cli.ledger_terminal import show_verification
    from allowance.edges import clock
    from allowance.edges.checkpoints import append_checkpoint, line_of, read_checkpoints
    from allowance.governance.verify import Broken

    sealed = _open(store)
    signing = _signer(key)
    known = read_checkpoints(out, key=signing.public) if out is not None and out.exists() else ()
    found = _verified(sealed, known)
    if isinstance(found, Broken):
        show_verification(found, known)
        return STOP
    sworn = signing.swear(found, now=clock.now())
    if out is None:
        print(line_of(sworn))
    else:
        append_checkpoint(out, sworn)
        print(f"entry {sworn.seq} is sworn to in {out}")
    return GO


@ledger.command
def export(
    *,
    out: Path,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    store: str = STORE,
    key: Path = KEY,
) -> int:
    """Write the evidence of a period into a folder: entries, a page, a PDF, and how a stranger checks them.

    Example: allowance ledger export --from 2026-10-01 --to 2026-11-01 --out evidence

    Parameters
    ----------
    out
        A new folder.
    from_
        The beginning of the period.
    to
        Its end, which is no longer in it.
    store
        The store: a SQLite file, or postgresql://...
    key
        The private key that swears to the last entry; made at its first use.
    """
    from allowance.app.evidence import collect
    from allowance.cli.ledger_terminal import show_verification
    from allowance.core.time import parse_instant
    from allowance.edges import clock
    from allowance.edges.evidence import write_evidence
    from allowance.governance.verify import Broken

    begin, end = parse_instant(from_), parse_instant(to)
    sealed = _open(store)
    found = _verified(sealed, ())
    if isinstance(found, Broken):
        show_verification(found, ())
        return STOP
    now = clock.now()
    signing = _signer(key)
    evidence = collect(
        sealed, found, begin=begin, end=end, swear=lambda at: signing.swear(at, now=now), now=now
    )
    for name in write_evidence(out, evidence):
        print(out / name)
    return GO


def _open(store: str) -> StoredLedger:
    """The ledger of a store that is there: looking must not make one."""
    from allowance.core.problem import refuse
    from allowance.edges.store.database import connect
    from allowance.edges.store.ledger import StoredLedger

    path = store.removeprefix("sqlite:///")
    if "://" not in path and not Path(path).is_file():
        raise refuse(
            "store", f"there is no store {path}", hint="allowance serve makes one; name it with --store"
        )
    return StoredLedger(connect(store))


def _signer(path: Path) -> Signer:
    import sys

    from allowance.edges.checkpoints import signer

    found, new = signer(path)
    if new:
        sys.stderr.write(f"a new key is in {path}; its public half, to be kept elsewhere: {found.public}\n")
    return found


def _verified(sealed: StoredLedger, sworn: tuple[Checkpoint, ...]) -> Verified | Broken:
    from allowance.governance.verify import verify as walk

    return walk(sealed.rows(), checkpoints=sworn)


def _code(found: Verified | Broken) -> int:
    from allowance.governance.verify import Verified

    return GO if isinstance(found, Verified) else STOP
