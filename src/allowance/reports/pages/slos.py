"""The list of promises: which one is worst?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from allowance.budget.health import Health
from allowance.core.counts import NoData
from allowance.reports import tabular
from allowance.reports.numbers import machine
from allowance.reports.page import State
from allowance.reports.pages.executive import Tally
from allowance.reports.pages.facts import Facts, Promise, tally, worst
from allowance.reports.pages.filters import KEYS, Filter, term_text
from allowance.reports.pages.rows import Row, row
from allowance.reports.pages.view import Head, Link, head, query_text

PER_PAGE = 200
GROUPINGS = ("team", "service", "tier", "kind")

Sort = Literal["state", "name", "target", "measured", "left", "burn"]
SORTS: dict[Sort, Callable[[Promise], tuple[bool, float | str]]] = {
    "state": lambda one: (False, ""),
    "name": lambda one: (False, one.slo.id),
    "target": lambda one: (False, float(one.slo.target)),
    "measured": lambda one: _number(
        None if one.evaluation is None else machine(one.evaluation.budget.counts.sli)
    ),
    "left": lambda one: _number(machine(one.remaining)),
    "burn": lambda one: _number(machine(one.hour)),
}
"""By what rows are ordered; what has no number comes last, and equals stand worst first."""

TITLES: dict[Sort, str] = {
    "state": "State",
    "name": "Promise",
    "target": "Target",
    "measured": "Measured",
    "left": "Budget left",
    "burn": "Burn 1 h",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Which rows, in which order: all of it stands in the address, defaults left out. `end` is an earlier instant."""

    filter: Filter
    grouping: str = ""
    sort: Sort = "state"
    down: bool = False
    page: int = 1
    end: str = ""

    @property
    def href(self) -> str:
        """The address of this list."""
        return "/slos" + self.query

    @property
    def query(self) -> str:
        """Its query, with `?` where there is one."""
        order = "" if self.sort == "state" and not self.down else ("-" if self.down else "") + self.sort
        return query_text(
            q=str(self.filter),
            group=self.grouping,
            sort=order,
            page=str(self.page) if self.page > 1 else "",
            end=self.end,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A term of the filter, and the list without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some promises that have something in common, counted by state; its link leads to them alone."""

    link: Link
    counts: tuple[Tally, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The head of a column: a link that sorts by it."""

    title: str
    href: str
    order: str
    number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slos:
    """The page. `empty` says why there is no row; `whole` is how many promises there are without the filter."""

    head: Head
    whole: int
    matching: int
    filter: str
    grouping: str
    sort: str
    end: str
    chips: tuple[Chip, ...]
    groupings: tuple[Link, ...]
    groups: tuple[Group, ...]
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    empty: str
    page: int
    pages: int
    earlier: str
    later: str
    query: str


def matching(facts: Facts, listed: Listed) -> list[Promise]:
    """The promises of a list in its order, all of them."""
    found = [one for one in facts.worst_first if listed.filter.holds(one)]
    by = SORTS[listed.sort]
    if listed.sort == "state":
        return found[::-1] if listed.down else found
    known = [one for one in found if not by(one)[0]]
    return [*sorted(known, key=by, reverse=listed.down), *(one for one in found if by(one)[0])]


def slos(facts: Facts, listed: Listed) -> Slos:
    """The page at the newest tick."""
    found = matching(facts, listed)
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(1, listed.page), pages)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Slos(
        head=head("SLOs", _answer(facts, found, listed), worst(found), facts.at),
        whole=len(facts.promises),
        matching=len(found),
        filter=str(listed.filter),
        grouping=listed.grouping,
        sort=("-" if listed.down else "") + listed.sort,
        end=listed.end,
        chips=_chips(listed),
        groupings=tuple(
            Link(
                text=name, href=replace(listed, grouping="" if name == listed.grouping else name, page=1).href
            )
            for name in GROUPINGS
        ),
        groups=_groups(found, listed),
        headings=tuple(_heading(sort, listed) for sort in SORTS),
        rows=tuple(row(facts, one) for one in shown),
        empty="" if found else _empty(facts, listed),
        page=page,
        pages=pages,
        earlier=replace(listed, page=page - 1).href if page > 1 else "",
        later=replace(listed, page=page + 1).href if page < pages else "",
        query=replace(listed, page=1).query,
    )


