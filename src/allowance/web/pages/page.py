"""What a page is: an address, a view, and its place in the navigation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from fastapi import APIRouter
from starlette.datastructures import QueryParams

from allowance.core.time import Instant
from allowance.governance.roles import Right
from allowance.reports.pages.facts import Facts
from allowance.reports.pages.view import Head
from allowance.web.asked import House
from allowance.web.ledger import Looks
from allowance.web.tokens import Caller

OWN_PACKAGE = "allowance.web.pages"


class View(Protocol):
    """What a page shows: a frozen dataclass of `reports.pages`, which its templates know as `view`."""

    @property
    def head(self) -> Head: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A page that somebody wants to see: the facts, the parts of its path, the query, who asks, and when.

    `looks` is the newest look through the whole ledger.
    """

    facts: Facts
    path: Mapping[str, str]
    query: QueryParams
    who: Caller
    house: House
    now: Instant
    pages: Sequence[Page]
    looks: Looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page; its twins stand at the same path with `.json` and `.md`.

    `name` is that of its templates. With `nav` it stands in the navigation under that word, and `key` after `g` leads
    to it. `view` may raise a `Refusal`, for example 404. `package` is where the templates stand, if not here. `past`
    says what `end=` in its address means: nothing, the facts of an earlier instant, or something of its own.
    """

    path: str
    name: str
    view: Callable[[Wanted], View]
    nav: str = ""
    key: str = ""
    right: Right = "read"
    past: Literal["", "facts", "own"] = ""
    package: str = OWN_PACKAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """Pages and routes of a program around this one, such as the demo's."""

    pages: tuple[Page, ...] = ()
    routers: tuple[APIRouter, ...] = ()


NOTHING_MORE = More()
