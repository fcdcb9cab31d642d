"""The filter of the list: a text of `key=value` terms and words, the same in the address, in the field and as chips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allowance.reports.pages.facts import Promise

KEYS: dict[str, Callable[[Promise], str]] = {
    "state": lambda one: one.health.replace(" ", "-"),
    "service": lambda one: one.slo.service,
    "team": lambda one: one.service.owner or "",
    "owner": lambda one: one.owner,
    "tier": lambda one: str(one.service.tier),
    "kind": lambda one: one.slo.kind,
}
"""What can be asked for, and grouped by; a value with blanks is written with `-` or in quotes."""

MOST_TERMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Terms that must all hold: (key, value), or a word that must occur (key `""`)."""

    terms: tuple[tuple[str, str], ...] = ()

    def holds(self, one: Promise) -> bool:
        """Whether a promise matches all terms."""
        return all(_holds(one, key, value) for key, value in self.terms)

    def __str__(self) -> str:
        return " ".join(term_text(key, value) for key, value in self.terms)

    def without(self, term: tuple[str, str]) -> Filter:
        """The filter without one of its terms."""
        return Filter(terms=tuple(one for one in self.terms if one != term))

    def also(self, key: str, value: str) -> Filter:
        """The filter with one value for a key."""
        return Filter(terms=(*(one for one in self.terms if one[0] != key), (key, value)))


def term_text(key: str, value: str) -> str:
    """A term as it is typed."""
    shown = f'"{value}"' if not value or any(sign.isspace() for sign in value) else value
    return f"{key}={shown}" if key else shown


def parse_filter(text: str) -> Filter:
    """Every text is a filter: what is no `key=value` with a known key is a word to look for."""
    terms = []
    for word in _words(text)[:MOST_TERMS]:
        key, equals, value = word.partition("=")
        known = equals and key.lower() in KEYS
        terms.append((key.lower(), value) if known else ("", word))
    return Filter(terms=tuple(dict.fromkeys(terms)))


def _words(text: str) -> list[str]:
    """Split at blanks that stand outside of quotes; the quotes go."""
    words, word, quoted, begun = [], "", False, False
    for sign in text:
        if sign == '"':
            quoted, begun = not quoted, True
        elif sign.isspace() and not quoted:
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += sign
    return [*words, word] if word or begun else words


def _holds(one: Promise, key: str, value: str) -> bool:
    if not key:
        return value.lower() in f"{one.slo.id} {one.name} {one.owner}".lower()
    return KEYS[key](one).lower() == value.lower()
