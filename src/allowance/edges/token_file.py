"""Tokens in a file: only their SHA-256 is stored, and nobody but its owner may read the file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from allowance.core.problem import ProblemError, Where, refuse
from allowance.core.time import Instant
from allowance.governance.roles import ROLE_NAMES, Role

if sys.platform != "win32":  # which has other locks, and other rights of files
    import fcntl

PREFIX = "alw_"
"""What every token begins with, so that scanners for secrets can know it."""

FIRST = "first-admin"
"""The name on the first token, and on the first link to sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Who holds it, what they are, and the SHA-256 of its text in hex.

    It acts for `services` only (none named: for all) and until `expires`.
    """

    name: str
    role: Role
    sha256: str
    services: tuple[str, ...] = ()
    expires: Instant | None = None

    def has_expired(self, *, now: Instant) -> bool:
        """Whether its time is over."""
        return self.expires is not None and now >= self.expires


def digest(text: str) -> str:
    """What is stored of a token. Its 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def first_token(path: Path) -> str | None:
    """The text of a new admin token where there is no file yet: show it once, it is stored nowhere."""
    if path.exists():
        return None
    return mint(path, name=FIRST, role="admin")


def mint(
    path: Path, *, name: str, role: Role, services: Sequence[str] = (), expires: Instant | None = None
) -> str:
    """A new token, kept as its digest; its text is returned once. A holder of that name is replaced.

    Errors: `Problem` `tokens` where the file cannot be read or written.
    """
    text = PREFIX + secrets.token_urlsafe(32)
    new = Token(name=name, role=role, sha256=digest(text), services=tuple(services), expires=expires)
    with _alone(path):
        others = [token for token in read_tokens(path) if token.name != name] if path.exists() else []
        _write(path, [*others, new])
    return text


def revoke(path: Path, name: str) -> bool:
    """Take a token away; whether there was one of that name."""
    with _alone(path):
        tokens = read_tokens(path)
        kept = [token for token in tokens if token.name != name]
        if len(kept) < len(tokens):
            _write(path, kept)
    return len(kept) < len(tokens)


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Every token of a file. Errors: `Problem` `tokens`: not there, not ours, or open to others."""
    where = Where(file=str(path))
    try:
        mode = path.stat().st_mode
        raw = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(_token(row) for row in raw["tokens"])
    except OSError as error:
        raise refuse("tokens", f"the tokens cannot be read: {error.strerror}", where=where) from None
    except (ValueError, TypeError, KeyError):
        raise refuse(
            "tokens",
            "the file of tokens is damaged",
            hint="move it away and start again: a new admin token is shown",
            where=where,
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise refuse("tokens", "others may read the file of tokens", hint=f"chmod 600 {path}", where=where)
    if any(row.role not in ROLE_NAMES for row in rows):
        raise refuse(
            "tokens",
            "a token has a role that does not exist",
            hint=f"roles: {', '.join(ROLE_NAMES)}",
            where=where,
        )
    return rows


def tokens_of(path: Path) -> Callable[[], tuple[Token, ...]]:
    """A reader that looks at the file again when it has changed, so that a revoked token ends at once."""
    seen: list[tuple[tuple[int, int, int], tuple[Token, ...]]] = []

    def current() -> tuple[Token, ...]:
        try:
            stat = path.stat()
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            seen.clear()
            return read_tokens(path)
        known = next(iter(seen), None)
        if known is None or known[0] != mark:
            known = (mark, read_tokens(path))
            seen[:] = [known]
        return known[1]

    return current


def _token(row: dict[str, Any]) -> Token:
    """One row of the file; those of older versions have no services and no end."""
    services = row.get("services", [])
    if not isinstance(services, list):
        raise TypeError("services are a list")
    token = Token(**{**row, "services": tuple(services)})
    texts = (token.name, token.role, token.sha256, *token.services)
    if not all(isinstance(text, str) for text in texts) or type(token.expires) not in (int, type(None)):
        raise TypeError("a field is of another type")
    return token


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two who change the file take turns, or one of them would bring a revoked token back."""
    if sys.platform == "win32":
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise _unwritten(path, error) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _unwritten(path: Path, error: OSError) -> ProblemError:
    return refuse("tokens", f"the tokens cannot be written: {error.strerror}", where=Where(file=str(path)))


def _write(path: Path, tokens: list[Token]) -> None:
    """All or nothing: a new file takes the place of the old one, and never is open to others on its way."""
    text = json.dumps({"tokens": [asdict(token) for token in tokens]}, indent=2) + "\n"
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _unwritten(path, error) from None
