"""The search and the list of keys: where is it, and how do I get there?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allowance.budget.health import WORST_FIRST, Health
from allowance.reports import tabular
from allowance.reports.page import State
from allowance.reports.pages.facts import Facts, service_name, worst
from allowance.reports.pages.view import Head, Link, head

MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that can be opened."""

    link: Link
    kind: str
    state: State | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The page; at most fifty are shown of so many that `count` says."""

    head: Head
    words: str
    count: int
    found: tuple[Found, ...]


def search(facts: Facts, words: str, places: tuple[Link, ...]) -> Search:
    """Pages, services and promises whose names hold every word; without words the pages and services."""
    asked = words.lower().split()
    all_ = [
        one
        for one in _everything(facts, places)
        if all(word in f"{one.link.text} {one.link.href}".lower() for word in asked)
        and (asked or one.kind != "promise")
    ]
    if asked:
        all_.sort(key=lambda one: not one.link.text.lower().startswith(asked[0]))
    said = f"{tabular.plural(len(all_), 'thing')} found" if all_ else f"Nothing is called {words}"
    return Search(
        head=head("Search", said if words else "What are you looking for?", worst(facts.promises), facts.at),
        words=words,
        count=len(all_),
        found=tuple(all_[:MOST]),
    )


def _everything(facts: Facts, places: tuple[Link, ...]) -> Iterator[Found]:
    for place in places:
        yield Found(link=place, kind="page", state=None)
    for service in facts.contract.services:
        yield Found(
            link=Link(text=service_name(service), href=f"/services/{service.name}"),
            kind="service",
            state=State(health=worst(facts.by_service[service.name])),
        )
    for one in facts.promises:
        yield Found(
            link=Link(text=one.name, href=facts.href(one.slo)), kind="promise", state=State(health=one.health)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, and what it does."""

    key: str
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A word and what it means."""

    state: State
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """The page."""

    head: Head
    keys: tuple[Key, ...]
    words: tuple[Meaning, ...]


KEYS = {
    "/": "search",
    "Ctrl K": "command menu: go to any page, service or promise (\u2318K on a Mac)",
    "j, k": "next and previous row",
    "Enter": "open the row",
    "[, ]": "earlier and later window, where a page has one",
    "c": "compare, where a page can",
    "t": "charts as tables, and back",
    "d": "theme: system, light, dark",
    "p": "pause and go on refreshing",
    "?": "this page",
}

MEANINGS: dict[Health, str] = {
    "ok": "the promise is kept, and a quarter of its budget or more is left",
    "watch": "kept so far, but less than a quarter of the budget is left, or it burns too fast",
    "broken": "the promise is not kept over its window",
    "no data": "nothing was measured; the reason stands beside it",
    "too little": "measured, but with so little traffic that one failure decides",
}


def help_page(facts: Facts, places: tuple[tuple[str, str], ...]) -> Help:
    """The page; `places` are (key, page)."""
    keys = [Key(key=f"g {key}", does=f"go to {name}") for key, name in places if key]
    rest = [Key(key=key, does=does) for key, does in KEYS.items()]
    return Help(
        head=head("Help", "Keys and words", worst(facts.promises), facts.at),
        keys=(*rest[:2], *keys, *rest[2:]),
        words=tuple(
            Meaning(state=State(health=word), means=MEANINGS[word]) for word in reversed(WORST_FIRST)
        ),
    )
