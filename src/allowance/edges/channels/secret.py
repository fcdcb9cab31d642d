"""Secrets: read from the environment, never shown."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

SHORTEST_PART = 8
"""Parts of a secret address that are shorter are words such as `https`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that only `reveal` gives away; everywhere else it is the name of its variable."""

    env: str
    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def sign(self, data: bytes) -> str:
        """HMAC-SHA256 of some bytes, in hex."""
        return hmac.new(self._value.encode(), data, sha256).hexdigest()

    def removed_from(self, text: str) -> str:
        """A text without the value, in clear or as it stands in an address, and without the parts of an address."""
        for form in sorted(self._forms(), key=len, reverse=True):
            text = text.replace(form, f"${self.env}")
        return text

    def _forms(self) -> set[str]:
        forms = {self._value, quote(self._value, safe=""), quote(self._value)} - {""}
        if "://" in self._value:
            parts = re.split(r"[/?&=:@#]", self._value)
            forms |= {part for part in parts if len(part) >= SHORTEST_PART}
        return forms

    def __str__(self) -> str:
        return f"${self.env}"
