"""`allowance token`: who may use the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP

if TYPE_CHECKING:
    from allowance.edges.store.sessions import StoredSessions
    from allowance.governance.roles import Role

FILE = Path("allowance-tokens.json")
STORE = "allowance.db"
RESERVED = ("allowance", "unknown")
"""Names that the ledger uses itself."""

token = App(name="token", help="Who may use the API: tokens for machines, links to sign in for people.")


@token.command
def create(
    *,
    name: str,
    role: str,
    services: str | None = None,
    expires: str | None = None,
    tokens: Path = FILE,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Make a token for a machine. It is shown once; the file keeps only its digest. It counts at once.

    Example: allowance token create --name ci --role deployer --services checkout --expires 90d

    Parameters
    ----------
    name
        Who holds it; this name stands in the ledger.
    role
        viewer, deployer, engineer, tpm, executive or admin.
    services
        It acts for these services only, divided by commas. Default: for all.
    expires
        How long it holds, such as 90d. Default: until it is revoked.
    tokens
        The file of tokens that allowance serve uses.
    json
        The answer as one JSON document.
    """
    from allowance.core.duration import parse_duration
    from allowance.core.problem import refuse
    from allowance.core.time import iso
    from allowance.edges import clock
    from allowance.edges.token_file import mint, read_tokens

    _check_name(name)
    if tokens.exists() and any(one.name == name for one in read_tokens(tokens)):
        raise refuse("token", f"there is a token of {name} already", hint=f"allowance token revoke {name}")
    known, only = _role(role), _services(services)
    ends = None if expires is None else clock.now() + parse_duration(expires)
    text = mint(tokens, name=name, role=known, services=only, expires=ends)
    if json:
        from allowance.cli.terminal import print_json

        until = None if ends is None else iso(ends)
        print_json({"name": name, "role": role, "services": list(only), "expires": until, "token": text})
    else:
        print(text)
    return GO


@token.command(name="list")
def list_(
    *,
    tokens: Path = FILE,
    store: str = STORE,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Show every token, and who is signed in.

    Example: allowance token list

    Parameters
    ----------
    tokens
        The file of tokens that allowance serve uses.
    store
        The store, where sessions are: a SQLite file, or postgresql://...
    json
        The answer as one JSON document.
    """
    from allowance.cli.token_terminal import show, tokens_json
    from allowance.edges import clock
    from allowance.edges.token_file import read_tokens

    found, now = read_tokens(tokens), clock.now()
    sessions = _sessions(store)
    people = sessions.open(now=now) if sessions is not None else ()
    if json:
        from allowance.cli.terminal import print_json

        print_json(tokens_json(found, people, now=now))
    else:
        show(found, people, now=now)
    return GO


@token.command
def revoke(name: str, /, *, tokens: Path = FILE, store: str = STORE) -> int:
    """Take the token of a name away, end its sessions, and take its links back; all of it at once.

    Exit code 1: there was nothing of that name.

    Example: allowance token revoke ci

    Parameters
    ----------
    name
        Whose access ends.
    tokens
        The file of tokens that allowance serve uses.
    store
        The store, where sessions are: a SQLite file, or postgresql://...
    """
    from allowance.edges.token_file import revoke as take_away

    was = tokens.exists() and take_away(tokens, name)
    sessions = _sessions(store)
    ended = sessions.end_of(name) if sessions is not None else 0
    if not was and not ended:
        print(f"nothing is known of {name}: no token, no session, no link")
        return STOP
    ends = (
        ""
        if not ended
        else f"{' and ' if was else ''}{ended} {'session or link' if ended == 1 else 'sessions and links'}"
    )
    print(f"revoked: {'the token' if was else ''}{ends} of {name}")
    return GO


@token.command
def link(
    *,
    name: str,
    role: str,
    services: str | None = None,
    store: str = STORE,
    address: str = "http://127.0.0.1:8787",
) -> int:
    """Make a link with which a person signs in: once, within 15 minutes.

    Example: allowance token link --name ada --role engineer

    Parameters
    ----------
    name
        Who signs in; this name stands in the ledger.
    role
        viewer, deployer, engineer, tpm, executive or admin.
    services
        They act for these services only, divided by commas. Default: for all.
    store
        The store of allowance serve: a SQLite file, or postgresql://...
    address
        Where people reach allowance serve.
    """
    from allowance.core.problem import refuse
    from allowance.edges import clock
    from allowance.edges.store.sessions import Guest
    from allowance.web.sessions import new_link

    _check_name(name)
    guest = Guest(name=name, role=_role(role), services=_services(services))
    sessions = _sessions(store)
    if sessions is None:
        raise refuse(
            "store", f"there is no store {store}", hint="allowance serve makes one; name it with --store"
        )
    print(f"{address.rstrip('/')}/sign-in?token={new_link(sessions, guest, now=clock.now())}")
    return GO


def _sessions(store: str) -> StoredSessions | None:
    """The sessions of a store; nothing where there is none yet, for looking must not make one."""
    from allowance.edges.store.database import connect
    from allowance.edges.store.sessions import StoredSessions

    path = store.removeprefix("sqlite:///")
    if "://" not in path and not Path(path).is_file():
        return None
    return StoredSessions(connect(store))


def _role(text: str) -> Role:
    from allowance.core.problem import refuse
    from allowance.governance.roles import ROLE_NAMES

    for role in ROLE_NAMES:
        if role == text:
            return role
    raise refuse("role", f"{text!r} is no role", hint=f"one of {', '.join(ROLE_NAMES)}")


def _services(text: str | None) -> tuple[str, ...]:
    from allowance.contract.amounts import parse_name
    from allowance.core.problem import refuse

    if text is None:
        return ()
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise refuse("usage", "--services names no service", hint="leave it out for all of them")
    for one in found:
        parse_name(one)
    return found


def _check_name(name: str) -> None:
    from allowance.core.problem import refuse

    if not name.strip() or name != name.strip() or len(name) > 200 or not name.isprintable():
        raise refuse("token", "a name is 1 to 200 printable characters", hint="such as ci or ada@example.com")
    if name in RESERVED:
        raise refuse("token", f"the ledger uses {name} itself", hint="choose another name")
