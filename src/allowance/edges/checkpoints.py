"""Checkpoints of the ledger, signed with Ed25519: kept anywhere else, they show what was cut off or written anew."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from allowance.core.problem import Problem, ProblemError, Where, refuse
from allowance.core.time import Instant
from allowance.governance.verify import Checkpoint, Verified, signed_bytes

KIND = "ed25519:"
"""What a public key begins with in writing; its 32 bytes follow as base64."""


class Signer:
    """A private key that swears to the state of a ledger."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> str:
        """The public key in one line: `ed25519:...`."""
        return KIND + base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def swear(self, verified: Verified, *, now: Instant) -> Checkpoint:
        """A signed checkpoint at the head of what was verified."""
        draft = Checkpoint(seq=verified.head, hash=verified.hash, at=now, key=self.public)
        signature = base64.b64encode(self._key.sign(signed_bytes(draft))).decode()
        return replace(draft, signature=signature)


def signer(path: Path) -> tuple[Signer, bool]:
    """The key of a file, and whether it was made just now: it is made at its first use, for its owner's eyes only.

    Errors: `Problem` `key`: it cannot be read or written, is of another kind, or others may read it.
    """
    where = Where(file=str(path))
    try:
        mode, data = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return Signer(_made(path)), True
    except OSError as error:
        raise refuse("key", f"the key cannot be read: {error.strerror}", where=where) from None
    if os.name == "posix" and mode & 0o077:
        raise refuse("key", "others may read the private key", hint=f"chmod 600 {path}", where=where)
    with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
        found = serialization.load_pem_private_key(data, password=None)
        if isinstance(found, Ed25519PrivateKey):
            return Signer(found), False
    raise refuse(
        "key",
        "this is no private Ed25519 key",
        hint="give a PEM file, or a new name to make one",
        where=where,
    )


def public_key(given: str) -> str:
    """A public key as `ed25519:...`: given so, or as a file that holds it so or as PEM. Errors: `Problem` `key`."""
    text = given.strip()
    if not text.startswith(KIND):
        try:
            text = Path(given).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise refuse(
                "key",
                f"{given} is no public key and no file with one",
                hint="the key was shown by allowance ledger checkpoint: ed25519:...",
            ) from None
    if text.startswith("-----BEGIN"):
        with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
            found = serialization.load_pem_public_key(text.encode())
            if isinstance(found, Ed25519PublicKey):
                return KIND + base64.b64encode(found.public_bytes_raw()).decode()
    return KIND + base64.b64encode(_public(text).public_bytes_raw()).decode()


def pem_of(key: str) -> str:
    """A public key as PEM, for other programs."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return _public(key).public_bytes(serialization.Encoding.PEM, form).decode()


def line_of(checkpoint: Checkpoint) -> str:
    """A checkpoint as one line of JSON."""
    return json.dumps(asdict(checkpoint), separators=(",", ":"))


def append_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Add a line to a file, durable when it returns. Errors: `Problem` `checkpoint` where it cannot be written."""
    try:
        with path.open("a", encoding="utf-8") as out:
            out.write(line_of(checkpoint) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise refuse(
            "checkpoint", f"the checkpoint cannot be written: {error.strerror}", where=Where(file=str(path))
        ) from None


def read_checkpoints(path: Path, *, key: str) -> tuple[Checkpoint, ...]:
    """Every checkpoint of a file, one per line, each with a good signature of exactly this key.

    Errors: `Problem` `checkpoint` with its line: it is none, is of another key, or its signature is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise refuse(
            "checkpoint", f"the checkpoints cannot be read: {error}", where=Where(file=str(path))
        ) from None
    found: list[Checkpoint] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_checked(line, key, Where(file=str(path), line=number)))
        except ProblemError as error:
            problems += error.problems
    if problems:
        raise ProblemError(*problems)
    return tuple(found)


def _checked(line: str, key: str, where: Where) -> Checkpoint:
    try:
        found = Checkpoint(**json.loads(line))
        wanted = [found.seq, found.at, found.hash, found.key, found.signature]
        if [type(part) for part in wanted] != [int, int, str, str, str]:
            raise ValueError("a field is of another type")
        signature = base64.b64decode(found.signature, validate=True)
    except (TypeError, ValueError) as error:
        raise refuse("checkpoint", f"this is no checkpoint: {error}", where=where) from None
    if found.key != key:
        raise refuse(
            "checkpoint",
            f"this checkpoint was signed with another key: {found.key[:60]}",
            hint="give --key the public key that you trust",
            where=where,
        )
    try:
        _public(key).verify(signature, signed_bytes(found))
    except InvalidSignature:
        raise refuse(
            "checkpoint",
            "the signature of this checkpoint is wrong",
            hint="it was changed after it was signed, or was never signed with this key",
            where=where,
        ) from None
    return found


def _public(text: str) -> Ed25519PublicKey:
    try:
        raw = base64.b64decode(text.removeprefix(KIND), validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error):
        raise refuse("key", "this is no public Ed25519 key", hint="it looks like ed25519:...=") from None


def _made(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise refuse(
            "key", f"the key cannot be written: {error.strerror}", where=Where(file=str(path))
        ) from None
    return key