def _answer(facts: Facts, found: Sequence[Promise], listed: Listed) -> str:
    whole = len(facts.promises)
    if not whole:
        return "No promises yet"
    counts = tally(found)
    shown: tuple[Health, ...] = ("broken", "watch", "no data", "too little")
    first = next((f"{counts[word]} {_phrase(word)}" for word in shown if counts[word]), "all kept")
    if listed.filter.terms:
        many = "match" if len(found) != 1 else "matches"
        text = f"{len(found)} of {tabular.plural(whole, 'promise')} {many}"
        return f"{text}: {first}" if found else text
    return f"{tabular.plural(whole, 'promise')}: {first}"


def _phrase(word: Health) -> str:
    return {"watch": "on watch", "no data": "without data", "too little": "with too little traffic"}.get(
        word, word
    )


def _chips(listed: Listed) -> tuple[Chip, ...]:
    return tuple(
        Chip(
            text=term_text(*term),
            without=replace(listed, filter=listed.filter.without(term), page=1).href,
        )
        for term in listed.filter.terms
    )


def _groups(found: Sequence[Promise], listed: Listed) -> tuple[Group, ...]:
    """One group per value where the list is grouped; else one that counts all that match."""
    if not listed.grouping:
        return (
            (_group("these" if listed.filter.terms else "all", found, replace(listed, page=1)),)
            if found
            else ()
        )
    by: dict[str, list[Promise]] = {}
    for one in found:
        by.setdefault(KEYS[listed.grouping](one), []).append(one)
    return tuple(
        _group(
            value or f"no {listed.grouping}",
            some,
            replace(listed, filter=listed.filter.also(listed.grouping, value), grouping="", page=1),
        )
        for value, some in sorted(by.items())
    )


def _group(name: str, some: Sequence[Promise], narrow: Listed) -> Group:
    return Group(
        link=Link(text=name, href=narrow.href),
        counts=tuple(
            Tally(
                state=State(health=word),
                count=count,
                change="",
                href=replace(narrow, filter=narrow.filter.also("state", word.replace(" ", "-"))).href,
            )
            for word, count in tally(some).items()
            if count
        ),
    )


def _heading(sort: Sort, listed: Listed) -> Heading:
    here = listed.sort == sort
    turned = replace(listed, sort=sort, down=here and not listed.down, page=1)
    order = ("descending" if listed.down else "ascending") if here else ""
    number = sort in ("target", "measured", "left", "burn")
    return Heading(title=TITLES[sort], href=turned.href, order=order, number=number)


def _empty(facts: Facts, listed: Listed) -> str:
    return f"No SLO matches {listed.filter}" if facts.promises else ""


def _number(value: float | None) -> tuple[bool, float | str]:
    return (True, "") if value is None else (False, value)


def csv_rows(facts: Facts, listed: Listed) -> list[list[str]]:
    """The list as a table of exact texts: what a machine reads, one row per promise."""
    rows = [
        [
            "service",
            "slo",
            "state",
            "target",
            "good",
            "total",
            "sli",
            "budget_left",
            "burn_1h",
            "owner",
            "window",
        ]
    ]
    for one in matching(facts, listed):
        counts = None if one.evaluation is None else one.evaluation.budget.counts
        rows.append(
            [
                one.slo.service,
                one.slo.name,
                one.health,
                str(float(one.slo.target)),
                "" if counts is None else str(counts.good),
                "" if counts is None else str(counts.total),
                _text(None if counts is None or isinstance(counts.sli, NoData) else machine(counts.sli)),
                _text(machine(one.remaining)),
                _text(machine(one.hour)),
                one.owner,
                str(one.slo.window),
            ]
        )
    return rows


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)
