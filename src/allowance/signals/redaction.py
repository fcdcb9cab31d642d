"""What must not be stored: addresses of people, numbers of cards, keys and tokens are taken out of text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["key", "email", "card", "token", "ip", "pattern"]

LONGEST = 4000
"""Characters of a text that are looked at; the rest is never kept."""
_CUT = 300
"""A secret that the cut went through may be this long and not be known for one any more."""

SECRET_KEYS = (
    "authorization",
    "password",
    "passwd",
    "secret",
    "cookie",
    "api_key",
    "apikey",
    "api-key",
    "access_token",
    "refresh_token",
    "private_key",
    "credential",
    "card_number",
    "ssn",
    "iban",
)
"""An attribute whose name holds one of these is never kept, whatever its value."""

_EMAIL = re.compile(
    r"[^\s@<>\"'(),;:]{1,64}(?:@|%40)[^\s@<>\"'(),;:/?&]{1,190}\.[^\W\d_]{2,24}", re.IGNORECASE
)
_CARD = re.compile(r"(?<!\d)\d(?:[ .\-_/+]{0,2}\d){11,}(?!\d)", re.ASCII)
_CARD_DIGITS = range(13, 20)
_TOKENS = re.compile(
    r"(?:bearer|basic|token)[\s:=]+[^\s,;\"']{6,}"
    r"|eyJ[\w-]{6,}(?:\.[\w-]*){1,2}"
    r"|\b(?:ghp|gho|ghs|github_pat|glpat|xox[abprs]|alw|sk|pk|rk)[_-][\w-]{8,}"
    r"|\bAKIA[0-9A-Z]{12,}"
    r"|(?:password|passwd|pwd|secret|token|api[_-]?key)[\"']?\s*[=:]\s*[\"']?[^\s,;&\"']+"
    r"|(?<=://)[^\s/@]+:[^\s/@]+(?=@)",
    re.IGNORECASE | re.ASCII,
)
_IP = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?![\w:])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is taken out. `keys` come to those that are always secret; `patterns` are searched for in every text.

    Network addresses (`addresses`) stay unless they are asked for: they are often what a fault is about.
    """

    keys: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    addresses: bool = False


DEFAULT = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """A text that may be stored, and which kinds of sensitive data were in it."""

    text: str
    found: frozenset[Kind] = field(default_factory=frozenset)


def is_secret(name: str, rules: Rules = DEFAULT) -> bool:
    """Whether the value of an attribute of this name is never kept."""
    low = name.lower()
    return any(one in low for one in SECRET_KEYS) or any(one.lower() in low for one in rules.keys)


def clean(text: str, rules: Rules = DEFAULT, *, name: str = "") -> Clean:
    """A text with what is sensitive in it replaced by `[kind]`; `name` is the attribute that it comes from.

    A long text is cut, and so is what may be the first half of something sensitive at its end.
    """
    if name and is_secret(name, rules):
        return Clean(text="[key]", found=frozenset(("key",)))
    found: set[Kind] = set()
    rest = text[:LONGEST]
    for pattern in rules.patterns:
        rest = _without(pattern, "pattern", rest, found)
    rest = _without(_TOKENS, "token", rest, found)
    rest = _without(_EMAIL, "email", rest, found)
    rest = _CARD.sub(lambda match: _card(match.group(), found), rest)
    if rules.addresses:
        rest = _without(_IP, "ip", rest, found)
    return Clean(text=rest if len(text) <= LONGEST else rest[:-_CUT], found=frozenset(found))


def _without(pattern: re.Pattern[str], kind: Kind, text: str, found: set[Kind]) -> str:
    replaced, times = pattern.subn(f"[{kind}]", text)
    if times:
        found.add(kind)
    return replaced


def _card(text: str, found: set[Kind]) -> str:
    """A run of digits without the card numbers in it; one may stand among other digits."""
    digits = [(place, int(one)) for place, one in enumerate(text) if one.isdigit()]
    for first in range(len(digits)):
        for size in reversed(_CARD_DIGITS):
            part = digits[first : first + size]
            if len(part) == size and is_card([digit for _, digit in part]):
                found.add("card")
                begin, end = part[0][0], part[-1][0] + 1
                return f"{text[:begin]}[card]{_card(text[end:], found)}"
    return text


def is_card(digits: list[int]) -> bool:
    """Whether digits could be the number of a card: its length, a first digit that cards have, and Luhn's sum."""
    if len(digits) not in _CARD_DIGITS or digits[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = (2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
