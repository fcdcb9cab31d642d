"""The ledger's entries: what was decided, by whom, when; each sealed with the hash of the one before it.

Telemetry can be read again, decisions cannot: every state of governance is a fold over these entries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from allowance.core.time import Instant

SCHEMA = 1
"""The version of the entries' form; it is part of what is hashed."""

GENESIS = "0" * 64
"""The `prev` of the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Something to be recorded. `payload` is plain JSON without floating-point numbers: exact decimals are text.

    `kind` is a dotted word such as `freeze.began`, `subject` what it is about (`service`, `service/slo`, an id),
    `actor` who did it: a person, a token's name, or `allowance` itself.
    """

    kind: str
    subject: str
    actor: str
    at: Instant
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recorded draft: `seq` counts from 1 without gaps, `prev` is the hash of the entry before."""

    seq: int
    at: Instant
    actor: str
    kind: str
    subject: str
    payload: Mapping[str, Any]
    prev: str
    hash: str
    schema: int = SCHEMA


def canonical(value: object) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: one text for one value.

    Errors: `ValueError` for a floating-point number, `TypeError` for what JSON does not know.
    """
    if _is_simple(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:
            """A number beyond 64 bits, or text that is no Unicode: the same bytes, or the error, come from below."""
    _exact(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def content(entry: Entry) -> bytes:
    """The canonical JSON of every field but the hash itself: what the hash is over."""
    fields = {
        "schema": entry.schema,
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "kind": entry.kind,
        "subject": entry.subject,
        "payload": entry.payload,
        "prev": entry.prev,
    }
    return canonical(fields)


def content_hash(entry: Entry) -> str:
    """SHA-256 over the entry's content, in hex."""
    return hashlib.sha256(content(entry)).hexdigest()


def seal(draft: Draft, *, seq: int, prev: str) -> Entry:
    """The entry that follows the entry with hash `prev`."""
    open_ = Entry(
        seq=seq,
        at=draft.at,
        actor=draft.actor,
        kind=draft.kind,
        subject=draft.subject,
        payload=draft.payload,
        prev=prev,
        hash="",
    )
    return replace(open_, hash=content_hash(open_))


_LEAVES = frozenset({str, int, bool, type(None)})


def _is_simple(value: object) -> bool:
    """Whether a value is made of nothing but JSON's own types, which both encoders write alike."""
    open_ = [value]
    while open_:
        part = open_.pop()
        kind = part.__class__
        if kind is dict:
            assert isinstance(part, dict)
            if not all(key.__class__ is str for key in part):
                return False
            open_ += [one for one in part.values() if one.__class__ not in _LEAVES]
        elif kind is list or kind is tuple:
            assert isinstance(part, list | tuple)
            open_ += [one for one in part if one.__class__ not in _LEAVES]
        elif kind not in _LEAVES:
            return False
    return True


def _exact(value: object) -> None:
    if isinstance(value, float):
        raise ValueError("the ledger holds no floating-point numbers: write exact decimals as text")
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the ledger's keys are text, not {type(key).__name__}")
            _exact(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _exact(part)
