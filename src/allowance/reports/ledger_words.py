"""An entry of the ledger in a few words, for tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allowance.governance.ledger import Entry

SENTENCES = ("sentence", "reason", "why", "what", "note", "plan", "text")
"""Fields of a payload that say by themselves what happened; the first that is there speaks."""


def in_short(entry: Entry, longest: int = 120) -> str:
    """What the payload says: its sentence, else its plain values."""
    text = " ".join((_sentence(entry.payload) or ", ".join(_plain(entry.payload))).split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _sentence(payload: Mapping[str, Any]) -> str:
    texts = [payload[key] for key in SENTENCES if isinstance(payload.get(key), str)]
    party = payload.get("party")
    return next((text for text in texts if text), f"signed for {party}" if party else "")


def _plain(payload: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} {value}"
        for key, value in sorted(payload.items())
        if isinstance(value, str | int) and not isinstance(value, bool) and value not in ("", 0)
    ]
